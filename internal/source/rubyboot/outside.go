package rubyboot

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"culprit"
)

// pages reads a process from outside. Where smaps_rollup is not given, statm
// gives the resident set only.
func pages(pid int) culprit.BootPages {
	p := culprit.BootPages{RSS: culprit.Unknown, PSS: culprit.Unknown, SharedDirty: culprit.Unknown, SharedClean: culprit.Unknown, Anonymous: culprit.Unknown}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	if err != nil {
		p.RSS = resident(pid)
		return p
	}
	for line := range bytes.Lines(text) {
		name, value, _ := strings.Cut(string(line), ":")
		amount, _ := strings.CutSuffix(strings.TrimSpace(value), " kB")
		kb, err := strconv.ParseInt(amount, 10, 64)
		if err != nil {
			continue // the heading
		}
		b := culprit.Bytes(kb) * culprit.KiB
		switch name {
		case "Rss":
			p.RSS = b
		case "Pss":
			p.PSS = b
		case "Shared_Dirty":
			p.SharedDirty = b
		case "Shared_Clean":
			p.SharedClean = b
		case "Anonymous":
			p.Anonymous = b
		}
	}
	return p
}

// resident reads the resident set from statm, Unknown when there is no such
// process. From Linux 6.2 to 6.15 it may be off by some pages per processor:
// https://docs.kernel.org/filesystems/proc.html
func resident(pid int) culprit.Bytes {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return culprit.Unknown
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return culprit.Unknown
	}
	n, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return culprit.Unknown
	}
	return culprit.Bytes(n) * culprit.Bytes(os.Getpagesize())
}

// snapshot is the time and size of each file of a folder.
type snapshot map[string]string

// mostFiles is how many files a snapshot holds at most.
const mostFiles = 50_000

// snap looks at a folder, but for what no boot writes to and what is too much to
// look at.
func snap(dir string) snapshot {
	s := snapshot{}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || len(s) >= mostFiles {
			return filepath.SkipDir // what cannot be read cannot be compared
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // gone meanwhile
		}
		s[path] = info.ModTime().String() + " " + strconv.FormatInt(info.Size(), 10)
		return nil
	})
	return s
}

// written lists what is new or changed since, relative to dir.
func (s snapshot) written(dir string) []string {
	var list []string
	for path, now := range snap(dir) {
		if s[path] != now {
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				rel = path
			}
			list = append(list, rel)
		}
	}
	return list
}
