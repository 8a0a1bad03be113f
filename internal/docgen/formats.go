package main

import (
	"fmt"
	"strings"

	"culprit/internal/source/logs"
	"culprit/internal/source/metrics"
)

// formats is the table of everything that can be read.
func formats() string {
	var b strings.Builder
	b.WriteString(`# What culprit reads

Recognised by content, whatever the file is called; ` + "`--format PATH=NAME`" + ` overrides.
Plain files and gzip, zstd, bzip2 and xz; rotated sets; standard input as ` + "`-`" + `.

*Tested* says how: **live** against the output of the real program, **sample**
against lines from its documentation or source only.
`)
	byKind := map[string][]logs.FormatInfo{}
	for _, f := range logs.Formats() {
		byKind[f.Kind] = append(byKind[f.Kind], f)
	}
	for _, kind := range []struct{ key, title string }{
		{"requests", "Requests"},
		{"jobs", "Work that is no request"},
		{"events", "Events"},
		{"wrapper", "Wrappers around any of these"},
	} {
		b.WriteString("\n## " + kind.title + "\n\n")
		head(&b)
		for _, f := range byKind[kind.key] {
			row(&b, f.Name, f.Title, f.Verified, f.Source)
		}
	}
	b.WriteString("\n## Memory\n\n")
	head(&b)
	for _, f := range metrics.Formats() {
		row(&b, f.Name, f.Title, f.Verified, f.Source)
	}
	return b.String()
}

func head(b *strings.Builder) {
	b.WriteString("| name | what | tested | defined in |\n|---|---|---|---|\n")
}

func row(b *strings.Builder, name, title, verified, source string) {
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, cell.Replace(title), verified, cell.Replace(source))
}
