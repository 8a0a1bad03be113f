package appdir_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/tools/txtar"

	"culprit/internal/app"
	"culprit/internal/source/appdir"
)

// unpack writes an archive of files into a new folder.
func unpack(t *testing.T, text []byte) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse(text).Files {
		write(t, dir, f.Name, string(f.Data))
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func shop(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/shop.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return unpack(t, text)
}

func read(t *testing.T, dir string, opt appdir.Options) *app.App {
	t.Helper()
	a, err := appdir.Read(t.Context(), dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// say writes settings one a line, so that a test reads like the files.
func say(list []app.Setting) string {
	var b strings.Builder
	for _, s := range list {
		dynamic := ""
		if s.Dynamic {
			dynamic = " (computed)"
		}
		fmt.Fprintf(&b, "%s:%d %s=%s%s\n", s.File, s.Line, s.Name, s.Value, dynamic)
	}
	return b.String()
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", what, got, want)
	}
}

func TestSettings(t *testing.T) {
	a := read(t, shop(t), appdir.Options{NoHistory: true})
	equal(t, "Ruby", say(a.Ruby), `
Gemfile.lock:0 ruby=3.1.2p20
.ruby-version:1 ruby=3.1.2
Dockerfile:1 ruby=3.1.2
Dockerfile:2 ruby=3.1.2`)
	equal(t, "environment", say(a.Env), `
.env.production:1 RUBY_GC_OLDMALLOC_LIMIT=1000000000000
Dockerfile:4 RAILS_ENV=production
Dockerfile:4 MALLOC_ARENA_MAX=2
Dockerfile:6 LD_PRELOAD=/usr/lib/libjemalloc.so.2
Procfile:1 WEB_CONCURRENCY=4
Procfile:1 RAILS_MAX_THREADS=5
app.json:1 WEB_CONCURRENCY=3
bin/docker-entrypoint:3 LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2
docker-compose.yml:4 RUBY_YJIT_ENABLE=1
docker-compose.yml:5 SECRET=x (computed)
docker-compose.yml:8 RUBY_GC_HEAP_GROWTH_FACTOR=1.1`)
	equal(t, "production", say(a.Production), `
config/application.rb:4 config.log_level=:info
config/application.rb:5 config.cache_store=:memory_store, { size: 64.megabytes }
config/environments/production.rb:2 config.eager_load=true
config/environments/production.rb:3 config.log_level=:debug
config/environments/production.rb:4 config.log_tags=[:request_id]
config/environments/production.rb:6 config.logger=ActiveSupport::TaggedLogging.new(Logger.new($stdout)) (computed)`)
	p := a.Puma
	equal(t, "puma", say([]app.Setting{*p.Workers, *p.ThreadsMin, *p.ThreadsMax, *p.Preload}), `
config/puma.rb:6 workers=2 (computed)
config/puma.rb:3 threads=5 (computed)
config/puma.rb:3 threads=5 (computed)
config/puma.rb:10 preload_app!=true`)
	if p.ForkWorker != nil || len(p.Unread) != 0 {
		t.Errorf("fork_worker %v, unread %v", p.ForkWorker, p.Unread)
	}
	if len(a.Warnings) != 0 {
		t.Errorf("warnings: %q", a.Warnings)
	}
}

func TestGroups(t *testing.T) {
	a := read(t, shop(t), appdir.Options{NoHistory: true})
	for gem, want := range map[string]string{
		"rails": "default", "puma": "default", "sidekiq": "default,jobs", "rspec-rails": "development,test", "byebug": "development,test",
		"rack-mini-profiler": "development", "more": "default", "maybe": "", "sometimes": "", "commented_out": "", "ancient": "",
	} {
		if got := strings.Join(a.Groups[gem], ","); got != want {
			t.Errorf("%s is in %q, want %q", gem, got, want)
		}
	}
}

func TestSources(t *testing.T) {
	a := read(t, shop(t), appdir.Options{NoHistory: true})
	var code []string
	for _, s := range a.Sources {
		if s.Kind == "config" {
			continue
		}
		code = append(code, s.Path)
		if strings.Contains(strings.Join(s.Bare, "\n"), "invalid_reason") {
			t.Errorf("%s: what is commented out, or a test, counts", s.Path)
		}
		if len(s.Raw) != len(s.Code) || len(s.Raw) != len(s.Bare) {
			t.Errorf("%s: %d, %d and %d lines", s.Path, len(s.Raw), len(s.Code), len(s.Bare))
		}
	}
	want := []string{
		"Gemfile", "app/controllers/areas_controller.rb", "app/models/test/a.rb", "app/views/areas/show.html.erb",
		"config/application.rb", "config/environments/production.rb", "config/puma.rb",
	}
	if !slices.Equal(code, want) || !a.CodeRead {
		t.Errorf("read %q (all: %v), want %q", code, a.CodeRead, want)
	}
}

// Puma's settings under logic: followed where it is clear, told where it is not.
func TestPumaLogic(t *testing.T) {
	for name, c := range map[string]struct{ file, workers, unread string }{
		"plain":              {"workers 3", "3", ""},
		"brackets":           {"workers(3)", "3", ""},
		"cores":              {"workers Concurrent.physical_processor_count", "(computed)", ""},
		"fetch":              {`workers ENV.fetch("WEB_CONCURRENCY", 4)`, "4(computed)", ""},
		"fetch as text":      {`workers ENV.fetch("WEB_CONCURRENCY", "4").to_i`, "4(computed)", ""},
		"no default":         {`workers ENV["WEB_CONCURRENCY"]`, "(computed)", ""},
		"only production":    {"if Rails.env.production?\n workers 3\nend", "3", ""},
		"not development":    {"unless rails_env == 'development'\n  workers 3\nend", "3", ""},
		"the other branch":   {"if env == \"development\"\n workers 0\nelse\n workers 5\nend", "5", ""},
		"who knows":          {"if big?\n workers 9\nend", "", "workers"},
		"trailing":           {"workers 9 if big?", "", "workers"},
		"Rails 7.1":          {"if ENV[\"RAILS_ENV\"] == \"production\"\n  require \"concurrent-ruby\"\n  worker_count = Integer(ENV.fetch(\"WEB_CONCURRENCY\") { Concurrent.physical_processor_count })\n  workers worker_count if worker_count > 1\nend", "", "workers"},
		"inside of a hook":   {"on_worker_boot do\n  workers = 3\nend\nworkers 2", "2", ""},
		"commented out":      {"# workers 3", "", ""},
		"string with a mark": {"bind \"tcp://0.0.0.0:#{ENV['PORT']}\"\nworkers 2", "2", ""},
	} {
		dir := t.TempDir()
		write(t, dir, "config/puma.rb", c.file+"\n")
		p := read(t, dir, appdir.Options{NoHistory: true}).Puma
		got, unread := "", ""
		if p.Workers != nil {
			got = p.Workers.Value
			if p.Workers.Dynamic {
				got += "(computed)"
			}
		}
		for _, s := range p.Unread {
			unread += s.Name
		}
		if got != c.workers || unread != c.unread {
			t.Errorf("%s: workers %q, unread %q; want %q, %q", name, got, unread, c.workers, c.unread)
		}
	}
}

// Nothing in the folder changes, nothing hangs, links out are not followed.
func TestOddFolder(t *testing.T) {
	dir := shop(t)
	secret := filepath.Join(t.TempDir(), "outside.rb")
	if err := os.WriteFile(secret, []byte("invalid_reason"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"app/out.rb": secret, "app/loop": "..", "lib": dir} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "app/pipe.rb"), 0o644); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "app/binary.rb", "\x00\xff\xfe\x01")
	write(t, dir, "app/latin.rb", "# caf\xe9\nx.y\n")
	before := tree(t, dir)
	a := read(t, dir, appdir.Options{})
	if after := tree(t, dir); after != before {
		t.Error("the folder changed")
	}
	for _, s := range a.Sources {
		if s.Path == "app/out.rb" || strings.HasPrefix(s.Path, "lib/") || strings.HasPrefix(s.Path, "app/loop") || s.Path == "app/pipe.rb" {
			t.Errorf("read %s", s.Path)
		}
	}
	if a.CodeRead {
		t.Error("all code read, with links that were not followed")
	}
	if len(a.Warnings) != 4 || !strings.Contains(a.Warnings[2], "lib is a link and was not followed") || !strings.Contains(a.Warnings[3], "when gems came into Gemfile.lock is not known") {
		t.Errorf("warnings %q", a.Warnings)
	}
}

