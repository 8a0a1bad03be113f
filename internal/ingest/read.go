package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"culprit"
	"culprit/internal/source/input"
	"culprit/internal/source/logs"
	"culprit/internal/source/metrics"
)

// headBytes is how much of a file is looked at to recognise it.
const headBytes = 256 << 10

// guess is what a file seems to be.
type guess struct {
	isLog  bool
	format string
	why    string // when it is nothing
}

// readAll reads every file, several at a time.
func (h *hall) readAll(ctx context.Context, files []input.File) error {
	h.files = files
	h.sources = make([]sourceFacts, len(files))
	base := len(h.inputs)
	h.inputs = append(h.inputs, make([]culprit.Input, len(files))...)
	var total int64
	for _, f := range files {
		total += max(f.Size, 0)
	}
	h.progress.Total(total)
	h.progress.Stage("reading")
	h.rpcPlain = map[uint32]int64{}

	// Several files side by side; a single file is cut into chunks by its door.
	workers := min(runtime.GOMAXPROCS(0), max(len(files), 1))
	perFile := max(1, runtime.GOMAXPROCS(0)/workers)
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := 0
	for range workers {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(files) || ctx.Err() != nil {
					return
				}
				in := h.readOne(ctx, i, perFile, &mu)
				mu.Lock()
				h.inputs[base+i] = in
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("reading stopped: %w", err)
	}
	if h.fault != nil {
		return fmt.Errorf("calls could not be laid down: %w; hint: free space in the temporary folder (TMPDIR)", h.fault)
	}
	return nil
}

// readOne reads one file and says what became of it. Trouble with one file is
// told in its input and never ends the run.
func (h *hall) readOne(ctx context.Context, i, workers int, mu *sync.Mutex) culprit.Input {
	f := h.files[i]
	in := culprit.Input{Path: f.Path, Kind: "unknown", Host: h.hostOf(f)}
	r, err := f.Open(ctx)
	if err != nil {
		in.Warnings = append(in.Warnings, openTrouble(err))
		return in
	}
	defer func() { _ = r.Close() }() // opened for reading
	head, err := r.Head(headBytes)
	if err != nil || len(head) == 0 {
		in.Warnings = append(in.Warnings, emptyTrouble(err))
		return in
	}
	g := h.recognise(head, f)
	if g.format == "" {
		in.Warnings = append(in.Warnings, g.why)
		return in
	}
	if g.isLog {
		return h.readLog(ctx, i, r, g.format, workers, mu, in)
	}
	opt := metrics.Options{Format: g.format, Location: h.opt.Location, Reference: f.ModTime, Progress: h.progress.Read}
	res, err := metrics.Read(ctx, r, opt, &ear{book: h.book, host: in.Host})
	out := metricsInput(f.Path, in.Host, res)
	if err != nil {
		out.Warnings = append(out.Warnings, readTrouble(err))
	}
	return out
}

func (h *hall) hostOf(f input.File) string {
	if h.opt.HostFrom != nil {
		if host := input.HostFromRegexp(h.opt.HostFrom, f.Path); host != "" {
			return host
		}
	}
	return f.HostHint
}

// recognise asks both doors and believes the one that understands more.
func (h *hall) recognise(head []byte, f input.File) guess {
	if name, ok := h.opt.Formats[f.Path]; ok {
		for _, info := range metrics.Formats() {
			if info.Name == name {
				return guess{format: name}
			}
		}
		return guess{isLog: true, format: name}
	}
	l, okLog := logs.Detect(head, f.Name)
	m, okMem := metrics.Detect(head, f.Name)
	switch {
	case okMem && (!okLog || m.Score >= l.Score):
		return guess{format: m.Format}
	case okLog:
		return guess{isLog: true, format: l.Format}
	}
	return guess{why: notUnderstood(head)}
}

func notUnderstood(head []byte) string {
	zero := 0
	for _, c := range head[:min(len(head), 4096)] {
		if c == 0 {
			zero++
		}
	}
	if zero > 0 {
		return "binary data, not a log or a memory series; hint: give the text log, or name the format with --format PATH=NAME"
	}
	return "format not recognised; hint: name it with --format PATH=NAME (culprit formats lists them)"
}

