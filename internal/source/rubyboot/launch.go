package rubyboot

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"culprit"
)

// child is a boot under way.
type child struct {
	cmd    *exec.Cmd
	events *os.File // what the prelude writes, read after the end
	status *os.File // one word a line, see watch
	let    *os.File // a byte lets it go on
	heap   *os.File // the heap dump, nil in other modes
	output *tail
	limit  time.Duration
	mode   Mode

	before, after culprit.BootPages
	held          string // what the kernel holds it back from
	pid           int
	snapshot      snapshot // of the app's folder, where the kernel does not guard it
	objects       chan dumped
}

// separator keeps words of a list apart in one argument.
const separator = "\x1f"

// launch starts the prelude. Descriptors 3 to 6 are its wires.
func (s *Session) launch(mode Mode, fork bool) (_ *child, err error) {
	c := &child{output: &tail{most: 8 << 10}, limit: s.cfg.Timeout, mode: mode, before: unknownPages(), after: unknownPages()}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.events, err = os.CreateTemp(s.scratch, "events-"); err != nil {
		return nil, err
	}
	statusOut, err := c.pipes(mode)
	if err != nil {
		return nil, err
	}
	defer statusOut.close()
	c.cmd = exec.Command(s.ruby, s.arguments(mode, fork)...) //nolint:gosec // running the app's Ruby is the purpose
	c.cmd.Dir = s.app
	c.cmd.Env = s.environment(mode)
	c.cmd.Stdout, c.cmd.Stderr = c.output, c.output
	c.cmd.ExtraFiles = append([]*os.File{c.events}, statusOut...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a group of its own, and no terminal
	c.cmd.WaitDelay = 2 * time.Second                      // for output of processes that it left behind
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting Ruby: %w; hint: --ruby takes the path of a Ruby interpreter", err)
	}
	return c, nil
}

// ends are our copies of the child's ends of the pipes.
type ends []*os.File

func (e ends) close() {
	for _, f := range e {
		_ = f.Close()
	}
}

// pipes opens the wires after the first and returns the child's ends in order.
func (c *child) pipes(mode Mode) (ends, error) {
	var theirs ends
	var err error
	var w, r *os.File
	if c.status, w, err = os.Pipe(); err != nil {
		return nil, err
	}
	theirs = append(theirs, w)
	if r, c.let, err = os.Pipe(); err != nil {
		theirs.close()
		return nil, err
	}
	theirs = append(theirs, r)
	if mode != Retained {
		return theirs, nil
	}
	if c.heap, w, err = os.Pipe(); err != nil {
		theirs.close()
		return nil, err
	}
	return append(theirs, w), nil
}

// close gives back what the child took.
func (c *child) close() {
	for _, f := range []*os.File{c.events, c.status, c.let, c.heap} {
		if f != nil {
			_ = f.Close() // read to the end, or given up
		}
	}
	if c.events != nil {
		_ = os.Remove(c.events.Name())
	}
}

func (s *Session) arguments(mode Mode, fork bool) []string {
	list := func(parts []string) string { return strings.Join(parts, separator) }
	yes := func(on bool) string {
		if on {
			return "yes"
		}
		return "no"
	}
	args := []string{
		filepath.Join(s.scratch, "prelude", "main.rb"),
		"mode=" + string(mode), "app=" + s.app, "scratch=" + s.scratch, "page=" + strconv.Itoa(os.Getpagesize()),
		"entry=" + s.entry.kind, "gemfile=" + yes(s.gemfile != ""), "fork=" + yes(fork),
		"allow_connect=" + list(s.cfg.AllowConnect), "allow_write=" + list(s.cfg.AllowWrite),
	}
	if s.cfg.Unguarded {
		args = append(args, "guard=off")
	}
	switch s.entry.kind {
	case "groups":
		args = append(args, "groups="+list(s.entry.parts))
	case "requires":
		args = append(args, "requires="+list(s.entry.parts))
	}
	return args
}

// environment is the app's, with what keeps it from writing, and a secret where
// it has none: a production app that has none does not boot.
func (s *Session) environment(mode Mode) []string {
	drop := map[string]bool{
		// Rails 7.1 answers it by writing a secret into the app's tmp/.
		"SECRET_KEY_BASE_DUMMY": true,
		"RUBYOPT":               true, "BUNDLE_BIN_PATH": true, "PWD": true,
	}
	set := map[string]string{
		"RAILS_ENV": s.cfg.Env, "RACK_ENV": s.cfg.Env,
		"TMPDIR":             filepath.Join(s.scratch, "tmp"),
		"BOOTSNAP_CACHE_DIR": filepath.Join(s.scratch, "bootsnap"),
		"DISABLE_SPRING":     "1",
		"PWD":                s.app,
	}
	for name, value := range map[string]string{"RAILS_LOG_TO_STDOUT": "1", "SECRET_KEY_BASE": strings.Repeat("culprit0", 16)} {
		if s.getenv(name) == "" {
			set[name] = value
		}
	}
	if s.gemfile != "" {
		set["BUNDLE_GEMFILE"] = s.gemfile
	}
	if mode == Allocated || mode == Retained {
		set["DISABLE_BOOTSNAP_COMPILE_CACHE"] = "1" // what it loads would count as its own
	}
	if opt := withoutSetup(s.getenv("RUBYOPT")); opt != "" {
		set["RUBYOPT"] = opt
	}
	var env []string
	for _, kv := range s.cfg.Environ {
		name, _, _ := strings.Cut(kv, "=")
		if _, ours := set[name]; !ours && !drop[name] {
			env = append(env, kv)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) { // in the same order each time: it lies in the memory that is measured
		env = append(env, name+"="+set[name])
	}
	return env
}

// withoutSetup drops what bundle exec puts into RUBYOPT: the bundle would be
// loaded before the measurement begins.
func withoutSetup(opt string) string {
	var kept []string
	for word := range strings.FieldsSeq(opt) {
		if !strings.HasPrefix(word, "-r") || !strings.HasSuffix(word, "bundler/setup") {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}

// tail keeps the end of an endless output and counts the rest. It never blocks
// its writer.
type tail struct {
	most  int
	mu    sync.Mutex
	text  []byte
	bug   string // the line by which Ruby tells that it has crashed; pages follow it
	total int64
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += int64(len(p))
	if i := bytes.Index(p, []byte("[BUG] ")); i >= 0 && t.bug == "" {
		line, _, _ := bytes.Cut(p[i:], []byte("\n"))
		t.bug = strings.ToValidUTF8(string(line[:min(len(line), 300)]), "?")
	}
	t.text = append(t.text, p[max(0, len(p)-t.most):]...)
	if extra := len(t.text) - t.most; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(p), nil
}

// last returns the last lines, at most n.
func (t *tail) last(n int) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bug != "" {
		return []string{t.bug}
	}
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(t.text), "?")), "\n")
	if lines[0] == "" {
		return nil
	}
	return lines[max(0, len(lines)-n):]
}
