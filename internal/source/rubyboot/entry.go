package rubyboot

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// entry is what a boot loads.
type entry struct {
	kind  string // as the prelude has it: "groups", "requires", "rails", "rack"
	words string // as a reader has it
	parts []string
}

func folder(dir string) (string, error) {
	abs, err := filepath.Abs(firstOf(dir, "."))
	if err != nil {
		return "", err
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return "", fmt.Errorf("%w; hint: name the app's folder", err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%s is no folder; hint: name the app's folder", dir)
	}
	return abs, nil
}

// findRuby looks where a shell in the app's folder would.
func (s *Session) findRuby() (string, error) {
	name := firstOf(s.cfg.Ruby, "ruby")
	if strings.ContainsRune(name, filepath.Separator) {
		abs, err := filepath.Abs(name)
		if err != nil {
			return "", err
		}
		if _, err := exec.LookPath(abs); err != nil {
			return "", fmt.Errorf("%w; hint: --ruby takes the path of a Ruby interpreter", err)
		}
		return abs, nil
	}
	for dir := range strings.SplitSeq(s.getenv("PATH"), string(filepath.ListSeparator)) {
		path := filepath.Join(dir, name)
		if _, err := exec.LookPath(path); filepath.IsAbs(path) && err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no %s on PATH; hint: run culprit where the app runs, or name its interpreter with --ruby PATH", name)
}

// findGemfile gives the one of the environment, or of the folder.
func (s *Session) findGemfile() (string, error) {
	if named := s.getenv("BUNDLE_GEMFILE"); named != "" {
		if !filepath.IsAbs(named) {
			named = filepath.Join(s.app, named)
		}
		if _, err := os.Stat(named); err != nil {
			return "", fmt.Errorf("BUNDLE_GEMFILE: %w; hint: unset it, or name a Gemfile that is there", err)
		}
		return named, nil
	}
	for _, name := range []string{"Gemfile", "gems.rb"} {
		path := filepath.Join(s.app, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return "", nil
}

func (s *Session) findEntry() (entry, error) {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(s.app, filepath.FromSlash(name)))
		return err == nil
	}
	switch {
	case s.cfg.App && has("config/environment.rb"):
		return entry{kind: "rails", words: "config/environment, eager loaded"}, nil
	case s.cfg.App && has("config.ru"):
		return entry{kind: "rack", words: "config.ru"}, nil
	case s.cfg.App:
		return entry{}, fmt.Errorf("%s has neither config/environment.rb nor config.ru; hint: name what boots it with --require FILE", s.app)
	case len(s.cfg.Require) > 0:
		return s.files()
	case s.gemfile == "":
		return entry{}, fmt.Errorf("%s has no Gemfile; hint: --app boots config/environment.rb or config.ru, --require FILE a file", s.app)
	}
	groups := s.cfg.Groups
	if len(groups) == 0 {
		groups = []string{"default", s.cfg.Env}
	}
	noun := "groups "
	if len(groups) == 1 {
		noun = "group "
	}
	return entry{kind: "groups", words: noun + strings.Join(groups, ", "), parts: groups}, nil
}

// files are features for the load path, or paths within the app.
func (s *Session) files() (entry, error) {
	e := entry{kind: "requires", words: strings.Join(s.cfg.Require, ", ")}
	for _, name := range s.cfg.Require {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.app, path)
		}
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			e.parts = append(e.parts, path)
			continue
		}
		if _, err := os.Stat(path + ".rb"); err == nil {
			e.parts = append(e.parts, path+".rb")
			continue
		}
		if filepath.IsAbs(name) || strings.HasPrefix(name, ".") {
			return e, fmt.Errorf("--require %s: no such file in %s; hint: a path is taken from the app's folder, a feature from the load path", name, s.app)
		}
		e.parts = append(e.parts, name)
	}
	return e, nil
}
