// Package started starts Rubies and other programs for tests that look at a live process,
// and ends them with the test.
//
// It owns that a script has said its first line before a test looks, and that a Ruby which
// fails by itself fails the test. It refuses to know what is looked at.
package started

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Process is a Ruby that has said its first line.
type Process struct {
	PID   int
	First string // the line, without its end
	In    io.WriteCloser
	Out   *bufio.Reader // what it says from then on

	cmd  *exec.Cmd
	done bool
}

// settled is how long a script takes from its first line to waiting for input.
const settled = 100 * time.Millisecond

// Ruby starts the Ruby that stands first in PATH with a script. The script says a line
// when it is ready, and ends when its input does. env is added to the environment.
func Ruby(t testing.TB, env []string, args ...string) *Process {
	t.Helper()
	p := Program(t, env, "ruby", args...)
	line, err := p.Out.ReadString('\n')
	if err != nil {
		t.Fatalf("ruby said %q, %v", line, err)
	}
	p.First = strings.TrimSuffix(line, "\n")
	time.Sleep(settled)
	return p
}

// Program starts a program that ends when its input does. It need not say anything.
func Program(t testing.TB, env []string, name string, args ...string) *Process {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = "/" // which every Ruby's system has, chroot or not
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
	p := &Process{PID: cmd.Process.Pid, In: in, cmd: cmd, Out: bufio.NewReader(out)}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// Ask gives the script a line, and takes what it says up to a line that is end.
func (p *Process) Ask(t testing.TB, what, end string) []byte {
	t.Helper()
	if _, err := io.WriteString(p.In, what+"\n"); err != nil {
		t.Fatal(err)
	}
	var said []byte
	for {
		line, err := p.Out.ReadBytes('\n')
		if err != nil {
			t.Fatalf("ruby said %d bytes, %v", len(said), err)
		}
		if string(line) == end+"\n" {
			return said
		}
		said = append(said, line...)
	}
}

// Stop ends the input and waits. A second call does nothing.
func (p *Process) Stop() error {
	if p.done {
		return nil
	}
	p.done = true
	return errors.Join(p.In.Close(), p.cmd.Wait())
}

// Kill ends it in the middle.
func (p *Process) Kill() error {
	p.done = true
	err := errors.Join(p.cmd.Process.Kill(), p.In.Close())
	_ = p.cmd.Wait() // it tells of the signal
	return err
}
