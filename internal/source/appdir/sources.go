package appdir

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"culprit/internal/app"
	"culprit/internal/source/appdir/rubytext"
)

// skipped are folders that hold no code of the app that production runs.
var skipped = []string{
	"node_modules", ".git", ".bundle", "tmp", "log", "public", "coverage", "storage",
	"spec", "test", "features", "sorbet", ".github", ".circleci", "doc", "docs",
	"vendor/bundle", "vendor/cache", "vendor/gems", "vendor/ruby", "vendor/assets", "vendor/javascript", "app/assets", "app/javascript",
	"db/migrate", "db/structure",
}

// blanker finds comments in a file.
type blanker func([]byte) (code, bare []byte)

// kindOf tells what sort of source a file is, "" for none.
func kindOf(name string) (string, blanker) {
	base := path.Base(name)
	switch ext := path.Ext(base); {
	case strings.HasPrefix(base, "Dockerfile"), strings.HasPrefix(base, "Procfile"), strings.HasPrefix(base, ".env"):
		return "config", rubytext.BlankHash
	case slices.Contains([]string{".rb", ".rake", ".ru", ".jbuilder", ".builder", ".rabl", ".arb", ".prawn", ".axlsx", ".ruby", ".thor"}, ext),
		base == "Rakefile", base == "Gemfile", base == "gems.rb":
		return "ruby", rubytext.Blank
	case ext == ".erb":
		return "template", rubytext.BlankERB
	case ext == ".haml":
		return "template", func(b []byte) ([]byte, []byte) { return rubytext.BlankIndented(b, "-#") }
	case ext == ".slim":
		return "template", func(b []byte) ([]byte, []byte) { return rubytext.BlankIndented(b, "/") }
	case slices.Contains([]string{".yml", ".yaml", ".conf", ".toml", ".service", ".sh", ".ini"}, ext):
		return "config", rubytext.BlankHash
	}
	return "", nil
}

// sources reads the app's own code.
func (r *reader) sources(ctx context.Context) {
	var total int64
	whole, ruby := true, false
	err := fs.WalkDir(r.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			whole = false
			r.warn("%s: %v", name, err)
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			if slices.Contains(skipped, name) || slices.Contains(skipped, path.Base(name)) && inTop(name) {
				return fs.SkipDir
			}
			return ctx.Err()
		}
		kind, blank := kindOf(name)
		if d.Type()&fs.ModeSymlink != 0 && mayBeCode(name, kind) {
			whole = false
			r.warn("%s is a link and was not followed", name)
		}
		if kind == "" || !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err != nil || info.Size() > largest || len(r.a.Sources) >= r.opt.MaxFiles || total+info.Size() > r.opt.MaxBytes {
			if kind != "config" {
				whole = false
				r.warn("%s was not read: it, or all of it together, is too large", name)
			}
			return nil
		}
		text, err := fs.ReadFile(r.root.FS(), name)
		if err != nil {
			whole = whole && kind == "config"
			r.warn("%s: %v", name, err)
			return nil
		}
		total += int64(len(text))
		ruby = ruby || kind != "config" && name != "Gemfile" && name != "gems.rb"
		r.a.Sources = append(r.a.Sources, makeSource(name, kind, text, blank))
		return nil
	})
	if err != nil {
		whole = false
		r.warn("reading the app's code: %v", err)
	}
	r.a.CodeRead = whole && ruby
	const most = 8
	if n := len(r.a.Warnings); n > most+1 {
		r.a.Warnings = r.a.Warnings[:most]
		r.warn("and %d warnings more on files", n-most)
	}
}

// mayBeCode tells whether a link can lead to code of the app: to a file of Ruby, or
// to a folder.
func mayBeCode(name, kind string) bool {
	if slices.Contains(skipped, name) || slices.Contains(skipped, path.Base(name)) && inTop(name) {
		return false
	}
	return kind == "ruby" || kind == "template" || kind == "" && path.Ext(name) == ""
}

// inTop tells whether a folder of a name to skip stands where frameworks put it,
// and is not one of the app's own of the same name, as app/models/test.
func inTop(name string) bool {
	return strings.Count(name, "/") == 0 || strings.HasPrefix(path.Base(name), ".") || path.Base(name) == "node_modules"
}

func makeSource(name, kind string, text []byte, blank blanker) app.Source {
	code, bare := blank(text)
	s := app.Source{Path: name, Kind: kind, Raw: lines(text), Code: lines(code)}
	if bytes.Equal(code, bare) {
		s.Bare = s.Code
	} else {
		s.Bare = lines(bare)
	}
	return s
}

func lines(text []byte) []string {
	s := strings.TrimSuffix(strings.ToValidUTF8(strings.ReplaceAll(string(text), "\r\n", "\n"), "\ufffd"), "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}
