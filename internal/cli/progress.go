package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"culprit/internal/present/style"
)

// progress draws one line on a terminal: bytes, rate, time left. It is silent
// when standard error is no terminal, and for reads under a second.
type progress struct {
	out   io.Writer
	total atomic.Int64
	read  atomic.Int64
	stage atomic.Value
	start time.Time
	stop  chan struct{}
	wg    sync.WaitGroup
}

func newProgress(w World) *progress {
	p := &progress{out: w.Stderr, start: time.Now(), stop: make(chan struct{})}
	p.stage.Store("reading")
	f, ok := w.Stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || w.Env("TERM") == "dumb" {
		return p
	}
	p.wg.Go(p.draw)
	return p
}

func (p *progress) Total(n int64)     { p.total.Store(n) }
func (p *progress) Read(n int64)      { p.read.Add(n) }
func (p *progress) Stage(name string) { p.stage.Store(name) }

func (p *progress) done() {
	close(p.stop)
	p.wg.Wait()
}

func (p *progress) draw() {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	drawn := false
	for {
		select {
		case <-p.stop:
			if drawn {
				fmt.Fprint(p.out, "\r\x1b[K")
			}
			return
		case now := <-tick.C:
			if now.Sub(p.start) < time.Second {
				continue
			}
			fmt.Fprintf(p.out, "\r\x1b[K%s", p.line(now.Sub(p.start)))
			drawn = true
		}
	}
}

func (p *progress) line(since time.Duration) string {
	read, total := p.read.Load(), p.total.Load()
	rate := float64(read) / since.Seconds()
	s := fmt.Sprintf("%s  %s", p.stage.Load(), style.BytesOf(float64(read)))
	if total > 0 && read <= total {
		s += " of " + style.BytesOf(float64(total))
	}
	s += fmt.Sprintf("  %s/s", style.BytesOf(rate))
	if left := float64(total-read) / max(rate, 1); total > read && rate > 0 {
		s += "  " + style.Seconds(left) + " left"
	}
	return s
}
