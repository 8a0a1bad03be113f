package logs

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"culprit"
)

// collect is a sink that writes everything down as text.
type collect struct {
	mu    *sync.Mutex
	calls *[]string
}

func (c collect) add(s string) {
	c.mu.Lock()
	*c.calls = append(*c.calls, s)
	c.mu.Unlock()
}

func (c collect) Call(k *culprit.Call) { c.add(describe(k)) }

func (c collect) Happening(h culprit.Happening) {
	c.add(fmt.Sprintf("happening %s at=%s host=%s pid=%d name=%q bytes=%d", h.Kind, clockText(h.At), h.Host, h.PID, h.Name, h.Bytes))
}

func (c collect) Memory(s culprit.Series, at int64, b culprit.Bytes) {
	c.add(fmt.Sprintf("memory %s host=%s pid=%d name=%s at=%s bytes=%d", s.Kind, s.Host, s.PID, s.Name, clockText(at), b))
}

func clockText(us int64) string {
	if us == 0 {
		return "-"
	}
	return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05.000000Z")
}

// describe writes a call on one line, leaving out what is unknown.
func describe(k *culprit.Call) string {
	var b strings.Builder
	kinds := [...]string{"web", "proxy", "job", "task"}
	stamps := [...]string{"none", "start", "end", "both"}
	fmt.Fprintf(&b, "%s %s %s..%s", kinds[k.Kind], stamps[k.Stamp], clockText(k.Start), clockText(k.End))
	num := func(name string, v int64, none int64) {
		if v != none {
			fmt.Fprintf(&b, " %s=%d", name, v)
		}
	}
	text := func(name string, v []byte) {
		if len(v) > 0 {
			fmt.Fprintf(&b, " %s=%q", name, v)
		}
	}
	flag := func(name string, v bool) {
		if v {
			b.WriteString(" " + name)
		}
	}
	num("us", k.Duration, -1)
	flag("open", k.Open)
	flag("truncated", k.Truncated)
	flag("ambiguous", k.Ambiguous)
	flag("streamed", k.Streamed)
	flag("enqueues", k.Enqueues)
	flag("failed", k.Failed)
	num("status", int64(k.Status), 0)
	num("pid", int64(k.PID), 0)
	text("tid", k.TID)
	text("host", k.Host)
	text("id", k.RequestID)
	text("method", k.Method)
	text("path", k.Path)
	text("controller", k.Controller)
	text("action", k.Action)
	text("name", k.Name)
	text("queue", k.Queue)
	text("format", k.Format)
	text("op", k.Operation)
	text("user", k.User)
	text("client", k.Client)
	text("upstream", k.Upstream)
	num("alloc", k.Allocations, -1)
	num("mem", k.MemBytes, -1)
	num("body", k.BodyBytes, -1)
	for _, p := range k.Params {
		fmt.Fprintf(&b, " %s:%q", p.Key, p.Value)
	}
	num("@", k.Offset, -2)
	return b.String()
}

// readText reads a text and returns the result and the sorted facts.
func readText(tb testing.TB, text string, opt Options, workers, size int, plain bool) (Result, []string) {
	tb.Helper()
	var calls []string
	var mu sync.Mutex
	opt.Workers = workers
	src := Source{R: strings.NewReader(text)}
	if plain {
		src.At, src.N = bytes.NewReader([]byte(text)), int64(len(text))
	}
	res, err := readBlocks(context.Background(), src, opt, func() Sink { return collect{&mu, &calls} }, size)
	if err != nil {
		tb.Fatal(err)
	}
	sort.Strings(calls)
	return res, calls
}