func (h *hall) readLog(ctx context.Context, i int, r *input.Reader, format string, workers int, mu *sync.Mutex, in culprit.Input) culprit.Input {
	var rmu sync.Mutex
	var recorders []*recorder
	newSink := func() logs.Sink {
		rmu.Lock()
		defer rmu.Unlock()
		rec := newRecorder(h.dict, h.store.Writer(), h.book, i, in.Host)
		recorders = append(recorders, rec)
		return rec
	}
	src := logs.Source{R: r, At: r.ReaderAt(), N: r.Size()}
	opt := logs.Options{
		Format: format, Location: h.opt.Location, Reference: h.files[i].ModTime,
		Workers: workers, Progress: h.progress.Read,
	}
	res, err := logs.Read(ctx, src, opt, newSink)
	in = logInput(in, res)
	if err != nil {
		in.Warnings = append(in.Warnings, readTrouble(err))
	}
	mu.Lock()
	defer mu.Unlock()
	facts := sourceFacts{format: res.Format, host: in.Host}
	timeless := int64(0)
	for _, rec := range recorders {
		if err := rec.close(); err != nil {
			h.fault = errors.Join(h.fault, err)
		}
		facts.calls += rec.calls
		h.calls += rec.calls
		h.open += rec.open
		h.durationless += rec.timeless
		h.jobs += rec.jobs
		h.proxied += rec.proxied
		h.happenings = append(h.happenings, rec.happenings...)
		for ep, n := range rec.rpcPlain {
			h.rpcPlain[ep] += n
		}
		for ep, t := range rec.told {
			h.tell(ep, t)
		}
		facts.proxied += rec.proxied
		timeless += rec.timeless
		facts.withID += rec.withID
	}
	if timeless*2 > facts.calls {
		in.Warnings = append(in.Warnings, "the log tells no durations, so that nobody knows what was in flight when memory grew; hint: log them (nginx: $request_time, Apache: %D)")
	}
	res.HasID = facts.withID > 0
	facts.score += score(res)
	facts.told = fmt.Sprintf("%s %v %v", res.Format, res.HasPID, res.HasID)
	facts.content = fmt.Sprintf("%s %s %d %d %d %d", facts.told, in.Host, res.Lines, res.First, res.Last, facts.calls)
	h.sources[i] = facts
	return in
}

func (h *hall) tell(ep uint32, t *toldSum) {
	if h.told == nil {
		h.told = map[uint32]*toldSum{}
	}
	sum := h.told[ep]
	if sum == nil {
		h.told[ep] = t
		return
	}
	sum.calls += t.calls
	sum.sum += t.sum
	sum.most = max(sum.most, t.most)
}

// score prefers the account that knows process, request id and both ends.
func score(res logs.Result) int {
	s := 0
	if res.HasPID {
		s += 4
	}
	if res.Stamp == culprit.StampBoth || res.Stamp == culprit.StampStart {
		s += 2
	}
	if res.HasID {
		s++
	}
	return s
}

func logInput(in culprit.Input, res logs.Result) culprit.Input {
	in.Format, in.Lines, in.Understood, in.Bytes = res.Format, res.Lines, res.Understood, res.Bytes
	in.Kind = "requests"
	if info, ok := formatKind(res.Format); ok {
		in.Kind = info
	}
	in.First, in.Last = stamp(res.First), stamp(res.Last)
	in.Clock = [...]string{"", "start", "end", "both"}[res.Stamp]
	in.Warnings = append(in.Warnings, res.Warnings...)
	if bad := res.Lines - res.Understood; bad > 0 && len(res.BadSample) > 0 {
		w := fmt.Sprintf("%d of %d lines not understood", bad, res.Lines)
		if len(res.BadLine) > 0 {
			w += fmt.Sprintf(", the first at line %d", res.BadLine[0])
		}
		in.Warnings = append(in.Warnings, w)
	}
	return in
}

func formatKind(name string) (string, bool) {
	if i := strings.LastIndexByte(name, '+'); i >= 0 {
		name = name[i+1:]
	}
	for _, f := range logs.Formats() {
		if f.Name == name {
			return f.Kind, true
		}
	}
	return "", false
}

func metricsInput(path, host string, res metrics.Result) culprit.Input {
	in := culprit.Input{
		Path: path, Format: res.Format, Kind: "memory", Host: host, Lines: res.Lines, Understood: res.Understood,
		First: stamp(res.First), Last: stamp(res.Last), Bytes: res.Bytes, Warnings: res.Warnings,
	}
	if bad := res.Lines - res.Understood; bad > 0 && len(res.BadSample) > 0 {
		in.Warnings = append(in.Warnings, fmt.Sprintf("%d of %d lines not understood", bad, res.Lines))
	}
	return in
}

func stamp(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func openTrouble(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "permission denied; hint: run culprit as a user who may read it"
	case errors.Is(err, os.ErrNotExist):
		return "no such file; hint: check the path"
	}
	return "cannot be opened: " + err.Error() + "; hint: check the file"
}

func emptyTrouble(err error) string {
	if err != nil && !errors.Is(err, os.ErrClosed) && err.Error() != "EOF" {
		return readTrouble(err)
	}
	return "empty file; hint: was the log rotated? give the rotated file too"
}

func readTrouble(err error) string {
	if errors.Is(err, input.ErrTruncated) {
		return "compressed data ends early, what came before it was used; hint: copy the file again"
	}
	return "reading ended early: " + err.Error() + "; hint: what came before it was used"
}
