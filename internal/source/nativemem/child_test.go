package nativemem_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"culprit/internal/lab/started"
	"culprit/internal/source/nativemem"
	"culprit/internal/source/procmem"
)

// compile builds a program of testdata.
func compile(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	out, err := exec.Command("gcc", "-O1", "-o", program, filepath.Join("testdata", name+".c"), "-lpthread").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s; hint: make setup", err, out)
	}
	return program
}

// child is a program that speaks and waits.
type child struct {
	pid int
	in  io.WriteCloser
	out *bufio.Reader
}

// start runs a program, under the dynamic loader of CULPRIT_TEST_LOADER if that is set:
// so that these tests can be run with other versions of glibc.
func start(t *testing.T, program string, args ...string) *child {
	t.Helper()
	if loader := os.Getenv("CULPRIT_TEST_LOADER"); loader != "" {
		args = append([]string{"--library-path", filepath.Dir(loader), program}, args...)
		program = loader
	}
	p := started.Program(t, nil, program, args...)
	return &child{p.PID, p.In, p.Out}
}

// until reads lines up to one that begins so.
func (c *child) until(t *testing.T, begin string) (lines []string) {
	t.Helper()
	for {
		line, err := c.out.ReadString('\n')
		if err != nil {
			t.Fatalf("before %q: %v", begin, err)
		}
		if strings.HasPrefix(line, begin) {
			return lines
		}
		lines = append(lines, strings.TrimSpace(line))
	}
}

// rss is resident bytes.
func (c *child) rss(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(c.pid) + "/smaps_rollup")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); f[0] == "Rss:" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("no Rss")
	return 0
}

// live opens the memory of the child.
func (c *child) live(t *testing.T) *procmem.Live {
	t.Helper()
	live, err := procmem.Open("/proc", c.pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = live.Close() })
	return live
}

// mirror copies the memory of the child.
func (c *child) mirror(t *testing.T) (*procmem.Mirror, []uint64) {
	t.Helper()
	live := c.live(t)
	frozen, err := procmem.Freeze("/proc", c.pid)
	if err != nil {
		t.Fatal(err)
	}
	var m *procmem.Mirror
	if err = live.Refresh(); err == nil {
		m, err = copyOf(live)
	}
	if err = errors.Join(err, frozen.Resume()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m, frozen.Registers
}

// core writes the memory of the child down and opens it.
func (c *child) core(t *testing.T) *procmem.Core {
	t.Helper()
	path := filepath.Join(t.TempDir(), "core")
	if out, err := exec.Command("gcore", "-o", path, strconv.Itoa(c.pid)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s; hint: make setup", err, out)
	}
	core, err := procmem.OpenCore(path + "." + strconv.Itoa(c.pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = core.Close() })
	return core
}

func copyOf(m procmem.Mem) (*procmem.Mirror, error) {
	plan, err := procmem.NewPlan(m, nil)
	if err != nil {
		return nil, err
	}
	room, err := procmem.NewRoom("", plan.Bytes)
	if err != nil {
		return nil, err
	}
	return procmem.Copy(m, plan, room)
}

func read(t *testing.T, m procmem.Mem) *nativemem.Heap {
	t.Helper()
	h, err := nativemem.Read(procmem.NewView(m))
	if err != nil {
		t.Fatal(err)
	}
	return h
}
