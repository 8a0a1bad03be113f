// Package lockfile reads what Bundler locked: Gemfile.lock and gems.locked, of
// Bundler 1 to 4.
//
// It owns the format: sections, indentation, platforms, checksums, and what to
// make of a file that a merge, an editor or a newer Bundler left odd. It refuses
// to run Ruby, to resolve gems, and to guess at a line: what it cannot read is
// counted and told.
//
// The format is what Bundler writes and reads itself: rubygems/rubygems
// bundler/lib/bundler/lockfile_generator.rb, lockfile_parser.rb and
// lazy_specification.rb, source/*.rb (to_lock).
package lockfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"culprit/internal/bundle"
)

// Limits, in bytes: a lockfile of a thousand gems has some 100 KB, and its longest
// lines are checksums.
const (
	MaxBytes = 16 << 20
	MaxLine  = 64 << 10
)

// The errors of Read. Both come wrapped, with what was seen and a hint.
var (
	ErrNotLock  = errors.New("not a lockfile of Bundler")
	ErrTooLarge = errors.New("too large for a lockfile")
)

// Find is the lockfile of a folder: the one beside a Gemfile, or else the one
// beside a gems.rb, which is the order in which Bundler takes them. A folder that
// cannot be read has none; opening it will say why.
func Find(dir string) (path string, ok bool) {
	for _, name := range [...]string{"Gemfile.lock", "gems.locked"} {
		path = filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, true
		}
	}
	return "", false
}

// Read reads a whole lockfile. Lines that it cannot read are in Problems and the
// rest is good; of a file with markers of an unfinished merge both sides are read
// (see Conflict). It is an error when no section of a lockfile is there at all
// (ErrNotLock), when there is too much (ErrTooLarge), or when r fails.
func Read(r io.Reader) (*bundle.Lock, error) {
	limited := &io.LimitedReader{R: r, N: MaxBytes + 1}
	in := bufio.NewReaderSize(limited, MaxLine)
	p := parser{lock: &bundle.Lock{}, at: nowhere, sums: map[entry]string{}}
	for number := 1; ; number++ {
		line, long, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("reading the lockfile, line %d: %w", number, err)
		}
		if limited.N <= 0 {
			return nil, fmt.Errorf("%w: more than %d MiB; hint: give the Gemfile.lock of the app", ErrTooLarge, MaxBytes>>20)
		}
		if number == 1 {
			if utf16(line) {
				return nil, fmt.Errorf("%w: it is written in UTF-16; hint: save it as UTF-8", ErrNotLock)
			}
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if bytes.IndexByte(line, 0) >= 0 {
			return nil, fmt.Errorf("%w: line %d holds bytes that no text has; hint: give the Gemfile.lock of the app", ErrNotLock, number)
		}
		p.line(number, strings.ToValidUTF8(string(line), "\ufffd"), long)
		if err != nil {
			break
		}
	}
	if !p.known {
		return nil, fmt.Errorf("%w: %s", ErrNotLock, whatElse(&p))
	}
	p.finish()
	return p.lock, nil
}

// readLine reads up to the next line feed, without it; long tells that only the
// beginning is there.
func readLine(in *bufio.Reader) (line []byte, long bool, err error) {
	line, err = in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		long, line = true, bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
	}
	return bytes.TrimSuffix(line, []byte("\n")), long, err
}

// utf16 tells whether text begins as files do that PowerShell's ">" writes.
func utf16(text []byte) bool {
	return bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff})
}

// whatElse says what a file without any section of a lockfile looks like.
func whatElse(p *parser) string {
	first := ""
	if len(p.lock.Problems) > 0 {
		first = strings.TrimSpace(p.lock.Problems[0].Text)
	}
	lower := strings.ToLower(first)
	switch {
	case p.lock.Lines == 0:
		return "it is empty; hint: `bundle lock` in the app's folder writes it"
	case strings.HasPrefix(lower, "<!doctype"), strings.HasPrefix(lower, "<html"), strings.HasPrefix(lower, "<?xml"):
		return "it is a web page; hint: save the file itself (the \"raw\" view), not the page that shows it"
	case p.gemfile:
		return "it looks like a Gemfile; hint: give the Gemfile.lock beside it (`bundle lock` writes it)"
	case strings.HasPrefix(first, "{"), strings.HasPrefix(first, "---"):
		return "it holds JSON or YAML; hint: give the Gemfile.lock of the app"
	}
	return "none of its lines begins a section (GEM, DEPENDENCIES, ...); hint: give the Gemfile.lock of the app"
}
