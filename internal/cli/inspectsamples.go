package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"culprit/internal/buildinfo"
	"culprit/internal/inspection"
	"culprit/internal/present/heapflame"
	"culprit/internal/present/style"
)

// sampleOptions are how long stacks are recorded, and where they go.
type sampleOptions struct {
	length  time.Duration
	hertz   float64
	running bool
	files   flameFiles
}

// record samples stacks for a while.
func (o *sampleOptions) record(ctx context.Context, w World, t *inspection.Target) error {
	if t.Core != "" {
		return usage(errors.New("--record of a core file"), "a core has one moment only: leave --record out")
	}
	if o.hertz < 1 || o.hertz > 200 {
		return usage(fmt.Errorf("a rate of %v", o.hertz), "1 to 200 a second")
	}
	if err := o.files.check(); err != nil {
		return err
	}
	s := inspection.NewSamples(t, buildinfo.Tool(), fmt.Sprintf("pid %d", t.PID))
	tick := time.NewTicker(time.Duration(float64(time.Second) / o.hertz))
	defer tick.Stop()
	ctx, cancel := context.WithTimeout(ctx, o.length)
	defer cancel()
	for ctx.Err() == nil {
		if err := s.Take(o.running); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return o.write(w, s)
}

// write writes the files that were asked for; without one, folded stacks go to stdout.
func (o *sampleOptions) write(w World, s *inspection.Samples) error {
	tree := s.Tree()
	_, _ = fmt.Fprintf(w.Stderr, "culprit: %s of the stacks; %s changed while read, left out\n", style.Plural(int64(s.Count), "sample", "samples"), style.Count(int64(s.Torn)))
	if o.files.none() {
		return heapflame.Folded(w.Stdout, tree)
	}
	return o.files.write(w, tree)
}
