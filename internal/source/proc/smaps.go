package proc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"culprit"
)

// Memory is the account of one mapping, or of a whole process, in bytes. Members
// that the kernel does not tell are Unknown in a Rollup and 0 in a Mapping.
type Memory struct {
	Size, KernelPage, MMUPage     culprit.Bytes
	RSS, PSS, PSSDirty            culprit.Bytes
	SharedClean, SharedDirty      culprit.Bytes
	PrivateClean, PrivateDirty    culprit.Bytes
	Referenced, Anonymous         culprit.Bytes // Anonymous: pages of no file, copied ones too
	KSM, LazyFree                 culprit.Bytes // LazyFree: given back (MADV_FREE), taken when memory is short
	AnonHuge, ShmemHuge, FileHuge culprit.Bytes // in huge pages
	SharedHugeTLB, PrivateHugeTLB culprit.Bytes // hugetlbfs, in neither RSS nor PSS
	Swap, SwapPSS, Locked         culprit.Bytes
	PSSAnon, PSSFile, PSSShmem    culprit.Bytes // of a Rollup only
	Eligible                      bool          // THPeligible
	Flags                         string        // VmFlags: "rd wr mr mw me ac sd"
}

// Private is what would be given back if the process ended (USS).
func (m Memory) Private() culprit.Bytes { return m.PrivateClean + m.PrivateDirty }

// Account is what smaps tells of a process.
type Account struct {
	Mappings []Mapping
	// Other sums the amounts of keys that this version does not know; nil when there
	// are none.
	Other map[string]culprit.Bytes
	// Unread counts lines that are neither a mapping nor an amount of a known form.
	Unread int
}

// Smaps reads /proc/PID/smaps: every mapping with its account. The kernel walks
// the page tables for it: some 15 to 30 ms for each GB, without stopping the
// process. It lets go between mappings, so that what moves meanwhile can be missed
// or seen twice; a process that ends or becomes another program is ErrGone.
//
// https://docs.kernel.org/filesystems/proc.html, fs/proc/task_mmu.c
func (f FS) Smaps(pid int) (Account, error) {
	before, err := f.begin(pid)
	if err != nil {
		return Account{}, err
	}
	file, err := os.Open(f.path(pid, "smaps"))
	if err != nil {
		return Account{}, trouble(pid, "smaps", err)
	}
	defer func() { _ = file.Close() }() // only read
	a, err := parseSmaps(file, true)
	if gone := f.steady(before); gone != nil {
		return Account{}, gone
	}
	if err != nil {
		return Account{}, trouble(pid, "smaps", err)
	}
	if len(a.Mappings) == 0 {
		return Account{}, fmt.Errorf("pid %d: %w", pid, ErrKernelThread)
	}
	return a, nil
}

// ErrKernelThread means that a process has no memory of its own.
var ErrKernelThread = errors.New("a thread of the kernel: it has no mappings")

// maxMappings bounds what a foreign kernel can make us keep; vm.max_map_count is
// 65,530 by default and rarely above a million.
const maxMappings = 4 << 20

