package boottree

import (
	"regexp"
	"slices"
	"strings"

	"culprit"
)

// The names of what is no gem.
const (
	ofApp  = "app"
	ofRuby = "ruby"
)

// place is a folder and whose it is.
type place struct {
	dir    string // ends in a slash
	gem    string // "" when it is shared: the path says whose a file is
	lib    bool   // a load path, or the app's folder: names below it are features
	spec   bool   // it is a gem's
	shared bool
}

// places tell whose a file is: of the folders that it is in, the deepest.
type places struct {
	list  []place // deepest first
	specs []culprit.BootSpec
	ruby  string
}

func placesOf(rec culprit.BootRecording) places {
	p := places{specs: rec.Specs}
	p.ruby, _, _ = strings.Cut(rec.Ruby, " ")
	add := func(at place) {
		if at.dir = strings.TrimSuffix(at.dir, "/"); at.dir != "" {
			at.dir += "/"
			p.list = append(p.list, at)
		}
	}
	for _, s := range rec.Specs {
		if slices.Contains(s.Dirs, rec.App) {
			continue // an app that is a gem is the app
		}
		for k, dir := range s.Dirs {
			add(place{dir: dir, gem: s.Name, lib: k > 0, spec: true})
		}
	}
	for _, dir := range rec.RubyDirs {
		add(place{dir: dir, gem: ofRuby, lib: true})
	}
	for _, dir := range rec.SharedDirs {
		add(place{dir: dir, lib: true, shared: true})
	}
	add(place{dir: rec.App, gem: ofApp, lib: true})
	// A gem whose folder is one of Ruby's is told apart from it by nothing: Ruby
	// stands first there.
	slices.SortStableFunc(p.list, func(a, b place) int {
		if len(a.dir) != len(b.dir) {
			return len(b.dir) - len(a.dir)
		}
		switch {
		case a.spec == b.spec:
			return 0
		case b.spec:
			return -1
		}
		return 1
	})
	return p
}

// gem tells whose a file is; ok is false for a file that lies nowhere known.
func (p places) gem(file string) (name string, ok bool) {
	for _, at := range p.list {
		if rest, under := strings.CutPrefix(file, at.dir); under {
			if at.shared {
				return p.lodger(rest), true
			}
			return at.gem, true
		}
	}
	if m := gemFolder.FindStringSubmatch(file); m != nil {
		return m[1], true
	}
	// What has no slash is built into Ruby: "enumerator.so", "<internal:kernel>".
	if file != "" && (!strings.HasPrefix(file, "/") || strings.HasPrefix(file, "<internal:")) {
		return ofRuby, true
	}
	return "", false
}

// lodger tells whose a file in a shared folder is: of the gem whose name its path
// begins with, or of a library by the name of its first part.
func (p places) lodger(rest string) string {
	path := feature(rest)
	found := ""
	for _, s := range p.specs {
		for _, name := range []string{s.Name, strings.ReplaceAll(s.Name, "-", "/"), strings.ReplaceAll(s.Name, "-", "_")} {
			if (path == name || strings.HasPrefix(path, name+"/")) && len(s.Name) > len(found) {
				found = s.Name
			}
		}
	}
	if found != "" {
		return found
	}
	first, _, _ := strings.Cut(path, "/")
	if first == "rubygems" {
		return ofRuby
	}
	for _, s := range p.specs { // active_support of activesupport, concurrent of concurrent-ruby
		if bare := plain(s.Name); bare == plain(first) || bare == plain(first)+"ruby" || bare == "ruby"+plain(first) {
			return s.Name
		}
	}
	return first
}

func plain(name string) string { return strings.NewReplacer("-", "", "_", "").Replace(name) }

// gemFolder is how RubyGems lays a gem out: for a boot that ended before it could
// tell where its gems are.
var gemFolder = regexp.MustCompile(`/gems/([A-Za-z0-9._-]+?)-\d[^/]*/`)

// version is the version of a gem, "" for the app.
func (p places) version(gem string) string {
	if gem == ofRuby {
		return p.ruby
	}
	for _, s := range p.specs {
		if s.Name == gem {
			return s.Version
		}
	}
	return ""
}

// within is a path below a load path or the app's folder, without its ending; the
// path itself where it lies elsewhere.
func (p places) within(path string) string {
	for _, at := range p.list {
		if rest, ok := strings.CutPrefix(path, at.dir); ok && at.lib {
			return feature(rest)
		}
	}
	return feature(path)
}

// shown is a path as a reader wants it: below the app's folder, or after the name
// of its gem, or as it is.
func (p places) shown(path string) string {
	for _, at := range p.list {
		rest, ok := strings.CutPrefix(path, at.dir)
		if !ok || at.lib && at.gem != ofApp {
			continue
		}
		if at.gem == ofApp {
			return rest
		}
		return at.gem + "/" + rest
	}
	return path
}
