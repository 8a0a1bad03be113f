package gemcheck

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"culprit/internal/bundle"
)

// fence opens and closes the head of a document.
const fence = "---\n"

var identifier = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Kinds are what a finding can be, the gravest first.
func Kinds() []string {
	return []string{"retention", "native_leak", "ruby_bug", "agent_buffers", "bloat", "configuration"}
}

// settings are subjects that have no version: what files of the app set.
func settings() []string {
	return []string{"puma-config", "rails-config", "glibc", "jemalloc", "app"}
}

// Parse reads a document; name is its file, "rgeo-invalid-reason.md". Whatever
// the contract (docs/format/finding.md) does not allow is an error.
func Parse(name string, text []byte) (Document, error) {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(text, []byte(fence))
	head, body, closed := bytes.Cut(rest, []byte("\n"+fence))
	if !ok || !closed {
		return Document{}, fmt.Errorf("%s: no head between two lines of ---", name)
	}
	var raw struct {
		Document `yaml:",inline"`
		Checked  string `yaml:"checked"`
	}
	if err := yaml.UnmarshalWithOptions(head, &raw, yaml.Strict()); err != nil {
		return Document{}, fmt.Errorf("%s: %w", name, err)
	}
	d := raw.Document
	d.Text = strings.TrimSpace(string(body))
	checked, err := time.Parse(time.DateOnly, raw.Checked)
	if err != nil {
		return Document{}, fmt.Errorf("%s: checked: %q is not a date like 2026-11-27", name, raw.Checked)
	}
	d.Checked = checked
	if err := d.valid(strings.TrimSuffix(path.Base(name), ".md")); err != nil {
		return Document{}, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// Load reads all documents of a folder: *.md in our form, *.yml and *.yaml in
// the form of ruby-mem-advisory-db. Two with one id are an error.
func Load(files fs.FS) ([]Document, error) {
	var docs []Document
	seen := map[string]string{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		parse := Parse
		switch path.Ext(name) {
		case ".md":
			if path.Base(name) == "README.md" {
				return nil
			}
		case ".yml", ".yaml":
			parse = ParseAdvisory
		default:
			return nil
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		doc, err := parse(name, text)
		if err != nil {
			return err
		}
		if other := seen[doc.ID]; other != "" {
			return fmt.Errorf("%s: its id %s is that of %s too", name, doc.ID, other)
		}
		seen[doc.ID] = name
		docs = append(docs, doc)
		return nil
	})
	return docs, err
}

// Merge puts own documents beside the others; the same id replaces.
func Merge(docs, own []Document) []Document {
	out := slices.DeleteFunc(slices.Clone(docs), func(d Document) bool {
		return slices.ContainsFunc(own, func(o Document) bool { return o.ID == d.ID })
	})
	return append(out, own...)
}

// valid holds a document against the contract.
func (d *Document) valid(id string) error {
	var problems []error
	say := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if d.ID != id || !identifier.MatchString(d.ID) {
		say("id: %q must be the file's name: lower case, digits, dashes", d.ID)
	}
	if d.Title == "" || len(d.Title) > 80 || strings.Contains(d.Title, "\n") {
		say("title: one line of at most 80 characters")
	}
	if d.Subject == "" {
		say("subject: missing")
	}
	if !slices.Contains(Kinds(), d.Kind) {
		say("kind: %q is none of %s", d.Kind, strings.Join(Kinds(), ", "))
	}
	if d.Advice == "" || d.Text == "" {
		say("advice and text: both must say something")
	}
	if len(d.Evidence) == 0 {
		say("evidence: at least one")
	}
	for _, e := range d.Evidence {
		if !strings.HasPrefix(e.URL, "https://") && !strings.HasPrefix(e.URL, "http://") || e.Says == "" {
			say("evidence: %q needs an address and what it says", e.URL)
		}
	}
	if d.Platforms != "" && !slices.Contains([]string{"native", "java", "ruby"}, d.Platforms) {
		say("platforms: %q is none of native, java, ruby", d.Platforms)
	}
	problems = append(problems, d.validVersions()...)
	if d.Condition != nil {
		if d.Condition.Says == "" {
			say("condition: says is missing")
		}
		problems = append(problems, d.Condition.When.valid("condition.when"))
	}
	if c := d.Cost; c != nil {
		if c.Bytes[0] < 0 || c.Bytes[1] < c.Bytes[0] || c.Source == "" || !slices.Contains(costUnits(), c.Per) {
			say("cost: bytes low to high, per one of %s, and a source", strings.Join(costUnits(), ", "))
		}
	}
	return errors.Join(problems...)
}

func costUnits() []string { return []string{"call", "request", "job", "process", "thread", "hour"} }

// Versioned tells whether the subject has versions.
func (d *Document) Versioned() bool { return !slices.Contains(settings(), d.Subject) }

func (d *Document) validVersions() (problems []error) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !d.Versioned() {
		if len(d.Affected) > 0 || d.Fixed != "" || len(d.Cases.Affected)+len(d.Cases.Fixed)+len(d.Cases.Unaffected) > 0 {
			say("affected, fixed: %s has no versions", d.Subject)
		}
		if d.Condition == nil {
			say("condition: %s has no versions, so it needs one", d.Subject)
		}
		return problems
	}
	for _, r := range d.Affected {
		if _, err := bundle.ParseRequirement(r); err != nil {
			say("affected: %w", err)
		}
	}
	lists := [][]string{d.Cases.Affected, d.Cases.Fixed, d.Cases.Unaffected}
	if d.Fixed != "" {
		lists = append(lists, []string{d.Fixed})
	}
	for _, list := range lists {
		for _, v := range list {
			if _, err := bundle.ParseVersion(v); err != nil {
				say("version: %w", err)
			}
		}
	}
	return problems
}

// advisory is an entry of https://github.com/rubymem/ruby-mem-advisory-db.
type advisory struct {
	Gem         string   `yaml:"gem"`
	URL         string   `yaml:"url"`
	Title       string   `yaml:"title"`
	Date        string   `yaml:"date"`
	Description string   `yaml:"description"`
	Leaky       []string `yaml:"leaky_versions"`
	Unaffected  []string `yaml:"unaffected_versions"`
	Patched     []string `yaml:"patched_versions"`
}

// ParseAdvisory reads an entry in the form of ruby-mem-advisory-db, so that
// private lists in that form can be used. Such an entry knows no condition: it
// is taken as one that nobody can judge from outside.
func ParseAdvisory(name string, text []byte) (Document, error) {
	var a advisory
	if err := yaml.Unmarshal(text, &a); err != nil {
		return Document{}, fmt.Errorf("%s: %w", name, err)
	}
	if a.Gem == "" || a.Title == "" {
		return Document{}, fmt.Errorf("%s: an advisory needs gem and title", name)
	}
	base := strings.ToLower(strings.TrimSuffix(path.Base(name), path.Ext(name)))
	id := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(a.Gem)+"-"+base, "-"), "-")
	d := Document{
		ID: id, Title: cut(strings.Join(strings.Fields(a.Title), " "), 80), Subject: a.Gem, Kind: "retention",
		Condition: &Condition{Says: "the advisory does not say when it can be met", When: Expr{Process: "long"}},
		Evidence:  []Source{{URL: a.URL, Says: "the advisory"}}, Text: strings.TrimSpace(a.Description + "\n"),
		Advice: "Upgrade to a version that the advisory calls patched.",
	}
	if d.Text == "" {
		d.Text = a.Title
	}
	if len(a.Patched) > 0 {
		d.Advice = "Upgrade " + a.Gem + " to " + strings.Join(a.Patched, " or ") + "."
	}
	if t, err := time.Parse(time.DateOnly, a.Date); err == nil {
		d.Checked = t
	}
	d.Affected = a.Leaky
	if len(d.Affected) == 0 {
		d.except = slices.Concat(a.Unaffected, a.Patched)
	}
	for _, r := range slices.Concat(d.Affected, d.except) {
		if _, err := bundle.ParseRequirement(r); err != nil {
			return Document{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return d, nil
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-3]) + "..."
	}
	return s
}