// parseSmaps reads the format of smaps and smaps_rollup. A mapping without its
// whole account is an error: the process ended in the middle. In smaps, each
// account ends with its flags (since Linux 3.8).
func parseSmaps(in io.Reader, flags bool) (Account, error) {
	var a Account
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), 1<<20)
	p := smapsReader{a: &a, flags: flags, complete: true, interned: map[string]string{}}
	for n := 1; lines.Scan(); n++ {
		if err := p.line(lines.Bytes()); err != nil {
			return Account{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return Account{}, err
	}
	if !p.complete {
		return Account{}, fmt.Errorf("a mapping without its account: %w", ErrGone)
	}
	return a, nil
}

type smapsReader struct {
	a        *Account
	flags    bool // accounts end with their flags
	complete bool
	interned map[string]string // flags and paths, which come again and again
}

func (p *smapsReader) intern(b []byte) string {
	if s, ok := p.interned[string(b)]; ok {
		return s
	}
	s := string(b)
	p.interned[s] = s
	return s
}

func (p *smapsReader) line(line []byte) error {
	if len(line) == 0 {
		p.a.Unread++
		return nil
	}
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || bytes.IndexByte(line[:colon], ' ') >= 0 {
		return p.mapping(line)
	}
	if len(p.a.Mappings) == 0 {
		return fmt.Errorf("%q before any mapping", line[:colon])
	}
	m := &p.a.Mappings[len(p.a.Mappings)-1]
	key, value := line[:colon], bytes.TrimSpace(line[colon+1:])
	switch string(key) {
	case "VmFlags":
		m.Flags = p.intern(value)
		p.complete = true
		return nil
	case "THPeligible":
		m.Eligible = string(value) == "1"
		return nil
	case "ProtectionKey":
		return nil
	case "Rss":
		p.complete = !p.flags
	}
	return p.amount(m, key, value)
}

func (p *smapsReader) mapping(line []byte) error {
	if !p.complete {
		return errors.New("a mapping without its account")
	}
	m, err := parseMapping(line, p.intern)
	if err != nil {
		return err
	}
	if len(p.a.Mappings) == maxMappings {
		return errors.New("more mappings than a process can have")
	}
	p.a.Mappings = append(p.a.Mappings, m)
	p.complete = false
	return nil
}

func (p *smapsReader) amount(m *Mapping, key, value []byte) error {
	to := m.field(key)
	n, ok := kB(value)
	switch {
	case to != nil && ok:
		*to = n
	case to != nil:
		return fmt.Errorf("%s: %q is no size", key, value)
	case ok: // of a newer kernel
		if p.a.Other == nil {
			p.a.Other = map[string]culprit.Bytes{}
		}
		p.a.Other[string(key)] += n
	default:
		p.a.Unread++
	}
	return nil
}

// kB reads "12 kB" without making a string of it: there are some twenty for each
// of thousands of mappings.
func kB(text []byte) (culprit.Bytes, bool) {
	number, isSize := bytes.CutSuffix(text, []byte(" kB"))
	number = bytes.TrimSpace(number)
	if !isSize || len(number) == 0 {
		return 0, false
	}
	var n int64
	for _, c := range number {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + int64(c-'0'); n > maxKilobytes {
			return 0, false
		}
	}
	return culprit.Bytes(n) * culprit.KiB, true
}

// field finds the member that a key of the kernel fills, nil when there is none.
func (m *Memory) field(key []byte) *culprit.Bytes {
	switch string(key) {
	case "Size":
		return &m.Size
	case "KernelPageSize":
		return &m.KernelPage
	case "MMUPageSize":
		return &m.MMUPage
	case "Rss":
		return &m.RSS
	case "Pss":
		return &m.PSS
	case "Pss_Dirty":
		return &m.PSSDirty
	case "Pss_Anon":
		return &m.PSSAnon
	case "Pss_File":
		return &m.PSSFile
	case "Pss_Shmem":
		return &m.PSSShmem
	case "Shared_Clean":
		return &m.SharedClean
	case "Shared_Dirty":
		return &m.SharedDirty
	case "Private_Clean":
		return &m.PrivateClean
	case "Private_Dirty":
		return &m.PrivateDirty
	}
	return m.rarer(key)
}

func (m *Memory) rarer(key []byte) *culprit.Bytes {
	switch string(key) {
	case "Referenced":
		return &m.Referenced
	case "Anonymous":
		return &m.Anonymous
	case "KSM":
		return &m.KSM
	case "LazyFree":
		return &m.LazyFree
	case "AnonHugePages":
		return &m.AnonHuge
	case "ShmemPmdMapped":
		return &m.ShmemHuge
	case "FilePmdMapped":
		return &m.FileHuge
	case "Shared_Hugetlb":
		return &m.SharedHugeTLB
	case "Private_Hugetlb":
		return &m.PrivateHugeTLB
	case "Swap":
		return &m.Swap
	case "SwapPss":
		return &m.SwapPSS
	case "Locked":
		return &m.Locked
	}
	return nil
}
