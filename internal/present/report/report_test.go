package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"culprit"
	"culprit/internal/present/fixture"
	"culprit/internal/present/page"
	"culprit/internal/present/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

func encode(t *testing.T, r culprit.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for outcome, r := range fixture.All() {
		got := encode(t, r)
		path := filepath.Join("testdata", string(outcome)+".json")
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs (go test -update writes it anew)", path)
		}
	}
}

// random builds a report with every field filled by chance, nil slices included.
func random(rng *rand.Rand) culprit.Report {
	v := reflect.New(reflect.TypeFor[culprit.Report]()).Elem()
	scatter(v, rng)
	r, _ := v.Interface().(culprit.Report)
	return r
}

func scatter(v reflect.Value, rng *rand.Rand) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			at := time.Unix(rng.Int64N(4e9), 0).In(time.FixedZone("x", 3600))
			v.Set(reflect.ValueOf(at))
			return
		}
		for _, field := range v.Fields() {
			scatter(field, rng)
		}
	case reflect.Slice:
		if rng.IntN(3) == 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), rng.IntN(4), 4))
		for i := range v.Len() {
			scatter(v.Index(i), rng)
		}
	case reflect.Map:
		if rng.IntN(2) == 0 {
			v.Set(reflect.ValueOf(map[string]string{"a": "b", "c": "d"}))
		}
	case reflect.Pointer:
		if rng.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			scatter(v.Elem(), rng)
		}
	case reflect.Float64:
		v.SetFloat([]float64{0, -1, 1.5e9, math.NaN(), math.Inf(1)}[rng.IntN(5)])
	case reflect.String:
		v.SetString([]string{"", "a", "</script>", "\xff\u2028"}[rng.IntN(4)])
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(rng.Int64N(1 << 40))
	}
}

// nulls lists the fields of a JSON value that are null, by path.
func nulls(value any, path string) []string {
	var found []string
	switch v := value.(type) {
	case nil:
		return []string{path}
	case []any:
		for _, e := range v {
			found = append(found, nulls(e, path+"[]")...)
		}
	case map[string]any:
		for k, e := range v {
			found = append(found, nulls(e, path+"."+k)...)
		}
	}
	return found
}

// optional are the fields that may be null: a value that nobody could estimate.
func optional(path string) bool {
	for _, end := range []string{".estimate", ".low", ".high", ".p_adjusted", ".harmful_share", ".growth_share_high", ".counterfactual", ".circumstances[].share"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

func TestNoNullSlices(t *testing.T) {
	check := func(seed uint64) bool {
		r := random(rand.New(rand.NewPCG(seed, 1)))
		inline, err := page.Inline(report.Whole(r))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(inline, []byte("</")) || bytes.ContainsRune(inline, '\u2028') {
			t.Errorf("seed %d: not safe inside of a script element", seed)
		}
		for _, body := range [][]byte{inline, encode(t, r)} {
			var value any
			if err := json.Unmarshal(body, &value); err != nil {
				t.Fatal(err)
			}
			for _, path := range nulls(value, "") {
				if !optional(path) {
					t.Errorf("seed %d: %s is null", seed, path)
				}
			}
		}
		return !t.Failed()
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 300}); err != nil {
		t.Error(err)
	}
	if !check(0) {
		t.Error("seed 0 fails")
	}
}

func TestLeavesTheReportAlone(t *testing.T) {
	r := random(rand.New(rand.NewPCG(5, 5)))
	before := reflect.ValueOf(r)
	copied := report.Whole(r)
	encode(t, r)
	if r.Schema != before.FieldByName("Schema").String() {
		t.Error("the caller's report was changed")
	}
	if len(copied.Inputs) > 0 && copied.Inputs[0].Warnings == nil {
		t.Error("a nil slice inside of a slice survives")
	}
}

func TestSameBytes(t *testing.T) {
	r := fixture.Culprit()
	r.Suspects[0].Dimension = map[string]string{"z": "1", "a": "2", "m": "3"}
	first := encode(t, r)
	for range 20 {
		if !bytes.Equal(first, encode(t, r)) {
			t.Fatal("the same report gives other bytes")
		}
	}
	if !bytes.HasSuffix(first, []byte("}\n")) {
		t.Error("no newline at the end")
	}
	if bytes.Contains(first, []byte(`"picture"`)) {
		t.Error("the picture is in the JSON report")
	}
}

func TestInstants(t *testing.T) {
	r := culprit.Report{From: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("cet", 3600))}
	r.To = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) // JSON has no such year
	body := string(encode(t, r))
	if !strings.Contains(body, `"from": "2026-01-02T02:04:05Z"`) || strings.Contains(body, `"to"`) {
		t.Errorf("instants are not UTC, or not left out: %s", body)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteError(t *testing.T) {
	if err := report.Write(broken{}, culprit.Report{}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v, want one with its cause", err)
	}
}
