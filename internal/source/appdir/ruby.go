package appdir

import (
	"regexp"
	"strings"

	"culprit/internal/app"
)

var (
	rubyInGemfile = regexp.MustCompile(`^\s*ruby[\s(]+["']([^"']+)["']`)
	rubyFile      = regexp.MustCompile(`^\s*ruby[\s(]+file:\s*["']([^"']+)["']`)
	rubyTool      = regexp.MustCompile(`^\s*ruby\s*=?\s*["']?([0-9][^"'\s]*)`)
	rubyImage     = regexp.MustCompile(`(?i)^\s*FROM\s+(?:\S+/)?ruby:([0-9][0-9.]*)`)
	rubyArg       = regexp.MustCompile(`(?i)^\s*ARG\s+RUBY_VERSION=["']?([0-9][0-9.]*)`)
)

// ruby finds every place that names the version of Ruby, the most binding first:
// the lockfile is already there.
func (r *reader) ruby() {
	take := func(value, file string, line int, text string) {
		value = strings.TrimPrefix(strings.TrimSpace(value), "ruby-")
		r.a.Ruby = append(r.a.Ruby, app.Setting{Name: "ruby", Value: value, File: file, Line: line, Text: strings.TrimSpace(text)})
	}
	if text := strings.TrimSpace(r.text(".ruby-version")); text != "" {
		first, _, _ := strings.Cut(text, "\n")
		take(first, ".ruby-version", 1, first)
	}
	for _, name := range []string{".tool-versions", "mise.toml", ".mise.toml"} {
		r.find(name, rubyTool, take)
	}
	for _, name := range []string{"Gemfile", "gems.rb"} {
		if s := r.source(name); s != nil {
			for i, line := range s.Code {
				// "~> 3.1" is a range and no version.
				if m := rubyInGemfile.FindStringSubmatch(line); m != nil && m[1] != "" && m[1][0] >= '0' && m[1][0] <= '9' {
					take(m[1], name, i+1, line)
				}
				if m := rubyFile.FindStringSubmatch(line); m != nil && m[1] != ".ruby-version" {
					first, _, _ := strings.Cut(r.text(m[1]), "\n")
					if first != "" {
						take(first, m[1], 1, first)
					}
				}
			}
		}
	}
	for _, name := range r.list("Dockerfile*", "docker/Dockerfile*") {
		r.find(name, rubyArg, take)
		r.find(name, rubyImage, take)
	}
}

func (r *reader) find(name string, re *regexp.Regexp, take func(value, file string, line int, text string)) {
	for i, line := range strings.Split(r.text(name), "\n") {
		if m := re.FindStringSubmatch(line); m != nil {
			take(m[1], name, i+1, line)
		}
	}
}
