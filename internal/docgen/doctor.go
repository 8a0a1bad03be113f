package main

import (
	"fmt"
	"strings"

	"culprit/internal/analysis/diagnose"
)

// rules writes the decision table of culprit doctor.
func rules() string {
	var b strings.Builder
	b.WriteString("# The decision table\n\nWhat `culprit doctor` goes through, made from `internal/analysis/diagnose` by `make docs`.\n")
	on := ""
	for _, r := range diagnose.Rules() {
		if r.On != on {
			on = r.On
			b.WriteString("\n## " + map[string]string{"process": "A live process", "app": "An app's folder", "report": "A saved report"}[on] + "\n")
		}
		fmt.Fprintf(&b, "\n### %s\n\n`%s`", r.Title, r.ID)
		if r.Class != "" {
			b.WriteString(", " + strings.ReplaceAll(r.Class, "_", " "))
		}
		fmt.Fprintf(&b, "\n\n- Seen: %s.\n- Confirmed by: %s\n- From: <%s>, %s\n", r.Seen, r.Confirm, r.URL, r.Says)
	}
	return b.String()
}
