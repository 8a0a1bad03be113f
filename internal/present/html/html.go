// Package html writes a report as one HTML file that needs nothing else: no
// network, no server, no other file.
//
// It owns the title and the verdict in words for viewers that run no script. It
// refuses to lay out what the client lays out, and to compute; the frame and its
// policy are internal/present/page's.
package html

import (
	_ "embed"
	"io"

	"culprit"
	"culprit/internal/present/page"
	"culprit/internal/present/report"
	"culprit/internal/present/words"
)

//go:embed plain.html
var plainText string

// Write writes r, picture included, to w as one HTML file.
func Write(w io.Writer, r culprit.Report) error {
	data, err := page.Inline(report.Whole(r))
	if err != nil {
		return err
	}
	text, err := page.Plainly(plainText, plainly(r))
	if err != nil {
		return err
	}
	return page.Write(w, page.Page{Client: page.Report(), Title: title(r), Data: data, Plain: text})
}

// Policy is the content security policy of the file.
func Policy() string { return page.Report().Policy() }

func title(r culprit.Report) string {
	if r.Verdict.Headline == "" {
		return "culprit: " + words.Outcome(r.Verdict.Outcome)
	}
	return r.Verdict.Headline + " - culprit"
}
