//go:build e2e

package bootvictim_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"culprit"
)

func gem(t *testing.T, b culprit.Boot, name string) culprit.BootGem {
	t.Helper()
	for _, g := range b.Gems {
		if g.Name == name {
			return g
		}
	}
	t.Fatalf("no gem %s", name)
	return culprit.BootGem{}
}

func near(t *testing.T, what string, got culprit.Bytes, want, within float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > want*within {
		t.Errorf("%s: %d bytes, want %.0f within %.0f %%", what, int64(got), want, within*100)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			m[path] = "folder"
			return err
		}
		text, err := os.ReadFile(path)
		m[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func unchanged(t *testing.T, before, after map[string]string) {
	t.Helper()
	for path, text := range after {
		if was, ok := before[path]; !ok || was != text {
			t.Errorf("%s was written", path)
		}
	}
	if len(after) < len(before) {
		t.Errorf("%d files, %d before", len(after), len(before))
	}
}

func TestHeavyGemIsNamedFirstWithItsBytes(t *testing.T) {
	culprit := tool(t)
	dir := app(t, "rails", "")
	before := contents(t, dir)
	for _, whole := range []bool{true, false} {
		args := []string{"mem", dir}
		if whole {
			args = append(args, "--app")
		}
		b := measured(t, nil, culprit, args...)
		if b.Gems[0].Name != "heavy" || b.Gems[0].Version != "0.1.0" {
			t.Errorf("first is %+v", b.Gems[0])
		}
		near(t, "heavy", b.Gems[0].Bytes, 30*mb, 0.05)
		near(t, "medium", gem(t, b, "medium").Bytes, 8*mb, 0.05)
		if whole {
			near(t, "the app", gem(t, b, "app").Bytes, 6*mb, 0.15)
		}
		if slices.ContainsFunc(b.Gems, func(g cg) bool { return g.Name == "debugging" }) {
			t.Error("a gem of development was loaded")
		}
		if b.Coverage < 0.98 || b.Coverage > 1.02 {
			t.Errorf("coverage %f", b.Coverage)
		}
		if len(b.Runs) != 5 {
			t.Fatalf("%d runs", len(b.Runs))
		}
		for _, r := range b.Runs {
			near(t, "a run", r.TotalBytes, float64(b.TotalBytes), 0.02)
		}
		if b.Fork == nil || b.Fork.PreloadSavesBytes < 40*mb || b.Fork.PreloadSavesBytes > b.TotalBytes {
			t.Errorf("%+v", b.Fork)
		}
		t.Logf("app %t: %d bytes, runs %v, %.0f ms, %.2f times a plain boot", whole, b.TotalBytes, b.Runs, b.TimeMS, b.Overhead)
	}
	unchanged(t, before, contents(t, dir))
}

func TestObjectsOfTheHeavyGem(t *testing.T) {
	culprit := tool(t)
	b := measured(t, nil, culprit, "objects", "--app", "--runs", "2", app(t, "rails", ""))
	if b.Gems[0].Name != "heavy" || !strings.HasPrefix(b.Locations[0].Key, "heavy/lib/heavy.rb:5") {
		t.Errorf("first are %+v, %+v", b.Gems[0], b.Locations[0])
	}
	near(t, "heavy", b.Gems[0].RetainedBytes, 30*mb, 0.05)
	near(t, "medium", gem(t, b, "medium").RetainedBytes, 8*mb, 0.05)
	near(t, "light", gem(t, b, "light").RetainedBytes, 2*mb, 0.05)
	near(t, "the app", gem(t, b, "app").RetainedBytes, 6*mb, 0.05)
	if b.AllocatedObjects <= b.RetainedObjects || b.AllocatedBytes <= b.RetainedBytes || b.RetainedObjects <= 0 {
		t.Errorf("%d of %d objects, %d of %d bytes", b.RetainedObjects, b.AllocatedObjects, b.RetainedBytes, b.AllocatedBytes)
	}
	if b.Coverage < 0.98 || b.Coverage > 1.0001 {
		t.Errorf("coverage %f", b.Coverage)
	}
}

// TestBesideDerailed boots the same bundle with derailed: the gems that weigh
// come in the same order, with the same bytes. derailed loads Rails first, so the
// bundle does here, and it loads itself, which is in the bundle too.
func TestBesideDerailed(t *testing.T) {
	culprit := tool(t)
	dir := app(t, "rails", "\ngem \"derailed_benchmarks\"\n")
	peer := exec.Command("bundle", "exec", "derailed", "bundle:mem", "production")
	peer.Dir = dir
	peer.Env = append(os.Environ(), "RAILS_ENV=production", "CUT_OFF=0.05")
	out, err := peer.Output()
	if err != nil {
		t.Fatal(err)
	}
	loadRailsFirst(t, filepath.Join(dir, "Gemfile"))
	theirs := map[string]float64{}
	var order []string
	for _, m := range regexp.MustCompile(`(?m)^  (\S+): ([\d.]+) MiB`).FindAllStringSubmatch(string(out), -1) {
		mib, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		theirs[m[1]] = mib * (1 << 20)
		order = append(order, m[1])
	}
	b := measured(t, nil, culprit, "mem", dir)
	ours := map[string]cb{}
	var ourOrder []string
	const noise = 3 * mb // of what both see, the smallest that is told apart for sure
	for _, n := range b.Tree {
		ours[n.Name] = n.TotalBytes
		if _, known := theirs[n.Name]; known && n.TotalBytes > noise {
			ourOrder = append(ourOrder, n.Name)
		}
	}
	order = slices.DeleteFunc(order, func(name string) bool { _, known := ours[name]; return !known || theirs[name] < noise })
	t.Logf("derailed:\n%s", out)
	for _, name := range order {
		t.Logf("%-20s derailed %5.1f MB, culprit %5.1f MB", name, theirs[name]/mb, float64(ours[name])/mb)
	}
	if !slices.Equal(order, ourOrder) || len(order) < 4 || order[0] != "heavy" {
		t.Errorf("derailed %v, culprit %v", order, ourOrder)
	}
	for _, name := range []string{"heavy", "medium"} {
		near(t, name+" beside derailed", ours[name], theirs[name], 0.05)
	}
}

type (
	cb = culprit.Bytes
	cg = culprit.BootGem
)

// Nothing is written into the app, and nothing needs to be: its folder may be
// somebody else's.
func TestFolderOfSomebodyElse(t *testing.T) {
	culprit := tool(t)
	dir := app(t, "rails", "")
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o555)
		}
		return os.Chmod(path, 0o444)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // so that it can be removed
		_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error { return os.Chmod(path, 0o755) })
	})
	scratch := open(t)
	if err := os.Chmod(scratch, 0o1777); err != nil {
		t.Fatal(err)
	}
	stranger := func(cmd *exec.Cmd) {
		cmd.Env = append(os.Environ(), "TMPDIR="+scratch, "HOME=/nonexistent")
		cmd.Dir = "/"
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
	}
	for _, mode := range []string{"mem", "objects"} {
		b := measured(t, stranger, culprit, mode, "--app", "--runs", "1", dir)
		if b.Gems[0].Name != "heavy" {
			t.Errorf("%s: first is %+v", mode, b.Gems[0])
		}
		for _, w := range b.Warnings {
			if strings.Contains(w, "kernel") {
				t.Error(w)
			}
		}
	}
	left, err := os.ReadDir(scratch)
	if err != nil || len(left) != 0 {
		t.Errorf("%v, left behind: %v", err, left)
	}
}

