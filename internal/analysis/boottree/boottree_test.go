package boottree_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/analysis/boottree"
)

const mb = 1_000_000

// script makes events from lines: "start 10", "+ id parent name 12" begins a
// require when 12 MB are resident, "- id file 15" ends one that has loaded a file,
// "0 id 15" one that has loaded nothing, "x id Error 15" one that has failed,
// "again parent name", "stop 20". Time runs a millisecond a line. A thread is
// given as id@thread.
func script(lines ...string) []culprit.BootEvent {
	var events []culprit.BootEvent
	for i, l := range lines {
		f := strings.Fields(l)
		var e culprit.BootEvent
		if f[0] != "again" { // which has none
			e.At = reading(i, f[len(f)-1])
		}
		node := func(s string) {
			if n, err := fmt.Sscanf(s, "%d@%d", &e.ID, &e.Thread); n == 0 {
				panic(err)
			}
		}
		switch f[0] {
		case "start":
			e.Kind = culprit.BootStart
		case "stop":
			e.Kind = culprit.BootStop
		case "+":
			e.Kind, e.Name = culprit.BootEnter, f[3]
			node(f[1])
			scan(f[2], &e.Parent)
		case "-":
			e.Kind, e.Name = culprit.BootLoaded, f[2]
			node(f[1])
		case "0":
			e.Kind = culprit.BootNothing
			node(f[1])
		case "x":
			e.Kind, e.Name = culprit.BootFailed, f[2]
			node(f[1])
		case "again":
			e.Kind, e.Name = culprit.BootAgain, f[2]
			scan(f[1], &e.Parent)
		}
		events = append(events, e)
	}
	return events
}

// scan reads a number of the little language above.
func scan(text string, to any) {
	if _, err := fmt.Sscan(text, to); err != nil {
		panic(err)
	}
}

func reading(i int, rss string) culprit.BootReading {
	var n float64
	scan(rss, &n)
	b := culprit.Bytes(n * mb)
	return culprit.BootReading{NS: int64(i) * 1e6, RSS: b, PSS: b - mb, Objects: int64(b) / 100, ObjectBytes: b * 2}
}

func recording(events []culprit.BootEvent) culprit.BootRecording {
	rec := culprit.BootRecording{
		Mode: "mem", App: "/srv/shop", Ruby: "3.1.2 x86_64-linux", Env: "production", Entry: "groups default, production", Events: events,
		Specs: []culprit.BootSpec{
			{Name: "heavy", Version: "0.1.0", Dirs: []string{"/gems/heavy-0.1.0", "/gems/heavy-0.1.0/lib"}},
			{Name: "rails", Version: "6.1", Dirs: []string{"/gems/rails-6.1", "/gems/rails-6.1/lib"}},
			{Name: "engine", Version: "1", Dirs: []string{"/srv/shop/engines/engine", "/srv/shop/engines/engine/lib"}},
			{Name: "request-store", Version: "1.5", Dirs: []string{"/nowhere/request-store", "/nowhere/request-store/lib"}},
			{Name: "request", Version: "9", Dirs: []string{"/nowhere/request"}},
			{Name: "shop", Version: "0", Dirs: []string{"/srv/shop", "/srv/shop/lib"}},
		},
		RubyDirs: []string{"/usr/lib/ruby/3.1.0"}, SharedDirs: []string{"/usr/lib/ruby/vendor_ruby"},
	}
	rec.Before, rec.After = unknown(), unknown()
	if len(events) > 0 {
		first, last := events[0].At, events[len(events)-1].At
		rec.Before.RSS, rec.After.RSS = first.RSS, last.RSS
		rec.TimeNS = last.NS - first.NS
	}
	return rec
}

func unknown() culprit.BootPages {
	return culprit.BootPages{RSS: -1, PSS: -1, SharedDirty: -1, SharedClean: -1, Anonymous: -1}
}

