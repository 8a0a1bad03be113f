// Package gemcheck holds known causes of growing memory against what an app's
// folder tells. It is study: for each finding it says whether this app can meet
// it, with the lines that show it.
//
// It owns the form of a finding (docs/format/finding.md), its conditions with
// three values, and the verdict applies, not reachable, cannot tell. It refuses
// to read files, to fetch, and to say that a gem ate the memory: that takes
// evidence of the calls.
package gemcheck

import "time"

// Document is one finding of the knowledge base, as docs/format/finding.md has it.
type Document struct {
	ID        string     `yaml:"id"`
	Title     string     `yaml:"title"`
	Subject   string     `yaml:"subject"`
	Kind      string     `yaml:"kind"`
	Affected  []string   `yaml:"affected"`
	Fixed     string     `yaml:"fixed"`
	Platforms string     `yaml:"platforms"`
	Condition *Condition `yaml:"condition"`
	Cost      *Cost      `yaml:"cost"`
	Evidence  []Source   `yaml:"evidence"`
	Checked   time.Time  `yaml:"-"`
	Advice    string     `yaml:"advice"`
	Cases     Cases      `yaml:"cases"`
	Text      string     `yaml:"-"` // the body, Markdown

	// except are requirements of versions that are not affected, where a foreign
	// list says it that way round.
	except []string
}

// Condition is when a problem can be met at all.
type Condition struct {
	Says string `yaml:"says"`
	When Expr   `yaml:"when"`
}

// Cost is what it takes each time.
type Cost struct {
	Bytes  [2]int64 `yaml:"bytes"`
	Per    string   `yaml:"per"`
	Source string   `yaml:"source"`
}

// Source is an address and what it says.
type Source struct {
	URL  string `yaml:"url"`
	Says string `yaml:"says"`
}

// Cases are the tests that a document brings along.
type Cases struct {
	Affected   []string   `yaml:"affected"`
	Fixed      []string   `yaml:"fixed"`
	Unaffected []string   `yaml:"unaffected"`
	Code       []CodeCase `yaml:"code"`
}

// CodeCase is an app in miniature with the verdict that it must get.
type CodeCase struct {
	Verdict  string            `yaml:"verdict"`
	Files    map[string]string `yaml:"files"`
	Lock     map[string]string `yaml:"lock"`
	Platform string            `yaml:"platform"`
}

// Expr is a condition: exactly one member is set.
type Expr struct {
	All        []Expr      `yaml:"all"`
	Any        []Expr      `yaml:"any"`
	Not        *Expr       `yaml:"not"`
	Calls      Names       `yaml:"calls"`
	Constant   string      `yaml:"constant"`
	Code       *CodeProbe  `yaml:"code"`
	Gem        *GemProbe   `yaml:"gem"`
	Groups     *GroupProbe `yaml:"groups"`
	Ruby       string      `yaml:"ruby"`
	Env        *EnvProbe   `yaml:"env"`
	Production *ValueProbe `yaml:"production"`
	Puma       *PumaProbe  `yaml:"puma"`
	Platform   string      `yaml:"platform"`
	Process    string      `yaml:"process"`
	Mistaken   string      `yaml:"mistaken"`
}

// Names is one name or a list of them.
type Names []string

// UnmarshalYAML takes one name or a list.
func (n *Names) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if err := unmarshal(&one); err == nil {
		*n = Names{one}
		return nil
	}
	var list []string
	if err := unmarshal(&list); err != nil {
		return err
	}
	*n = list
	return nil
}

// CodeProbe looks for lines of code.
type CodeProbe struct {
	Match string `yaml:"match"`
	In    Names  `yaml:"in"`
}

// GemProbe looks for another gem in the lock.
type GemProbe struct {
	Name    string `yaml:"name"`
	Version string `yaml:"version"`
}

// GroupProbe looks at the groups of the Gemfile.
type GroupProbe struct {
	Only []string `yaml:"only"`
}

// EnvProbe looks at an environment variable.
type EnvProbe struct {
	Name  string `yaml:"name"`
	Set   *bool  `yaml:"set"`
	Match string `yaml:"match"`
}

// ValueProbe looks at a setting by name.
type ValueProbe struct {
	Name  string `yaml:"name"`
	Match string `yaml:"match"`
}

// PumaProbe looks at config/puma.rb.
type PumaProbe struct {
	Workers    string `yaml:"workers"` // a comparison: ">= 2"
	Threads    string `yaml:"threads"`
	Preload    *bool  `yaml:"preload"`
	ForkWorker *bool  `yaml:"fork_worker"`
}
