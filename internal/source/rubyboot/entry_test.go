package rubyboot

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOpenRefuses(t *testing.T) {
	dir := files(t, map[string]string{"notes.txt": "", "lib/a.rb": ""})
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"no folder":    {Config{Dir: filepath.Join(dir, "gone")}, "no such file"},
		"a file":       {Config{Dir: filepath.Join(dir, "notes.txt")}, "is no folder; hint: "},
		"no Gemfile":   {Config{Dir: dir}, "has no Gemfile; hint: --app"},
		"no app":       {Config{Dir: dir, App: true}, "neither config/environment.rb nor config.ru; hint: "},
		"no such file": {Config{Dir: dir, Require: []string{"./b"}}, "--require ./b: no such file"},
		"no Ruby":      {Config{Dir: dir, Ruby: "./ruby", Require: []string{"json"}}, "no such file"},
		"no such Ruby": {Config{Dir: dir, Ruby: "ruby-of-nobody", Require: []string{"json"}}, "no ruby-of-nobody on PATH; hint: "},
		"Gemfile gone": {Config{Dir: dir, Environ: append(os.Environ(), "BUNDLE_GEMFILE=gone")}, "BUNDLE_GEMFILE"},
		"empty PATH":   {Config{Dir: dir, Environ: []string{"PATH="}, Require: []string{"json"}}, "no ruby on PATH; hint: "},
	} {
		s, err := Open(c.cfg)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s: opened", name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEntries(t *testing.T) {
	rails := files(t, map[string]string{"config/environment.rb": "", "config.ru": "", "Gemfile": "", "lib/a.rb": ""})
	rack := files(t, map[string]string{"config.ru": "", "gems.rb": ""})
	for name, c := range map[string]struct {
		cfg     Config
		kind    string
		words   string
		gemfile string
	}{
		"groups":    {Config{Dir: rails}, "groups", "groups default, production", rails + "/Gemfile"},
		"its env":   {Config{Dir: rails, Env: "staging"}, "groups", "groups default, staging", rails + "/Gemfile"},
		"one group": {Config{Dir: rails, Groups: []string{"worker"}}, "groups", "group worker", rails + "/Gemfile"},
		"rails":     {Config{Dir: rails, App: true}, "rails", "config/environment, eager loaded", rails + "/Gemfile"},
		"rack":      {Config{Dir: rack, App: true}, "rack", "config.ru", rack + "/gems.rb"},
		"files":     {Config{Dir: rails, Require: []string{"lib/a", "json"}}, "requires", "lib/a, json", rails + "/Gemfile"},
	} {
		c.cfg.Environ = []string{"PATH=" + os.Getenv("PATH")}
		s, err := Open(c.cfg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.entry.kind != c.kind || s.entry.words != c.words || s.gemfile != c.gemfile {
			t.Errorf("%s: %+v, Gemfile %s", name, s.entry, s.gemfile)
		}
		if c.kind == "requires" && !slices.Equal(s.entry.parts, []string{rails + "/lib/a.rb", "json"}) {
			t.Errorf("%s: %v", name, s.entry.parts)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Something that is no Ruby says so, and so does a Ruby that cannot run.
func TestOtherInterpreters(t *testing.T) {
	dir := files(t, map[string]string{"app.rb": ""})
	script := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct{ text, want string }{
		"no Ruby":  {"echo what is this file >&2; exit 1", "ended with status 1 before it could load anything; its last words: what is this file"},
		"JRuby":    {`printf 'V\t9.4\tjava\tjruby\n' >&3`, "this is jruby"},
		"silent":   {"sleep 60", "did not end within"},
		"wrapped":  {`exec ruby "$@"`, ""},
		"not exec": {`ruby "$@"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			limit := time.Minute
			if name == "silent" {
				limit = 300 * time.Millisecond
			}
			s := session(t, Config{Dir: dir, Ruby: script(strings.ReplaceAll(name, " ", "-"), c.text), Timeout: limit})
			rec, err := s.Boot(t.Context(), Mem, false)
			if c.want == "" {
				if err != nil || rec.Before.RSS <= 5_000_000 || rec.After.RSS < rec.Before.RSS {
					t.Errorf("%v %+v %+v", err, rec.Before, rec.After)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Error(err)
			}
		})
	}
}
