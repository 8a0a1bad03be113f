package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/source/input"
	"culprit/internal/source/logs"
)

// tailBytes is how much of a log's end is read for requests that have not ended: at a
// thousand bytes a request some 64,000 have begun since.
const tailBytes = 64 << 20

// openRequests reads the ends of logs for what a process has begun and not ended.
func openRequests(ctx context.Context, paths []string, pid int) (open []livefacts.Request, warnings []string, err error) {
	files, problems := input.Expand(paths)
	if len(files) == 0 && len(paths) > 0 {
		return nil, nil, nothing(problems)
	}
	for _, p := range problems {
		warnings = append(warnings, "--log "+p.Path+": "+p.Err.Error())
	}
	for _, f := range files {
		sink := &openCalls{pid: pid}
		res, err := readTail(ctx, f, sink)
		if err != nil {
			return nil, nil, fmt.Errorf("--log %s: %w", f.Path, err)
		}
		if res.Calls > 0 && !sink.begins {
			warnings = append(warnings, fmt.Sprintf("--log %s tells of requests only when they have ended (%s)", f.Path, res.Format))
		}
		open = append(open, sink.open...)
	}
	slices.SortStableFunc(open, func(a, b livefacts.Request) int { return cmp.Compare(a.Began.UnixMicro(), b.Began.UnixMicro()) })
	return open, warnings, nil
}

// readTail reads the end of a log, of one that is compressed all.
func readTail(ctx context.Context, f input.File, sink logs.Sink) (res logs.Result, err error) {
	r, err := f.Open(ctx)
	if err != nil {
		return res, err
	}
	defer func() { _ = r.Close() }() // opened for reading
	head, err := r.Head(headBytes)
	if err != nil {
		return res, err
	}
	guess, ok := logs.Detect(head, f.Name)
	if !ok {
		return res, &hintError{errors.New("no log that is known"), "culprit formats lists them"}
	}
	in := io.Reader(r)
	if at := r.ReaderAt(); at != nil && r.Size() > tailBytes {
		tail := io.NewSectionReader(at, r.Size()-tailBytes, tailBytes)
		if in, err = afterLine(tail); err != nil {
			return res, err
		}
	}
	return logs.Read(ctx, logs.Source{R: in}, logs.Options{Format: guess.Format, Location: time.Local, Reference: f.ModTime, Workers: 1}, func() logs.Sink { return sink })
}

// afterLine passes over a line that begins before the tail does.
func afterLine(r io.Reader) (io.Reader, error) {
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return io.MultiReader(bytes.NewReader(head[bytes.IndexByte(head[:n], '\n')+1:n]), r), nil
}

// openCalls keeps the calls that have not ended. It is a Sink of the door of logs.
type openCalls struct {
	mu     sync.Mutex
	pid    int
	begins bool // the log tells when calls begin
	open   []livefacts.Request
}

// Call keeps one call, if it is open and may be of the process.
func (s *openCalls) Call(c *culprit.Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begins = s.begins || c.Open || c.Stamp == culprit.StampBoth || c.Stamp == culprit.StampStart
	if !c.Open || c.Kind == culprit.CallProxy || c.PID != 0 && c.PID != s.pid {
		return
	}
	action := ""
	if len(c.Controller) > 0 {
		action = string(c.Controller) + "#" + string(c.Action)
	} else if len(c.Name) > 0 {
		action = string(c.Name) + "#perform"
	}
	r := livefacts.Request{
		Method: string(c.Method), Path: string(c.Path), Action: action, RequestID: string(c.RequestID), PIDKnown: c.PID != 0, TID: string(c.TID),
	}
	if c.Start > 0 {
		r.Began = time.UnixMicro(c.Start)
	}
	s.open = append(s.open, r)
}

// Happening is no call.
func (s *openCalls) Happening(culprit.Happening) {}

// Memory is no call.
func (s *openCalls) Memory(culprit.Series, int64, culprit.Bytes) {}
