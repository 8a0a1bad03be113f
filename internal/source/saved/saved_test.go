package saved_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/present/fixture"
	"culprit/internal/present/html"
	"culprit/internal/present/report"
	"culprit/internal/source/saved"
)

// Both forms give back what was written; the page keeps the picture.
func TestRoundTrip(t *testing.T) {
	r := fixture.Culprit()
	var text, page bytes.Buffer
	if err := errors.Join(report.Write(&text, r), html.Write(&page, r)); err != nil {
		t.Fatal(err)
	}
	want := report.Whole(r)
	fromPage, err := saved.Read(&page)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(report.Whole(fromPage), want) {
		t.Error("the page gives back another report")
	}
	want.Picture = nil
	fromText, err := saved.Read(strings.NewReader("\xef\xbb\xbf\n" + text.String()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(report.Whole(fromText), want) {
		t.Error("the JSON gives back another report")
	}
}

func TestOther(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		other bool
		says  string
	}{
		"empty":           {"", true, "hint:"},
		"a log":           {"Started GET / for 127.0.0.1", true, "not a report"},
		"another page":    {"<!doctype html><p>hello", true, "not a report"},
		"another schema":  {`{"schema":"culprit.gems/1"}`, true, `"culprit.gems/1", wanted culprit.report/1`},
		"no schema":       {`{"a":1}`, true, "names no schema"},
		"cut":             {`{"schema":"` + culprit.Schema + `","growth":[{`, false, "damaged report"},
		"of another type": {`{"schema":"` + culprit.Schema + `","growth":7}`, false, "damaged report"},
	} {
		_, err := saved.Read(strings.NewReader(c.text))
		if err == nil || errors.Is(err, saved.ErrNotReport) != c.other || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := saved.Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema":"culprit.report/1","growth":[{"id":1}]}`))
	f.Add([]byte(`<!doctype html><script type="application/json" id="culprit-report">{"schema":"culprit.report/1"}</script>`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		_, _ = saved.Read(bytes.NewReader(text))
	})
}