// In development Rails would write a secret, and a log.
func TestDevelopmentIsNotWrittenTo(t *testing.T) {
	culprit := tool(t)
	dir := app(t, "rails", "")
	before := contents(t, dir)
	b := measured(t, nil, culprit, "mem", "--app", "--env", "development", "--runs", "1", dir)
	if b.Env != "development" || gem(t, b, "debugging").Bytes < 49*mb {
		t.Errorf("%s: %+v", b.Env, b.Gems[0])
	}
	near(t, "the app, eager loaded in development too", gem(t, b, "app").Bytes, 6*mb, 0.15)
	unchanged(t, before, contents(t, dir))
}

// A bundle without a lock is resolved in memory.
func TestNoLock(t *testing.T) {
	culprit := tool(t)
	dir := app(t, "rails", "")
	if err := os.Remove(filepath.Join(dir, "Gemfile.lock")); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	b := measured(t, nil, culprit, "mem", "--runs", "1", dir)
	if b.Gems[0].Name != "heavy" || !slices.ContainsFunc(b.Warnings, func(w string) bool { return strings.Contains(w, "lockfile") }) {
		t.Errorf("%+v %v", b.Gems[0], b.Warnings)
	}
	unchanged(t, before, contents(t, dir))
}

func TestRack(t *testing.T) {
	culprit := tool(t)
	b := measured(t, nil, culprit, "mem", "--app", "--runs", "3", app(t, "rack", ""))
	if b.Gems[0].Name != "app" || b.Entry != "config.ru" {
		t.Errorf("%s: first is %+v", b.Entry, b.Gems[0])
	}
	near(t, "the app", b.Gems[0].Bytes, 5*mb, 0.05)
}

