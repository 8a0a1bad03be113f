// Package html writes a report as one HTML file that needs nothing else: no
// network, no server, no other file.
//
// It owns the frame: the client's script and style (built from web/, embedded),
// the report as inert data, and a policy that lets nothing else run or load. It
// refuses to lay out what the client lays out, and to compute.
package html

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"culprit"
	"culprit/internal/present/report"
	"culprit/internal/present/words"
)

//go:embed assets/app.js
var script string

//go:embed assets/index.css
var sheet string

//go:embed frame.html
var frame string

// page is what the frame is filled with.
type page struct {
	Title  string
	Policy string
	Style  template.CSS
	Script template.JS
	Data   template.JS
	Plain  plain
}

// Write writes r, picture included, to w as one HTML file.
func Write(w io.Writer, r culprit.Report) error {
	data, err := report.Inline(r)
	if err != nil {
		return err
	}
	t, err := template.New("report").Parse(frame)
	if err != nil {
		return fmt.Errorf("reading the frame of the report: %w", err)
	}
	p := page{
		Title:  title(r),
		Policy: Policy(),
		Style:  template.CSS(sheet), //nolint:gosec // embedded at build time
		Script: template.JS(script), //nolint:gosec // embedded at build time
		Data:   template.JS(data),   //nolint:gosec // JSON with <, > and & escaped
		Plain:  plainly(r),
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// Policy is the content security policy of the file: its own script and style by
// their hashes, and nothing else from anywhere.
func Policy() string {
	return "default-src 'none'; script-src '" + hash(script) + "'; style-src '" + hash(sheet) +
		"'; img-src data:; base-uri 'none'; form-action 'none'"
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func title(r culprit.Report) string {
	if r.Verdict.Headline == "" {
		return "culprit: " + words.Outcome(r.Verdict.Outcome)
	}
	return r.Verdict.Headline + " - culprit"
}
