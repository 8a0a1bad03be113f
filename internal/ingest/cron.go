package ingest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"culprit"
	"culprit/internal/source/logs"
)

// taskLength is how long a scheduled command is taken to run when nothing says
// when it ended, 1 min: most are shorter, and growth that a longer one causes
// has begun by then.
const taskLength = 60 * 1_000_000

// extraFiles reads the deploys file and the crontab.
func (h *hall) extraFiles() error {
	if h.opt.Deploys != "" {
		if err := h.deploys(h.opt.Deploys); err != nil {
			return err
		}
	}
	if h.opt.Crontab != "" {
		return h.crontab(h.opt.Crontab)
	}
	return nil
}

func (h *hall) deploys(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("deploys file: %w", err)
	}
	defer func() { _ = f.Close() }() // opened for reading
	ds, warnings, err := logs.ParseDeploys(f, h.opt.Location)
	if err != nil {
		return fmt.Errorf("deploys file %s: %w", path, err)
	}
	h.happenings = append(h.happenings, ds...)
	h.inputs = append(h.inputs, culprit.Input{
		Path: path, Format: "deploys", Kind: "events", Lines: int64(len(ds) + len(warnings)), Understood: int64(len(ds)), Warnings: warnings,
	})
	return nil
}

// crontab plans the runs of every entry within the span of the series and lays
// them down as tasks of every host: a crontab does not say where it is installed.
func (h *hall) crontab(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("crontab: %w", err)
	}
	defer func() { _ = f.Close() }() // opened for reading
	entries, warnings, err := logs.ParseCrontab(f)
	if err != nil {
		return fmt.Errorf("crontab %s: %w", path, err)
	}
	in := culprit.Input{
		Path: path, Format: "crontab", Kind: "jobs", Lines: int64(len(entries) + len(warnings)),
		Understood: int64(len(entries)), Warnings: warnings,
	}
	from, to := h.seriesSpan()
	if from == 0 {
		h.inputs = append(h.inputs, in)
		return nil
	}
	source := len(h.sources)
	h.sources = append(h.sources, sourceFacts{format: "crontab", score: -100})
	h.files = append(h.files, h.files[0])
	rec := newRecorder(h.dict, h.store.Writer(), h.book, source, "")
	var c culprit.Call
	for i := range entries {
		e := &entries[i]
		for _, at := range e.Between(time.UnixMicro(from), time.UnixMicro(to), h.opt.Location) {
			for _, host := range h.seriesHosts() {
				c.Reset()
				c.Kind, c.Stamp, c.Name, c.Host = culprit.CallTask, culprit.StampStart, []byte(e.Command), []byte(host)
				c.Start = at.UnixMicro()
				rec.Call(&c)
			}
		}
	}
	h.calls += rec.calls
	h.jobs += rec.jobs
	h.inputs = append(h.inputs, in)
	return errors.Join(rec.close())
}

func (h *hall) seriesSpan() (int64, int64) {
	var from, to int64
	for _, t := range h.book.tracks {
		for _, p := range t.points {
			if from == 0 || p.At < from {
				from = p.At
			}
			to = max(to, p.At)
		}
	}
	return from, to
}

func (h *hall) seriesHosts() []string {
	var hosts []string
	for _, t := range h.book.tracks {
		if !slices.Contains(hosts, t.Host) {
			hosts = append(hosts, t.Host)
		}
	}
	slices.Sort(hosts)
	return hosts
}
