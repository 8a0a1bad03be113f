// Package bootvictim_test boots the apps of this folder with culprit, and the
// Rails one beside derailed_benchmarks.
package bootvictim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"culprit"
)

const mb = 1_000_000

// tool builds culprit where anybody may run it.
func tool(t testing.TB) string {
	t.Helper()
	for _, need := range []string{"ruby", "bundle", "derailed"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Fatalf("%s is missing: run make setup", need)
		}
	}
	dir := open(t)
	path := filepath.Join(dir, "culprit")
	if out, err := exec.Command("go", "build", "-o", path, "../../cmd/culprit").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// open makes a temporary folder that anybody may look into.
func open(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "bootvictim-") //nolint:usetesting // t.TempDir is for its owner only
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// app copies an app, with more lines in its Gemfile, and has Bundler lock it.
func app(t testing.TB, name, gemfile string) string {
	t.Helper()
	dir := filepath.Join(open(t), name)
	if err := os.CopyFS(dir, os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "Gemfile")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return dir
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, gemfile...), 0o644); err != nil {
		t.Fatal(err)
	}
	lock := exec.Command("bundle", "lock", "--local")
	lock.Dir = dir
	if out, err := lock.CombinedOutput(); err != nil {
		t.Fatalf("bundle lock: %v\n%s", err, out)
	}
	return dir
}

// run runs culprit and returns what it printed and its exit code.
func run(t testing.TB, change func(*exec.Cmd), tool string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(tool, args...)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	if change != nil {
		change(cmd)
	}
	var exit *exec.ExitError
	if e := cmd.Run(); e != nil && !errors.As(e, &exit) {
		t.Fatal(e)
	}
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

// measured boots and reads the report.
func measured(t testing.TB, change func(*exec.Cmd), tool string, args ...string) culprit.Boot {
	t.Helper()
	out, complaint, code := run(t, change, tool, append([]string{"boot"}, append(args, "--json")...)...)
	var b culprit.Boot
	if err := json.Unmarshal([]byte(out), &b); err != nil || code != 0 {
		t.Fatalf("%v, exit %d\n%s", err, code, complaint)
	}
	return b
}

// loadRailsFirst has the bundle do what derailed does by itself. In a bundle that
// does so already, derailed shows nothing for Rails: the second require of a name
// takes the place of the first.
func loadRailsFirst(t testing.TB, gemfile string) {
	t.Helper()
	text, err := os.ReadFile(gemfile)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte(`gem "railties"`), []byte(`gem "railties", require: "rails/all"`), 1)
	if err := os.WriteFile(gemfile, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
