package faults

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// nowhere is a Ruby that has no threads here.
func nowhere(running uint64) Places {
	p := Places{TID: []uint64{40, 24}, Context: 48, Thread: 48, Frame: 56, Running: running}
	if running != 0 {
		p.Lock = []uint64{24, 384}
	}
	return p
}

// TestOwnFaults: of memory that this test touches for the first time, one fault of the
// period is seen, at its address, and is of no thread of Ruby's. For both forms of the
// program: with and without a word of who has the lock.
func TestOwnFaults(t *testing.T) {
	for _, running := range []uint64{0, 8} {
		const period = 16
		s, err := Open("/proc", Target{PID: os.Getpid(), Period: period, Places: nowhere(running)})
		if errors.Is(err, ErrUnavailable) {
			if !strings.Contains(err.Error(), "; hint: ") {
				t.Error(err)
			}
			t.Logf("this machine: %v", err)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Threads(map[int]uint64{1: 8, 2: 16}); err != nil {
			t.Error(err)
		}
		if err := s.Threads(map[int]uint64{2: 24}); err != nil || len(s.known) != 1 {
			t.Error(s.known, err)
		}
		const size = 64 << 20
		m, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Madvise(m, unix.MADV_NOHUGEPAGE); err != nil {
			t.Log(err) // a kernel without
		}
		for o := 0; o < size; o += 4096 {
			m[o] = 1
		}
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		in := 0
		if err := s.Read(func(f *Sample) {
			if f.Thread != 0 || len(f.Frames) != 0 || f.TID == 0 {
				t.Errorf("%+v", f)
			}
			in++
		}); err != nil {
			t.Error(err)
		}
		lost, err := s.Lost()
		// Other faults of this process, and of others on the counters of the CPUs, shift it.
		if want := size / 4096 / period; in < want*7/10 || in > want*13/10 || lost != 0 || err != nil {
			t.Errorf("%d samples, want about %d; %d lost, %v", in, want, lost, err)
		}
		if err := errors.Join(s.Close(), unix.Munmap(m)); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenRefused(t *testing.T) {
	if _, err := Open("/proc", Target{PID: os.Getpid()}); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	if _, err := Open("/proc", Target{PID: 1 << 30, Period: 1, Places: nowhere(0)}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestWithoutRights runs this test's program again without capabilities: it says which it
// lacks.
func TestWithoutRights(t *testing.T) {
	if os.Getenv("FAULTS_WITHOUT_RIGHTS") != "" {
		_, err := Open("/proc", Target{PID: os.Getpid(), Period: 64, Places: nowhere(0)})
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "CAP_BPF and CAP_PERFMON not held") || !strings.Contains(err.Error(), "; hint: run as root") {
			t.Errorf("%v", err)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{self, "-test.run=^TestWithoutRights$", "-test.v"}
	if os.Getuid() == 0 {
		args = append([]string{"setpriv", "--bounding-set=-all", "--inh-caps=-all"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "FAULTS_WITHOUT_RIGHTS=1")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestProgramSize keeps what the kernel has to check within what it takes everywhere.
func TestProgramSize(t *testing.T) {
	s, err := Open("/proc", Target{PID: os.Getpid(), Period: 1000, Places: nowhere(8)})
	if errors.Is(err, ErrUnavailable) {
		t.Logf("this machine: %v", err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	info, err := s.prog.Info()
	if err != nil {
		t.Fatal(err)
	}
	n, ok := info.VerifiedInstructions()
	t.Logf("%d instructions verified on %s", n, runtime.GOARCH)
	if ok && n > 500_000 {
		t.Errorf("%d instructions verified: the kernel takes a million", n)
	}
	in, err := namespace("/proc", os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	spec, err := program(Target{Places: nowhere(8)}, in, &s.maps, fewFrames)
	if err != nil {
		t.Fatal(err)
	}
	few, err := ebpf.NewProgram(spec)
	if err != nil {
		t.Fatalf("the program for shallow stacks: %v", err)
	}
	if err := few.Close(); err != nil {
		t.Error(err)
	}
	began := time.Now()
	again, err := Open("/proc", Target{PID: os.Getpid(), Period: 1000, Places: nowhere(8)})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("opened in %v", time.Since(began))
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestProgramRefused: a program that the kernel's check does not like is told as that, and
// not as a missing right.
func TestProgramRefused(t *testing.T) {
	s := &Sampler{}
	if err := s.maps.make(); err != nil {
		t.Logf("this machine: %v", err)
		return
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	ring := s.maps.ring
	s.maps.ring = s.maps.lost // no ring
	err := s.load(Target{Places: nowhere(0)}, space{})
	s.maps.ring = ring
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "does not take the program") || !strings.Contains(err.Error(), "; hint: ") {
		t.Error(err)
	}
}
