// Package report writes a culprit.Report in its JSON form, documented in
// docs/format/report.md.
//
// It owns that the form is whole: no null slice or map, instants in UTC, no
// number that JSON cannot hold, the same bytes for the same report. It refuses
// to leave out, to reorder or to round anything that was found.
package report

import (
	"encoding/json"
	"fmt"
	"io"

	"culprit"
	"culprit/internal/present/whole"
)

// Write writes r as indented JSON with a newline at its end. The picture is
// left out: it is drawn, not read.
func Write(w io.Writer, r culprit.Report) error {
	r.Picture = nil
	body, err := json.MarshalIndent(Whole(r), "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if _, err := w.Write(append(body, '\n')); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// Whole returns a deep copy of r that JSON can hold, with its schema.
func Whole(r culprit.Report) culprit.Report {
	if r.Schema == "" {
		r.Schema = culprit.Schema
	}
	return whole.Of(r)
}
