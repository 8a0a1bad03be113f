package faults

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// record is a record as the kernel writes it.
func record(head [3]uint64, flags uint32, frames ...Frame) []byte {
	b := binary.LittleEndian.AppendUint64(nil, head[0])
	b = binary.LittleEndian.AppendUint32(b, uint32(head[1]))
	b = binary.LittleEndian.AppendUint32(b, flags)
	b = binary.LittleEndian.AppendUint64(b, head[2])
	b = binary.LittleEndian.AppendUint64(b, uint64(len(frames)))
	for _, f := range frames {
		for _, w := range []uint64{f.PC, f.ISeq, f.Entry} {
			b = binary.LittleEndian.AppendUint64(b, w)
		}
	}
	return b
}

func TestDecode(t *testing.T) {
	frames := []Frame{{1, 2, 3}, {4, 0, 6}}
	var s Sample
	if err := decode(record([3]uint64{0x7000, 41, 9}, bitLockKnown|bitCut, frames...), &s); err != nil {
		t.Fatal(err)
	}
	if want := (Sample{Address: 0x7000, TID: 41, Thread: 9, Unlocked: true, Cut: true, Frames: frames}); !reflect.DeepEqual(s, want) {
		t.Errorf("%+v, want %+v", s, want)
	}
	if err := decode(record([3]uint64{1, 2, 0}, bitLockKnown|bitLocked), &s); err != nil || s.Unlocked || len(s.Frames) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	whole := record([3]uint64{}, 0, frames...)
	many := record([3]uint64{}, 0, make([]Frame, MostFrames+1)...)
	for name, bad := range map[string][]byte{"empty": nil, "short": whole[:recordHead-1], "cut": whole[:len(whole)-1], "long": append(slices.Clone(whole), 0), "deep": many} {
		if err := decode(bad, &s); !errors.Is(err, errRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzDecode: what is taken for a record is one: it has the frames that it says, and is
// written as it was read.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add(record([3]uint64{0x7000, 41, 9}, 7, Frame{1, 2, 3}))
	f.Add(record([3]uint64{^uint64(0), 1 << 31, 9}, ^uint32(0), make([]Frame, MostFrames)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Sample
		if err := decode(b, &s); err != nil {
			if !errors.Is(err, errRecord) {
				t.Error(err)
			}
			return
		}
		flags := binary.LittleEndian.Uint32(b[offFlags:])
		if again := record([3]uint64{s.Address, uint64(s.TID), s.Thread}, flags, s.Frames...); !slices.Equal(again, b) || len(s.Frames) > MostFrames {
			t.Errorf("%x became %x", b, again)
		}
	})
}

// TestExplained: each refusal names what is missing, and what to do.
func TestExplained(t *testing.T) {
	status := func(caps, seccomp string) string {
		return "Name:\tx\nCapEff:\t" + caps + "\nSeccomp:\t" + seccomp + "\n"
	}
	all, none, half := status("000001ffffffffff", "0"), status("0000000000000000", "0"), status("0000004000000000", "0")
	host := "         0          0 4294967295\n"
	for want, c := range map[string]struct {
		s   surroundings
		at  step
		err error
	}{
		"CAP_BPF and CAP_PERFMON not held (":             {surroundings{status: none, uids: host, release: "6.1.0-9"}, stepMap, syscall.EPERM},
		"CAP_BPF not held in this container":             {surroundings{status: half, uids: host, release: "6.1.0-9", container: true}, stepProgram, syscall.EPERM},
		"root of a user namespace is not":                {surroundings{status: all, uids: "0 1000 1\n", release: "6.1"}, stepMap, syscall.EPERM},
		"a filter of system calls forbids it in this co": {surroundings{status: status("000001ffffffffff", "2"), uids: host, container: true}, stepMap, syscall.EPERM},
		"a filter of system calls hides bpf()":           {surroundings{status: status("000001ffffffffff", "2"), uids: host}, stepMap, syscall.ENOSYS},
		"was built without bpf()":                        {surroundings{status: all, uids: host, release: "6.1"}, stepMap, syscall.ENOSYS},
		"Linux 5.4.0-1 is older than 5.8":                {surroundings{status: all, uids: host, release: "5.4.0-1\n"}, stepMap, syscall.EINVAL},
		"locked down":                                    {surroundings{status: all, uids: host, release: "5.10", lockdown: "none integrity [confidentiality]\n"}, stepProgram, syscall.EPERM},
		"a security module may forbid it":                {surroundings{status: all, uids: host, release: "6.1"}, stepEvent, syscall.EACCES},
		"counts no page faults":                          {surroundings{status: all, uids: host, release: "6.1"}, stepEvent, syscall.ENOENT},
		"does not take what it is given":                 {surroundings{status: all, uids: host, release: "6.1"}, stepProgram, syscall.EINVAL},
		"not permitted":                                  {surroundings{}, stepMap, syscall.EPERM},
	} {
		err := c.s.explain(c.at, fmt.Errorf("map: %w", c.err))
		text, hint, _ := strings.Cut(err.Error(), "; hint: ")
		if !errors.Is(err, ErrUnavailable) || !errors.Is(err, c.err) || !strings.Contains(text, want) || hint == "" {
			t.Errorf("%q, want %q", err, want)
		}
	}
}
