package recorder

import (
	"maps"
	"testing"
	"time"

	"culprit"
	"culprit/internal/source/rubymem"
)

// in makes a thread that is in an action of a controller, "" waiting for a request.
func in(tid int, action string) rubymem.Thread {
	th := rubymem.Thread{TID: tid, Name: "puma srv tp 001", Frames: []rubymem.Frame{{Label: "pop", Path: "thread_pool.rb"}}}
	if action != "" {
		th.Frames = []rubymem.Frame{
			{Label: "sleep", Path: "<internal:kernel>"},
			{Label: "show", Path: "app/controllers/a_controller.rb", Method: action},
			{Label: "send_action", Path: "/gems/action_controller/metal/basic_implicit_render.rb", Method: "ActionController::BasicImplicitRender#send_action"},
		}
	}
	return th
}

// TestByFaults: growth belongs to the threads that touched the pages, and to what they
// were in at both ends.
func TestByFaults(t *testing.T) {
	const mb = culprit.Bytes(1 << 20)
	metrics := rubymem.Thread{TID: 3, Name: "metrics", Frames: []rubymem.Frame{{Label: "work", Path: "metrics.rb"}}}
	at := time.Unix(1000, 0)
	for _, c := range []struct {
		name          string
		before, after sample
		want          map[string]culprit.Bytes
		others        culprit.Bytes
	}{
		{
			"in one action",
			sample{threads: []rubymem.Thread{in(1, "AController#show"), in(2, "")}, faults: map[int]int64{1: 100, 2: 7}},
			sample{threads: []rubymem.Thread{in(1, "AController#show"), in(2, "")}, faults: map[int]int64{1: 356, 2: 7}},
			map[string]culprit.Bytes{"AController#show": mb},
			0,
		},
		{
			"begun meanwhile",
			sample{threads: []rubymem.Thread{in(1, "")}, faults: map[int]int64{1: 100}},
			sample{threads: []rubymem.Thread{in(1, "AController#show")}, faults: map[int]int64{1: 356}},
			map[string]culprit.Bytes{unseen[1]: mb},
			0,
		},
		{
			"a thread and a foreign one",
			sample{threads: []rubymem.Thread{metrics}, faults: map[int]int64{3: 0, 9: 0}},
			sample{threads: []rubymem.Thread{metrics}, faults: map[int]int64{3: 192, 9: 64}},
			map[string]culprit.Bytes{"metrics": 3 * mb / 4, outside[1]: mb / 4},
			mb,
		},
		{
			"torn",
			sample{threads: []rubymem.Thread{in(1, "")}, faults: map[int]int64{1: 0}},
			sample{faults: map[int]int64{1: 256}, torn: 1},
			map[string]culprit.Bytes{changed[1]: mb},
			0,
		},
		{
			"huge pages",
			sample{threads: []rubymem.Thread{in(1, "AController#show")}, faults: map[int]int64{1: 0}},
			sample{threads: []rubymem.Thread{in(1, "AController#show")}, faults: map[int]int64{1: 1}},
			map[string]culprit.Bytes{},
			0,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAttribution(at, 10*mb)
			c.before.at, c.before.rss = at.Add(100*time.Millisecond), 10*mb
			c.after.at, c.after.rss = at.Add(200*time.Millisecond), 11*mb
			a.add(c.before)
			a.add(c.after)
			a.settle()
			got := map[string]culprit.Bytes{}
			for _, q := range a.ranking() {
				if q.Bytes > 0 {
					got[q.Name] = q.Bytes
				}
				if q.Share > 1 {
					t.Errorf("%+v", q)
				}
			}
			if !maps.Equal(got, c.want) || len(a.rises) != 1 || a.rises[0].Bytes != mb || a.rises[0].Others != c.others {
				t.Errorf("%v, %+v; want %v", got, a.rises, c.want)
			}
		})
	}
}

// TestTorn: growth of a thread whose stack could not be read is given to who it was before
// and is after.
func TestTorn(t *testing.T) {
	for name, after := range map[string]string{"AController#show": "AController#show", changed[1]: "BController#show"} {
		a := newAttribution(time.Unix(1000, 0), 0)
		a.add(sample{threads: []rubymem.Thread{in(1, "AController#show")}, faults: map[int]int64{1: 0}})
		a.add(sample{rss: 1 << 20, faults: map[int]int64{1: 256}, torn: 1})
		a.add(sample{rss: 1 << 20, threads: []rubymem.Thread{in(1, after)}, faults: map[int]int64{1: 256}})
		if list := a.ranking(); len(list) == 0 || list[0].Name != name || list[0].Bytes != 1<<20 {
			t.Errorf("%s: %+v", name, list)
		}
	}
}
