// Package saved is the door for reports that culprit wrote earlier: the JSON of
// investigate, or its HTML page, which carries the same with the picture.
//
// It owns the recognition of the two forms and of their version. It refuses to
// judge anew, to convert other schemas, and to read what is not whole.
package saved

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"culprit"
)

// most is the largest report that is read: a million calls make about 5 MB.
const most = 512 << 20

// opening is how the page carries its report (internal/present/html).
const opening = `<script type="application/json" id="culprit-report">`

// ErrNotReport means that the input is something else.
var ErrNotReport = errors.New("not a report of culprit investigate")

// Open reads a report from a file.
func Open(path string) (culprit.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return culprit.Report{}, fmt.Errorf("%w; hint: write one with culprit investigate --json ... > report.json", err)
	}
	defer func() { _ = f.Close() }() // only read
	r, err := Read(f)
	if err != nil {
		return culprit.Report{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Read reads a report in JSON (culprit.report/1) or HTML. What is something else
// is ErrNotReport; another version, or a damaged report, says so.
func Read(in io.Reader) (culprit.Report, error) {
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return culprit.Report{}, err
	}
	if len(text) > most {
		return culprit.Report{}, fmt.Errorf("%w: larger than %d MB", ErrNotReport, most>>20)
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if inline, ok := fromPage(text); ok {
		text = inline
	}
	return parse(text)
}

// fromPage finds the report in a page.
func fromPage(text []byte) ([]byte, bool) {
	if !bytes.HasPrefix(text, []byte("<")) {
		return nil, false
	}
	_, rest, ok := bytes.Cut(text, []byte(opening))
	if !ok {
		return nil, false
	}
	inline, _, ok := bytes.Cut(rest, []byte("</script>"))
	return bytes.TrimSpace(inline), ok
}

func parse(text []byte) (culprit.Report, error) {
	var r culprit.Report
	if !bytes.HasPrefix(text, []byte("{")) {
		return r, fmt.Errorf("%w; hint: give what culprit investigate --json or --html wrote", ErrNotReport)
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return r, fmt.Errorf("damaged report: %w", err)
	}
	if head.Schema != culprit.Schema {
		if head.Schema == "" {
			return r, fmt.Errorf("%w: it names no schema; hint: give what culprit investigate --json or --html wrote", ErrNotReport)
		}
		return r, fmt.Errorf("%w: its schema is %q, wanted %s; hint: give what culprit investigate --json or --html wrote", ErrNotReport, head.Schema, culprit.Schema)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return culprit.Report{}, fmt.Errorf("damaged report: %w", err)
	}
	return r, nil
}
