// Package input is the door to the file system: it expands paths, folders,
// globs and "-", opens plain, gzip, zstd, bzip2 and xz files by their magic
// bytes, orders rotated sets, and counts what was read for the progress line.
//
// It owns names and bytes: which file is older, which name hides a host. It
// refuses to know what a log is, to guess formats, and to give up because one
// of many files cannot be read.
package input

import (
	"errors"
	"time"
)

// File is one input that can be opened.
type File struct {
	// Path opens the file; "-" for standard input.
	Path string
	// Name is the base name without compression suffix ("production.log.2"), or
	// "stdin".
	Name string
	// Size on disk in bytes, compressed; -1 when not known before the end (pipes).
	Size int64
	// ModTime gives a date to stamps that carry none.
	ModTime time.Time
	// Stdin is set for "-".
	Stdin bool
	// Compression by magic bytes: "", "gzip", "zstd", "bzip2" or "xz". Empty for
	// pipes, which are not looked into before Open.
	Compression string
	// HostHint is the host that the file or folder name tells, or "".
	HostHint string

	pipe bool // not seekable: spooled by Open
}

// Problem is an argument or file that could not be used. The rest was.
type Problem struct {
	Path string
	Err  error
	Hint string // what the user can do about it, "" when nothing is known
}

// Error joins the parts for a one-line message.
func (p Problem) Error() string {
	s := p.Path + ": " + p.Err.Error()
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

// Unwrap gives errors.Is the cause.
func (p Problem) Unwrap() error { return p.Err }

// Errors that callers tell apart.
var (
	// ErrTruncated: the compressed data ends early. What was read before is good.
	ErrTruncated = errors.New("compressed data ends early")
	// ErrCorrupt: the compressed data is damaged from here on. What was read
	// before is good.
	ErrCorrupt = errors.New("compressed data is damaged")
	// ErrEmpty: a file without a byte, or a folder without a usable file.
	ErrEmpty = errors.New("empty")
	// ErrNoMatch: a pattern that matches nothing.
	ErrNoMatch = errors.New("no file matches")
	// ErrNotReadable: a socket or a device.
	ErrNotReadable = errors.New("not a regular file or pipe")
)
