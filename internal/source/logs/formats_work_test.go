package logs

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"culprit"
)

// workSink writes down what it is told, one line each.
type workSink struct{ said []string }

func stampText(us int64) string {
	if us == 0 {
		return "?"
	}
	return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05.999999")
}

// Call notes kind, name, times, and whatever else is set.
func (s *workSink) Call(c *culprit.Call) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s..%s", [...]string{"web", "proxy", "job", "task"}[c.Kind], stampText(c.Start), stampText(c.End))
	if c.Duration != culprit.Unknown {
		fmt.Fprintf(&b, " %dus", c.Duration)
	}
	text := func(k string, v []byte) {
		if len(v) > 0 {
			fmt.Fprintf(&b, " %s=%s", k, v)
		}
	}
	number := func(k string, v, none int64) {
		if v != none {
			fmt.Fprintf(&b, " %s=%d", k, v)
		}
	}
	flag := func(k string, v bool) {
		if v {
			b.WriteString(" " + k)
		}
	}
	text("name", c.Name)
	text("method", c.Method)
	text("path", c.Path)
	for _, p := range c.Params {
		fmt.Fprintf(&b, " param:%s=%s", p.Key, p.Value)
	}
	number("status", int64(c.Status), 0)
	number("pid", int64(c.PID), 0)
	text("tid", c.TID)
	text("host", c.Host)
	text("id", c.RequestID)
	text("queue", c.Queue)
	text("user", c.User)
	text("client", c.Client)
	text("upstream", c.Upstream)
	number("mem", c.MemBytes, culprit.Unknown)
	number("objects", c.Allocations, culprit.Unknown)
	number("body", c.BodyBytes, culprit.Unknown)
	flag("open", c.Open)
	flag("truncated", c.Truncated)
	flag("failed", c.Failed)
	s.said = append(s.said, b.String())
}

// Happening notes a happening.
func (s *workSink) Happening(h culprit.Happening) {
	s.said = append(s.said, fmt.Sprintf("%s %s host=%s pid=%d bytes=%d %s", h.Kind, stampText(h.At), h.Host, h.PID, h.Bytes, h.Name))
}

// Memory notes a reading.
func (s *workSink) Memory(k culprit.Series, at int64, b culprit.Bytes) {
	s.said = append(s.said, fmt.Sprintf("memory %s host=%s pid=%d name=%s role=%s %s %d", stampText(at), k.Host, k.PID, k.Name, k.Role, k.Kind, b))
}

// formatNamed returns a format of this file's half of the table.
func formatNamed(t testing.TB, name string) format {
	t.Helper()
	for _, f := range workFormats() {
		if f.name == name {
			return f
		}
	}
	t.Fatalf("no format %q", name)
	return format{}
}

// wrapped is a line as a wrapper hands it on.
func wrapped(prog string) meta {
	at := time.Date(2020, 6, 10, 21, 0, 0, 0, time.UTC).UnixMicro()
	return meta{at: at, host: []byte("web3"), pid: 4242, prog: []byte(prog)}
}

// tell runs lines through a format's parser and returns what it said.
func tell(t testing.TB, name string, m meta, lines ...string) []string {
	t.Helper()
	f := formatNamed(t, name)
	p := f.open(&Options{})
	sink := &workSink{}
	for _, l := range lines {
		if !f.looks([]byte(l)) {
			t.Errorf("%s does not recognise %q", name, l)
		}
		mm := m
		if !p.line([]byte(l), &mm, sink) {
			t.Errorf("%s does not understand %q", name, l)
		}
	}
	p.close(sink)
	return sink.said
}

func wantSaid(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// realLines returns the lines of a file that a real program wrote.
func realLines(t testing.TB, name string) [][]byte {
	t.Helper()
	b, err := os.ReadFile("testdata/real/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n"))
}

// tellReal runs a real file through a format, as the dispatcher would: lines
// that the format does not claim are counted as foreign.
func tellReal(t testing.TB, name, file string, m meta) (said []string, foreign int) {
	t.Helper()
	f := formatNamed(t, name)
	p := f.open(&Options{})
	sink := &workSink{}
	for _, l := range realLines(t, file) {
		mm := m
		if !f.looks(l) || !p.line(l, &mm, sink) {
			foreign++
		}
	}
	p.close(sink)
	return sink.said, foreign
}
