package nativemem

import (
	"fmt"

	"culprit/internal/source/procmem"
)

// raw is a chunk as its header tells it.
type raw struct {
	at, size uint64
	used     bool
}

// each visits all chunks of a stretch but top. Sizes are added until they lead to its
// end; anything else is ErrTorn.
func (k *walk) each(w *window, visit func(raw)) error {
	var prev raw
	have := false
	for at := k.first; ; {
		head, err := w.word(at+8, k.end)
		if err != nil {
			return err
		}
		if have {
			prev.used = head&prevInUse != 0
			visit(prev)
		}
		if at == k.stop {
			if size := head &^ flags; k.full && size != 0 && size != header {
				return fmt.Errorf("%w: no fence at %#x", ErrTorn, at)
			}
			return nil
		}
		size := head &^ flags
		if size == header { // a fence
			have = false
			if at, err = k.behind(w, at); err != nil {
				return err
			}
			continue
		}
		if size < smallest || size%align != 0 || head&isMmapped != 0 || at > k.stop || size > k.stop-at {
			return fmt.Errorf("%w: a chunk at %#x of %d bytes, %d before the end", ErrTorn, at, size, int64(k.stop-at))
		}
		prev, have = raw{at: at, size: size}, true
		at += size
	}
}

// behind gives the place behind a fence. Two fences in main_arena mean that another user
// of sbrk took what follows (sysmalloc): the next chunk is looked for.
func (k *walk) behind(w *window, at uint64) (uint64, error) {
	at += header
	if !k.sbrk {
		return at, nil
	}
	head, err := w.word(at+8, k.end)
	if err != nil {
		return 0, err
	}
	if head&^flags != header {
		return at, nil
	}
	at += header
	for i := range k.resumeAt {
		if k.resumeAt[i].from == at {
			return k.resumeAt[i].to, nil
		}
	}
	for try := at; try-at < mostGap && try < k.stop; try += align {
		if k.leads(w.view, try) {
			k.resumeAt = append(k.resumeAt, gap{at, try})
			return try, nil
		}
	}
	return 0, fmt.Errorf("%w: nothing of it follows a gap at %#x", ErrTorn, at)
}

// mostGap is how much another user of sbrk may have taken at once, in bytes, and proof
// how many chunks in a row show that they are some.
const (
	mostGap = 16 << 20
	proof   = 64
)

// leads tells whether chunks follow each other from a place on.
func (k *walk) leads(v *procmem.View, at uint64) bool {
	for n := 0; n < proof && at != k.stop; n++ {
		head, err := v.Word(at + 8)
		size := head &^ flags
		if err != nil || at > k.stop || size < smallest || size%align != 0 || size > k.stop-at || n == 0 && head&prevInUse == 0 {
			return n > 1 && size == header
		}
		at += size
	}
	return true
}
