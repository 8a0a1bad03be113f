package nativemem

import (
	"path"
	"strings"

	"culprit/internal/source/procmem"
)

// Allocator tells whose malloc a process uses, by the files it has mapped: "glibc",
// "jemalloc", "tcmalloc", "musl" or "unknown". One that is linked into the program itself
// is not seen.
func Allocator(maps []procmem.Mapping) string {
	found := "unknown"
	for _, m := range maps {
		if !strings.HasPrefix(m.Path, "/") {
			continue
		}
		switch {
		case strings.Contains(m.Path, "jemalloc"):
			return "jemalloc"
		case strings.Contains(m.Path, "tcmalloc"):
			return "tcmalloc"
		case strings.Contains(m.Path, "ld-musl"):
			return "musl"
		case isLibc(m.Path):
			found = "glibc"
		}
	}
	return found
}

// isLibc knows libc.so.6 and libc-2.31.so.
func isLibc(file string) bool {
	name := path.Base(strings.TrimSuffix(file, " (deleted)"))
	return strings.HasPrefix(name, "libc.so.6") || strings.HasPrefix(name, "libc-2.")
}
