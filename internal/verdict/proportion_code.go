package verdict

import (
	"path"
	"strings"

	"culprit"
)

// inCode judges a circumstance by whose code its lines stand in: a line that can
// build a big object matters when it is in the code of who is accused, and does
// not when all such code belongs to those acquitted. It reports whether that
// decided.
func (in *incident) inCode(out *culprit.Circumstance) bool {
	if out.Kind != "bloat" {
		return false
	}
	lines, cleared := 0, map[string]bool{}
	for _, e := range out.Evidence {
		if e.File == "" {
			continue
		}
		lines++
		s := in.suspectOf(e.File)
		switch {
		case s == nil:
		case s.Finding == culprit.Convicted || s.Finding == culprit.Suspected:
			out.Standing = culprit.StandingToTest
			out.Text = sayInCode(out.Name, e, *s)
			return true
		case s.Finding == culprit.Acquitted:
			cleared[s.Name] = true
			lines--
		}
	}
	if lines > 0 || len(cleared) == 0 {
		return false
	}
	out.Standing, out.Text = culprit.StandingNotIt, sayInClearedCode(out.Name, cleared)
	return true
}

// suspectOf finds whose code a file is, by Rails' convention of names; of several
// actions of one controller the one most accused. It is nil when no suspect has
// it, and for acquitted ones when not all of its actions are.
func (in *incident) suspectOf(file string) *culprit.Suspect {
	name := constantOf(file)
	if name == "" {
		return nil
	}
	var found *culprit.Suspect
	for i := range in.r.Suspects {
		s := &in.r.Suspects[i]
		owner, _, _ := strings.Cut(s.Name, "#")
		if owner != name {
			continue
		}
		if found == nil || guilt(s.Finding) > guilt(found.Finding) {
			found = s
		}
	}
	return found
}

// guilt orders findings.
func guilt(f culprit.Finding) int {
	switch f {
	case culprit.Convicted:
		return 3
	case culprit.Suspected:
		return 2
	case culprit.CannotJudge:
		return 1
	case culprit.Acquitted:
	}
	return 0
}

// constantOf is the class that Rails' autoloading expects in a file of app/:
// "app/controllers/admin/reports_controller.rb" is Admin::ReportsController.
func constantOf(file string) string {
	rest, ok := strings.CutPrefix(path.Clean(file), "app/")
	if !ok || !strings.HasSuffix(rest, ".rb") {
		return ""
	}
	_, rest, ok = strings.Cut(rest, "/") // controllers, jobs, workers, ...
	if !ok {
		return ""
	}
	rest = strings.TrimPrefix(rest, "concerns/")
	var parts []string
	for p := range strings.SplitSeq(strings.TrimSuffix(rest, ".rb"), "/") {
		parts = append(parts, camel(p))
	}
	return strings.Join(parts, "::")
}

func camel(s string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(s, "_") {
		b.WriteString(capital(word))
	}
	return b.String()
}
