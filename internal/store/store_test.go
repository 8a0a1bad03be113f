package store

import (
	"testing"

	"culprit/internal/casefile"
)

// Rows come back the same from memory and from disk, and updates stick in both.
func TestRowsComeBack(t *testing.T) {
	for _, limit := range []int64{1, 1 << 30} {
		s := New(limit, t.TempDir())
		w := s.Writer()
		const n = 3*BlockRows + 17
		for i := range n {
			w.Add(&Row{Row: casefile.Row{
				Start: int64(i), End: int64(2 * i), Unit: -1, Label: uint32(i), User: 3, Client: 4,
				Status: 200, Flags: casefile.FlagOpen, Source: 7, Offset: int64(i) << 33,
			}, Proc: uint32(i % 5), Hash: 0xdeadbeef, ID: 1<<63 + uint64(i)})
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Update(func(rows []Row) {
			for i := range rows {
				rows[i].Unit = int32(rows[i].Proc)
			}
		}); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for rows, err := range s.Blocks() {
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				i := int(r.Start)
				want := Row{Row: casefile.Row{
					Start: int64(i), End: int64(2 * i), Unit: int32(i % 5), Label: uint32(i), User: 3, Client: 4,
					Status: 200, Flags: casefile.FlagOpen, Source: 7, Offset: int64(i) << 33,
				}, Proc: uint32(i % 5), Hash: 0xdeadbeef, ID: 1<<63 + uint64(i)}
				if r != want {
					t.Fatalf("limit %d: got %+v, want %+v", limit, r, want)
				}
				seen++
			}
		}
		if seen != n || s.Rows() != n {
			t.Fatalf("limit %d: %d rows came back, %d counted, want %d", limit, seen, s.Rows(), n)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
