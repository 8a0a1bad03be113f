package verdict

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"culprit"
)

// What dumps of the heap have to show before they speak. Half is the majority: what
// is less than half of what stayed can be anybody's. Beneath a twentieth there is
// nothing of a suspect to speak of, and what others made has to be the majority then.
const (
	mostOfHeap = 0.5
	traceOf    = 0.05
)

// How dumps speak.
const (
	heapConfirms    = "confirms"
	heapContradicts = "contradicts"
	heapSilent      = "silent"
)

// HeapExhibit is what dumps of one process hold: groups of what stayed between them,
// of one dump of all objects.
type HeapExhibit struct {
	Dumps  []string
	Groups []culprit.HeapDiffGroup
	// Single is set for one dump: what it holds need not have grown.
	Single bool
	// Names tells the classes that the code of a suspect names, by the suspect's name;
	// empty when no code was given.
	Names map[string][]string
}

// Corroborate says whether dumps confirm or contradict the evidence against those
// who were named. It names nobody and acquits nobody: a dump shows what stayed, and
// not who asked for it.
func Corroborate(r culprit.Report, x HeapExhibit) *culprit.HeapEvidence {
	e := &culprit.HeapEvidence{Dumps: x.Dumps, Opinions: []culprit.HeapOpinion{}}
	for _, g := range x.Groups {
		e.Bytes += g.Bytes
	}
	traced := 0.0
	for _, g := range x.Groups {
		if g.Location != "" {
			traced += float64(g.Bytes)
		}
	}
	if e.Bytes > 0 {
		e.Traced = traced / float64(e.Bytes)
	}
	for _, s := range r.Suspects {
		if s.Finding == culprit.Convicted || s.Finding == culprit.Suspected {
			e.Opinions = append(e.Opinions, x.opinion(r, s, e))
		}
	}
	return e
}

func (x HeapExhibit) opinion(r culprit.Report, s culprit.Suspect, e *culprit.HeapEvidence) culprit.HeapOpinion {
	o := culprit.HeapOpinion{Suspect: s.Name, Finding: heapSilent}
	m := traitsOf(s.Name, x.Names[s.Name])
	var mine, others culprit.Bytes
	var own, first culprit.HeapDiffGroup
	for _, g := range x.Groups {
		switch {
		case m.fits(g):
			mine += g.Bytes
			if g.Bytes > own.Bytes {
				own = g
			}
		case g.Gem == "app":
			others += g.Bytes
			if g.Bytes > first.Bytes {
				first = g
			}
		}
	}
	if e.Bytes > 0 {
		o.Share = float64(mine) / float64(e.Bytes)
	}
	what := "of what stayed between the dumps"
	if x.Single {
		what = "of what the dump holds"
	}
	switch {
	case !m.known():
		o.Because = "its name does not tell which code it runs"
	case e.Bytes == 0:
		o.Because = "nothing stayed between the dumps"
	case o.Share >= mostOfHeap:
		o.Finding = heapConfirms
		o.Because = fmt.Sprintf("%.0f %% %s was made by its code or is of classes that its code names, most at %s", 100*o.Share, what, placeOf(own))
	case e.Traced < mostOfHeap && len(x.Names[s.Name]) == 0:
		o.Because = "allocations were not traced, so the dumps do not tell whose code made what stayed"
	case o.Share < traceOf && !x.Single && float64(others) >= mostOfHeap*float64(e.Bytes) && r.Verdict.Category == "bloat":
		o.Because = "what stayed was made elsewhere (" + placeOf(first) + "), and bloat leaves nothing on the heap"
	case o.Share < traceOf && !x.Single && float64(others) >= mostOfHeap*float64(e.Bytes):
		o.Finding = heapContradicts
		o.Because = fmt.Sprintf("%.0f %% %s was made by other code of the app, most at %s, and %.0f %% by its own", 100*float64(others)/float64(e.Bytes), what, placeOf(first), 100*o.Share)
	default:
		o.Because = fmt.Sprintf("%.0f %% %s is of its code: too little to confirm, and nobody else made most of it", 100*o.Share, what)
	}
	return o
}

