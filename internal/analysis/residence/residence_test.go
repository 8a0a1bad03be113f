package residence_test

import (
	"testing"

	"culprit"
	"culprit/internal/analysis/residence"
	"culprit/internal/livefacts"
)

const mb = culprit.Bytes(1 << 20)

// look is a process with bytes in the categories that grow.
func look(objects, owned, native, kept culprit.Bytes, gc map[string]uint64) livefacts.Inspect {
	d := livefacts.Inspect{RSS: objects + owned + native + kept, GC: gc}
	for name, b := range map[string]culprit.Bytes{
		"Ruby objects": objects, "malloc, owned by Ruby objects": owned,
		"malloc, of Ruby's own parts and of C libraries": native, "free, kept by malloc": kept,
	} {
		d.Categories = append(d.Categories, livefacts.Category{Name: name, Bytes: b, Quality: livefacts.Exact})
	}
	return d
}

func gc(live, made, majors uint64) map[string]uint64 {
	return map[string]uint64{"heap_live_slots": live, "total_allocated_objects": made, "major_gc_count": majors}
}

// TestKind: a kind needs half of all growth, seen when it was there; what is not seen is
// not guessed.
func TestKind(t *testing.T) {
	before := look(20*mb, 10*mb, 10*mb, 5*mb, gc(100_000, 1_000_000, 5))
	for _, c := range []struct {
		name          string
		height, after livefacts.Inspect
		idle          uint64
		bytes         culprit.Bytes
		want          string
	}{
		{"bloat", look(120*mb, 10*mb, 10*mb, 5*mb, gc(2_000_000, 3_000_000, 6)), look(120*mb, 10*mb, 10*mb, 5*mb, gc(110_000, 3_100_000, 8)), 7, 100 * mb, residence.Bloat},
		{"retention", look(120*mb, 10*mb, 10*mb, 5*mb, gc(2_000_000, 3_000_000, 6)), look(120*mb, 10*mb, 10*mb, 5*mb, gc(1_900_000, 3_100_000, 8)), 7, 100 * mb, residence.Retention},
		{"bloat of hashes", look(60*mb, 10*mb, 60*mb, 5*mb, gc(900_000, 3_000_000, 6)), look(60*mb, 10*mb, 12*mb, 50*mb, gc(110_000, 3_100_000, 8)), 7, 100 * mb, residence.Bloat},
		{"leak beside objects", look(60*mb, 10*mb, 65*mb, 5*mb, gc(900_000, 3_000_000, 6)), look(60*mb, 10*mb, 65*mb, 5*mb, gc(110_000, 3_100_000, 8)), 7, 95 * mb, residence.Native},
		{"little left, whenever", look(120*mb, 10*mb, 10*mb, 5*mb, gc(2_000_000, 3_000_000, 6)), look(120*mb, 10*mb, 10*mb, 5*mb, gc(300_000, 3_100_000, 6)), 0, 100 * mb, residence.Bloat},
		{"few objects, much owned, kept", look(21*mb, 110*mb, 10*mb, 20*mb, gc(110_000, 1_020_000, 6)), look(21*mb, 15*mb, 10*mb, 110*mb, gc(110_000, 1_030_000, 8)), 7, 115 * mb, residence.Fragmentation},
		{"few objects, much owned, left", look(21*mb, 110*mb, 10*mb, 20*mb, gc(110_000, 1_020_000, 6)), look(21*mb, 105*mb, 10*mb, 25*mb, gc(170_000, 1_030_000, 8)), 7, 115 * mb, residence.Retention},
		{"no collection since", look(120*mb, 10*mb, 10*mb, 5*mb, gc(2_000_000, 3_000_000, 6)), look(120*mb, 10*mb, 10*mb, 5*mb, gc(1_900_000, 3_100_000, 7)), 7, 100 * mb, residence.Unknown},
		{"not idle yet", look(120*mb, 10*mb, 10*mb, 5*mb, gc(2_000_000, 3_000_000, 6)), look(120*mb, 10*mb, 10*mb, 5*mb, gc(1_900_000, 3_100_000, 8)), 0, 100 * mb, residence.Unknown},
		{"native", look(20*mb, 10*mb, 90*mb, 5*mb, gc(100_000, 1_100_000, 6)), before, 7, 80 * mb, residence.Native},
		{"fragmentation", look(20*mb, 10*mb, 10*mb, 85*mb, gc(100_000, 1_100_000, 6)), before, 7, 80 * mb, residence.Fragmentation},
		{"kept after objects", look(45*mb, 10*mb, 10*mb, 65*mb, gc(100_000, 3_000_000, 6)), look(45*mb, 10*mb, 10*mb, 65*mb, gc(100_000, 3_100_000, 6)), 7, 85 * mb, residence.Bloat},
		{"kept while objects came and went", look(20*mb, 10*mb, 10*mb, 85*mb, gc(100_000, 3_000_000, 6)), before, 7, 80 * mb, residence.Unknown},
		{"seen too late", look(20*mb, 10*mb, 20*mb, 5*mb, gc(100_000, 1_100_000, 6)), before, 7, 100 * mb, residence.Unknown},
		{"shared", look(60*mb, 10*mb, 50*mb, 45*mb, gc(900_000, 2_000_000, 6)), look(60*mb, 10*mb, 50*mb, 45*mb, gc(900_000, 2_100_000, 8)), 7, 120 * mb, residence.Unknown},
		{"nothing", before, before, 7, 0, residence.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind, why := residence.Growth{Before: before, Height: c.height, After: c.after, Idle: c.idle, Bytes: c.bytes}.Kind()
			if kind != c.want || why == "" {
				t.Errorf("%s (%s), want %s", kind, why, c.want)
			}
		})
	}
}

// TestAdvice: what is a quarter of a process is worth a step, and nothing else.
func TestAdvice(t *testing.T) {
	if list := residence.Advice(look(20*mb, 10*mb, 10*mb, 60*mb, nil)); len(list) != 2 {
		t.Errorf("%q", list)
	}
	small := look(mb, mb, mb, mb, nil)
	small.RSS = 100 * mb
	if list := residence.Advice(small); list != nil {
		t.Errorf("%q", list)
	}
}
