package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"culprit"
	"culprit/internal/analysis/diagnose"
	"culprit/internal/present/style"
	"culprit/internal/source/input"
	"culprit/internal/source/logs"
)

// sampleLogs reads the logs of --log for the facts that their calls carry, and
// returns what is to be told about them.
func sampleLogs(ctx context.Context, paths []string) (out []diagnose.LogSample, warnings []string, err error) {
	if len(paths) == 0 {
		return nil, nil, nil
	}
	files, problems := input.Expand(paths)
	if len(files) == 0 {
		return nil, nil, nothing(problems)
	}
	for _, p := range problems {
		warnings = append(warnings, "--log "+p.Path+": "+p.Err.Error())
	}
	for _, f := range files {
		s, cut, err := sampleLog(ctx, f)
		if err != nil {
			return nil, nil, fmt.Errorf("--log %s: %w", f.Path, err)
		}
		if cut {
			warnings = append(warnings, fmt.Sprintf("--log %s: only its first %s were looked at", f.Path, style.Bytes(sampleBytes)))
		}
		out = append(out, s)
	}
	return out, warnings, nil
}

// sampleBytes is how much of a log is enough to know what its lines carry.
const sampleBytes = 64 * culprit.MiB

// headBytes is how much of a log is looked into to recognise it.
const headBytes = 256 << 10

func sampleLog(ctx context.Context, f input.File) (s diagnose.LogSample, cut bool, err error) {
	s = diagnose.LogSample{Path: f.Path, Host: f.HostHint}
	r, err := f.Open(ctx)
	if err != nil {
		return s, false, err
	}
	defer func() { _ = r.Close() }() // opened for reading
	head, err := r.Head(headBytes)
	if err != nil {
		return s, false, err
	}
	guess, ok := logs.Detect(head, f.Name)
	if !ok {
		return s, false, &hintError{errors.New("no log that is known"), "culprit formats lists them"}
	}
	s.Format = guess.Format
	tally := &factTally{s: &s}
	limited := &io.LimitedReader{R: r, N: int64(sampleBytes)}
	_, err = logs.Read(ctx, logs.Source{R: limited}, logs.Options{Format: guess.Format, Reference: f.ModTime, Workers: 1}, func() logs.Sink { return tally })
	if err != nil {
		return s, false, err
	}
	if s.Calls == 0 {
		return s, false, &hintError{fmt.Errorf("no calls in it (%s)", guess.Format), "give the log of the app, or of the proxy in front of it"}
	}
	return s, limited.N <= 0, nil
}

// factTally counts which facts calls carry. It is a Sink of the door of logs.
type factTally struct {
	mu sync.Mutex
	s  *diagnose.LogSample
}

// Call counts one call.
func (t *factTally) Call(c *culprit.Call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count := func(n *int64, has bool) {
		if has {
			*n++
		}
	}
	s := t.s
	s.Calls++
	s.Proxy = s.Proxy || c.Kind == culprit.CallProxy
	count(&s.PID, c.PID > 0)
	count(&s.ID, len(c.RequestID) > 0)
	count(&s.Timed, c.Start > 0 || c.End > 0)
	count(&s.Hosts, len(c.Host) > 0)
	count(&s.Start, c.Stamp == culprit.StampStart || c.Stamp == culprit.StampBoth)
	count(&s.Duration, c.Duration >= 0)
	count(&s.Upstream, len(c.Upstream) > 0)
	isGraphQL := len(c.Operation) > 0 || containsFold(c.Controller, "graphql") || containsFold(c.Path, "graphql")
	count(&s.GraphQL, isGraphQL)
	count(&s.Operations, isGraphQL && len(c.Operation) > 0)
}

// Happening is no call.
func (t *factTally) Happening(culprit.Happening) {}

// Memory is no call.
func (t *factTally) Memory(culprit.Series, int64, culprit.Bytes) {}

func containsFold(b []byte, word string) bool {
	if len(b) < len(word) {
		return false
	}
	for i := 0; i+len(word) <= len(b); i++ {
		match := true
		for k := range len(word) {
			if b[i+k]|0x20 != word[k] {
				match = false
				break
			}
		}
		if match {
			return true
		}
	}
	return false
}