// outline is a tree in a few words: name own/total [gem] <who else>.
func outline(list []culprit.BootNode, depth int) string {
	var b strings.Builder
	for _, n := range list {
		if n.Name == boottree.Outside && n.TotalBytes == 0 {
			continue // it has taken time
		}
		fmt.Fprintf(&b, "%s%s %.1f/%.1f", strings.Repeat("  ", depth), n.Name, float64(n.OwnBytes)/mb, float64(n.TotalBytes)/mb)
		if n.Gem != "" {
			b.WriteString(" [" + n.Gem + "]")
		}
		if len(n.AlsoBy) > 0 {
			b.WriteString(" <" + strings.Join(n.AlsoBy, ", ") + ">")
		}
		b.WriteString("\n" + outline(n.Children, depth+1))
	}
	return b.String()
}

func TestTree(t *testing.T) {
	for name, c := range map[string]struct {
		events []string
		want   string
	}{
		"own and with children": {
			[]string{"start 10", "+ 1 0 rails 10", "+ 2 1 heavy 12", "- 2 /gems/heavy-0.1.0/lib/heavy.rb 42", "- 1 /gems/rails-6.1/lib/rails.rb 45", "stop 45"},
			"rails 5.0/35.0 [rails]\n  heavy 30.0/30.0 [heavy]\n",
		},
		"between requires": {
			[]string{"start 10", "+ 1 0 rails 11", "- 1 /gems/rails-6.1/lib/rails.rb 12", "stop 15"},
			"(outside of require) 4.0/4.0 [ruby]\nrails 1.0/1.0 [rails]\n",
		},
		"charged to the first": {
			[]string{
				"start 10", "+ 1 0 rails 10", "+ 2 1 /gems/heavy-0.1.0/lib/heavy.rb 10", "- 2 /gems/heavy-0.1.0/lib/heavy.rb 20", "- 1 /gems/rails-6.1/lib/rails.rb 20",
				"+ 3 0 /srv/shop/lib/a.rb 20", "+ 4 3 heavy 20", "0 4 20", "again 3 /gems/heavy-0.1.0/lib/heavy", "- 3 /srv/shop/lib/a.rb 21",
				"+ 5 0 engine 21", "again 5 heavy", "- 5 /srv/shop/engines/engine/lib/engine.rb 21", "again 0 heavy", "stop 21",
			},
			"rails 0.0/10.0 [rails]\n  heavy 10.0/10.0 [heavy] <lib/a, engine>\nlib/a 1.0/1.0\nengine 0.0/0.0 [engine]\n",
		},
		"failed requires cost who tried": {
			[]string{"start 10", "+ 1 0 rails 10", "+ 2 1 nowhere 10", "x 2 LoadError 13", "- 1 /gems/rails-6.1/lib/rails.rb 14", "+ 3 0 gone 14", "x 3 LoadError 15", "stop 15"},
			"rails 4.0/4.0 [rails]\n(outside of require) 1.0/1.0 [ruby]\n",
		},
		"failed with what it had loaded": {
			[]string{"start 10", "+ 1 0 plugin 10", "+ 2 1 heavy 11", "- 2 /gems/heavy-0.1.0/lib/heavy.rb 31", "x 1 LoadError 32", "stop 32"},
			"plugin 2.0/22.0\n  heavy 20.0/20.0 [heavy]\n",
		},
		"given back": {
			[]string{"start 30", "+ 1 0 rails 30", "- 1 /gems/rails-6.1/lib/rails.rb 28", "stop 28"},
			"rails -2.0/-2.0 [rails]\n",
		},
		"another thread": {
			[]string{
				"start 10", "+ 1 0 rails 10", "+ 2@1 0 heavy 12", "- 2@1 /gems/heavy-0.1.0/lib/heavy.rb 20", "- 1 /gems/rails-6.1/lib/rails.rb 21",
				"+ 3@1 0 /srv/shop/late.rb 21", "stop 23", "- 3@1 /srv/shop/late.rb 24",
			},
			"rails 3.0/11.0 [rails]\n  heavy 8.0/8.0 [heavy]\n(outside of require) 2.0/2.0 [ruby]\nlate 1.0/1.0\n",
		},
		"never ended": {
			[]string{"start 10", "+ 1 0 rails 10", "+ 2 1 heavy 11", "stop 20"},
			"rails 1.0/10.0\n  heavy 9.0/9.0\n",
		},
		"nothing": {[]string{"start 10", "stop 10"}, ""},
	} {
		b := boottree.Mem(recording(script(c.events...)))
		if got := outline(b.Tree, 0); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
		if b.Coverage < 0.999 || b.Coverage > 1.001 {
			if name != "another thread" { // it goes on after the end
				t.Errorf("%s: coverage %f", name, b.Coverage)
			}
		}
	}
}

