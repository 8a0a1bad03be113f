package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"culprit/internal/gemcheck"
	"culprit/internal/gemcheck/checks"
)

// knowledge writes one page for each known cause, and their list.
func knowledge(dir string) error {
	docs, err := checks.Load()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(dir, "gems")); err != nil {
		return err
	}
	slices.SortFunc(docs, func(a, b gemcheck.Document) int { return cmp.Compare(a.ID, b.ID) })
	var list strings.Builder
	list.WriteString("# Known causes of growing memory\n\nWhat `culprit gems` knows, made from `internal/gemcheck/checks` by `make docs`.\n" +
		"A finding of one's own: [docs/format/finding.md](../format/finding.md).\n\n" +
		fmt.Sprintf("%d causes.\n\n| cause | about | kind | affected |\n|---|---|---|---|\n", len(docs)))
	for _, d := range docs {
		fmt.Fprintf(&list, "| [%s](%s.md) | %s | %s | %s |\n", cell(d.Title), d.ID, d.Subject, plainKind(d.Kind), cell(strings.Join(d.Affected, " or ")))
		if err := writeFile(dir, "gems/"+d.ID+".md", cause(d)); err != nil {
			return err
		}
	}
	return writeFile(dir, "gems/README.md", list.String())
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func plainKind(k string) string { return strings.ReplaceAll(k, "_", " ") }

// cause is the page of one.
func cause(d gemcheck.Document) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n| | |\n|---|---|\n| ID | `%s` |\n| about | %s |\n| kind | %s |\n", d.Title, d.ID, d.Subject, plainKind(d.Kind))
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "| %s | %s |\n", name, cell(text))
		}
	}
	row("affected", strings.Join(d.Affected, " or "))
	row("fixed", d.Fixed)
	if d.Condition != nil {
		row("when", d.Condition.Says)
	}
	if d.Cost != nil {
		row("costs", fmt.Sprintf("%d to %d bytes a %s (%s)", d.Cost.Bytes[0], d.Cost.Bytes[1], d.Cost.Per, d.Cost.Source))
	}
	row("what to do", d.Advice)
	row("read last", d.Checked.Format("2006-01-02"))
	fmt.Fprintf(&b, "\n%s\n\n## Sources\n\n", d.Text)
	for _, e := range d.Evidence {
		fmt.Fprintf(&b, "- <%s>: %s\n", e.URL, e.Says)
	}
	return b.String()
}
