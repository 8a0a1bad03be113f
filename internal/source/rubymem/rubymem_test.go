package rubymem_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"

	"culprit/internal/source/rubymem"
)

// idle makes objects of many types, tells what Ruby counts, and does nothing more.
const idle = `require "json"; require "set"
S = Struct.new(:a)
KEPT = (1..20_000).map { |i| [S.new(i), "text #{i}", { i => i }, i * 1.5e300, 2**70 + i, Object.new, /x#{i % 9}/] }
GC.start; GC.start; GC.disable
a = ObjectSpace.count_objects(Hash.new)
a = ObjectSpace.count_objects(a)
$stdout.puts(a.to_json); $stdout.flush
$stdin.gets`

// ruby starts a Ruby and gives what it says of its own heap.
func ruby(t *testing.T, script string) (pid int, own map[string]int64) {
	t.Helper()
	cmd := exec.Command("ruby", "-e", script)
	cmd.Dir = "/" // which every Ruby's system has
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
		t.Fatalf("%v; hint: make setup", err)
	}
	t.Cleanup(func() {
		_, werr := io.WriteString(in, "\n")
		if err := errors.Join(werr, in.Close(), cmd.Wait()); err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &own); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid, own
}

// TestCensus: what is counted from outside is what Ruby counts itself, but for the
// few objects that telling it makes.
func TestCensus(t *testing.T) {
	pid, own := ruby(t, idle)
	p, err := rubymem.Open("/proc", pid)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Census()
	if err = errors.Join(err, p.Close()); err != nil {
		t.Fatal(err)
	}
	const telling = 60
	for name, n := range own {
		got := c.ByType[name]
		if name == "TOTAL" {
			got = c.Slots
		}
		if d := got - n; d > telling || d < -telling {
			t.Errorf("%s: %d, Ruby counts %d", name, got, n)
		}
	}
	if c.Unread != 0 || c.Objects < 140_000 || own["TOTAL"] != c.Slots {
		t.Errorf("%+v of %v", c, own)
	}
}

func TestRefused(t *testing.T) {
	if _, err := rubymem.Open("/proc", os.Getpid()); !errors.Is(err, rubymem.ErrNotRuby) {
		t.Errorf("of this test: %v", err)
	}
	if _, err := rubymem.Open(t.TempDir(), 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of none: %v", err)
	}
}
