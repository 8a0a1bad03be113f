// Package rubyboot is the door to the app's own Ruby: it boots the app with a
// prelude that reads memory and clock where each require begins and ends, and
// hands on what was seen.
//
// It owns how the process is started, guarded, watched, and ended, and what a
// boot that fails is told as. It refuses to add up, and to let the app write
// into its folder or connect to anything: where the kernel can hold it back, the
// kernel does.
package rubyboot

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"culprit"
)

//go:embed prelude/*.rb
var prelude embed.FS

// Mode is what a boot measures.
type Mode string

// The modes.
const (
	Plain     Mode = "plain"     // nothing but the time: what measuring is held against
	Mem       Mode = "mem"       // resident and proportional set by require
	Allocated Mode = "allocated" // objects and bytes allocated by require, collector held back
	Retained  Mode = "retained"  // objects that are left, by the line that made them
)

// Config says what to boot and how.
type Config struct {
	Dir     string   // the app's folder
	Ruby    string   // path or name of the interpreter, "" for ruby on PATH
	Env     string   // RAILS_ENV, "" for the environment's or production
	Groups  []string // of the Gemfile, none for default and Env
	Require []string // files to require instead of groups
	App     bool     // the whole app, eager loaded
	Timeout time.Duration
	// AllowConnect are addresses that may be connected to ("db:5432", "any").
	AllowConnect []string
	// AllowWrite are folders that may be written to ("/" for everywhere).
	AllowWrite []string
	Environ    []string // nil for the environment of this process
	Unguarded  bool     // leave the kernel out of it: for tests of the second line
}

// Session boots one app as often as is asked. Close it.
type Session struct {
	cfg     Config
	app     string // absolute
	ruby    string
	gemfile string // "" for none
	entry   entry
	scratch string
}

// Open finds Ruby and what is to be booted, and makes a folder outside of the
// app for what a boot writes. Errors say what is missing.
func Open(cfg Config) (_ *Session, err error) {
	s := &Session{cfg: cfg}
	if s.cfg.Environ == nil {
		s.cfg.Environ = os.Environ()
	}
	if s.app, err = folder(cfg.Dir); err != nil {
		return nil, err
	}
	if s.cfg.Env == "" {
		s.cfg.Env = firstOf(s.getenv("RAILS_ENV"), s.getenv("RACK_ENV"), "production")
	}
	if s.ruby, err = s.findRuby(); err != nil {
		return nil, err
	}
	if s.gemfile, err = s.findGemfile(); err != nil {
		return nil, err
	}
	if s.entry, err = s.findEntry(); err != nil {
		return nil, err
	}
	if s.scratch, err = os.MkdirTemp("", "culprit-boot-"); err != nil {
		return nil, fmt.Errorf("a folder for what the boot writes: %w; hint: TMPDIR names another place", err)
	}
	if err := s.lay(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close removes what the boots have written.
func (s *Session) Close() error { return os.RemoveAll(s.scratch) }

// App is the app's folder, absolute.
func (s *Session) App() string { return s.app }

// Boot boots the app once. fork asks for a forked worker's share as well. When
// the boot fails, the error explains it and the recording holds what was seen
// until then.
func (s *Session) Boot(ctx context.Context, mode Mode, fork bool) (culprit.BootRecording, error) {
	c, err := s.launch(mode, fork)
	if err != nil {
		return culprit.BootRecording{}, err
	}
	defer c.close()
	end := c.watch(ctx)
	rec, told, err := s.recording(c, mode)
	if err != nil {
		return rec, err
	}
	if err := s.explain(c, end, told, rec); err != nil {
		return rec, err
	}
	return rec, nil
}

// lay puts the prelude and empty folders into the scratch folder.
func (s *Session) lay() error {
	for _, dir := range []string{"tmp", "bootsnap", "prelude"} {
		if err := os.Mkdir(filepath.Join(s.scratch, dir), 0o700); err != nil {
			return err
		}
	}
	return fs.WalkDir(prelude, "prelude", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := prelude.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(s.scratch, filepath.FromSlash(name)), text, 0o600)
	})
}

// getenv reads the environment that the app would get.
func (s *Session) getenv(name string) string {
	for _, kv := range slices.Backward(s.cfg.Environ) {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
