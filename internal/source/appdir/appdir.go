// Package appdir is the door for an app's folder: its bundle, its Ruby, its
// settings, its code, and when gems changed in its lockfile.
//
// It owns the places where Rails apps keep such things. It refuses to write, to
// run any of the app's code, to follow links out of the folder, and to judge
// what it reads. The one program it starts is git, to ask for the history of the
// lockfile.
package appdir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"culprit/internal/app"
	"culprit/internal/source/lockfile"
)

// Options say what to read.
type Options struct {
	Lockfile  string // path of a lockfile given apart, "" the folder's own
	NoHistory bool   // do not ask git
	MaxFiles  int    // of code, 0 for 50,000
	MaxBytes  int64  // of code, 0 for 512 MiB
}

// largest is the size above which a file is no source that somebody wrote.
const largest = 4 << 20

// reader reads one folder.
type reader struct {
	root *os.Root
	a    *app.App
	opt  Options
}

func (r *reader) warn(format string, args ...any) {
	r.a.Warnings = append(r.a.Warnings, fmt.Sprintf(format, args...))
}

// Read reads the folder dir. Parts that cannot be read are warnings; it fails
// when there is no such folder.
func Read(ctx context.Context, dir string, opt Options) (*app.App, error) {
	if opt.MaxFiles == 0 {
		opt.MaxFiles = 50_000
	}
	if opt.MaxBytes == 0 {
		opt.MaxBytes = 512 << 20
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the app's folder: %w; hint: give the folder that holds Gemfile.lock", err)
	}
	defer func() { _ = root.Close() }() // only read
	r := &reader{root: root, opt: opt, a: &app.App{Root: dir}}
	if err := r.lock(); err != nil {
		return nil, err
	}
	r.sources(ctx)
	r.gemfile()
	r.ruby()
	r.puma()
	r.env()
	r.production()
	if !opt.NoHistory && r.a.Lock != nil {
		r.history(ctx, dir)
	}
	return r.a, ctx.Err()
}

// ReadLock reads a lockfile alone: an app of which nothing else is known.
func ReadLock(name string) (*app.App, error) {
	a := &app.App{Lockfile: name}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w; hint: give a Gemfile.lock, or the folder that holds one", err)
	}
	defer func() { _ = f.Close() }() // only read
	return a, takeLock(a, f)
}

func takeLock(a *app.App, f io.Reader) error {
	lock, err := lockfile.Read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", a.Lockfile, err)
	}
	a.Lock = lock
	for _, p := range lock.Problems[:min(len(lock.Problems), 5)] {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%s:%d: %s", a.Lockfile, p.Line, p.Why))
	}
	for _, p := range lock.Unknown[:min(len(lock.Unknown), 5)] {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%s:%d: unknown section %q", a.Lockfile, p.Line, p.Text))
	}
	if lock.Understood < lock.Lines {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%s: understood %d of %d lines", a.Lockfile, lock.Understood, lock.Lines))
	}
	if lock.Ruby != "" {
		a.Ruby = append(a.Ruby, app.Setting{Name: "ruby", Value: strings.TrimPrefix(lock.Ruby, "ruby "), File: a.Lockfile, Text: lock.Ruby})
	}
	return nil
}

func (r *reader) lock() error {
	if r.opt.Lockfile != "" {
		r.a.Lockfile = r.opt.Lockfile
		f, err := os.Open(r.opt.Lockfile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // only read
		return takeLock(r.a, f)
	}
	for _, name := range []string{"Gemfile.lock", "gems.locked"} {
		info, err := r.root.Stat(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("reading %s: it is no file", name) // opening a pipe waits for its writer
		}
		f, err := r.root.Open(name)
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		defer func() { _ = f.Close() }() // only read
		r.a.Lockfile = name
		return takeLock(r.a, f)
	}
	return nil
}

// text reads a file of the folder, "" when it is not there. What is there and
// cannot be read is a warning.
func (r *reader) text(name string) string {
	info, err := r.root.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	if err == nil && (!info.Mode().IsRegular() || info.Size() > largest) {
		return ""
	}
	b, err := r.root.ReadFile(name)
	if err != nil {
		r.warn("%s: %v", name, err)
		return ""
	}
	return string(b)
}

// source finds a file that was read as a source.
func (r *reader) source(name string) *app.Source {
	for i := range r.a.Sources {
		if r.a.Sources[i].Path == name {
			return &r.a.Sources[i]
		}
	}
	return nil
}

// list lists files of the folder that match one of the patterns (path.Match).
func (r *reader) list(patterns ...string) []string {
	var names []string
	for _, dir := range []string{".", "bin", "script", "config", "deploy", ".kamal", "docker", "config/puma"} {
		f, err := r.root.Open(dir)
		if err != nil {
			continue
		}
		entries, err := f.ReadDir(2000)
		if err != nil && !errors.Is(err, io.EOF) {
			r.warn("%s: %v", dir, err)
		}
		_ = f.Close() // only read
		for _, e := range entries {
			name := path.Join(dir, filepath.ToSlash(e.Name()))
			for _, p := range patterns {
				if ok, err := path.Match(p, name); err == nil && ok {
					names = append(names, name)
					break
				}
			}
		}
	}
	slices.Sort(names)
	return names
}
