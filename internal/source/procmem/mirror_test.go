package procmem

import "testing"

// TestHalves: two halves have all bytes once, and as many to a byte; little is not cut.
func TestHalves(t *testing.T) {
	for _, sizes := range [][]int{{}, {100}, {worthTwo}, {1, worthTwo}, {worthTwo, 3}, {worthTwo / 2, worthTwo / 2}, {5, worthTwo, 7, worthTwo, 11}} {
		var parts []part
		at, sum := uint64(0x1000), 0
		for _, n := range sizes {
			parts = append(parts, part{at, at + uint64(n), make([]byte, n)})
			at += uint64(n) + 0x1000
			sum += n
		}
		first, second := halves(parts)
		i, got := 0, [2]int{}
		for half, list := range [][]part{first, second} {
			for _, p := range list {
				if p.to-p.from != uint64(len(p.data)) || p.from < parts[i].from || p.to > parts[i].to {
					t.Fatalf("%v: %x to %x of %d bytes", sizes, p.from, p.to, len(p.data))
				}
				if got[half] += len(p.data); p.to == parts[i].to {
					i++
				}
			}
		}
		if i != len(parts) || got[0]+got[1] != sum || sum >= worthTwo && got[1]-got[0] > 1 || sum < worthTwo && got[1] != 0 {
			t.Errorf("%v: %v", sizes, got)
		}
	}
}
