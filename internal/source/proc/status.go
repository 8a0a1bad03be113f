package proc

import (
	"fmt"
	"strconv"
	"strings"

	"culprit"
)

// Status is what /proc/PID/status says of a process. Amounts that a kernel does
// not tell, and those of a kernel thread, are Unknown. The kernel counts RSS per
// thread and adds it up now and then: smaps is exact, this is not.
//
// https://docs.kernel.org/filesystems/proc.html
type Status struct {
	Name                        string
	PPID, Threads, UID          int   // UID is the effective one
	NSPID                       []int // its pid in each namespace, the outermost first
	Size, Peak                  culprit.Bytes
	RSS, HighWater              culprit.Bytes // RSS now, and at its largest
	RSSAnon, RSSFile, RSSShmem  culprit.Bytes
	Data, Stack, Code, Library  culprit.Bytes
	Swap, PageTables, HugeTLB   culprit.Bytes
	Voluntary, Involuntary      int64 // context switches of the first thread, Unknown
	CoreDumping, TransparentOff bool  // TransparentOff: prctl(PR_SET_THP_DISABLE)
}

// Status reads /proc/PID/status.
func (f FS) Status(pid int) (Status, error) {
	text, err := f.read(pid, "status")
	if err != nil {
		return Status{}, err
	}
	s, err := parseStatus(text)
	if err != nil {
		return s, fmt.Errorf("pid %d, status: %w", pid, err)
	}
	return s, nil
}

func (s *Status) amounts() map[string]*culprit.Bytes {
	return map[string]*culprit.Bytes{
		"VmSize": &s.Size, "VmPeak": &s.Peak, "VmRSS": &s.RSS, "VmHWM": &s.HighWater,
		"RssAnon": &s.RSSAnon, "RssFile": &s.RSSFile, "RssShmem": &s.RSSShmem,
		"VmData": &s.Data, "VmStk": &s.Stack, "VmExe": &s.Code, "VmLib": &s.Library,
		"VmSwap": &s.Swap, "VmPTE": &s.PageTables, "HugetlbPages": &s.HugeTLB,
	}
}

// parseStatus reads lines of "Key:\tvalue". Keys of other kernels are passed by.
func parseStatus(text string) (Status, error) {
	s := Status{Voluntary: culprit.Unknown, Involuntary: culprit.Unknown}
	amounts := s.amounts()
	for _, to := range amounts {
		*to = culprit.Unknown
	}
	for line := range strings.Lines(text) {
		key, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if !ok {
			continue
		}
		rest = strings.TrimSpace(rest)
		var err error
		if to := amounts[key]; to != nil {
			*to, err = kilobytes(rest)
		} else {
			err = s.set(key, rest)
		}
		if err != nil {
			return s, fmt.Errorf("%s: %w", key, err)
		}
	}
	return s, nil
}

func (s *Status) set(key, rest string) (err error) {
	switch key {
	case "Name":
		s.Name = rest
	case "PPid":
		s.PPID, err = strconv.Atoi(rest)
	case "Threads":
		s.Threads, err = strconv.Atoi(rest)
	case "Uid": // real, effective, saved, of file access
		if f := strings.Fields(rest); len(f) > 1 {
			s.UID, err = strconv.Atoi(f[1])
		}
	case "NSpid":
		for word := range strings.FieldsSeq(rest) {
			pid, bad := strconv.Atoi(word)
			if bad != nil {
				return bad
			}
			s.NSPID = append(s.NSPID, pid)
		}
	case "voluntary_ctxt_switches":
		s.Voluntary, err = strconv.ParseInt(rest, 10, 64)
	case "nonvoluntary_ctxt_switches":
		s.Involuntary, err = strconv.ParseInt(rest, 10, 64)
	case "CoreDumping":
		s.CoreDumping = rest == "1"
	case "THP_enabled":
		s.TransparentOff = rest == "0"
	}
	return err
}

// kilobytes reads "12 kB", the kernel's unit of 1,024 bytes.
func kilobytes(text string) (culprit.Bytes, error) {
	number, unit, _ := strings.Cut(strings.TrimSpace(text), " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || strings.TrimSpace(unit) != "kB" || n < 0 || n > maxKilobytes {
		return culprit.Unknown, fmt.Errorf("%q is no size", strings.TrimSpace(text))
	}
	return culprit.Bytes(n) * culprit.KiB, nil
}

// maxKilobytes is 8 PiB: more than an address space has, and little enough to be
// added up without overflow.
const maxKilobytes = 1 << 43
