package residence

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/livefacts"
)

// Rows of a change, one for each name that both or one of two documents has.
type rows map[string]*livefacts.Delta

func (r rows) add(name string, sign, count int64, bytes culprit.Bytes) {
	d := r[name]
	if d == nil {
		d = &livefacts.Delta{Name: name}
		r[name] = d
	}
	d.Count += sign * count
	d.Bytes += culprit.Bytes(sign) * bytes
}

// list gives what changed, the most bytes first.
func (r rows) list() (list []livefacts.Delta) {
	for _, d := range r {
		if d.Count != 0 || d.Bytes != 0 {
			list = append(list, *d)
		}
	}
	slices.SortFunc(list, func(a, b livefacts.Delta) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name))
	})
	return list
}

// Heaps tells which classes became more.
func Heaps(a, b livefacts.Heap) []livefacts.Delta {
	r := rows{}
	for sign, h := range map[int64]livefacts.Heap{-1: a, 1: b} {
		for _, c := range h.ByClass {
			name := c.Key
			if c.Library != "" {
				name += " (" + c.Library + ")"
			}
			r.add(name, sign, c.Objects, c.Bytes)
		}
	}
	return r.list()
}

// Inspections tells which categories grew. One that is refused in either is not compared.
func Inspections(a, b livefacts.Inspect) []livefacts.Delta {
	refused := map[string]bool{}
	for _, d := range []livefacts.Inspect{a, b} {
		for _, c := range d.Categories {
			refused[c.Name] = refused[c.Name] || c.Quality == livefacts.Refused
		}
	}
	r := rows{}
	for sign, d := range map[int64]livefacts.Inspect{-1: a, 1: b} {
		for _, c := range d.Categories {
			if !refused[c.Name] {
				r.add(c.Name, sign, 0, c.Bytes)
			}
		}
	}
	return r.list()
}

// Natives tells which sizes of chunks became more.
func Natives(a, b livefacts.Native) []livefacts.Delta {
	r := rows{}
	for sign, n := range map[int64]livefacts.Native{-1: a, 1: b} {
		for _, s := range n.Sizes {
			r.add("chunks of "+strconv.FormatInt(int64(s.Size), 10)+" bytes", sign, s.Count, s.Bytes)
		}
	}
	return r.list()
}
