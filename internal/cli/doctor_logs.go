package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"culprit"
	"culprit/internal/analysis/diagnose"
	"culprit/internal/source/input"
	"culprit/internal/source/logs"
)

// sampleLogs reads the logs of --log for the facts that their calls carry.
func sampleLogs(ctx context.Context, paths []string) ([]diagnose.LogSample, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	files, problems := input.Expand(paths)
	if len(files) == 0 {
		return nil, nothing(problems)
	}
	var out []diagnose.LogSample
	for _, f := range files {
		s, err := sampleLog(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("--log %s: %w", f.Path, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// headBytes is how much of a log is looked into to recognise it.
const headBytes = 256 << 10

func sampleLog(ctx context.Context, f input.File) (diagnose.LogSample, error) {
	s := diagnose.LogSample{Path: f.Path}
	r, err := f.Open(ctx)
	if err != nil {
		return s, err
	}
	defer func() { _ = r.Close() }() // opened for reading
	head, err := r.Head(headBytes)
	if err != nil {
		return s, err
	}
	guess, ok := logs.Detect(head, f.Name)
	if !ok {
		return s, &hintError{errors.New("no log that is known"), "culprit formats lists them"}
	}
	s.Format = guess.Format
	tally := &factTally{s: &s}
	_, err = logs.Read(ctx, logs.Source{R: r}, logs.Options{Format: guess.Format, Reference: f.ModTime, Workers: 1}, func() logs.Sink { return tally })
	if err != nil {
		return s, err
	}
	if s.Calls == 0 {
		return s, &hintError{fmt.Errorf("no calls in it (%s)", guess.Format), "give the log of the app, or of the proxy in front of it"}
	}
	return s, nil
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
	count(&s.Host, len(c.Host) > 0)
	count(&s.Start, c.Stamp == culprit.StampStart || c.Stamp == culprit.StampBoth)
	count(&s.Duration, c.Duration >= 0)
	isGraphQL := len(c.Operation) > 0 || containsFold(c.Controller, "graphql") || containsFold(c.Path, "graphql")
	count(&s.GraphQL, isGraphQL)
	count(&s.Operate, isGraphQL && len(c.Operation) > 0)
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
