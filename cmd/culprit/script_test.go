package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary stand in for culprit. AS_UID drops the rights
// of a superuser, for whom no file is closed.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"culprit": func() {
			if uid, err := strconv.Atoi(os.Getenv("AS_UID")); err == nil && os.Getuid() == 0 {
				if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(uid), syscall.Setuid(uid)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(99)
				}
			}
			main()
		},
	})
}

// TestScripts runs the command line as a user would: see testdata/script.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("INCIDENTS", filepath.Join(root, "testdata", "incidents"))
			env.Setenv("NO_COLOR", "1")
			env.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status":   status,
			"calm":     calm,
			"rails":    rails,
			"series":   series,
			"garbage":  garbage,
			"longline": longLine,
			"cutgz":    cutGzip,
			"socket":   socket,
			"report":   report,
			"atmost":   atMost,
		},
	})
}

// status CODE COMMAND...: runs a command and demands its exit status. A panic is
// never the right answer, whatever the status.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
	calm(ts, false, nil)
}

// calm: neither output holds a Go panic.
func calm(ts *testscript.TestScript, _ bool, _ []string) {
	for _, name := range []string{"stdout", "stderr"} {
		text := ts.ReadFile(name)
		for _, bad := range []string{"goroutine ", "panic:", "runtime error", "%!"} {
			if strings.Contains(text, bad) {
				ts.Fatalf("%s contains %q", name, bad)
			}
		}
	}
}

// rails FILE START N: a Rails log of N short requests, one a second, of one
// worker. Every one of them carries things that must not be shown.
func rails(ts *testscript.TestScript, _ bool, args []string) {
	file, at, n := fileStartCount(ts, args)
	var b strings.Builder
	for i := range n {
		t := at.Add(time.Duration(i) * time.Second)
		line := func(offset time.Duration, format string, args ...any) {
			fmt.Fprintf(&b, "I, [%s #4101]  INFO -- : [7f9c%04x-1111-2222-3333-444455556666] ", t.Add(offset).Format("2006-01-02T15:04:05.000000"), i)
			fmt.Fprintf(&b, format+"\n", args...)
		}
		line(0, `Started GET "/products/%d?email=jane.doe%%40example.com" for 203.0.113.77 at %s`, 77000+i, t.Format("2006-01-02 15:04:05 -0700"))
		line(time.Millisecond, `Processing by ProductsController#show as HTML`)
		line(time.Millisecond, `  Parameters: {"email"=>"jane.doe@example.com", "id"=>"%d"}`, 77000+i)
		line(25*time.Millisecond, `Completed 200 OK in 24ms (Views: 3.1ms | ActiveRecord: 2.2ms)`)
	}
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(b.String()), 0o644))
}

// series FILE START N [MiB]: N memory readings of the same worker, ten seconds
// apart, that go nowhere, or that step up by MiB three times.
func series(ts *testscript.TestScript, _ bool, args []string) {
	step := 0
	if len(args) == 4 {
		var err error
		step, err = strconv.Atoi(args[3])
		ts.Check(err)
		args = args[:3]
	}
	file, at, n := fileStartCount(ts, args)
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("time,host,pid,bytes\n")
	for i := range n {
		t := at.Add(time.Duration(i) * 10 * time.Second)
		fmt.Fprintf(&b, "%s,web1,4101,%d\n", t.Format(time.RFC3339), 300<<20+i*4/n*step<<20+rng.IntN(64)*4096)
	}
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(b.String()), 0o644))
}

func fileStartCount(ts *testscript.TestScript, args []string) (file string, at time.Time, n int) {
	if len(args) != 3 {
		ts.Fatalf("usage: FILE START N")
	}
	at, err := time.Parse(time.RFC3339, args[1])
	ts.Check(err)
	n, err = strconv.Atoi(args[2])
	ts.Check(err)
	return args[0], at, n
}

// garbage FILE N: N random bytes.
func garbage(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	rng := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// longline FILE N: appends one line of N characters.
func longLine(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	ts.Check(err)
	_, err = f.Write(append(bytes.Repeat([]byte("x"), n), '\n'))
	ts.Check(errors.Join(err, f.Close()))
}

// cutgz FILE SOURCE: gzip of SOURCE that ends in the middle.
func cutGzip(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(ts.ReadFile(args[1])))
	ts.Check(errors.Join(err, w.Close()))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes()[:b.Len()/2], 0o644))
}

// socket FILE: a Unix socket, which opens for nobody.
func socket(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("unix", ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
}

// report [QUERY WANT]...: stdout is a report in JSON without a null array, and
// each dotted path in it has the wanted value.
func report(ts *testscript.TestScript, _ bool, args []string) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc); err != nil {
		ts.Fatalf("not JSON: %v", err)
	}
	for _, list := range []string{"inputs", "growth", "suspects", "next", "happenings"} {
		if _, ok := doc[list].([]any); !ok {
			ts.Fatalf("%s is no array: %v", list, doc[list])
		}
	}
	for i := 0; i+1 < len(args); i += 2 {
		var v any = doc
		for key := range strings.SplitSeq(args[i], ".") {
			switch at := v.(type) {
			case map[string]any:
				v = at[key]
			case []any:
				n, err := strconv.Atoi(key)
				ts.Check(err)
				if n >= len(at) {
					ts.Fatalf("%s: only %d entries", args[i], len(at))
				}
				v = at[n]
			default:
				ts.Fatalf("%s: nothing at %s", args[i], key)
			}
		}
		if got := fmt.Sprint(v); got != args[i+1] {
			ts.Fatalf("%s is %s, want %s", args[i], got, args[i+1])
		}
	}
}

// atmost LINES [COLUMNS]: stdout is not longer, nor wider, than that.
func atMost(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines := strings.Split(strings.TrimRight(ts.ReadFile("stdout"), "\n"), "\n")
	if len(lines) > want {
		ts.Fatalf("%d lines, at most %d", len(lines), want)
	}
	if len(args) < 2 {
		return
	}
	columns, err := strconv.Atoi(args[1])
	ts.Check(err)
	for _, l := range lines {
		if n := len([]rune(l)); n > columns {
			ts.Fatalf("%d columns, at most %d: %s", n, columns, l)
		}
	}
}