// tree sums up a folder: names, sizes, contents, times.
func tree(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(h, path, info.Mode(), info.Size(), info.ModTime())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(h.Sum(nil))
}

func TestLimits(t *testing.T) {
	dir := shop(t)
	write(t, dir, "app/huge.rb", strings.Repeat("x = 1\n", 1<<20))
	a := read(t, dir, appdir.Options{NoHistory: true})
	if a.CodeRead || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "app/huge.rb was not read") {
		t.Errorf("all read: %v, warnings %q", a.CodeRead, a.Warnings)
	}
	if a := read(t, dir, appdir.Options{NoHistory: true, MaxFiles: 3}); a.CodeRead {
		t.Error("three files are all")
	}
	if _, err := appdir.Read(t.Context(), filepath.Join(dir, "none"), appdir.Options{}); err == nil || !strings.Contains(err.Error(), "hint:") {
		t.Error(err)
	}
	empty := read(t, t.TempDir(), appdir.Options{})
	if empty.CodeRead || empty.Lock != nil || len(empty.Warnings) != 0 {
		t.Errorf("an empty folder tells %+v", empty)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := appdir.Read(ctx, dir, appdir.Options{}); err == nil {
		t.Error("a cancelled read tells nothing of it")
	}
}

// History: versions with the dates on which they came in, along first parents.
func TestHistory(t *testing.T) {
	dir := t.TempDir()
	git := func(at string, args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_AUTHOR_DATE="+at, "GIT_COMMITTER_DATE="+at, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	lock := func(versions string) string {
		return "GEM\n  remote: https://gems.example/\n  specs:\n" + versions + "\nDEPENDENCIES\n  graphql\n"
	}
	commit := func(at, versions string) {
		t.Helper()
		write(t, dir, "app/Gemfile.lock", lock(versions))
		git(at, "add", "-A")
		git(at, "commit", "-qm", "bump")
	}
	git("", "init", "-q", "-b", "main")
	commit("2020-01-10T12:00:00Z", "    graphql (1.9.0)\n    rgeo (2.0.0)\n")
	commit("2020-04-09T12:00:00Z", "    graphql (1.10.6)\n    rgeo (2.0.0)\n")
	git("", "checkout", "-qb", "side")
	commit("2020-05-01T12:00:00Z", "    graphql (1.10.9)\n    rgeo (2.0.0)\n")
	git("", "checkout", "-q", "main")
	git("2020-05-14T12:00:00Z", "merge", "-q", "--no-ff", "-m", "merge", "side")
	commit("2020-06-01T12:00:00Z", "    graphql (1.10.9)\n    nokogiri (1.15.4-x86_64-linux)\n")
	// Platforms come and go; the gem stays.
	commit("2020-06-02T12:00:00Z", "    graphql (1.10.9)\n    nokogiri (1.15.4-arm64-darwin)\n    nokogiri (1.15.4-x86_64-linux)\n")
	commit("2020-06-03T12:00:00Z", "    graphql (1.10.9)\n    nokogiri (1.15.4-x86_64-linux)\n")

	arrived := func(a *app.App) (list []string) {
		for _, gem := range []string{"graphql", "rgeo", "nokogiri"} {
			for _, c := range a.History[gem] {
				list = append(list, gem+" "+c.Version+" "+c.At.Format("2006-01-02"))
			}
		}
		return list
	}
	got := arrived(read(t, filepath.Join(dir, "app"), appdir.Options{}))
	want := []string{
		"graphql 1.10.9 2020-05-14", "graphql 1.10.6 2020-04-09", "graphql 1.9.0 2020-01-10",
		"rgeo  2020-06-01", "rgeo 2.0.0 2020-01-10", "nokogiri 1.15.4 2020-06-01",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}

	// A shallow clone knows the last commits only: nothing seems to arrive at its cut.
	copied := filepath.Join(t.TempDir(), "shallow")
	git("", "clone", "-q", "--depth", "4", "file://"+dir, copied)
	a := read(t, filepath.Join(copied, "app"), appdir.Options{})
	if got, want := arrived(a), []string{"rgeo  2020-06-01", "nokogiri 1.15.4 2020-06-01"}; !slices.Equal(got, want) {
		t.Errorf("shallow: got %q\nwant %q", got, want)
	}
	if !slices.ContainsFunc(a.Warnings, func(w string) bool { return strings.Contains(w, "the clone is shallow") }) {
		t.Errorf("shallow: warnings %q", a.Warnings)
	}
}

