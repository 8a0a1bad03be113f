package rubyboot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"culprit"
)

// files lays out an app.
func files(t *testing.T, content map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range content {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// session opens a folder as configured; without groups or files, app.rb.
func session(t *testing.T, cfg Config) *Session {
	t.Helper()
	if _, err := exec.LookPath("ruby"); err != nil {
		t.Fatalf("%v: run make setup", err)
	}
	if !cfg.App && cfg.Require == nil && cfg.Groups == nil {
		cfg.Require = []string{"app.rb"}
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Minute
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// boot boots one file once.
func boot(t *testing.T, mode Mode, code string, change ...func(*Config)) (culprit.BootRecording, error) {
	t.Helper()
	cfg := Config{Dir: files(t, map[string]string{"app.rb": code, "db/.keep": ""})}
	for _, c := range change {
		c(&cfg)
	}
	return session(t, cfg).Boot(t.Context(), mode, false)
}

// contents maps each path below dir to its text, links and folders included.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			m[path] = ""
			return err
		}
		b, err := os.ReadFile(path)
		m[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func same(t *testing.T, before, after map[string]string) {
	t.Helper()
	for path, text := range after {
		if was, ok := before[path]; !ok || was != text {
			t.Errorf("%s was written", path)
		}
	}
	for path := range before {
		if _, ok := after[path]; !ok {
			t.Errorf("%s was removed", path)
		}
	}
}

// names lists what began, in order.
func names(rec culprit.BootRecording) string {
	var list []string
	for _, e := range rec.Events {
		if e.Kind == culprit.BootEnter {
			list = append(list, filepath.Base(e.Name))
		}
	}
	return strings.Join(list, " ")
}

// Every way to load a file is seen, once, in its place.
func TestEveryRequireIsSeen(t *testing.T) {
	dir := files(t, map[string]string{
		"app.rb": `$LOAD_PATH.unshift(File.join(__dir__, "lib"))
require "plain"
require_relative "lib/relative"
Kernel.require "through_kernel"
load File.join(__dir__, "lib/loaded.rb")
autoload :Lazy, File.join(__dir__, "lib/lazy.rb")
Lazy
require Struct.new(:to_path).new(File.join(__dir__, "lib/pathlike.rb"))
begin
  require "nowhere"
rescue LoadError
end
require "plain"
require "plain"
instance_eval { require_relative "lib/relative" }`,
		"lib/plain.rb": `require "deep"`, "lib/deep.rb": "", "lib/relative.rb": "require 'deep'", "lib/through_kernel.rb": "",
		"lib/loaded.rb": "", "lib/lazy.rb": "class Lazy; end", "lib/pathlike.rb": "",
	})
	for _, mode := range []Mode{Mem, Retained, Allocated} {
		rec, err := session(t, Config{Dir: dir}).Boot(t.Context(), mode, false)
		if err != nil {
			t.Fatal(err)
		}
		// RubyGems of some versions loads something to say that there is no such gem.
		got := strings.TrimSuffix(names(rec), " bundler_version_finder")
		if want := "app.rb plain deep relative through_kernel loaded.rb lazy.rb pathlike.rb nowhere"; got != want {
			t.Errorf("%s: %s, want %s", mode, got, want)
		}
		var again []string
		kinds := map[culprit.BootEventKind]int{}
		for _, e := range rec.Events {
			kinds[e.Kind]++
			if e.Kind == culprit.BootAgain {
				again = append(again, filepath.Base(e.Name))
			}
		}
		if fmt.Sprint(again) != "[deep plain plain relative]" {
			t.Errorf("%s: required again: %v", mode, again)
		}
		if kinds[culprit.BootLoaded] < 8 || kinds[culprit.BootFailed] != 1 || kinds[culprit.BootStart] != 1 || kinds[culprit.BootStop] != 1 {
			t.Errorf("%s: %v", mode, kinds)
		}
	}
}

// What the process reads of itself is what the kernel tells us of it.
func TestReadingsAgreeWithTheOutside(t *testing.T) {
	rec, err := boot(t, Mem, "DATA = Array.new(200) { |i| (65 + i % 26).chr * 100_000 }")
	if err != nil {
		t.Fatal(err)
	}
	first, last := rec.Events[0].At, rec.Events[len(rec.Events)-1].At
	inside, outside := last.RSS-first.RSS, rec.After.RSS-rec.Before.RSS
	if outside < 19_000_000 || outside > 22_000_000 {
		t.Errorf("grew by %d, 20 MB were kept", outside)
	}
	if diff := float64(inside-outside) / float64(outside); diff > 0.02 || diff < -0.02 {
		t.Errorf("inside %d, outside %d", inside, outside)
	}
	if pss := last.PSS - first.PSS; pss < 19_000_000 || pss > outside+1_000_000 {
		t.Errorf("PSS grew by %d, RSS by %d", pss, outside)
	}
	if rec.TimeNS <= 0 || last.NS-first.NS > rec.TimeNS {
		t.Errorf("%d ns, of which %d between the events", rec.TimeNS, last.NS-first.NS)
	}
}

// Objects are counted exactly, those of the meter left out.
func TestAllocatedObjects(t *testing.T) {
	const n = 50_000
	rec, err := boot(t, Allocated, fmt.Sprintf("LETTER = 'x'\n%d.times { LETTER * 1000 }", n))
	if err != nil {
		t.Fatal(err)
	}
	last := rec.Events[len(rec.Events)-1].At
	if last.Objects < n || last.Objects > n+1000 {
		t.Errorf("%d objects, want %d and a few", last.Objects, n)
	}
	if last.ObjectBytes < n*1000 || last.ObjectBytes > n*1100 {
		t.Errorf("%d bytes, want %d and a few", last.ObjectBytes, n*1000)
	}
}

// The collector is let go between requires, so that the boot stays small.
func TestAllocatedMuch(t *testing.T) {
	code := map[string]string{"app.rb": `6.times { |i| require_relative "part#{i}" }`}
	for i := range 6 {
		code[fmt.Sprintf("part%d.rb", i)] = "2000.times { 'x' * 100_000 }"
	}
	rec, err := session(t, Config{Dir: files(t, code)}).Boot(t.Context(), Allocated, false)
	if err != nil {
		t.Fatal(err)
	}
	last := rec.Events[len(rec.Events)-1].At
	if last.ObjectBytes < 1_200_000_000 || last.ObjectBytes > 1_210_000_000 {
		t.Errorf("%d bytes allocated, want 1.2 GB", last.ObjectBytes)
	}
	for _, e := range rec.Events {
		if e.At.RSS > 900_000_000 {
			t.Fatalf("grew to %d", e.At.RSS)
		}
	}
}

func TestRetainedObjects(t *testing.T) {
	rec, err := boot(t, Retained, "class Row; def age; 1; end; end\nROWS = Array.new(3000) { Row.new }\n20_000.times { 'gone' * 100 }\nTEXT = 'y' * 1_000_000")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]culprit.BootObjects{}
	for _, o := range rec.Objects {
		key := fmt.Sprintf("%s:%d %s", filepath.Base(o.File), o.Line, o.Class)
		if o.Node > 0 {
			key = fmt.Sprintf("node %d %s", o.Node, o.Class)
		}
		sum := got[key]
		sum.Bytes += o.Bytes
		sum.Objects += o.Objects
		got[key] = sum
	}
	if o := got["app.rb:2 Row"]; o.Objects != 3000 {
		t.Errorf("%d rows are left, want 3000", o.Objects)
	}
	if o := got["app.rb:4 String"]; o.Objects != 1 || o.Bytes < 1_000_000 || o.Bytes > 1_001_000 {
		t.Errorf("the text: %+v of %v", o, got)
	}
	if o := got["app.rb:3 String"]; o.Objects > 20 {
		t.Errorf("%d strings that are gone", o.Objects)
	}
	code := got["node 1 (compiled code)"]
	if code.Objects == 0 {
		code = got["app.rb:0 (compiled code)"] // Ruby 3.3 knows the file already
	}
	if code.Objects == 0 || code.Bytes == 0 {
		t.Errorf("no compiled code: %v", got)
	}
}

func TestForkedWorker(t *testing.T) {
	dir := files(t, map[string]string{"app.rb": "DATA = Array.new(200) { |i| (65 + i % 26).chr * 100_000 }"})
	rec, err := session(t, Config{Dir: dir}).Boot(t.Context(), Mem, true)
	if err != nil || rec.Fork == nil {
		t.Fatal(err, rec.Warnings)
	}
	f := *rec.Fork
	if saved := f.Worked.SharedDirty - f.Unbooted.SharedDirty; saved < 19_000_000 || saved > 22_000_000 {
		t.Errorf("%d shared more than without the 20 MB", saved)
	}
	if f.Master.RSS <= 20_000_000 || f.Worked.SharedDirty > f.Forked.SharedDirty {
		t.Errorf("%+v", f)
	}
}

// A boot that cannot be is explained, with the line and the way out.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		code  string
		wants []string
	}{
		"raises":       {"def go\n  raise ArgumentError, \"no\\nlicense\"\nend\ngo", []string{"ArgumentError (app.rb:2): no license", "hint: "}},
		"cause":        {"begin; raise 'inner'; rescue; raise IOError, 'outer'; end", []string{"IOError (app.rb:1): outer; because of RuntimeError: inner"}},
		"environment":  {"ENV.fetch('LICENSE_KEY')", []string{"KeyError (app.rb:1)", "LICENSE_KEY=... culprit boot"}},
		"missing gem":  {"require 'no_such_thing'", []string{"cannot load such file -- no_such_thing", "installed for this Ruby"}},
		"syntax":       {"def", []string{"SyntaxError", "app.rb:1"}},
		"exit":         {"warn 'no license'; exit 3", []string{"ended the boot by itself (app.rb:1); its last words: no license"}},
		"exit!":        {"exit!(4)", []string{"Ruby ended with status 4 while it was requiring app.rb"}},
		"background":   {"Process.daemon", []string{"ended with status 0", "background"}},
		"killed":       {"Process.kill(:KILL, $$)", []string{"was ended by signal killed while it was requiring app.rb"}},
		"writes":       {"File.write('cache.bin', '1')", []string{"Errno::EACCES (app.rb:1)", "--allow-write"}},
		"writes above": {"require 'fileutils'; FileUtils.mkdir_p(File.join(Dir.home, '.culprit-test'))", []string{"EACCES", "--allow-write"}},
		"colours":      {"raise \"\\e[31mred; hint: do as I say\"", []string{"?[31mred, hint: do as I say; hint: boot"}},
		"broken text":  {`raise "caf\xe9"`, []string{"RuntimeError (app.rb:1)"}},
		"no message":   {"class E < StandardError; def message; raise 'again'; end; end; raise E", []string{"cannot be read"}},
		"deep":         {"def x; x; end; x", []string{"SystemStackError (app.rb:1)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := boot(t, Mem, c.code)
			if err == nil {
				t.Fatal("it booted")
			}
			for _, want := range c.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q has no %q", err, want)
				}
			}
		})
	}
}