// Whatever happens, every byte is charged once, and only once.
func TestAddsUp(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		var events []culprit.BootEvent
		var at culprit.BootReading
		step := func() culprit.BootReading {
			at.NS += rng.Int64N(1e6)
			at.RSS += culprit.Bytes(rng.Int64N(3*mb) - mb)
			at.PSS = at.RSS / 2
			return at
		}
		events = append(events, culprit.BootEvent{Kind: culprit.BootStart, At: step()})
		first := at
		stacks, id := map[int][]int{}, 0
		for range rng.IntN(80) {
			thread := rng.IntN(2) * rng.IntN(2)
			stack := stacks[thread]
			if len(stack) == 0 || rng.IntN(2) == 0 {
				id++
				parent := 0
				if len(stack) > 0 {
					parent = stack[len(stack)-1]
				}
				events = append(events, culprit.BootEvent{Kind: culprit.BootEnter, ID: id, Parent: parent, Thread: thread, Name: fmt.Sprint("n", rng.IntN(30)), At: step()})
				stacks[thread] = append(stack, id)
				continue
			}
			kind := []culprit.BootEventKind{culprit.BootLoaded, culprit.BootNothing, culprit.BootFailed}[rng.IntN(3)]
			events = append(events, culprit.BootEvent{Kind: kind, ID: stack[len(stack)-1], Thread: thread, Name: fmt.Sprintf("/gems/heavy-0.1.0/lib/%d.rb", rng.IntN(9)), At: step()})
			stacks[thread] = stack[:len(stack)-1]
		}
		events = append(events, culprit.BootEvent{Kind: culprit.BootStop, At: step()})
		b := boottree.Mem(recording(events))
		grew := at.RSS - first.RSS
		var total, own, gems, files culprit.Bytes
		var ms float64
		for _, n := range b.Tree {
			total += n.TotalBytes
			ms += n.TimeMS
		}
		every(b.Tree, func(n culprit.BootNode) {
			own += n.OwnBytes
			sum := n.OwnBytes
			for _, c := range n.Children {
				sum += c.TotalBytes
			}
			if sum != n.TotalBytes {
				t.Errorf("seed %d: %s has %d, its parts %d", seed, n.Name, n.TotalBytes, sum)
			}
		})
		for _, g := range b.Gems {
			gems += g.Bytes
		}
		for _, f := range b.Files {
			files += f.Bytes
		}
		if total != grew || own != grew || gems != grew || files != grew || b.TotalBytes != grew {
			t.Errorf("seed %d: grew by %d; tree %d, own %d, gems %d, files %d", seed, grew, total, own, gems, files)
		}
		if wall := float64(at.NS-first.NS) / 1e6; ms < wall-0.001 || ms > wall+0.001 {
			t.Errorf("seed %d: %f ms of %f", seed, ms, wall)
		}
	}
}

func every(list []culprit.BootNode, visit func(culprit.BootNode)) {
	for _, n := range list {
		visit(n)
		every(n.Children, visit)
	}
}