// TestGroupsFollowed: where a gem is loaded is said only of what was followed.
func TestGroupsFollowed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "Gemfile", `source "https://gems.example"
gem "puma"
group(*%i[development test]) do
  gem "pry"
  eval_gemfile "Gemfile.more"
end
group :tools, :optional => true do
  gem "rubocop"
end
group :test do gem "rspec" end
gem "rails"
if RUBY_VERSION > "3" then gem "net-smtp" end
gem "pg"
gem "byebug", groups: %i[development test]
gem "dalli", group: :production
`)
	write(t, dir, "Gemfile.more", "gem \"faker\"\n")
	got := read(t, dir, appdir.Options{NoHistory: true}).Groups
	want := map[string][]string{
		"puma": {"default"}, "pry": {"development", "test"}, "faker": {"development", "test"}, "rubocop": {"tools"},
		"rails": {"default"}, "pg": {"default"}, "byebug": {"development", "test"}, "dalli": {"production"},
	}
	if !maps.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// TestBranches: only what production takes is a setting of it.
func TestBranches(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "Gemfile", "gem \"rails\"\n")
	write(t, dir, ".env.test", "MALLOC_ARENA_MAX=1\n")
	write(t, dir, ".env.example", "MALLOC_ARENA_MAX=1\n")
	write(t, dir, ".env.production", "MALLOC_ARENA_MAX=2\n")
	write(t, dir, "config/application.rb", `module Shop
  class Application < Rails::Application
    if Rails.env.production?
      config.aa = 1
    else
      config.aa = 2
    end
    if Rails.env.development?
      config.bb = 1
    else
      config.bb = 2
    end
    config.cc = if ENV["X"]
      1
    else
      2
    end
    config.dd = 4
  end
end
`)
	a := read(t, dir, appdir.Options{NoHistory: true})
	var got []string
	for _, s := range append(slices.Clone(a.Production), a.Env...) {
		got = append(got, fmt.Sprintf("%s %s %v", s.Name, s.Value, s.Dynamic))
	}
	want := []string{"config.aa 1 false", "config.bb 2 false", `config.cc if ENV["X"] true`, "config.dd 4 false", "MALLOC_ARENA_MAX 2 false"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// TestPipeForLock: a pipe is refused, its writer is not waited for.
func TestPipeForLock(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "Gemfile.lock"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := appdir.Read(t.Context(), dir, appdir.Options{}); err == nil || !strings.Contains(err.Error(), "it is no file") {
		t.Errorf("got %v", err)
	}
}
