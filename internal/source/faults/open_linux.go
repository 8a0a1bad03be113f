package faults

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"
)

// Room for records that wait: some 1,000 deep stacks, many more shallow ones.
const (
	ringBytes   = 8 << 20
	mostThreads = 1 << 16
)

// maps are what the program and its reader share.
type maps struct{ scratch, threads, lost, ring *ebpf.Map }

// Sampler watches the faults of a process.
type Sampler struct {
	maps   maps
	prog   *ebpf.Program
	events []int // of perf_event_open, one a CPU
	reader *ringbuf.Reader
	record ringbuf.Record
	sample Sample
	known  map[uint32]uint64
}

// Open begins to watch. root is "/proc".
func Open(root string, t Target) (_ *Sampler, err error) {
	s := &Sampler{known: map[uint32]uint64{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if t.Period < 1 || len(t.Places.TID) == 0 || t.Places.Frame == 0 {
		return nil, fmt.Errorf("%w: %+v tells not enough of its Ruby", ErrUnavailable, t)
	}
	in, err := namespace(root, t.PID)
	if err != nil {
		return nil, err
	}
	if err := s.maps.make(); err != nil {
		return nil, refused(stepMap, err)
	}
	if err := s.load(t, in); err != nil {
		return nil, err
	}
	if s.reader, err = ringbuf.NewReader(s.maps.ring); err != nil {
		return nil, refused(stepMap, err)
	}
	s.reader.SetDeadline(time.Unix(1, 0)) // long ago: a read takes what is there and waits for nothing
	if err := s.attach(t.Period); err != nil {
		return nil, refused(stepEvent, err)
	}
	return s, nil
}

// fewFrames is for kernels that find the program for deep stacks too complex.
const fewFrames = 64

// load hands the program to the kernel.
func (s *Sampler) load(t Target, in space) error {
	var refusal error
	for _, frames := range []int32{MostFrames, fewFrames} {
		spec, err := program(t, in, &s.maps, frames)
		if err != nil {
			return err
		}
		if s.prog, err = ebpf.NewProgram(spec); err == nil {
			return nil
		}
		refusal = cmp.Or(refusal, err)
		if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.E2BIG) && !errors.Is(err, unix.EACCES) {
			break // it is not about the program
		}
	}
	// What the kernel's check finds wrong can have the number of a missing right.
	if found, ok := errors.AsType[*ebpf.VerifierError](refusal); ok && len(found.Log) > 0 {
		return fmt.Errorf("%w: Linux %s does not take the program for it: %w; hint: %s", ErrUnavailable, strings.TrimSpace(here().release), found, otherwise)
	}
	return refused(stepProgram, refusal)
}

// make makes the maps. Before Linux 5.11 they count as locked memory.
func (m *maps) make() error {
	err := m.each()
	if errors.Is(err, unix.EPERM) {
		limit := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
		if unix.Setrlimit(unix.RLIMIT_MEMLOCK, &limit) == nil {
			err = errors.Join(m.close(), m.each())
		}
	}
	return err
}

func (m *maps) each() error {
	for _, one := range []struct {
		to   **ebpf.Map
		spec ebpf.MapSpec
	}{
		{&m.scratch, ebpf.MapSpec{Name: "culprit_record", Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: recordHead + MostFrames*recordFrame, MaxEntries: 1}},
		{&m.threads, ebpf.MapSpec{Name: "culprit_threads", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: mostThreads}},
		{&m.lost, ebpf.MapSpec{Name: "culprit_lost", Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		{&m.ring, ebpf.MapSpec{Name: "culprit_ring", Type: ebpf.RingBuf, MaxEntries: ringBytes}},
	} {
		made, err := ebpf.NewMap(&one.spec)
		if err != nil {
			return fmt.Errorf("%s: %w", one.spec.Name, err)
		}
		*one.to = made
	}
	return nil
}

func (m *maps) close() (err error) {
	for _, one := range []*ebpf.Map{m.scratch, m.threads, m.lost, m.ring} {
		if one != nil {
			err = errors.Join(err, one.Close())
		}
	}
	*m = maps{}
	return err
}

// namespace tells by which numbers the kernel knows the process in its own pid namespace:
// those are what Ruby has of its threads, also where this process is in another one.
func namespace(root string, pid int) (s space, err error) {
	dir := root + "/" + strconv.Itoa(pid)
	info, err := os.Stat(dir + "/ns/pid")
	if err != nil {
		return s, fmt.Errorf("pid %d: its namespace: %w", pid, err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return s, fmt.Errorf("pid %d: its namespace: %w", pid, errors.ErrUnsupported)
	}
	// The kernel's own form of a device (include/linux/kdev_t.h, MKDEV).
	s.dev, s.ino, s.pid = uint64(unix.Major(st.Dev))<<20|uint64(unix.Minor(st.Dev)), st.Ino, uint64(pid)
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return s, fmt.Errorf("pid %d: %w", pid, err)
	}
	for line := range strings.Lines(string(status)) {
		if list, ok := strings.CutPrefix(line, "NSpid:"); ok {
			numbers := strings.Fields(list)
			if len(numbers) > 0 {
				if s.pid, err = strconv.ParseUint(numbers[len(numbers)-1], 10, 31); err != nil {
					return s, fmt.Errorf("pid %d: its namespace: %w", pid, err)
				}
			}
		}
	}
	return s, nil
}

// attach counts page faults on each CPU: threads that begin later are seen too. Faults
// that the kernel has while it fills memory of the process count, so it is not left out.
func (s *Sampler) attach(period int) error {
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return err
	}
	for cpu := range cpus {
		attr := unix.PerfEventAttr{
			Type: unix.PERF_TYPE_SOFTWARE, Size: unix.PERF_ATTR_SIZE_VER0, Config: unix.PERF_COUNT_SW_PAGE_FAULTS, Sample: uint64(period), Bits: unix.PerfBitDisabled,
		}
		fd, err := unix.PerfEventOpen(&attr, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) {
			continue // switched off
		}
		if err != nil {
			return err
		}
		s.events = append(s.events, fd)
		if err := unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_SET_BPF, s.prog.FD()); err != nil {
			return err
		}
	}
	for _, fd := range s.events {
		if err := unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_ENABLE, 0); err != nil {
			return err
		}
	}
	return nil
}