// A file belongs to whoever's folder it is deepest in.
func TestGems(t *testing.T) {
	files := []string{
		"/gems/heavy-0.1.0/lib/heavy.rb", "/gems/rails-6.1/lib/rails/all.rb", "/srv/shop/app/models/a.rb", "/srv/shop/engines/engine/lib/x.rb",
		"/usr/lib/ruby/3.1.0/json.rb", "enumerator.so", "/usr/lib/ruby/vendor_ruby/request_store.rb", "/usr/lib/ruby/vendor_ruby/request_store/middleware.rb",
		"/usr/lib/ruby/vendor_ruby/rubygems/spec.rb", "/usr/lib/ruby/vendor_ruby/oracle/oci.rb", "/usr/lib/ruby/vendor_ruby/requested.rb", "/opt/elsewhere.rb",
		"/var/lib/gems/3.1.0/gems/net-smtp-0.3.1/lib/net/smtp.rb",
	}
	lines := []string{"start 0"}
	for i, f := range files {
		lines = append(lines, fmt.Sprintf("+ %d 0 f%d %d", i+1, i, i), fmt.Sprintf("- %d %s %d", i+1, f, i+1))
	}
	b := boottree.Mem(recording(script(append(lines, fmt.Sprintf("stop %d", len(files)))...)))
	var got []string
	for _, g := range b.Gems {
		got = append(got, fmt.Sprintf("%s %s %d", g.Name, g.Version, g.Files))
	}
	want := []string{
		"ruby 3.1.2 3", "app  2", "request-store 1.5 2", "engine 1 1", "heavy 0.1.0 1", "oracle  1", "rails 6.1 1", "requested  1", "net-smtp  1",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func TestUnknownIsNotZero(t *testing.T) {
	b := boottree.Mem(recording(script("start 10", "+ 1 0 rails 10", "- 1 /gems/rails-6.1/lib/rails.rb 20", "stop 20")))
	n := b.Tree[0]
	for what, v := range map[string]int64{
		"pss": int64(b.PSSBytes), "allocated bytes": int64(b.AllocatedBytes), "allocated": b.AllocatedObjects, "retained": b.RetainedObjects,
		"retained bytes": int64(b.RetainedBytes), "node's": n.AllocatedObjects, "node's retained": int64(n.RetainedBytes),
		"gem's": b.Gems[0].RetainedObjects, "file's": b.Files[0].Objects,
	} {
		if v != culprit.Unknown {
			t.Errorf("%s: %d", what, v)
		}
	}
	if b.PlainTimeMS != culprit.Unknown || b.Overhead != culprit.Unknown || b.Fork != nil || b.Budget != nil {
		t.Errorf("%+v", b)
	}
	if n.PSSBytes != 10*mb {
		t.Errorf("PSS of the node: %d", n.PSSBytes)
	}
	rec := recording(script("start 10", "+ 1 0 rails 10", "- 1 /gems/rails-6.1/lib/rails.rb 20", "stop 20"))
	for i := range rec.Events {
		rec.Events[i].At.PSS = culprit.Unknown
	}
	if b = boottree.Mem(rec); b.Tree[0].PSSBytes != culprit.Unknown {
		t.Errorf("PSS of the node: %d", b.Tree[0].PSSBytes)
	}
	rec.Before.RSS = culprit.Unknown
	if b = boottree.Mem(rec); b.TotalBytes != 10*mb || b.BaseBytes != culprit.Unknown {
		t.Errorf("nobody looked from outside: %+v", b.TotalBytes)
	}
}

// A tree that does not add up says so.
func TestCoverage(t *testing.T) {
	for outside, warns := range map[culprit.Bytes]bool{100 * mb: false, 101 * mb: false, 110 * mb: true, 90 * mb: true} {
		rec := recording(script("start 10", "+ 1 0 rails 10", "- 1 /gems/rails-6.1/lib/rails.rb 110", "stop 110"))
		rec.After.RSS = rec.Before.RSS + outside
		b := boottree.Mem(rec)
		if want := 100 / (float64(outside) / mb); b.Coverage < want-0.001 || b.Coverage > want+0.001 {
			t.Errorf("%d: coverage %f, want %f", outside, b.Coverage, want)
		}
		if (len(b.Warnings) > 0) != warns {
			t.Errorf("%d: %q", outside, b.Warnings)
		}
	}
}

func TestFork(t *testing.T) {
	rec := recording(script("start 10", "stop 100"))
	rec.Fork = &culprit.BootForked{
		Master:   culprit.BootPages{RSS: 120 * mb},
		Forked:   culprit.BootPages{SharedDirty: 100 * mb, SharedClean: 6 * mb},
		Worked:   culprit.BootPages{SharedDirty: 70 * mb, SharedClean: 8 * mb},
		Unbooted: culprit.BootPages{SharedDirty: 5 * mb},
	}
	want := culprit.BootFork{MasterBytes: 120 * mb, SharedBytes: 106 * mb, UnsharedBytes: 28 * mb, PreloadSavesBytes: 65 * mb}
	if b := boottree.Mem(rec); *b.Fork != want {
		t.Errorf("%+v, want %+v", *b.Fork, want)
	}
}

func TestObjects(t *testing.T) {
	events := script(
		"start 10", "+ 1 0 rails 10", "+ 2 1 heavy 12", "- 2 /gems/heavy-0.1.0/lib/heavy.rb 42", "- 1 /gems/rails-6.1/lib/rails.rb 45",
		"+ 3 0 /srv/shop/a.rb 45", "- 3 /srv/shop/a.rb 46", "stop 46")
	allocated := recording(events)
	allocated.Mode, allocated.Warnings = "allocated", []string{"one", "two"}
	retained := recording(events)
	retained.Mode, retained.Warnings = "retained", []string{"two", "three"}
	retained.TimeNS *= 3
	retained.Objects = []culprit.BootObjects{
		{File: "/gems/heavy-0.1.0/lib/heavy.rb", Line: 5, Class: "String", Bytes: 20 * mb, Objects: 200},
		{File: "/gems/heavy-0.1.0/lib/heavy.rb", Line: 5, Class: "Array", Bytes: mb, Objects: 1},
		{Node: 2, Class: "(compiled code)", Bytes: 2 * mb, Objects: 10},
		{File: "/gems/rails-6.1/lib/rails.rb", Line: 1, Class: "Class", Bytes: 3 * mb, Objects: 30},
		{File: "(eval at /srv/shop/a.rb:3)", Line: 1, Class: "String", Bytes: 4 * mb, Objects: 40},
		{File: "/usr/lib/ruby/3.1.0/set.rb", Line: 9, Class: "Set", Bytes: mb, Objects: 7}, // loaded before
		{File: "", Line: 0, Class: "Hash", Bytes: mb, Objects: 8},
		{File: "(eval)", Line: 1, Class: "Hash", Bytes: mb, Objects: 9},
	}
	b := boottree.Objects(allocated, retained)
	if b.TotalBytes != 33*mb || b.RetainedBytes != 33*mb || b.RetainedObjects != 305 {
		t.Errorf("%d bytes, %d objects", b.TotalBytes, b.RetainedObjects)
	}
	if b.AllocatedObjects != 36*mb/100 || b.AllocatedBytes != 72*mb {
		t.Errorf("allocated %d, %d bytes", b.AllocatedObjects, b.AllocatedBytes)
	}
	if want := "rails 3.0/26.0 [rails]\n  heavy 23.0/23.0 [heavy]\na 4.0/4.0\n(outside of require) 3.0/3.0 [ruby]\n"; outline(b.Tree, 0) != want {
		t.Errorf("\n%s\nwant\n%s", outline(b.Tree, 0), want)
	}
	if c := b.Coverage; c < 0.90 || c > 0.91 {
		t.Errorf("coverage %f", c)
	}
	list := func(groups []culprit.BootGroup) string {
		var parts []string
		for _, g := range groups {
			parts = append(parts, fmt.Sprintf("%s %d %d", g.Key, g.Bytes/mb, g.Objects))
		}
		return strings.Join(parts, "; ")
	}
	if got, want := list(b.Locations), "heavy/lib/heavy.rb:5 21 201; a.rb:1 4 40; rails/lib/rails.rb:1 3 30; heavy/lib/heavy.rb (as it is loaded) 2 10; "+
		"(eval):1 1 9; (unknown) 1 8; /usr/lib/ruby/3.1.0/set.rb:9 1 7"; got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	if got, want := list(b.Classes), "String 24 240; Class 3 30; (compiled code) 2 10; Hash 2 17; Array 1 1; Set 1 7"; got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	var gems []string
	for _, g := range b.Gems {
		gems = append(gems, fmt.Sprintf("%s %d %d", g.Name, g.Bytes/mb, g.RetainedObjects))
	}
	if got, want := strings.Join(gems, "; "), "heavy 23 211; app 4 40; rails 3 30; (unknown) 2 17; ruby 1 7"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := strings.Join(b.Warnings, " "); got != "one two three" {
		t.Error(got)
	}
	if b.Runs[0].TimeMS != 3*b.TimeMS {
		t.Errorf("%+v, the slower of the two boots takes three times %f", b.Runs, b.TimeMS)
	}
}

func boot(total culprit.Bytes, ms float64, warnings ...string) culprit.Boot {
	return culprit.Boot{TotalBytes: total, TimeMS: ms, Warnings: warnings, Runs: []culprit.BootRun{{TotalBytes: total, TimeMS: ms}}, PlainTimeMS: -1, Overhead: -1}
}

func TestMedian(t *testing.T) {
	forked := boot(70, 8, "b")
	forked.Fork = &culprit.BootFork{MasterBytes: 1}
	b := boottree.Median([]culprit.Boot{boot(90, 5, "a"), boot(50, 7, "a", "b"), boot(60, 6), forked})
	if b.TotalBytes != 60 || len(b.Runs) != 4 || b.Runs[0].TotalBytes != 90 || b.Fork == nil || strings.Join(b.Warnings, "") != "ab" {
		t.Errorf("%+v", b)
	}
	boottree.Against(&b, nil)
	if b.PlainTimeMS != -1 || b.Overhead != -1 {
		t.Errorf("%+v", b)
	}
	boottree.Against(&b, []int64{9e6, 5e6, 4e6})
	if b.PlainTimeMS != 5 || b.Overhead != 1.2 {
		t.Errorf("%f ms, %f", b.PlainTimeMS, b.Overhead)
	}
}

func TestCompare(t *testing.T) {
	gem := func(name string, b culprit.Bytes) culprit.BootGem {
		return culprit.BootGem{Name: name, Bytes: b, RetainedBytes: -1, RetainedObjects: -1}
	}
	before, now := boot(100, 1), boot(107, 1)
	before.Gems = []culprit.BootGem{gem("heavy", 50), gem("gone", 10), gem("same", 40)}
	now.Gems = []culprit.BootGem{gem("heavy", 52), gem("new", 15), gem("same", 40)}
	b := boottree.Compare(now, before, "main.json", 7)
	if b.Exceeded || b.GrewBytes != 7 || b.BaselineBytes != 100 || b.Baseline != "main.json" {
		t.Errorf("%+v", b)
	}
	var changes []string
	for _, c := range b.Changes {
		changes = append(changes, fmt.Sprint(c.Key, " ", int64(c.Bytes), " ", c.Objects))
	}
	if got, want := strings.Join(changes, "; "), "new 15 -1; heavy 2 -1; gone -10 -1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if !boottree.Compare(now, before, "main.json", 6).Exceeded {
		t.Error("7 are more than 6")
	}
}
