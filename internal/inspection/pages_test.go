package inspection

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPagesLess(t *testing.T) {
	p, o := pages{{0, 10}, {20, 30}, {40, 50}}, pages{{2, 4}, {6, 22}, {29, 41}, {60, 70}}
	if got, want := p.less(o), (pages{{0, 2}, {4, 6}, {22, 29}, {41, 50}}); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := (pages{{0, 2}, {4, 6}}).blocks(5), map[uint64]uint64{0: 3, 1: 1}; got[0] != want[0] || got[1] != want[1] || len(got) != 2 {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestPagesEach holds stretches against one bit for each address.
func TestPagesEach(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	set := func() (bits [64]bool, list pages) {
		for i := range bits {
			bits[i] = random.IntN(2) == 0
			switch n := len(list); {
			case !bits[i]:
			case n > 0 && list[n-1][1] == uint64(i):
				list[n-1][1]++
			default:
				list = append(list, [2]uint64{uint64(i), uint64(i) + 1})
			}
		}
		return bits, list
	}
	for range 2000 {
		a, p := set()
		b, o := set()
		less, sum := p.less(o), uint64(0)
		for i := range a {
			want := a[i] && !b[i]
			if less.has(uint64(i)) != want {
				t.Fatalf("%v less %v is %v", p, o, less)
			}
			if want {
				sum++
			}
		}
		total := uint64(0)
		for _, n := range less.blocks(7) {
			total += n
		}
		if less.size() != sum || total != sum {
			t.Fatalf("%v: %d, %d in blocks, want %d", less, less.size(), total, sum)
		}
	}
}
