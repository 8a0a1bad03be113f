//go:build rubies

package rubies_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"culprit/internal/lab/rubies"
)

// output runs a command and returns what it says.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complaint.Bytes())
	}
	return string(out)
}

func TestEachAnswers(t *testing.T) {
	mounts := mounted(t)
	for _, r := range rubies.All(t) {
		t.Run(r.Version, func(t *testing.T) {
			dir := t.TempDir()
			for code, want := range map[string]string{
				`print RUBY_VERSION`: r.Version,
				`require "bundler"; print Bundler::VERSION.to_i > 1`:  "true",
				`print File.read("/proc/self/smaps_rollup")[/^Pss:/]`: "Pss:",
				`print Dir.pwd`:                       dir,
				`File.write("made", "here"); print 1`: "1",
				`require "active_record"; require "sqlite3"; print defined?(SQLite3)`:    "constant",
				`require "rails/all"; require "nokogiri"; print defined?(Rails.version)`: "method",
			} {
				if got := output(t, r.Command(t.Context(), dir, "-e", code)); got != want {
					t.Errorf("%s: %q, want %q", code, got, want)
				}
			}
			if text, err := os.ReadFile(filepath.Join(dir, "made")); err != nil || string(text) != "here" {
				t.Errorf("what it wrote is not here: %q, %v", text, err)
			}
		})
	}
	if now := mounted(t); now != mounts {
		t.Errorf("mounts are left:\n%s", now)
	}
}

// mounted lists what is mounted on this machine.
func mounted(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestWrapperBecomesRuby holds what tools that measure a process rely on: the pid
// that they started is Ruby's, wires beyond the first three pass, arguments and
// paths arrive as they are.
func TestWrapperBecomesRuby(t *testing.T) {
	for _, r := range rubies.All(t) {
		t.Run(r.Version, func(t *testing.T) {
			app := here(t)
			dir := filepath.Join(t.TempDir(), "it's here")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			wire, err := os.Create(filepath.Join(dir, "wire"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := wire.Close(); err != nil {
					t.Error(err)
				}
			}()
			cmd := exec.Command(r.Wrapper(t, app, dir), "-e", `IO.for_fd(3).syswrite([$$, Dir.pwd, *ARGV].join("|")); print File.foreach(ARGV[1]).first`,
				"two words; $HOME 'x'", filepath.Join(app, "rubies_test.go"))
			cmd.Dir, cmd.ExtraFiles = dir, []*os.File{wire}
			if got := output(t, cmd); got != "//go:build rubies\n" {
				t.Errorf("a file of the app: %q", got)
			}
			told, err := os.ReadFile(wire.Name())
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Join([]string{strconv.Itoa(cmd.Process.Pid), dir, "two words; $HOME 'x'", filepath.Join(app, "rubies_test.go")}, "|")
			if string(told) != want {
				t.Errorf("told %s, want %s", told, want)
			}
			bad := exec.Command(r.Wrapper(t), "-e", "exit 7")
			if err := bad.Run(); err == nil || bad.ProcessState.ExitCode() != 7 {
				t.Errorf("exit 7 came as %v", err)
			}
		})
	}
}

func here(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
