package input

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var compressionSuffixes = []string{".gz", ".zst", ".zstd", ".bz2", ".xz", ".gzip", ".z"}

// trimCompression takes ".gz" and its like off a name.
func trimCompression(name string) string {
	lower := strings.ToLower(name)
	for _, s := range compressionSuffixes {
		if strings.HasSuffix(lower, s) && len(name) > len(s) {
			return name[:len(name)-len(s)]
		}
	}
	return name
}

// rotation suffixes as logrotate writes them (man logrotate: rotate, dateext,
// dateformat, extension) and the daily files of Ruby's Logger
// ("production.log.20200610"). Group 1 is a date, group 2 a number.
var (
	rotatedTail = regexp.MustCompile(`[._-](?:(\d{4}-?\d{2}-?\d{2}(?:[-_.T]?\d{2,6}(?:[-:]\d{2}){0,2})?)|(\d{1,3}))$`)
	rotatedOld  = regexp.MustCompile(`\.(?:old|bak|0)$`)
)

// rotation is the place of a file in its rotated set.
type rotation struct {
	set    string // folder and name without rotation: files of one set share it
	date   string // digits of the date, "" when none
	number int    // 0 for the file still written to
}

// rotationOf reads the place of a file out of its name.
func rotationOf(path string) rotation {
	dir, base := filepath.Split(path)
	base = trimCompression(base)
	r := rotation{}
	// The suffix stands behind the extension (access.log.1) or, with logrotate's
	// "extension", before it (access.1.log, access-20200610.log).
	stem, ext := base, ""
	if m := rotatedTail.FindStringSubmatchIndex(base); m == nil {
		ext = logExtension(base)
		stem = strings.TrimSuffix(base, ext)
	}
	switch m := rotatedTail.FindStringSubmatch(stem); {
	case m != nil && len(stem) > len(m[0]):
		stem = stem[:len(stem)-len(m[0])]
		r.date, r.number = digits(m[1]), atoi(m[2])
		if m[1] == "" && r.number == 0 {
			r.number = 1 // "log.0" is the newest rotated one of BSD's newsyslog
		}
	case rotatedOld.MatchString(stem):
		stem = rotatedOld.ReplaceAllString(stem, "")
		r.number = 1
	}
	r.set = dir + stem + ext
	return r
}

func logExtension(base string) string {
	switch ext := filepath.Ext(base); strings.ToLower(ext) {
	case ".log", ".json", ".jsonl", ".ndjson", ".txt", ".csv", ".out", ".ltsv", ".lp", ".prom":
		return ext
	}
	return ""
}

// orderRotated sorts every rotated set oldest first and keeps the sets in the
// order of their first file. Dated files come before numbered ones, the file
// still written to comes last.
func orderRotated(files []File) []File {
	type item struct {
		file File
		rot  rotation
		set  int
	}
	sets := map[string]int{}
	items := make([]item, len(files))
	for i, f := range files {
		rot := rotationOf(f.Path)
		if f.pipe {
			rot = rotation{set: "\x00" + f.Path} // a pipe belongs to no set
		}
		n, ok := sets[rot.set]
		if !ok {
			n = len(sets)
			sets[rot.set] = n
		}
		items[i] = item{file: f, rot: rot, set: n}
	}
	slices.SortStableFunc(items, func(a, b item) int {
		if a.set != b.set {
			return a.set - b.set
		}
		return compareRotation(a.rot, b.rot)
	})
	out := make([]File, len(items))
	for i := range items {
		out[i] = items[i].file
	}
	return out
}

func compareRotation(a, b rotation) int {
	if rank := rotationRank(a) - rotationRank(b); rank != 0 {
		return rank
	}
	if a.date != b.date {
		return strings.Compare(a.date, b.date)
	}
	return b.number - a.number // the higher number is the older file
}

func rotationRank(r rotation) int {
	switch {
	case r.date != "":
		return 0
	case r.number > 0:
		return 1
	}
	return 2
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// atoi reads at most three digits that a pattern has matched.
func atoi(s string) int {
	n := 0
	for _, c := range []byte(s) {
		n = n*10 + int(c-'0')
	}
	return n
}