func TestBudget(t *testing.T) {
	culprit := tool(t)
	dir := app(t, "rails", "")
	baseline := filepath.Join(open(t), "main.json")
	out, _, _ := run(t, nil, culprit, "boot", "mem", "--runs", "3", "--json", dir)
	if err := os.WriteFile(baseline, []byte(out), 0o644); err != nil {
		t.Fatal(err)
	}
	out, complaint, code := run(t, nil, culprit, "boot", "mem", "--runs", "3", "--baseline", baseline, "--budget", "2MB", dir)
	if code != 0 || !strings.Contains(out, "WITHIN BUDGET") {
		t.Errorf("exit %d\n%s%s", code, out, complaint)
	}
	table := filepath.Join(dir, "gems/medium/lib/medium/table.rb")
	if err := os.WriteFile(table, []byte("MORE = Array.new(400) { |i| (65 + i % 26).chr * 40_000 }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, complaint, code = run(t, nil, culprit, "boot", "mem", "--runs", "3", "--baseline", baseline, "--budget", "2MB", dir)
	if code != 10 || !strings.Contains(out, "OVER BUDGET") || !strings.Contains(out, "most by medium +8") || !strings.Contains(complaint, "allowed are 2 MB") {
		t.Errorf("exit %d\n%s%s", code, out, complaint)
	}
}

// What cannot boot is explained, with the way out.
func TestAppsThatDoNotBoot(t *testing.T) {
	culprit := tool(t)
	for name, c := range map[string]struct {
		args  []string
		wants []string
	}{
		"needsdb": {[]string{"--app"}, []string{"the app needs db.internal:5432 to boot (config/settings.rb:8)", "hint: ", "leaving out --app", "--allow-connect db.internal:5432"}},
		"hangs":   {[]string{"--require", "app.rb", "--timeout", "2s"}, []string{"did not end within 2s", "requiring lock (for app.rb), at lock.rb:4", "--timeout"}},
		"raises":  {[]string{"--require", "app.rb"}, []string{"KeyError (license.rb:3)", "LICENSE_KEY=..."}},
	} {
		out, complaint, code := run(t, nil, culprit, append([]string{"boot", "mem", app(t, name, "")}, c.args...)...)
		if code != 1 || out != "" {
			t.Errorf("%s: exit %d\n%s", name, code, out)
		}
		for _, want := range c.wants {
			if !strings.Contains(complaint, want) {
				t.Errorf("%s: no %q in %s", name, want, complaint)
			}
		}
	}
}

// What a Rails app of the kind that people have can lack.
func TestRailsThatDoesNotBoot(t *testing.T) {
	culprit := tool(t)
	for name, c := range map[string]struct {
		file, text string
		wants      []string
	}{
		"gem not installed": {"Gemfile", "gem \"no-such-gem-of-mine\"\n", []string{"Bundler::GemNotFound", "bundle install"}},
		"other Ruby":        {"Gemfile", "ruby \"2.6.1\"\n", []string{"Bundler::RubyVersionMismatch", "--ruby PATH"}},
		"broken Gemfile":    {"Gemfile", "gem (\n", []string{"Bundler::", "bundle check"}},
		"merge conflict":    {"Gemfile.lock", "<<<<<<< HEAD\n", []string{"Bundler::LockfileError", "merge conflict"}},
		"reads the database": {
			"config/initializers/settings.rb", "TITLES = Book.pluck(:title)\n",
			[]string{"the app needs ", "production.sqlite3 to boot (config/initializers/settings.rb:1)"},
		},
		"writes": {"config/initializers/cache.rb", "Rails.root.join('tmp').mkpath\n", []string{"Errno::EACCES (config/initializers/cache.rb:1)", "--allow-write"}},
		"raises": {"config/initializers/mail.rb", "Rails.application.config.x.mail.fetch(:host)\n", []string{"(config/initializers/mail.rb:1)"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := app(t, "rails", "")
			path := filepath.Join(dir, c.file)
			old, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, append(old, c.text...), 0o644)); err != nil {
				t.Fatal(err)
			}
			before := contents(t, dir)
			out, complaint, code := run(t, nil, culprit, "boot", "mem", "--app", dir)
			if code != 1 || out != "" {
				t.Errorf("exit %d\n%s", code, out)
			}
			for _, want := range c.wants {
				if !strings.Contains(complaint, want) {
					t.Errorf("no %q in %s", want, complaint)
				}
			}
			unchanged(t, before, contents(t, dir))
		})
	}
}
