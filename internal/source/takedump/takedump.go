// Package takedump is the door to a live Ruby that is to write a dump of its heap.
//
// It owns what of a process tells how it can be asked, the asking, and waiting for
// the file. It refuses to send a signal that a process could die of: it asks only
// where the process has said that it listens, or through rbtrace, which the process
// has loaded itself.
package takedump

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"culprit"
)

// Target is a process and what it can be asked.
type Target struct {
	PID    int
	Ruby   bool   // libruby or a ruby executable is mapped
	Folder string // that it runs in
	// Dumps is the folder that the snippet writes to, seen from here.
	Dumps string
	// Listens: the snippet is loaded, and the signal is handled.
	Listens bool
	// Rbtrace is loaded in the process; RbtraceHere is its command on this machine.
	Rbtrace     bool
	RbtraceHere string
	// Rdbg is the address of an open debugger (debug gem), "" none.
	Rdbg    string
	Threads int
	RSS     culprit.Bytes // Unknown when not told
	Free    culprit.Bytes // on the disk of Dumps, Unknown when not told
}

// Marker is the file by which the snippet says that it is loaded.
const Marker = "culprit-dump.on"

// Snippet is what an app adds to be able to dump from a fork later. SIGCONT does
// nothing to a process that does not handle it (signal(7)), so that asking the wrong
// one is harmless; Puma, Unicorn, Sidekiq and rbtrace leave it alone.
const Snippet = `# config/initializers/culprit_dump.rb
dumps = ENV.fetch("CULPRIT_DUMP_DIR") { File.join(Dir.pwd, "tmp") }
File.write(File.join(dumps, "` + Marker + `"), "SIGCONT\n")
trap("CONT") do
  Thread.new do
    child = fork do
      require "objspace"
      name = File.join(dumps, "culprit-heap-#{Process.ppid}-#{Time.now.to_i}.json")
      File.open("#{name}.part", File::CREAT | File::EXCL | File::WRONLY, 0o600) do |f|
        ObjectSpace.dump_all(output: f)
      end
      File.rename("#{name}.part", name)
    ensure
      exit!(0)
    end
    Process.detach(child)
  end
end
`

// Code is what a process is told to run where it can be told anything: the same as
// the snippet does, once, to a file of this name.
func Code(file string) string {
	return `child = fork { begin; require %q{objspace}; File.open(%q{` + file + `.part}, File::CREAT|File::EXCL|File::WRONLY, 0600) { |f| ObjectSpace.dump_all(output: f) }; ` +
		`File.rename(%q{` + file + `.part}, %q{` + file + `}); ensure; exit!(0); end }; Process.detach(child)`
}

// ErrGone means that there is no such process.
var ErrGone = errors.New("no such process")

// Look tells what a process can be asked, from outside: root is the folder of the
// processes, "/proc".
func Look(root string, pid int) (Target, error) {
	t := Target{PID: pid, RSS: culprit.Unknown, Free: culprit.Unknown}
	dir := filepath.Join(root, strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if errors.Is(err, os.ErrNotExist) {
		return t, fmt.Errorf("pid %d: %w", pid, ErrGone)
	}
	if err != nil {
		return t, fmt.Errorf("pid %d: %w", pid, err)
	}
	caught := t.status(string(status))
	if err := t.maps(filepath.Join(dir, "maps")); err != nil {
		return t, fmt.Errorf("pid %d: %w; hint: run as the same user, or as root", pid, err)
	}
	if t.Folder, err = os.Readlink(filepath.Join(dir, "cwd")); err != nil {
		return t, fmt.Errorf("pid %d: %w; hint: run as the same user, or as root", pid, err)
	}
	environ, _ := os.ReadFile(filepath.Join(dir, "environ")) // then without
	t.environ(string(environ))
	if t.Dumps == "" {
		t.Dumps = filepath.Join(t.Folder, "tmp")
	}
	if _, err := os.Stat(filepath.Join(t.Dumps, Marker)); err == nil && caught {
		t.Listens = true
	}
	var fs syscall.Statfs_t
	if syscall.Statfs(t.Dumps, &fs) == nil {
		t.Free = culprit.Bytes(fs.Bavail) * culprit.Bytes(fs.Bsize)
	}
	return t, nil
}

// sigcont is the bit of SIGCONT in SigCgt.
const sigcont = 1 << (18 - 1)

// status reads threads, memory, and whether SIGCONT is handled.
func (t *Target) status(text string) (caught bool) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimSpace(value)
		switch key {
		case "Threads":
			t.Threads, _ = strconv.Atoi(value)
		case "VmRSS":
			if kb, err := strconv.ParseInt(strings.TrimSuffix(value, " kB"), 10, 64); err == nil {
				t.RSS = culprit.Bytes(kb << 10)
			}
		case "SigCgt":
			n, err := strconv.ParseUint(value, 16, 64)
			caught = err == nil && n&sigcont != 0
		}
	}
	return caught
}

var rubyFile = regexp.MustCompile(`/(libruby[^/]*\.so[^/]*|ruby[0-9.]*)$`)

func (t *Target) maps(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		_, file, ok := strings.Cut(line, "/")
		if !ok {
			continue
		}
		file = "/" + strings.TrimSpace(file)
		t.Ruby = t.Ruby || rubyFile.MatchString(file)
		t.Rbtrace = t.Rbtrace || strings.HasSuffix(file, "/rbtrace.so")
	}
	return nil
}

func (t *Target) environ(text string) {
	for v := range strings.SplitSeq(text, "\x00") {
		key, value, _ := strings.Cut(v, "=")
		switch key {
		case "CULPRIT_DUMP_DIR":
			t.Dumps = value
		case "RUBY_DEBUG_PORT", "RUBY_DEBUG_SOCK_PATH":
			t.Rdbg = value
		}
	}
}

// Room is how much a dump may take: allocation traces make it some three times what
// the process holds, and a hash of texts can be more. It is an upper end.
func (t Target) Room() culprit.Bytes {
	const times = 3
	if t.RSS == culprit.Unknown {
		return culprit.Unknown
	}
	return times * t.RSS
}
