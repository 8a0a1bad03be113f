package inspection

import (
	"cmp"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/source/nativemem"
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubymem"
)

// Libraries tells which libraries have made the objects that own native memory, and how
// much at first hand: the block that each points to. What they hold behind it is not in
// it. None where the allocator is not glibc's.
func (t *Target) Libraries() ([]livefacts.Library, error) {
	h, err := readNative(t.Mem)
	if errors.Is(err, nativemem.ErrAllocator) {
		return nil, nil // Inspect says so
	}
	if err != nil {
		return nil, err
	}
	blocks, err := h.Blocks()
	if err != nil {
		return nil, err
	}
	sums := map[string]*livefacts.Library{}
	seen := map[uint64]bool{}
	t.Ruby.EachData(func(typ, data uint64) {
		from, to, ok := blocks.Block(data)
		if !ok || seen[from] {
			return
		}
		seen[from] = true
		name := t.maker(typ)
		l := sums[name]
		if l == nil {
			l = &livefacts.Library{Name: name}
			sums[name] = l
		}
		l.Objects++
		l.Bytes += culprit.Bytes(to - from)
	})
	var list []livefacts.Library
	for _, l := range sums {
		list = append(list, *l)
	}
	slices.SortFunc(list, func(a, b livefacts.Library) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Objects, a.Objects), strings.Compare(a.Name, b.Name))
	})
	return list, nil
}

// maker names the library that a C type is of.
func (t *Target) maker(typ uint64) string {
	m, ok := procmem.Find(t.Mem.Maps(), typ)
	switch {
	case !ok || m.Path == "":
		return "unknown"
	case rubymem.IsRuby(m.Path):
		return "Ruby"
	}
	return filepath.Base(m.Path)
}
