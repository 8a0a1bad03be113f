package heapquery_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"culprit/internal/analysis/heapquery"
	"culprit/internal/analysis/holding"
	"culprit/internal/source/heapdump"
)

// view makes a heap of n strings beside a few other objects.
func view(t testing.TB, n int) (*holding.View, holding.Text) {
	t.Helper()
	var b strings.Builder
	b.WriteString(`{"type":"ROOT","root":"vm","references":["0x7f0000000100", "0x7f0000000150"]}
{"address":"0x7f0000000100","type":"CLASS","name":"SettingsCache","references":["0x7f0000000128"],"memsize":700}
{"address":"0x7f0000000128","type":"HASH","size":3,"references":["0x7f0000001000"],"memsize":4000,"file":"/srv/app/cache.rb","line":3,"generation":4,"flags":{"old":true}}
{"address":"0x7f0000000150","type":"CLASS","name":"String","memsize":900}
`)
	for i := range n {
		fmt.Fprintf(&b, `{"address":"0x%x","type":"STRING","class":"0x7f0000000150","frozen":%v,"bytesize":%d,"value":"v%d","encoding":"UTF-8","file":"/usr/lib/ruby/gems/3.1.0/gems/rack-2.2.4/lib/x.rb","line":%d,"method":"call","generation":%d,"memsize":%d}`+"\n",
			0x7f0000001000+i*40, i%2 == 0, i, i, i%7, i%100, 40+i)
	}
	text := b.String()
	d, err := heapdump.Read(t.Context(), strings.NewReader(text), heapdump.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := holding.Look(d.Heap)
	if err != nil {
		t.Fatal(err)
	}
	return v, heapdump.Lines{Heap: d.Heap, Open: func(at int64) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text[at:])), nil }}
}

func TestQueries(t *testing.T) {
	v, text := view(t, 1000)
	for query, want := range map[string]int64{
		"":                                     1003,
		"class=String":                         1000,
		"class = 'String' and memsize>1000":    39,
		"memsize >= 1KB":                       17,
		"type=STRING and generation<10":        100,
		"generation<10":                        101,
		"generation = none":                    2,
		"gen != none and not class=String":     1,
		"gem=rack":                             1000,
		"gem=app":                              1,
		"location ~ 'cache.rb:3$'":             1,
		"file=*/rack-*/lib/x.rb":               1000,
		"class in (String, Nobody) and line=3": 143,
		"type in (HASH,CLASS)":                 3,
		"name=SettingsCache or name = String":  2,
		"old":                                  1,
		"frozen":                               500,
		"not frozen and class=String":          500,
		"frozen=false":                         503,
		"value=v17":                            1,
		"value ~ ^v99":                         11,
		"bytesize>=990":                        10,
		"value != v17 and class=String":        999,
		"size=3":                               1,
		"address=0x7f0000000128":               1,
		"references>0":                         2,
		"reachable":                            4,
		"not reachable":                        999,
		"retained>=700":                        3,
		"method=call and (line=1 or line=2)":   286,
		"NOT (class=String) AND memsize<1000":  2,
	} {
		q, err := heapquery.Compile(query, v, text)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		f, err := q.Run(t.Context())
		if err != nil || f.Objects != want {
			t.Errorf("%s: %d objects, %v, want %d", query, f.Objects, err, want)
		}
	}
}

// TestWrong: errors point at what cannot be understood.
func TestWrong(t *testing.T) {
	v, text := view(t, 1)
	for query, want := range map[string]string{
		"colour=red":              "no field \"colour\"",
		"class":                   "expected =, !=",
		"class>String":            "is a text",
		"memsize=big":             "memsize is compared with a number",
		"memsize~1":               "is no text",
		"class=String and":        "expected the name",
		"class=String memsize=1":  "expected \"and\"",
		"(class=String":           "expected \")\"",
		"class=\"String":          "no end",
		"class ~ '('":             "missing closing",
		"class in (a":             "expected \",\" or",
		"class ! x":               "expected != or !~",
		"= 3":                     "expected the name",
		strings.Repeat("(", 2000): "too many",
	} {
		_, err := heapquery.Compile(query, v, text)
		var e *heapquery.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %s", query, err, want)
		}
	}
	_, err := heapquery.Compile("class=String an memsize=1", v, text)
	if want := "\n  class=String an memsize=1\n               ^"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v", err)
	}
}

func TestSortAndGroup(t *testing.T) {
	v, text := view(t, 100)
	q, err := heapquery.Compile("class=String", v, text)
	if err != nil {
		t.Fatal(err)
	}
	f, err := q.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Sort(f.IDs, "memsize"); err != nil || v.Size(f.IDs[0]) != 139 {
		t.Errorf("first %d, %v", v.Size(f.IDs[0]), err)
	}
	g, err := q.Group(f.IDs, "line")
	if err != nil || len(g) != 7 {
		t.Errorf("groups %v, %v", g, err)
	}
	if err := q.Sort(f.IDs, "value"); err == nil {
		t.Error("sorted by what stands in lines only")
	}
}

func FuzzParse(f *testing.F) {
	v, text := view(f, 3)
	for _, s := range []string{"class=String and memsize>1MB", "not (a in (1,2) or gen<=5)", "value ~ \"x\\\"\"", "old"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := heapquery.Compile(query, v, text)
		if err != nil {
			_ = err.Error()
			return
		}
		if _, err := q.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkColumns(b *testing.B) {
	v, text := view(b, 1_000_000)
	q, err := heapquery.Compile("class=String and memsize>1MB and generation<100", v, text)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := q.Run(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(v.Len()*b.N)/b.Elapsed().Seconds()/1e6, "Mobjects/s")
}
