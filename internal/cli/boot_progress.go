package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"culprit"
	"culprit/internal/source/rubyboot"
)

// bootProgress tells on a terminal which boot is under way.
type bootProgress struct {
	out   io.Writer // nil where nobody watches
	made  int
	total int
}

func newBootProgress(w World, total int) *bootProgress {
	p := &bootProgress{total: total}
	if f, ok := w.Stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) && w.Env("TERM") != "dumb" {
		p.out = w.Stderr
	}
	return p
}

// boot makes one boot.
func (p *bootProgress) boot(ctx context.Context, s *rubyboot.Session, mode rubyboot.Mode, fork bool) (culprit.BootRecording, error) {
	p.made++
	if p.out != nil {
		fmt.Fprintf(p.out, "\r\x1b[Kboot %d of %d", p.made, p.total)
	}
	return s.Boot(ctx, mode, fork)
}

func (p *bootProgress) done() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
