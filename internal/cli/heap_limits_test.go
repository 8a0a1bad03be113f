//go:build e2e

package cli_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bigDump writes a dump of n objects, a list whose every link holds a string, and
// gives its path.
func bigDump(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "big.json")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	at := func(i int) uint64 { return 0x7f0000000000 + uint64(i)*40 }
	fmt.Fprintf(w, `{"type":"ROOT", "root":"vm", "references":["0x%x"]}`+"\n", at(0))
	for i := 0; i < n; i += 2 {
		next := ""
		if i+2 < n {
			next = fmt.Sprintf(`, "0x%x"`, at(i+2))
		}
		fmt.Fprintf(w, `{"address":"0x%x", "type":"ARRAY", "length":2, "embedded":true, "references":["0x%x"%s], "file":"/srv/app/app/models/list.rb", "line":%d, "method":"push", "generation":%d, "memsize":40, "flags":{"wb_protected":true, "old":true, "uncollectible":true, "marked":true}}`+"\n",
			at(i), at(i+1), next, i%100, i%1000)
		fmt.Fprintf(w, `{"address":"0x%x", "type":"STRING", "bytesize":20, "value":"the text of link %d", "encoding":"UTF-8", "file":"/srv/app/app/models/list.rb", "line":7, "method":"push", "generation":%d, "memsize":40, "flags":{"wb_protected":true, "old":true, "uncollectible":true, "marked":true}}`+"\n",
			at(i+1), i, i%1000)
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func binary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "culprit")
	if out, err := exec.Command("go", "build", "-o", path, "culprit/cmd/culprit").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// limitedGroup makes a cgroup that may hold so much, and gives the file that takes
// pids.
func limitedGroup(t *testing.T, limit string) string {
	t.Helper()
	name := fmt.Sprintf("culprit-test-%d", os.Getpid())
	dir, file := filepath.Join("/sys/fs/cgroup/memory", name), "memory.limit_in_bytes" // version 1
	if _, err := os.Stat("/sys/fs/cgroup/memory"); err != nil {
		dir, file = filepath.Join("/sys/fs/cgroup", name), "memory.max"
	}
	err := os.Mkdir(dir, 0o755)
	if err == nil {
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		})
		err = os.WriteFile(filepath.Join(dir, file), []byte(limit), 0o644)
	}
	if err != nil {
		t.Fatalf("%v; hint: run as root, where cgroups can be made", err)
	}
	return filepath.Join(dir, "cgroup.procs")
}

// TestLargerThanMemory: a dump whose columns do not fit into what the cgroup or
// GOMEMLIMIT gives is judged the same, and nothing is left behind.
func TestLargerThanMemory(t *testing.T) {
	culprit, dump := binary(t), bigDump(t, 800_000)
	report := func(env string, shell string) string {
		cmd := exec.Command("sh", "-c", shell, "sh", culprit, "heap", "--json", "--no-index", dump)
		cmd.Env = append(os.Environ(), env)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s %s: %v\n%s", env, shell, err, errs.String())
		}
		return out.String()
	}
	want := report("A=1", `exec "$@"`)
	if !strings.Contains(want, `"objects": 800000`) {
		t.Fatalf("%.400s", want)
	}
	if got := report("GOMEMLIMIT=32MiB", `exec "$@"`); got != want {
		t.Error("with GOMEMLIMIT the report is another one")
	}
	group := limitedGroup(t, "64M") // the columns and the tree take 72 MB, the dump 250 MB
	if got := report("A=1", `echo $$ > `+group+`; exec "$@"`); got != want {
		t.Error("in a small cgroup the report is another one")
	}
	left, err := os.ReadDir(filepath.Dir(dump))
	if err != nil || len(left) != 1 {
		t.Errorf("left beside the dump: %v, %v", left, err)
	}
}

// TestKilledInTheMiddle: whatever ends it, no half index and no temporary file stay.
func TestKilledInTheMiddle(t *testing.T) {
	culprit, dump := binary(t), bigDump(t, 600_000)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		for _, after := range []time.Duration{5, 30, 80, 120, 160, 200, 240, 280, 350} {
			cmd := exec.Command(culprit, "heap", "--json", dump)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(after * time.Millisecond)
			_ = cmd.Process.Signal(s) // it may have ended by itself
			_ = cmd.Wait()
			left, err := os.ReadDir(filepath.Dir(dump))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range left {
				if f.Name() != "big.json" && f.Name() != "big.json.culprit-heap" {
					t.Errorf("%v after %d ms leaves %s", s, after, f.Name())
				}
			}
			// What has the index's name is whole.
			if out, err := exec.Command(culprit, "heap", "info", dump).CombinedOutput(); err != nil || bytes.Contains(out, []byte("damaged")) {
				t.Errorf("%v after %d ms: %v\n%s", s, after, err, out)
			}
			if err := os.Remove(dump + ".culprit-heap"); err != nil {
				t.Error(err)
			}
		}
	}
}