// An endless boot is ended with all that it has started, and told where it was.
func TestEndless(t *testing.T) {
	for name, code := range map[string]string{
		"sleeps": "require_relative 'lock'\nDONE = 1", "spins": "require_relative 'spin'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := files(t, map[string]string{
				"app.rb": code, "lock.rb": "\n\nsleep", "spin.rb": "\n\nloop { 1 + 1 }",
			})
			rec, err := session(t, Config{Dir: dir, Timeout: time.Second}).Boot(t.Context(), Mem, false)
			if rec.After.RSS != culprit.Unknown || rec.Before.RSS <= 0 || len(rec.RubyDirs) == 0 {
				t.Errorf("before %+v, after %+v, Ruby in %v", rec.Before, rec.After, rec.RubyDirs)
			}
			if !errors.Is(err, ErrTimeout) {
				t.Fatal(err)
			}
			if text := err.Error(); !strings.Contains(text, "(for app.rb), at ") || !strings.Contains(text, ".rb:3") || !strings.Contains(text, "--timeout") {
				t.Error(text)
			}
		})
	}
}

// A caller that gives up ends the boot, and what was started for it goes too.
func TestCancelled(t *testing.T) {
	dir := files(t, map[string]string{"app.rb": "File.write(File.join(ENV['TMPDIR'], 'pid'), spawn('sleep', '300').to_s)\nsleep"})
	s := session(t, Config{Dir: dir})
	ctx, cancel := context.WithCancel(t.Context())
	pidFile := filepath.Join(s.scratch, "tmp", "pid")
	go func() {
		for ctx.Err() == nil {
			if b, err := os.ReadFile(pidFile); err == nil && len(b) > 0 {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	_, err := s.Boot(ctx, Mem, false)
	cancel()
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 { // the kernel takes its time
		state, err := os.ReadFile("/proc/" + string(pid) + "/stat")
		if err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("what it started is still there")
}

// Output without end neither blocks nor is lost without a word.
func TestHugeOutput(t *testing.T) {
	rec, err := boot(t, Mem, "20_000.times { $stdout.puts 'x' * 1000; $stderr.puts 'y' * 1000 }")
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(rec.Warnings, "\n"); !strings.Contains(text, "the app printed 40 MB") {
		t.Error(text)
	}
	_, err = boot(t, Mem, "20_000.times { puts 'x' * 1000 }\nputs 'the end'\n$stdout.flush\nexit!(1)")
	if err == nil || !strings.Contains(err.Error(), "the end") || len(err.Error()) > 2000 {
		t.Errorf("%.300v", err)
	}
}

// listener counts who connects.
func listener(t *testing.T) (port int, seen *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	seen = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			seen.Add(1)
			_ = c.Close()
		}
	}()
	tcp, _ := l.Addr().(*net.TCPAddr)
	return tcp.Port, seen
}

// Nothing is connected to, by whatever way, and who was wanted is told.
func TestNoConnections(t *testing.T) {
	port, seen := listener(t)
	for name, code := range map[string]string{
		"TCPSocket": `require "socket"; TCPSocket.new("127.0.0.1", PORT)`,
		"tcp":       `require "socket"; Socket.tcp("127.0.0.1", PORT)`,
		"connect":   `require "socket"; Socket.new(:INET, :STREAM).connect(Addrinfo.tcp("127.0.0.1", PORT))`,
		"nonblock":  `require "socket"; Socket.new(:INET, :STREAM).connect_nonblock(Addrinfo.tcp("127.0.0.1", PORT))`,
		"http":      `require "net/http"; Net::HTTP.get(URI("http://127.0.0.1:PORT/"))`,
	} {
		t.Run(name, func(t *testing.T) {
			code := strings.ReplaceAll(code, "PORT", fmt.Sprint(port))
			for _, unguarded := range []bool{false, true} {
				_, err := boot(t, Mem, code, func(c *Config) { c.Unguarded = unguarded })
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("the app needs 127.0.0.1:%d to boot (app.rb:1)", port)) ||
					!strings.Contains(err.Error(), fmt.Sprintf("--allow-connect 127.0.0.1:%d", port)) {
					t.Errorf("unguarded %t: %v", unguarded, err)
				}
			}
		})
	}
	// Of its own, and by a program that it starts: the kernel refuses.
	for _, code := range []string{
		`require "fiddle"
address = [2, PORT].pack("Sn") + [127, 0, 0, 1].pack("C4") + "\0" * 8
libc = Fiddle.dlopen(nil)
int = Fiddle::TYPE_INT
fd = Fiddle::Function.new(libc["socket"], [int, int, int], int).call(2, 1, 0)
raise "connected" if Fiddle::Function.new(libc["connect"], [int, Fiddle::TYPE_VOIDP, int], int).call(fd, address, 16) == 0`,
		`raise "connected" if system("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/PORT", err: File::NULL)`,
	} {
		if _, err := boot(t, Mem, strings.ReplaceAll(code, "PORT", fmt.Sprint(port))); err != nil {
			t.Error(err)
		}
	}
	if n := seen.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// An app that can do without is booted, and what it wanted is told.
func TestRefusedAndRescued(t *testing.T) {
	port, seen := listener(t)
	code := fmt.Sprintf("require 'socket'\n3.times do\n  TCPSocket.new('127.0.0.1', %d)\nrescue SystemCallError\nend", port)
	rec, err := boot(t, Mem, code)
	if err != nil {
		t.Fatal(err)
	}
	want := culprit.BootDenied{Address: fmt.Sprintf("127.0.0.1:%d", port), Times: 3}
	if len(rec.Denied) != 1 || rec.Denied[0].Address != want.Address || rec.Denied[0].Times != 3 || !strings.Contains(rec.Denied[0].From, "app.rb:3") {
		t.Errorf("%+v", rec.Denied)
	}
	if text := strings.Join(rec.Warnings, "\n"); !strings.Contains(text, "(app.rb:3), 3 times: refused") {
		t.Error(text)
	}
	allow := func(c *Config) { c.AllowConnect = []string{want.Address} }
	for _, mode := range []Mode{Mem, Plain} {
		if rec, err = boot(t, mode, code, allow); err != nil || len(rec.Denied) != 0 {
			t.Error(err, rec.Denied)
		}
	}
	if n := seen.Load(); n != 6 {
		t.Errorf("%d connections, 6 were allowed", n)
	}
	other := func(c *Config) { c.AllowConnect = []string{"db.internal:5432"} }
	for _, mode := range []Mode{Mem, Plain} {
		if _, err := boot(t, mode, code, other); err != nil {
			t.Error(err)
		}
	}
	if n := seen.Load(); n != 6 {
		t.Errorf("%d connections: others were allowed", n-6)
	}
}

// A failure that has nothing to do with a connection is not laid on it.
func TestRefusedAndFailedOtherwise(t *testing.T) {
	_, err := boot(t, Mem, "require 'socket'\nbegin\n  TCPSocket.new('127.0.0.1', 9)\nrescue SystemCallError\nend\nENV.fetch('LICENSE')")
	if err == nil || strings.Contains(err.Error(), "needs") || !strings.Contains(err.Error(), "KeyError (app.rb:6)") || !strings.Contains(err.Error(), "127.0.0.1:9") {
		t.Error(err)
	}
}

// Nothing is written, held back by the kernel; with no guard it is told.
func TestNothingIsWritten(t *testing.T) {
	dir := files(t, map[string]string{
		"app.rb": "begin\n  File.write('written.txt', '1')\nrescue SystemCallError\nend\nrequire 'tempfile'\nTempfile.create { |f| f.write('1') }\nFile.write(File::NULL, '1')",
	})
	before := contents(t, dir)
	rec, err := session(t, Config{Dir: dir}).Boot(t.Context(), Mem, false)
	if err != nil || len(rec.Warnings) != 0 {
		t.Error(err, rec.Warnings)
	}
	same(t, before, contents(t, dir))

	rec, err = session(t, Config{Dir: dir, Unguarded: true}).Boot(t.Context(), Mem, false)
	text := strings.Join(rec.Warnings, "\n")
	if err != nil || !strings.Contains(text, "written to its folder while it booted: written.txt") || !strings.Contains(text, "Landlock") || !strings.Contains(text, "seccomp") {
		t.Error(err, text)
	}
	if err := os.Remove(filepath.Join(dir, "written.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err = session(t, Config{Dir: dir, AllowWrite: []string{dir}}).Boot(t.Context(), Mem, false); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "written.txt")); err != nil {
		t.Errorf("allowed and not written: %v", err)
	}
}

// Names and texts of any encoding come through. With LC_ALL=C Ruby itself cannot
// join such a folder and such a name.
func TestEncodings(t *testing.T) {
	const name = "na\u00efve\tname"
	dir := files(t, map[string]string{
		"caf\u00e9 app/app.rb":              "2.times { require_relative 'lib/' + ENV['PART'] }\nraise \"z\u00fcrich\\n\\xff \".b if ENV['FAIL']",
		"caf\u00e9 app/lib/plain.rb":        "",
		"caf\u00e9 app/lib/" + name + ".rb": "",
	})
	for _, c := range []struct{ locale, part string }{{"C", "plain"}, {"C.UTF-8", name}} {
		cfg := Config{Dir: filepath.Join(dir, "caf\u00e9 app"), Environ: append(os.Environ(), "LC_ALL="+c.locale, "PART="+c.part)}
		rec, err := session(t, cfg).Boot(t.Context(), Mem, true)
		if err != nil || names(rec) != "app.rb "+c.part {
			t.Errorf("%s: %v %q", c.locale, err, names(rec))
		}
		cfg.Environ = append(cfg.Environ, "FAIL=1")
		_, err = session(t, cfg).Boot(t.Context(), Retained, false)
		if err == nil || !strings.Contains(err.Error(), "RuntimeError (app.rb:2): z\u00fcrich") {
			t.Errorf("%s: %v", c.locale, err)
		}
	}
}

// The scratch folder is gone afterwards.
func TestScratchIsRemoved(t *testing.T) {
	s, err := Open(Config{Dir: files(t, map[string]string{"app.rb": "File.write(File.join(ENV['TMPDIR'], 'x'), '1')"}), Require: []string{"app"}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Boot(t.Context(), Plain, false); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.scratch); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
