package rubyboot

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"culprit"
)

// recording gathers what was told and what was seen from outside.
func (s *Session) recording(c *child, mode Mode) (culprit.BootRecording, story, error) {
	if _, err := c.events.Seek(0, io.SeekStart); err != nil {
		return culprit.BootRecording{}, story{}, fmt.Errorf("reading what the boot told: %w", err)
	}
	told, err := hear(c.events)
	if err != nil {
		return told.rec, told, err
	}
	rec := &told.rec
	rec.Mode, rec.App, rec.Env, rec.Entry = string(mode), s.app, s.cfg.Env, s.entry.words
	if told.rails != "" {
		rec.Entry += " (Rails " + told.rails + ")"
	}
	rec.Before, rec.After = c.before, c.after
	rec.Warnings = append(s.warnings(c), told.warnings()...)
	if c.objects != nil {
		d := c.heaped()
		rec.Objects = d.objects
		if d.err != nil {
			rec.Warnings = append(rec.Warnings, "the heap was not read to its end: "+d.err.Error())
		}
		if d.bad > 0 {
			rec.Warnings = append(rec.Warnings, strconv.Itoa(d.bad)+" objects of the heap were not understood and are not counted")
		}
	}
	return *rec, told, nil
}

// heaped waits for the heap dump, which ends with the process, unless something
// that it left behind holds the pipe open.
func (c *child) heaped() dumped {
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	select {
	case d := <-c.objects:
		return d
	case <-late.C:
		return dumped{err: errors.New("a process that the app left behind keeps it open")}
	}
}

// warnings are what the circumstances of this boot take away from it.
func (s *Session) warnings(c *child) []string {
	var list []string
	if s.getenv("SECRET_KEY_BASE") == "" && s.entry.kind == "rails" {
		list = append(list, "SECRET_KEY_BASE was not set: a dummy was used")
	}
	if c.held != "" && !c.holds("write") && !slices.Contains(s.cfg.AllowWrite, "/") {
		list = append(list, "this kernel cannot hold writes back (that takes Landlock, Linux 5.13): log, cache and temporary files were redirected, other writes were not prevented")
	}
	if c.held != "" && !c.holds("connect") && len(s.cfg.AllowConnect) == 0 {
		list = append(list, "this kernel cannot hold connections back (that takes seccomp): those of Ruby were refused, those of C libraries were not prevented")
	}
	if len(s.cfg.AllowConnect) > 0 && !slices.Contains(s.cfg.AllowConnect, "any") {
		list = append(list, "with --allow-connect, connections made by C libraries are not held back, but for those of pg, mysql2, trilogy and sqlite3")
	}
	if c.snapshot != nil {
		if files := c.snapshot.written(s.app); len(files) > 0 {
			slices.Sort(files)
			list = append(list, "the app has written to its folder while it booted: "+some(files, 5))
		}
	}
	if c.output.total > 1<<20 {
		list = append(list, fmt.Sprintf("the app printed %d MB while it booted", c.output.total/1_000_000))
	}
	return list
}

// warnings are what the prelude noticed.
func (s *story) warnings() []string {
	var list []string
	collected := 0
	for _, note := range s.notes {
		what, rest, _ := strings.Cut(note, "\t")
		switch what {
		case "lock":
			list = append(list, "the lockfile does not match the Gemfile, or is not there: Bundler resolved anew, and nothing was written")
		case "collected":
			collected++
		case "fork":
			list = append(list, "what a forked worker shares was not measured: "+rest)
		case "gem":
			list = append(list, "a gem did not tell its folder: "+strings.ReplaceAll(rest, "\t", ", "))
		}
	}
	if collected > 0 {
		list = append(list, fmt.Sprintf("the app collects garbage by itself while it boots (%d times): more bytes were allocated than were counted", collected))
	}
	if s.cut {
		list = append(list, "there were too many requires: the last ones are not told apart")
	}
	if s.bad > 0 && s.failure == nil {
		list = append(list, strconv.Itoa(s.bad)+" events were not understood and are not counted")
	}
	if old(s.version) {
		list = append(list, "Ruby "+s.version+" is older than the oldest that this was tested with, 2.7")
	}
	for _, d := range s.rec.Denied {
		list = append(list, "the app wanted to connect to "+d.Address+from(s.rec.App, d.From)+times(d.Times)+": refused")
	}
	return list
}

func old(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	return errA == nil && errB == nil && (a < 2 || a == 2 && b < 7)
}

func times(n int) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(", %d times", n)
}

// from is " (config/initializers/x.rb:3)", relative to the app, "" when unknown.
func from(app, line string) string {
	if line = place(app, line); line == "" {
		return ""
	}
	return " (" + line + ")"
}

// place cuts a line of a backtrace to file and line, relative to the app.
func place(app, line string) string {
	if i := strings.Index(line, ":in "); i >= 0 {
		line = line[:i]
	}
	return strings.TrimPrefix(line, app+"/")
}

// some lists at most n words.
func some(list []string, n int) string {
	if len(list) <= n {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:n], ", "), len(list)-n)
}
