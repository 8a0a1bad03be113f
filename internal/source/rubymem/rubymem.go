// Package rubymem is the door to what Ruby keeps in a memory: of a live process, a copy
// or a core. It injects nothing and needs no symbols.
//
// It owns finding Ruby's heap by its own invariants, reading objects, classes, stacks and
// counters, and refusing what does not hold together. It refuses to guess: a version that
// it does not know, or a heap that cannot be found, is an error with its name, and no
// number.
package rubymem

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"culprit/internal/source/procmem"
)

// Errors that callers tell apart.
var (
	ErrNotRuby = errors.New("no Ruby: neither libruby nor ruby is mapped")
	ErrVersion = errors.New("a version of Ruby whose heap is not known")
	ErrNoHeap  = errors.New("no heap of Ruby was found in it")
)

// Ruby is an interpreter in a memory. One goroutine may use it.
type Ruby struct {
	Version string // "3.1"
	view    *procmem.View
	lay     layout
	space   uint64 // struct rb_objspace
	table   uint64 // of pages
	pages   int

	names   names
	classes map[uint64]string
	threads threadFinder
}

// Open finds Ruby in a memory.
func Open(m procmem.Mem) (*Ruby, error) {
	r := &Ruby{view: procmem.NewView(m), classes: map[uint64]string{}}
	var err error
	if r.Version, err = version(m); err != nil {
		return nil, err
	}
	if r.lay, err = newLayout(r.Version, runtime.GOARCH); err != nil {
		return nil, err
	}
	if r.Version == "2.7" && slices.ContainsFunc(m.Maps(), func(m procmem.Mapping) bool { return strings.Contains(m.Path, "/ld-musl-") }) {
		r.lay.tid = 0 // only glibc's threads are known
	}
	if err := r.find(); err != nil {
		return nil, fmt.Errorf("ruby %s: %w", r.Version, err)
	}
	return r, nil
}

// Again looks at a process that has gone on: what was remembered of its memory is read
// anew, and the table of its pages too.
func (r *Ruby) Again() error {
	r.view.Forget()
	r.classes = map[uint64]string{}
	table, n := r.tableOf(r.space)
	if n == 0 {
		return r.find()
	}
	r.table, r.pages = table, n
	return nil
}

var rubyFile = regexp.MustCompile(`/(?:libruby(?:-static)?[.-]?|ruby)([0-9]+\.[0-9]+)?(?:\.so\.?([0-9]+\.[0-9]+)?[0-9.]*)?(?: \(deleted\))?$`)

// version reads the minor version from the names of what is mapped: Debian's
// libruby-3.1.so.3.1, a build's libruby.so.3.3.8 or ruby3.1. A program that has Ruby within
// is called ruby, mostly: then it is read in it.
func version(m procmem.Mem) (string, error) {
	var programs []procmem.Mapping
	for _, mp := range m.Maps() {
		part := rubyFile.FindStringSubmatch(mp.Path)
		if part == nil {
			continue
		}
		programs = append(programs, mp)
		for _, v := range part[1:] {
			if v != "" {
				return v, nil
			}
		}
	}
	if programs == nil {
		return "", ErrNotRuby
	}
	for _, mp := range programs {
		if v := described(m, mp); v != "" {
			return v, nil
		}
	}
	return "", fmt.Errorf("%w: its files do not tell which", ErrVersion)
}

// description is how Ruby describes itself: "ruby 3.3.8 (2025-04-09 revision b200bad6cd)
// [x86_64-linux]" (version.c, ruby_description).
var description = regexp.MustCompile(`ruby ([0-9]+\.[0-9]+)\.[0-9]+(?:p[0-9]+)? \([0-9]{4}-[0-9]{2}-[0-9]{2}`)

// described looks for the description among the constants of a program.
func described(m procmem.Mem, mp procmem.Mapping) string {
	const part, longest = 1 << 20, 64
	if mp.Write || mp.Size() > mostGlobals {
		return ""
	}
	buf := make([]byte, part+longest)
	for at := mp.From; at < mp.To; at += part {
		n, _ := m.ReadAt(buf[:min(uint64(len(buf)), mp.To-at)], int64(at)) // what could be read of it counts
		if found := description.FindSubmatch(buf[:n]); found != nil {
			return string(found[1])
		}
	}
	return ""
}

// word reads a word; ok is false for what is not there.
func (r *Ruby) word(at uint64) (uint64, bool) {
	w, err := r.view.Word(at)
	return w, err == nil
}

func (r *Ruby) half(at uint64) (uint16, bool) {
	w, err := r.view.Uint16(at)
	return w, err == nil
}
