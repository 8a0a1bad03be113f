package rubymem

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Detail is what a closer census tells besides.
type Detail struct {
	Traced      int64        // objects whose place of birth the program notes
	Sites       []SiteCount  // most bytes first
	Generations []Generation // the oldest first
	Texts       []BigText    // the largest, the largest first
	Partly      error        // why births are known of some only, nil if of all
}

// SiteCount is the objects that one place in a program has made.
type SiteCount struct {
	File           string
	Line           uint64
	Method         string
	Objects, Bytes int64
}

// Generation is the objects that were made while GC.count was Number.
type Generation struct {
	Number         uint64
	Objects, Bytes int64
}

// BigText is a large String. Value is its beginning, "" unless that was asked for.
type BigText struct {
	Address uint64
	Length  uint64 // bytes of the text
	Bytes   int64  // of its slot and what it owns
	Value   string
}

const (
	mostBigTexts  = 10
	mostBeginning = 120
)

// detailer counts for a Detail.
type detailer struct {
	r      *Ruby
	births map[uint64]Birth
	sites  map[Birth]*SiteCount
	ages   map[uint64]*Generation
	d      Detail
}

// CensusWith is Census with a closer look. It takes memory for each object whose birth
// is traced. values asks for the beginnings of
// the largest texts.
func (r *Ruby) CensusWith(values bool) (Census, Detail, error) {
	births, _, err := r.Births()
	w := &detailer{r: r, births: births, sites: map[Birth]*SiteCount{}, ages: map[uint64]*Generation{}}
	w.d.Partly = err
	c, err := r.census(w)
	if err != nil {
		return Census{}, Detail{}, err
	}
	for _, s := range w.sites {
		w.d.Sites = append(w.d.Sites, *s)
	}
	for _, g := range w.ages {
		w.d.Generations = append(w.d.Generations, *g)
	}
	slices.SortFunc(w.d.Sites, func(a, b SiteCount) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Objects, a.Objects), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Method, b.Method))
	})
	slices.SortFunc(w.d.Generations, func(a, b Generation) int { return cmp.Compare(a.Number, b.Number) })
	if values {
		for i := range w.d.Texts {
			w.d.Texts[i].Value, _ = r.text(w.d.Texts[i].Address, mostBeginning)
		}
	}
	return c, w.d, nil
}

// object counts one object with its bytes.
func (w *detailer) object(at uint64, kind uint8, flags uint64, slot []byte, bytes int64) {
	if b, ok := w.births[at]; ok {
		w.d.Traced++
		g := w.ages[b.Generation]
		if g == nil {
			g = &Generation{Number: b.Generation}
			w.ages[b.Generation] = g
		}
		g.Objects++
		g.Bytes += bytes
		b.Generation = 0
		s := w.sites[b]
		if s == nil {
			s = &SiteCount{File: b.File, Line: b.Line, Method: b.Method}
			w.sites[b] = s
		}
		s.Objects++
		s.Bytes += bytes
	}
	if kind == tString {
		w.text(at, flags, slot, bytes)
	}
}

// text keeps a text that is among the largest.
func (w *detailer) text(at, flags uint64, slot []byte, bytes int64) {
	texts := w.d.Texts
	if len(texts) == mostBigTexts && texts[len(texts)-1].Bytes >= bytes {
		return
	}
	n := binary.LittleEndian.Uint64(slot[16:])
	if w.r.lay.classPtr != 0 && flags&flUser1 == 0 {
		n = flags >> 14 & 0x1f
	}
	i, _ := slices.BinarySearchFunc(texts, bytes, func(t BigText, n int64) int { return cmp.Compare(n, t.Bytes) })
	texts = slices.Insert(texts, i, BigText{Address: at, Length: n, Bytes: bytes})
	w.d.Texts = texts[:min(len(texts), mostBigTexts)]
}
