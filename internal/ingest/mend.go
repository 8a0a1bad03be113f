package ingest

import (
	"cmp"
	"slices"

	"culprit/internal/casefile"
	"culprit/internal/store"
)

// Rotation cuts the requests that are in flight: their first lines end one file
// and their last begin the next. Left alone the first half is a request that
// never ended, in flight for half an hour, and the second one without a name.

// mendTolerance is how far the start that Completed tells may be from Started:
// routing and middleware come between the two, 1 s.
const mendTolerance = 1_000_000

// half is a call whose other half may stand in another file.
type half struct {
	row  store.Row
	used bool
}

// mend joins halves of calls over the ends of files.
func mend(st *store.Store, d *dictionary) (j joins, err error) {
	opens, err := openHalves(st)
	if err != nil || len(opens) == 0 {
		return j, err
	}
	byID, byProc := map[uint64]*half{}, map[uint32][]*half{}
	for _, h := range opens {
		if h.row.ID != 0 {
			byID[h.row.ID] = h
		} else {
			byProc[h.row.Proc] = append(byProc[h.row.Proc], h)
		}
	}
	err = st.Update(func(rows []store.Row) {
		for i := range rows {
			r := &rows[i]
			if r.Hash != 0 || r.Flags&(casefile.FlagOpen|flagDropped) != 0 {
				continue
			}
			h := byID[r.ID]
			if r.ID == 0 {
				h = nearestHalf(byProc[r.Proc], r)
			}
			if h == nil || h.used || !h.completes(r) {
				continue
			}
			h.used = true
			j.calls++
			if r.Flags&casefile.FlagJob != 0 {
				j.jobs++
			}
			r.Start, r.Hash = h.row.Start, h.row.Hash
			if d.unnamed(r.Label) {
				r.Label = h.row.Label
			}
		}
	})
	if err != nil || j.calls == 0 {
		return j, err
	}
	return j, dropHalves(st, opens)
}

// completes tells whether r is the end of h. A job's id returns when it is run
// again, so that its start must be the same, too.
func (h *half) completes(r *store.Row) bool {
	const job = casefile.FlagJob
	if h.row.Source == r.Source || h.row.Start > r.End || h.row.Flags&job != r.Flags&job {
		return false
	}
	return r.Flags&job == 0 || abs(h.row.Start-r.Start) <= mendTolerance
}

// openHalves are the requests that were begun and not ended.
func openHalves(st *store.Store) ([]*half, error) {
	var opens []*half
	for rows, err := range st.Blocks() {
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if rows[i].Flags&(casefile.FlagOpen|flagDropped) == casefile.FlagOpen {
				opens = append(opens, &half{row: rows[i]})
			}
		}
	}
	return opens, nil
}

func nearestHalf(hs []*half, r *store.Row) *half {
	var best *half
	gap := int64(mendTolerance) + 1
	for _, h := range hs {
		if g := abs(h.row.Start - r.Start); g < gap && !h.used && h.row.Source != r.Source {
			best, gap = h, g
		}
	}
	return best
}

// dropHalves drops the first halves of what was joined.
func dropHalves(st *store.Store, opens []*half) error {
	slices.SortFunc(opens, func(a, b *half) int {
		return cmp.Or(cmp.Compare(a.row.Source, b.row.Source), cmp.Compare(a.row.Offset, b.row.Offset))
	})
	return st.Update(func(rows []store.Row) {
		for i := range rows {
			r := &rows[i]
			if r.Flags&(casefile.FlagOpen|flagDropped) != casefile.FlagOpen {
				continue
			}
			at, ok := slices.BinarySearchFunc(opens, r, func(h *half, r *store.Row) int {
				return cmp.Or(cmp.Compare(h.row.Source, r.Source), cmp.Compare(h.row.Offset, r.Offset))
			})
			if ok && opens[at].used {
				r.Flags |= flagDropped
			}
		}
	})
}
