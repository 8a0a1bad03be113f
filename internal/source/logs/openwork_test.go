package logs

import (
	"fmt"
	"strings"
	"testing"

	"culprit"
)

// TestOpenWorkIsBounded: a log that only ever begins jobs costs no more than the
// bound, and every one of them comes out as open, oldest first.
func TestOpenWorkIsBounded(t *testing.T) {
	var w openWork
	sink := &workSink{}
	const n = maxOpenWork + 1000
	for i := range n {
		w.begin(fmt.Sprint(i), begun{kind: culprit.CallJob, start: int64(i) + 1, name: "J", mem: -1, allocs: -1}, sink)
		if len(w.at) > maxOpenWork || len(w.order) > 2*maxOpenWork+1000 {
			t.Fatalf("%d open, %d in order after %d", len(w.at), len(w.order), i)
		}
	}
	w.closeAll(sink)
	if len(sink.said) != n || countOpen(sink.said) != n {
		t.Errorf("%d calls, %d open, want %d", len(sink.said), countOpen(sink.said), n)
	}
	if !strings.Contains(sink.said[0], "00:00:00.000001..?") {
		t.Errorf("the first is %q", sink.said[0])
	}
}

// TestOpenWorkStaysSmall: ended jobs leave nothing behind.
func TestOpenWorkStaysSmall(t *testing.T) {
	var w openWork
	for i := range 3 * maxOpenWork {
		k := fmt.Sprint(i)
		w.begin(k, begun{start: 1}, &workSink{})
		w.end(k)
	}
	if len(w.at) != 0 || len(w.order) > 2*maxOpenWork+1000 {
		t.Errorf("%d open, %d in order", len(w.at), len(w.order))
	}
}

// TestRetriedJob: a job that starts again without having ended was killed.
func TestRetriedJob(t *testing.T) {
	got := tell(
		t, "sidekiq", meta{},
		"2020-06-10T21:00:00.000Z pid=1 tid=a class=ExportJob jid=x1 INFO: start",
		"2020-06-10T21:05:00.000Z pid=2 tid=b class=ExportJob jid=x1 INFO: start",
		"2020-06-10T21:05:00.500Z pid=2 tid=b class=ExportJob jid=x1 INFO: [MemoryLogger] job=ExportJob queue=default memory_mb=2.0 objects=7",
		"2020-06-10T21:05:01.000Z pid=2 tid=b class=ExportJob jid=x1 elapsed=1.0 INFO: done",
	)
	wantSaid(
		t, got,
		"job 2020-06-10T21:00:00..? name=ExportJob pid=1 tid=a id=x1 open",
		"job 2020-06-10T21:05:00..2020-06-10T21:05:01 1000000us name=ExportJob pid=2 tid=b id=x1 mem=2097152 objects=7",
	)
}

// TestUndatedLinesAreTold: a Puma log without any times says nothing wrong, and
// says so.
func TestUndatedLinesAreTold(t *testing.T) {
	p := formatNamed(t, "puma").open(&Options{})
	sink := &workSink{}
	for _, l := range realLines(t, "puma-cluster.log") {
		p.line(l, &meta{}, sink)
	}
	p.close(sink)
	w, ok := p.(warner)
	if !ok || len(w.warnings()) != 1 || !strings.HasPrefix(w.warnings()[0], "20 lines tell of ") {
		t.Errorf("puma warns %v", w)
	}
	wantSaid(t, sink.said, "restart 2026-11-23T06:51:10 host= pid=12435 bytes=0 puma")
}
