package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"culprit/internal/cli"
	"culprit/internal/source/heapdump"
	"culprit/internal/source/takedump"
)

// puma starts a real Puma with a Rack app in a folder of its own, on a Unix socket.
func puma(t *testing.T, initializer string, args ...string) (pid int, get func() error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	app := initializer + "\nKEPT = Array.new(100_000) { |i| \"kept #{i}\" }\nrun ->(env) { [200, {}, [\"ok\"]] }\n"
	if err := os.WriteFile(filepath.Join(dir, "config.ru"), []byte(app), 0o600); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "puma.sock")
	cmd := exec.Command("puma", append([]string{"-b", "unix://" + socket, "-t", "2:2"}, args...)...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v; hint: make setup", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // gone already where the test says so
		_ = cmd.Wait()
	})
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) },
	}}
	get = func() error {
		resp, err := client.Get("http://app/")
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err == nil && string(body) != "ok" {
			err = errors.New(string(body))
		}
		return err
	}
	for range 200 {
		if get() == nil {
			return cmd.Process.Pid, get
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("puma did not answer: %s", said.String())
	return 0, nil
}

func take(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Run(t.Context(), append([]string{"heap", "take"}, args...), cli.World{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Env: os.Getenv,
	})
	return code, stdout.String(), stderr.String()
}

// TestTakeFromPuma: with the initializer that take prints, a Puma dumps from a fork
// and answers meanwhile; the dump is whole.
func TestTakeFromPuma(t *testing.T) {
	pid, get := puma(t, takedump.Snippet)
	file := filepath.Join(t.TempDir(), "heap.json")
	answers, stop, done := 0, make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := get(); err != nil {
				done <- err
				return
			}
			answers++
		}
	}()
	code, out, errs := take(t, "--run", "-o", file, strconv.Itoa(pid))
	close(stop)
	if err := <-done; err != nil || answers < 3 {
		t.Errorf("while it dumped, puma gave %d answers, %v", answers, err)
	}
	if code != 0 || !strings.Contains(out, file) {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	whole(t, file)
	if err := get(); err != nil {
		t.Errorf("after it, puma does not answer: %v", err)
	}
	if code, _, errs := take(t, "--run", "-o", file, strconv.Itoa(pid)); code != 1 || !strings.Contains(errs, "there already") {
		t.Errorf("overwritten: exit %d, %s", code, errs)
	}
}

// whole tells that a dump is one to its last line, and its owner's only.
func whole(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := heapdump.ReadFile(t.Context(), f, heapdump.Options{})
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if d.Understood != d.Lines || d.Heap.Len() < 100_000 || len(d.Heap.Roots) == 0 || info.Mode().Perm() != 0o600 {
		t.Errorf("understood %d of %d lines, %d objects, mode %o", d.Understood, d.Lines, d.Heap.Len(), info.Mode().Perm())
	}
}

// TestTakeByRbtrace: where a process has loaded rbtrace, that is asked.
func TestTakeByRbtrace(t *testing.T) {
	pid, get := puma(t, `require "rbtrace"`)
	file := filepath.Join(t.TempDir(), "heap.json")
	if code, out, errs := take(t, "--run", "-o", file, strconv.Itoa(pid)); code != 0 {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	whole(t, file)
	if err := get(); err != nil {
		t.Errorf("after it, puma does not answer: %v", err)
	}
}

// TestTakeFromNothing: a process that cannot be asked is left alone.
func TestTakeFromNothing(t *testing.T) {
	pid, get := puma(t, "")
	code, out, _ := take(t, strconv.Itoa(pid))
	if code != 0 || !strings.Contains(out, "nothing loaded that could be asked") || !strings.Contains(out, `trap("CONT")`) {
		t.Errorf("exit %d: %s", code, out)
	}
	file := filepath.Join(t.TempDir(), "heap.json")
	code, _, errs := take(t, "--run", "-o", file, strconv.Itoa(pid))
	if code != 1 || !strings.Contains(errs, "no way to be asked") || !strings.Contains(errs, "hint: culprit heap take") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if err := get(); err != nil {
		t.Errorf("after it, puma does not answer: %v", err)
	}
	if code, _, errs := take(t, strconv.Itoa(os.Getpid())); code != 1 || !strings.Contains(errs, "is no Ruby") {
		t.Errorf("of this test: exit %d: %s", code, errs)
	}
	if code, _, errs := take(t, "words"); code != 2 || !strings.Contains(errs, "is no pid") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
