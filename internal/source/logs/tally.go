package logs

import "culprit"

// badSamples is how many lines that were not understood are kept as examples.
const badSamples = 3

// tally counts the lines of one block.
type tally struct {
	lines, understood int64
	badAt             [badSamples]int64 // line numbers within the block
	bad               [badSamples][]byte
	nbad              int
}

func (t *tally) reset() { t.lines, t.understood, t.nbad = 0, 0, 0 }

// miss keeps a line that nobody understood as an example.
func (t *tally) miss(line []byte, number int64) {
	if t.nbad == badSamples {
		return
	}
	t.badAt[t.nbad] = number
	t.bad[t.nbad] = append(t.bad[t.nbad][:0], line[:min(len(line), 120)]...)
	t.nbad++
}

// add takes the counts of the next block in file order.
func (r *Result) add(t *tally) {
	for i := range t.nbad {
		if len(r.BadLine) < badSamples {
			r.BadLine = append(r.BadLine, r.Lines+t.badAt[i])
			r.BadSample = append(r.BadSample, string(t.bad[i]))
		}
	}
	r.Lines += t.lines
	r.Understood += t.understood
}

// watch stands between the parsers and the hall's sink and notes what the
// result has to say about the calls.
type watch struct {
	to          Sink
	calls       int64
	first, last int64
	stamps      [culprit.StampBoth + 1]int64
	pid, id     bool
}

func (w *watch) Call(c *culprit.Call) {
	w.calls++
	w.stamps[c.Stamp&culprit.StampBoth]++
	w.pid = w.pid || c.PID != 0
	w.id = w.id || len(c.RequestID) != 0
	w.see(c.Start)
	w.see(c.End)
	w.to.Call(c)
}

func (w *watch) Happening(h culprit.Happening) {
	w.see(h.At)
	w.to.Happening(h)
}

func (w *watch) Memory(s culprit.Series, at int64, b culprit.Bytes) {
	w.see(at)
	w.to.Memory(s, at, b)
}

func (w *watch) see(at int64) {
	if at == 0 {
		return
	}
	if w.first == 0 || at < w.first {
		w.first = at
	}
	if at > w.last {
		w.last = at
	}
}

// addWatches sums what the workers' sinks saw.
func (r *Result) addWatches(ws []*watch) {
	var stamps [culprit.StampBoth + 1]int64
	for _, w := range ws {
		r.Calls += w.calls
		r.HasPID = r.HasPID || w.pid
		r.HasID = r.HasID || w.id
		if w.first != 0 && (r.First == 0 || w.first < r.First) {
			r.First = w.first
		}
		r.Last = max(r.Last, w.last)
		for i, n := range w.stamps {
			stamps[i] += n
		}
	}
	for i, n := range stamps {
		if n > stamps[r.Stamp] {
			r.Stamp = culprit.Stamp(i)
		}
	}
}
