package metrics

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

var errCut = errors.New("the archive is cut")

func TestReadGoesOnAfterDamage(t *testing.T) {
	t.Parallel()
	good := "mem,host=a used=1i 1574712869000000000\n"
	long := "mem,host=a used=1i,x=\"" + strings.Repeat("y", 3<<20) + "\" 1574712870000000000\n"
	rec, res, err := readText(t, good+long+good+"mem,host=a used=2i 15747128", Options{Format: "telegraf"})
	if err != nil || res.Lines != 4 || res.Understood != 2 || len(rec.samples[0]) != 2 {
		t.Errorf("a long line: %+v, %v", res, err)
	}
	for _, b := range res.BadSample {
		if len(b) > 2*maxBadLen {
			t.Errorf("bad sample of %d bytes", len(b))
		}
	}
	// The last line of a cut archive may end in half a number: it is not used.
	text := strings.Repeat(good, 4000) + "mem,host=a used=1i 157471287"
	rec = newRecord()
	r := io.MultiReader(strings.NewReader(text), iotest.ErrReader(errCut))
	res, err = Read(context.Background(), r, Options{}, rec)
	if !errors.Is(err, errCut) || res.Lines != 4000 || len(rec.samples[0]) != 4000 {
		t.Errorf("a cut file: %+v, %v", res, err)
	}
	rec = newRecord()
	res, err = Read(context.Background(), io.MultiReader(strings.NewReader(good+"mem,host=a us"), iotest.ErrReader(errCut)), Options{}, rec)
	if !errors.Is(err, errCut) || res.Samples != 1 {
		t.Errorf("a short cut file: %+v, %v", res, err)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, format, want string
		is                       error
	}{
		{"empty", "", "", "empty", ErrNoMemory},
		{"empty with a format", "", "csv", "empty", ErrNoMemory},
		{"garbage", "Lorem ipsum dolor sit amet\nconsectetur adipiscing\n", "", "--format", ErrUnknownFormat},
		{"binary", "\x00\x01\x02\x7fELF\x00\x00", "", "--format", ErrUnknownFormat},
		{"one long line", strings.Repeat("x", 1<<20), "", "--format", ErrUnknownFormat},
		{"a format that is none", "x", "nope", "telegraf, influx-json", ErrUnknownFormat},
		{"a request log as CSV", "time,method,path,bytes\n1591822800,GET,/,5\n", "", "--format", ErrUnknownFormat},
		{"requests in JSON", `{"method":"GET","path":"/","time":"2020-06-10T21:00:01Z","rss":5}` + "\n", "", "--format", ErrUnknownFormat},
		{"nginx", `127.0.0.1 - - [10/Jun/2020:23:00:00 +0200] "GET / HTTP/1.1" 200 612 "-" "curl/7.68.0"` + "\n", "", "--format", ErrUnknownFormat},
		{"rails", "I, [2020-06-10T11:00:00.123456 #12345]  INFO -- : Started GET \"/\" for 127.0.0.1 at 2020-06-10 11:00:00 +0200\n", "", "--format", ErrUnknownFormat},
		{"syslog", "Jun 15 09:01:55 host CRON[1001]: (root) CMD (/usr/bin/x)\n", "", "--format", ErrUnknownFormat},
		{"wrong format named", "Lorem ipsum\n", "telegraf", "in 1 lines", ErrNoMemory},
		{"wrong JSON", "{\"a\": ]", "prometheus-json", "broken JSON", errJSON},
		{"deep JSON", strings.Repeat("[", 1000), "prometheus-json", "deep", errJSONDeep},
	} {
		_, _, err := readText(t, c.text, Options{Format: c.format})
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestReadIsCanceledAndTellsProgress(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("mem,host=a used=1i 1574712869000000000\n", 20_000)
	var told int64
	res, err := Read(context.Background(), strings.NewReader(text), Options{Progress: func(n int64) { told += n }}, newRecord())
	if err != nil || told != int64(len(text)) || res.Bytes != told {
		t.Errorf("progress %d, bytes %d of %d, %v", told, res.Bytes, len(text), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, strings.NewReader(text), Options{}, newRecord()); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// TestSplitReads: what comes out does not depend on how the input is cut.
func TestSplitReads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ format, text string }{
		{"telegraf", procLines(func(i int) int { return 7 + i/30 }, 60)},
		{"influx-csv", annotated},
		{"prometheus-json", `{"data":{"result":[{"metric":{"__name__":"ruby_rss","pid":"1","x":"\u00e9\n"},"values":[[1435781430,"5"],[1435781431,"6"]]}]}}`},
		{"csv", utf16Text("time,pid,rss\n1591822800,7,4096\n1591822801,7,8192\n")},
	} {
		whole, _, err := readText(t, c.text, Options{Format: c.format})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []io.Reader{iotest.OneByteReader(strings.NewReader(c.text)), iotest.DataErrReader(bytes.NewReader([]byte(c.text))), iotest.HalfReader(strings.NewReader(c.text))} {
			rec := newRecord()
			if _, err := Read(context.Background(), r, Options{Format: c.format}, rec); err != nil || rec.text() != whole.text() {
				t.Errorf("%s: %v\n%s\nwant\n%s", c.format, err, rec.text(), whole.text())
			}
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range Formats() {
		if f.Name == "" || f.Title == "" || f.Source == "" || f.Verified != "live" && f.Verified != "sample" || seen[f.Name] {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
	}
}
