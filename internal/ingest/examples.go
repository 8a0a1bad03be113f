package ingest

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"slices"
	"sort"
	"strings"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/source/input"
)

// Wanted asks for calls of a suspect, those during given growth first.
type Wanted struct {
	Suspect int32
	During  []Span
}

// Span is a growth episode of a unit.
type Span struct {
	Unit int32
	A, B int64
	ID   int
}

// examplesEach is how many examples a suspect gets.
const examplesEach = 3

type candidate struct {
	row    casefile.Row
	growth int
}

// Examples finds calls of every wanted suspect and reads their request ids from
// the logs again.
// skew is what the court added to the clocks of the logs, microseconds.
func (d *Docket) Examples(ctx context.Context, wanted []Wanted, skew int64) [][]culprit.Example {
	found := d.candidates(wanted, skew)
	ids := d.requestIDs(ctx, found)
	out := make([][]culprit.Example, len(wanted))
	for i, cs := range found {
		out[i] = []culprit.Example{}
		for _, c := range cs {
			out[i] = append(out[i], d.example(c, ids[lineKey{c.row.Source, c.row.Offset}]))
		}
	}
	return out
}

func (d *Docket) candidates(wanted []Wanted, skew int64) [][]candidate {
	labels := make([][]int, len(d.Case.Roster.Labels))
	for label, set := range d.Case.Roster.Labels {
		for i, w := range wanted {
			if slices.Contains(set, w.Suspect) {
				labels[label] = append(labels[label], i)
			}
		}
	}
	found := make([][]candidate, len(wanted))
	for rows := range d.Case.Rows {
		for k := range rows {
			for _, i := range labels[rows[k].Label] {
				consider(&found[i], &rows[k], wanted[i].During, skew)
			}
		}
	}
	return found
}

// consider keeps the calls during growth first, the longest among them.
func consider(list *[]candidate, r *casefile.Row, during []Span, skew int64) {
	c := candidate{row: *r}
	for _, s := range during {
		if s.Unit == r.Unit && r.Start+skew <= s.B && r.End+skew >= s.A {
			c.growth = s.ID
			break
		}
	}
	*list = append(*list, c)
	sort.SliceStable(*list, func(i, j int) bool {
		a, b := (*list)[i], (*list)[j]
		if (a.growth > 0) != (b.growth > 0) {
			return a.growth > 0
		}
		return a.row.End-a.row.Start > b.row.End-b.row.Start
	})
	*list = (*list)[:min(len(*list), examplesEach)]
}

func (d *Docket) example(c candidate, id string) culprit.Example {
	e := culprit.Example{
		At: stamp(c.row.Start), Seconds: float64(c.row.End-c.row.Start) / 1e6, RequestID: id,
		Shape: d.shape(c.row.Label), Open: c.row.Flags&casefile.FlagOpen != 0, Growth: c.growth,
	}
	if c.row.Unit >= 0 {
		p := d.Case.Units[c.row.Unit].Process
		e.Host, e.PID = p.Host, p.PID
	} else if h, ok := casefile.HostOf(c.row.Unit); ok {
		e.Host = d.Case.Hosts[h]
	}
	return e
}

// shape writes a call as its endpoint and dimensions.
func (d *Docket) shape(label uint32) string {
	set := d.Case.Roster.Labels[label]
	parts := []string{d.Case.Roster.Suspects[set[0]].Name}
	for _, i := range set[1:] {
		x := d.Case.Roster.Suspects[i]
		parts = append(parts, trimParam(x.Key)+"="+x.Value)
	}
	return strings.Join(parts, " ")
}

func trimParam(key string) string {
	if len(key) > 6 && key[:6] == "param:" {
		return key[6:]
	}
	return key
}

type lineKey struct {
	source uint16
	offset int64
}

// requestIDs reads the lines of the examples again, file by file.
func (d *Docket) requestIDs(ctx context.Context, found [][]candidate) map[lineKey]string {
	byFile := map[uint16][]int64{}
	for _, cs := range found {
		for _, c := range cs {
			// A command has no request id; what looks like one is its argument.
			if ro := d.Case.Roster; ro.Suspects[ro.Labels[c.row.Label][0]].Kind != "task" {
				byFile[c.row.Source] = append(byFile[c.row.Source], c.row.Offset)
			}
		}
	}
	ids := map[lineKey]string{}
	for source, offsets := range byFile {
		if int(source) >= len(d.files) {
			continue
		}
		slices.Sort(offsets)
		// An example without its request id is still an example: trouble with
		// reading the file a second time costs the id only.
		_ = readLines(ctx, d.files[source], slices.Compact(offsets), func(offset int64, line []byte) {
			ids[lineKey{source, offset}] = requestID(line)
		})
	}
	return ids
}

const lineBytes = 4096

func readLines(ctx context.Context, f input.File, offsets []int64, each func(int64, []byte)) error {
	r, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // opened for reading
	buf := make([]byte, lineBytes)
	if at := r.ReaderAt(); at != nil {
		for _, o := range offsets {
			n, err := at.ReadAt(buf, o)
			if err != nil && n == 0 {
				return err
			}
			each(o, firstLine(buf[:n]))
		}
		return nil
	}
	var pos int64
	for _, o := range offsets {
		if o < pos {
			continue // lines nearer than a buffer: the first one has been told
		}
		n, err := io.CopyN(io.Discard, r, o-pos)
		pos += n
		if err != nil {
			return err
		}
		m, err := io.ReadFull(r, buf)
		pos += int64(m)
		each(o, firstLine(buf[:m]))
		if err != nil {
			return err
		}
	}
	return nil
}

func firstLine(b []byte) []byte {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i]
	}
	return b
}

var (
	keyedID = regexp.MustCompile(`(?:request_id|requestId|req_id|x_request_id|rid|jid|job_id)["']?\s*[=:]\s*"?([0-9A-Za-z][0-9A-Za-z_-]{7,63})`)
	// An id without a key stands free, in brackets or in quotes of its own: what
	// follows a slash, a colon or an equals sign is part of a path or a parameter,
	// and may be somebody's token.
	plainID = regexp.MustCompile(`(?:^|[\[(]|[^:>=,]\s"?)([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})(?:$|["\s\])])`)
)

// requestID finds the request id in a line: after a key that says so, else
// something of the form that Rails and nginx give it.
func requestID(line []byte) string {
	if m := keyedID.FindSubmatch(line); m != nil {
		return string(m[1])
	}
	if m := plainID.FindSubmatch(line); m != nil {
		return string(m[1])
	}
	return ""
}
