package gems

import (
	"io"
	"strings"

	"culprit"
)

// SARIF writes g in the Static Analysis Results Interchange Format 2.1.0, which
// code hosts show beside the lines
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
// What is not reachable is suppressed with its reason, so that it can be seen and
// does not count.
func SARIF(w io.Writer, g culprit.Gems) error {
	run := sarifRun{Results: []sarifResult{}, ColumnKind: "utf16CodeUnits"}
	run.Tool.Driver = sarifDriver{
		Name: "culprit gems", Version: strings.TrimPrefix(g.Tool, "culprit "), Rules: []sarifRule{},
		InformationURI: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/",
	}
	rules := map[string]int{}
	for _, f := range g.Findings {
		i, known := rules[f.ID]
		if !known {
			i = len(rules)
			rules[f.ID] = i
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, ruleOf(f))
		}
		run.Results = append(run.Results, resultOf(f, i, g.Lockfile))
	}
	return encode(w, sarifLog{
		Version: "2.1.0", Schema: "https://json.schemastore.org/sarif-2.1.0.json", Runs: []sarifRun{run},
	})
}

func ruleOf(f culprit.GemFinding) sarifRule {
	help := []string{f.Advice}
	for _, e := range f.Evidence {
		if e.URL != "" {
			help = append(help, e.URL+": "+e.Text)
		}
	}
	return sarifRule{
		ID: f.ID, ShortDescription: sarifText{f.Title}, FullDescription: sarifText{or(f.Condition, f.Title)},
		Help: sarifText{strings.Join(help, "\n")}, Properties: map[string]any{"tags": []string{"memory", f.Kind}},
	}
}

func resultOf(f culprit.GemFinding, rule int, lock string) sarifResult {
	r := sarifResult{RuleID: f.ID, RuleIndex: rule, Kind: "fail", Level: "warning", Locations: []sarifLocation{}}
	switch f.Verdict {
	case culprit.CannotTell:
		r.Kind, r.Level = "review", "none"
	case culprit.NotReachable:
		r.Suppressions = []sarifSuppression{{Kind: "external", Status: "accepted", Justification: f.Because}}
	case culprit.Applies:
	}
	r.Message = sarifText{strings.TrimSpace(f.Gem+" "+f.Version) + ": " + f.Title + ". " + f.Because + ". " + f.Advice}
	for _, e := range f.Evidence {
		if e.File != "" {
			r.Locations = append(r.Locations, locationOf(e.File, e.Line))
		}
	}
	if len(r.Locations) == 0 && lock != "" {
		r.Locations = append(r.Locations, locationOf(lock, 1))
	}
	return r
}

func locationOf(file string, line int) sarifLocation {
	var l sarifLocation
	l.Physical.Artifact.URI = strings.ReplaceAll(file, " ", "%20")
	l.Physical.Region.StartLine = max(line, 1)
	return l
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifLog struct {
	Version string     `json:"version"`
	Schema  string     `json:"$schema"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	Results    []sarifResult `json:"results"`
	ColumnKind string        `json:"columnKind"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string         `json:"id"`
	ShortDescription sarifText      `json:"shortDescription"`
	FullDescription  sarifText      `json:"fullDescription"`
	Help             sarifText      `json:"help"`
	Properties       map[string]any `json:"properties"`
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Kind         string             `json:"kind"`
	Level        string             `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			StartLine int `json:"startLine"`
		} `json:"region"`
	} `json:"physicalLocation"`
}
