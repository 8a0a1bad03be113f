// Package rubies finds the Rubies that tests run on: the one of this machine and
// those that scripts/setup-rubies.sh has made, each in a small system of its own.
//
// It owns how a program is started in such a system: under the pid that was
// started, in this pid namespace, with the files of the test at the same paths,
// and with mounts that end with it. It refuses to install anything, and to let a
// test pass on fewer Rubies than were asked for: what is missing is a failure.
package rubies

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Wanted is the environment variable with the versions that All gives beside this
// machine's own: "2.7 3.3". Unset, it is all that setup-rubies.sh can make.
const Wanted = "CULPRIT_RUBY_VERSIONS"

// known are the versions and the folders that setup-rubies.sh keeps them in.
func known() map[string]string {
	return map[string]string{"2.7": "bullseye", "3.3": "trixie", "3.4": "experimental"}
}

// Ruby is an interpreter with the gems of its system.
type Ruby struct {
	Version string // "2.7.4"
	Root    string // the folder of its system, "" for this machine's own
}

// All gives this machine's Ruby and the wanted ones, oldest version first. One
// that is missing, or is not what its folder says, fails the test.
func All(t testing.TB) []Ruby {
	t.Helper()
	home := os.Getenv("CULPRIT_RUBIES")
	if home == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		home = filepath.Join(cache, "culprit", "rubies")
	}
	if os.Geteuid() != 0 {
		t.Fatal("other Rubies are started with chroot: run the tests with the tag rubies as root")
	}
	list := []Ruby{open(t, "", "")}
	for _, version := range wanted(t) {
		list = append(list, open(t, filepath.Join(home, known()[version]), version+"."))
	}
	slices.SortFunc(list, func(a, b Ruby) int { return strings.Compare(a.Version, b.Version) })
	return list
}

func wanted(t testing.TB) []string {
	t.Helper()
	var list []string
	text, set := os.LookupEnv(Wanted)
	for version := range known() {
		if !set {
			list = append(list, version)
		}
	}
	for version := range strings.FieldsSeq(text) {
		if known()[version] == "" {
			t.Fatalf("%s names %s; there are 2.7, 3.3 and 3.4", Wanted, version)
		}
		list = append(list, version)
	}
	return list
}

// open asks a Ruby for its version, which has to begin as expected.
func open(t testing.TB, root, expected string) Ruby {
	t.Helper()
	if root != "" {
		if _, err := os.Stat(root); err != nil {
			t.Fatalf("no Ruby %s: %v; hint: make setup-rubies RUBIES=%s", strings.TrimSuffix(expected, "."), err, strings.TrimSuffix(expected, "."))
		}
	}
	r := Ruby{Root: root}
	out, err := r.Command(t.Context(), "/", "-e", "print RUBY_VERSION").Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("Ruby in %q: %v\n%s", root, err, exit.Stderr)
		}
		t.Fatalf("Ruby in %q: %v; hint: make setup", root, err)
	}
	r.Version = string(out)
	if !strings.HasPrefix(r.Version, expected) {
		t.Fatalf("Ruby in %s is %s, want %s", root, r.Version, expected)
	}
	return r
}

// Command is a call of this Ruby in dir. It sees dir and the folder for temporary
// files at the same paths as the test does. The process that Start starts becomes
// Ruby.
func (r Ruby) Command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	call := []string{"ruby"}
	if r.Root != "" {
		call = r.call(dir)
	}
	call = append(call, args...)
	cmd := exec.CommandContext(ctx, call[0], call[1:]...)
	cmd.Dir = dir
	return cmd
}

// Wrapper writes a program that is this Ruby for a tool that takes the path of
// one. It is named ruby, in a folder of its own which can stand in PATH. Inside,
// the folder for temporary files and binds, absolute folders, are at their paths.
func (r Ruby) Wrapper(t testing.TB, binds ...string) string {
	t.Helper()
	call := []string{"ruby"}
	if r.Root != "" {
		call = r.call(binds...)
	}
	path, err := exec.LookPath(call[0])
	if err == nil {
		call[0], err = filepath.Abs(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, word := range call {
		call[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	file := filepath.Join(t.TempDir(), "ruby")
	if err := os.WriteFile(file, []byte("#!/bin/sh\nexec "+strings.Join(call, " ")+` "$@"`+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// enter makes a system the root of this process, which then becomes its Ruby.
// Its arguments: the system, folders that it shares with this one, "--", and what
// Ruby is told. The caller has given it mounts of its own.
const enter = `set -e
root=$1
shift
while [ "$1" != -- ]; do
  mkdir -p "$root$1"
  mount --rbind "$1" "$root$1"
  shift
done
shift
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec chroot "$root" /bin/sh -c 'cd "$0" && exec ruby "$@"' "$PWD" "$@"`

// call begins a command line; the arguments for Ruby follow.
func (r Ruby) call(binds ...string) []string {
	shared := append([]string{"/proc", "/dev", os.TempDir()}, binds...)
	shared = slices.DeleteFunc(shared, func(dir string) bool { return dir == "" || dir == "/" })
	head := []string{"unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", enter, "sh", r.Root}
	return append(append(head, shared...), "--")
}

// Rerun runs the tests of the package that calls it again for each Ruby, which stands
// first in PATH. Those whose names begin with TestEveryRuby are left out; flags choose
// among the others.
func Rerun(t *testing.T, flags ...string) {
	for _, r := range All(t) {
		t.Run(r.Version, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], append([]string{"-test.skip=^TestEveryRuby", "-test.timeout=10m"}, flags...)...)
			cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(r.Wrapper(t))+string(filepath.ListSeparator)+os.Getenv("PATH"))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