func placeOf(g culprit.HeapDiffGroup) string {
	if g.Location == "" {
		return "a place that was not traced (" + g.Class + ")"
	}
	return g.Location + " (" + g.Class + ")"
}

// traits are how code of a suspect shows in a dump.
type traits struct {
	files   []string // ends of file names
	folders []string // parts of file names
	classes []string
}

func (t traits) known() bool { return len(t.files)+len(t.folders)+len(t.classes) > 0 }

func (t traits) fits(g culprit.HeapDiffGroup) bool {
	file, _, _ := strings.Cut(g.Location, ".rb:")
	if g.Location != "" {
		file += ".rb"
	}
	return g.Location != "" && slices.ContainsFunc(t.files, func(end string) bool { return strings.HasSuffix("/"+file, end) }) ||
		slices.ContainsFunc(t.folders, func(part string) bool { return strings.Contains("/"+g.Location, part) }) ||
		slices.ContainsFunc(t.classes, func(c string) bool { return g.Class == c || strings.HasPrefix(g.Class, c+"::") })
}

var (
	constantName = regexp.MustCompile(`^[A-Z]\w*(::[A-Z]\w*)*$`)
	capitals     = regexp.MustCompile(`([A-Z]+)([A-Z][a-z])|([a-z\d])([A-Z])`)
	plainSegment = regexp.MustCompile(`^[a-z][a-z_]*$`)
)

// traitsOf reads a suspect's name: Rails finds "Admin::OrdersController#export" in
// app/controllers/admin/orders_controller.rb and its views in app/views/admin/orders
// (https://guides.rubyonrails.org/autoloading_and_reloading_constants.html), a job
// under its own name. Of a path, only a controller of that name is asked for.
func traitsOf(name string, classes []string) traits {
	t := traits{classes: classes}
	class, _, _ := strings.Cut(name, "#")
	switch {
	case constantName.MatchString(class):
		file := underscore(class)
		t.files = append(t.files, "/"+file+".rb")
		if stem, ok := strings.CutSuffix(file, "_controller"); ok {
			t.folders = append(t.folders, "/app/views/"+stem+"/")
			t.files = append(t.files, "/app/helpers/"+stem+"_helper.rb")
		}
		t.classes = append(t.classes, class)
	case strings.Contains(name, " /"):
		_, route, _ := strings.Cut(name, " ")
		route, _, _ = strings.Cut(route, " ")
		for segment := range strings.SplitSeq(path.Clean(route), "/") {
			if plainSegment.MatchString(segment) {
				t.files = append(t.files, "/controllers/"+segment+"_controller.rb")
				t.folders = append(t.folders, "/app/views/"+segment+"/")
				break
			}
		}
	}
	return t
}

// underscore is the file that Rails looks for a constant in, without its end.
func underscore(constant string) string {
	var parts []string
	for c := range strings.SplitSeq(constant, "::") {
		parts = append(parts, strings.ToLower(capitals.ReplaceAllString(c, "${1}${3}_${2}${4}")))
	}
	return strings.Join(parts, "/")
}

// CodeFiles are the files of an app, relative to it, in which the code of a suspect
// may stand.
func CodeFiles(suspect string) []string {
	var list []string
	for _, end := range traitsOf(suspect, nil).files {
		for _, folder := range []string{"controllers", "jobs", "workers", "sidekiq", "mailers", "graphql"} {
			base := strings.TrimPrefix(strings.TrimPrefix(end, "/controllers"), "/")
			list = append(list, path.Join("app", folder, base))
		}
	}
	return list
}

// HeapNotes tells what dumps say, for readers.
func HeapNotes(e *culprit.HeapEvidence) []string {
	var list []string
	for _, o := range e.Opinions {
		verb := map[string]string{heapConfirms: "confirm", heapContradicts: "contradict", heapSilent: "say nothing about"}[o.Finding]
		list = append(list, fmt.Sprintf("heap dumps (%s) %s %s: %s", strings.Join(e.Dumps, ", "), verb, o.Suspect, o.Because))
	}
	if len(e.Opinions) == 0 {
		list = append(list, "heap dumps were read, and there is nobody named to hold them against; hint: culprit heap shows what they hold")
	}
	return list
}
