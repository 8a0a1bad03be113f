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
		fmt.Fprintf(&b, "\n\n- Seen: %s.\n", r.Seen)
		if r.Change != "" {
			fmt.Fprintf(&b, "- To change first: %s\n", r.Change)
		}
		fmt.Fprintf(&b, "- Saves: %s.\n- Confirmed by: %s\n- From: <%s>, %s\n", r.Saves, r.Confirm, r.URL, r.Says)
	}
	b.WriteString(beyond)
	return b.String()
}

// beyond are the rows of the table that no rule judges, and why.
const beyond = `
## What is not judged here

Some rows of the table need what neither a look at a process nor a report holds.

- Live slots far below available slots, again and again: fragmentation within
  Ruby's own pages. GC.stat tells it, smaps does not.
- Old objects of one line that grow from dump to dump: retention. It takes dumps of
  the heap.
- Whether memory comes back minutes after a step: a report keeps the steps and not
  the curve behind them; the page that culprit investigate writes shows it.
- What a limit of arenas would give back: how much of a heap is free is not seen
  from outside, and so only an upper end is told.
`