// Threads tells which of Ruby's threads the numbers are of, in place of what was told
// before.
func (s *Sampler) Threads(list map[int]uint64) error {
	for tid, at := range list {
		if s.known[uint32(tid)] == at {
			continue
		}
		if err := s.maps.threads.Put(uint32(tid), at); err != nil {
			return fmt.Errorf("telling the kernel of a thread: %w", err)
		}
		s.known[uint32(tid)] = at
	}
	for tid := range s.known {
		if _, ok := list[int(tid)]; ok {
			continue
		}
		if err := s.maps.threads.Delete(tid); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("telling the kernel of a thread: %w", err)
		}
		delete(s.known, tid)
	}
	return nil
}

// Read visits the faults since the last call. A sample is valid until visit returns.
func (s *Sampler) Read(visit func(*Sample)) error {
	for {
		err := s.reader.ReadInto(&s.record)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err == nil {
			err = decode(s.record.RawSample, &s.sample)
		}
		if err != nil {
			return fmt.Errorf("reading faults: %w", err)
		}
		visit(&s.sample)
	}
}

// Lost counts samples that found no room.
func (s *Sampler) Lost() (sum int64, err error) {
	var each []uint64
	if err := s.maps.lost.Lookup(uint32(0), &each); err != nil {
		return 0, fmt.Errorf("counting lost faults: %w", err)
	}
	for _, n := range each {
		sum += int64(n)
	}
	return sum, nil
}

// Stop ends the counting; what was seen can still be read.
func (s *Sampler) Stop() (err error) {
	for _, fd := range s.events {
		err = errors.Join(err, unix.Close(fd))
	}
	s.events = nil
	return err
}

// Close ends the watch.
func (s *Sampler) Close() error {
	err := s.Stop()
	if s.reader != nil {
		err = errors.Join(err, s.reader.Close())
	}
	if s.prog != nil {
		err = errors.Join(err, s.prog.Close())
	}
	return errors.Join(err, s.maps.close())
}
