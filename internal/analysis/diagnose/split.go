package diagnose

import (
	"regexp"
	"strings"

	"culprit"
)

// split is a process's resident memory by what holds it. The members add up to
// RSS.
type split struct {
	arenas  culprit.Bytes // heaps of threads
	heap    culprit.Bytes // [heap], the main heap
	stacks  culprit.Bytes // of threads and fibers: writable, behind a small guard
	code    culprit.Bytes // anonymous and executable: compiled at run time
	files   culprit.Bytes // files and libraries
	shared  culprit.Bytes // shared memory, tmpfs
	unnamed culprit.Bytes // other anonymous memory: Ruby's pages, big buffers
	// pages is the part of unnamed that can be Ruby's pages for objects, by their
	// alignment: an upper bound. Unknown where Ruby takes them from malloc.
	pages culprit.Bytes
	named bool // Ruby named its pages: exact
	// largest is the largest mapping of unnamed.
	largest Mapping
}

// maxGuard is the largest closed region that is taken for the guard of a stack.
const maxGuard = 64 << 10

// splitOf sorts mappings by what holds them.
func splitOf(list []Mapping, a arenas, align uint64) split {
	s := split{pages: culprit.Unknown}
	if align > 0 {
		s.pages = 0
	}
	for i, m := range list {
		switch {
		case m.Path == "[heap]":
			s.heap += m.RSS
		case strings.HasPrefix(m.Path, "[anon:Ruby:"), strings.HasPrefix(m.Path, "[anon: Ruby:"):
			s.ruby(m)
		case inMemory(m):
			s.shared += m.RSS
		case !anonymous(m):
			s.files += m.RSS
		case strings.Contains(m.Perms, "x"):
			s.code += m.RSS
		case i > 0 && guard(list[i-1]) && list[i-1].End == m.Start && !a.of[m.Start]:
			s.stacks += m.RSS
		case a.of[m.Start]:
			s.unnamed += m.RSS // what of it is heaps is taken off below
		default:
			s.plain(m, align)
		}
	}
	s.arenas = min(a.rss, s.unnamed)
	s.unnamed -= s.arenas
	return s
}

// ruby takes what Ruby 3.4 and later name themselves (prctl PR_SET_VMA).
func (s *split) ruby(m Mapping) {
	switch {
	case strings.Contains(m.Path, "yjit"), strings.Contains(m.Path, "zjit"), strings.Contains(m.Perms, "x"):
		s.code += m.RSS
	case strings.Contains(m.Path, "stack"), strings.Contains(m.Path, "fiber"):
		s.stacks += m.RSS
	default:
		s.unnamed += m.RSS
		if strings.Contains(m.Path, "heap_page") {
			if !s.named {
				s.pages, s.named = 0, true
			}
			s.pages += m.RSS
		}
	}
}

func (s *split) plain(m Mapping, align uint64) {
	s.unnamed += m.RSS
	if m.RSS > s.largest.RSS {
		s.largest = m
	}
	if s.named || align == 0 || m.Perms != "rw-p" {
		return
	}
	from, to := (m.Start+align-1)/align*align, m.End/align*align
	if to > from {
		s.pages += culprit.Bytes(float64(m.RSS) * float64(to-from) / float64(m.End-m.Start))
	}
}

func guard(m Mapping) bool {
	return m.Perms == "---p" && m.Path == "" && m.End-m.Start <= maxGuard
}

// inMemory is shared memory and files in tmpfs.
func inMemory(m Mapping) bool {
	for _, p := range []string{"/dev/shm/", "/dev/zero", "/memfd:", "/SYSV", "/run/"} {
		if strings.HasPrefix(m.Path, p) {
			return true
		}
	}
	return strings.HasSuffix(m.Perms, "s") && m.Path == "" || strings.HasPrefix(m.Path, "[anon_shmem:")
}

// pageAlign is the alignment of Ruby's pages for objects, 0 where they come from
// malloc or the version is not known. Ruby maps them by itself since 3.1 (gc.c,
// heap_page_body_allocate); they are of 16 KiB until 3.1 and of 64 KiB from 3.2 on.
func pageAlign(ruby string) uint64 {
	m := minor.FindStringSubmatch(ruby)
	switch {
	case m == nil || m[1] < "3" && len(m[1]) == 1 || m[1] == "3" && m[2] == "0":
		return 0
	case m[1] == "3" && m[2] == "1":
		return 16 << 10
	}
	return 64 << 10
}

var minor = regexp.MustCompile(`^(\d+)\.(\d+)`)
