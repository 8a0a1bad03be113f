package nativemem_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"culprit/internal/source/nativemem"
	"culprit/internal/source/procmem"
)

// target is the program of testdata/blocks.c, at its commands.
type target struct {
	pid int
	in  io.Writer
	out *bufio.Reader
}

func start(t *testing.T, args ...string) *target {
	t.Helper()
	program := filepath.Join(t.TempDir(), "blocks")
	if out, err := exec.Command("gcc", "-O1", "-pthread", "-o", program, "testdata/blocks.c").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s; hint: make setup", err, out)
	}
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	p := &target{cmd.Process.Pid, in, bufio.NewReader(out)}
	if s := p.line(t); s != "ready" {
		t.Fatal(s)
	}
	return p
}

func (p *target) line(t *testing.T) string {
	t.Helper()
	s, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(s)
}

// info is what mallinfo2 tells.
type info struct{ arena, hblks, hblkhd, uordblks, fordblks int64 }

func (p *target) say(t *testing.T, command string) (i info) {
	t.Helper()
	if _, err := io.WriteString(p.in, command+"\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(p.line(t), &i.arena, &i.hblks, &i.hblkhd, &i.uordblks, &i.fordblks); err != nil {
		t.Fatal(err)
	}
	return i
}

func (p *target) read(t *testing.T) *nativemem.Heap {
	t.Helper()
	live, err := procmem.Open("/proc", p.pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = live.Close() })
	h, err := nativemem.Read(procmem.NewView(live))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (p *target) rss(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "Rss:")
	var kb int64
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// TestOwnWord: what is walked from outside is what glibc counts itself, and what it gives
// back is what was foretold.
func TestOwnWord(t *testing.T) {
	p := start(t)
	own := p.say(t, "info")
	h := p.read(t)
	sum := h.Total()
	t.Logf("glibc: %+v; walked: %+v in %d arenas", own, sum, len(h.Arenas))
	if len(h.Arenas) != 5 || sum.System != own.arena || h.MmapBytes != own.hblkhd || h.MmapChunks != own.hblks {
		t.Errorf("%d arenas, %d bytes of the system, %d in %d blocks", len(h.Arenas), sum.System, h.MmapBytes, h.MmapChunks)
	}
	if d := sum.Free - own.fordblks; d > own.fordblks/1000 || d < -own.fordblks/1000 {
		t.Errorf("%d bytes free, glibc says %d", sum.Free, own.fordblks)
	}
	mapped := int64(0)
	for _, r := range h.Mapped {
		mapped += int64(r.To - r.From)
	}
	if mapped != own.hblkhd || int64(len(h.Mapped)) != own.hblks {
		t.Errorf("%d blocks of %d bytes found", len(h.Mapped), mapped)
	}
	before := p.rss(t)
	p.say(t, "trim")
	released := before - p.rss(t)
	t.Logf("foretold %d, released %d", sum.Releasable, released)
	if d := sum.Releasable - released; d > released/50 || d < -released/50 || released < 50<<20 {
		t.Errorf("foretold %d bytes, released %d", sum.Releasable, released)
	}
}

// TestLeaks: blocks that nothing points to are found, and those of a list are not.
func TestLeaks(t *testing.T) {
	p := start(t, "30000", "10000")
	live, err := procmem.Open("/proc", p.pid)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = live.Close() }()
	frozen, err := procmem.Freeze("/proc", p.pid)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := procmem.NewPlan(live, nil)
	if err != nil {
		t.Fatal(err)
	}
	room, err := procmem.NewRoom("", plan.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	m, err := procmem.Copy(live, plan, room)
	if err = errors.Join(err, frozen.Resume()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	r, err := nativemem.Leaks(m, frozen.Registers)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r, r.Groups)
	if len(r.Groups) == 0 || r.Groups[0].Count < 29_970 || r.Groups[0].Size != 1000 || r.Groups[0].Kind != "text" || r.Blocks > 30_005 {
		t.Errorf("%v: %+v", r, r.Groups)
	}
}

// TestHistogram: most bytes are in blocks of the size that was made most.
func TestHistogram(t *testing.T) {
	list, err := start(t, "30000", "10000").read(t).Histogram()
	if err != nil || len(list) == 0 || list[0].Size != 1008 || list[0].Count < 40_000 || list[0].Count > 40_100 {
		t.Fatalf("%+v, %v", list[:min(3, len(list))], err)
	}
}

func TestAllocator(t *testing.T) {
	for path, want := range map[string]string{
		"/lib/x86_64-linux-gnu/libc.so.6": "glibc", "/lib/libc-2.31.so": "glibc", "/usr/lib/libjemalloc.so.2": "jemalloc",
		"/usr/lib/libtcmalloc_minimal.so.4": "tcmalloc", "/lib/ld-musl-x86_64.so.1": "musl", "/bin/x": "unknown",
	} {
		if got := nativemem.Allocator([]procmem.Mapping{{Path: path}}); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}
