package rubyboot

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"culprit"
)

const heard = "V\t3.1.2\tx86_64-linux\truby\n" +
	"S\t100\t5000\t4000\t-1\t-1\n" +
	"E\t1\t0\t0\t110\t5000\t4000\t-1\t-1\ta\\tb\\\\n\n" +
	"E\t2\t1\t0\t120\t6000\t5000\t-1\t-1\tinner\n" +
	"A\t2\tagain\n" +
	"N\t2\t0\t130\t6000\t5000\t-1\t-1\t\n" +
	"C\tdb:5432\t/app/a.rb:3:in `x'\t/gem/b.rb:1\n" +
	"C\tdb:5432\t/app/a.rb:3:in `x'\t/gem/b.rb:1\n" +
	"what is this\n" +
	"L\t1\t0\t140\t7000\t6000\t-1\t-1\t/app/a.rb\n" +
	"Z\t150\t7000\t6000\t-1\t-1\n" +
	"B\t50\n" +
	"G\track\t2.2\t\t/gems/rack\t/gems/rack/lib\n" +
	"D\t/usr/lib/ruby/3.1.0\n" +
	"R\tKeyError\tno\\nkey\tIOError\tcause\t/app/a.rb:1\t/app/b.rb:2\n" +
	"L\t1\t0\t14"

func TestHear(t *testing.T) {
	s, err := hear(strings.NewReader(heard))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.rec.Events) != 7 || s.bad != 2 || s.rec.TimeNS != 50 || s.rec.Ruby != "3.1.2 x86_64-linux" {
		t.Errorf("%d events, %d bad, %+v", len(s.rec.Events), s.bad, s.rec)
	}
	want := culprit.BootEvent{Kind: culprit.BootEnter, ID: 1, Name: "a\tb\\n", At: culprit.BootReading{NS: 110, RSS: 5000, PSS: 4000, Objects: -1, ObjectBytes: -1}}
	if s.rec.Events[1] != want {
		t.Errorf("%+v", s.rec.Events[1])
	}
	if len(s.rec.Denied) != 1 || s.rec.Denied[0].Times != 2 || place("/app", s.rec.Denied[0].From) != "a.rb:3" {
		t.Errorf("%+v", s.rec.Denied)
	}
	if s.failure == nil || s.failure.message != "no\nkey" || s.failure.causeClass != "IOError" || len(s.failure.backtrace) != 2 {
		t.Errorf("%+v", s.failure)
	}
	if len(s.rec.Specs) != 1 || !slices.Equal(s.rec.Specs[0].Dirs, []string{"/gems/rack", "/gems/rack/lib"}) {
		t.Errorf("%+v", s.rec.Specs)
	}
	if open := s.open(); len(open) != 0 {
		t.Errorf("open: %v", open)
	}
	s, err = hear(strings.NewReader(heard[:strings.Index(heard, "N\t2")]))
	if err != nil || !slices.Equal(s.open(), []string{"a\tb\\n", "inner"}) {
		t.Errorf("%v, open: %q", err, s.open())
	}
}

func FuzzHear(f *testing.F) {
	f.Add(heard)
	f.Add("E\t1\nL\nK\nP\t1\t2\nW\nF\t\t\n\t\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := hear(strings.NewReader(text))
		if err != nil {
			return
		}
		if n := len(s.rec.Events) + s.bad; n > strings.Count(text, "\n")+1 {
			t.Errorf("%d events and bad lines of %q", n, text)
		}
		_ = s.open()
		_ = s.warnings()
	})
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{"": "", "plain": "plain", `a\nb`: "a\nb", `a\\nb`: `a\nb`, `\\\t`: "\\\t", `\`: `\`, `\x`: `\x`} {
		if got := unescape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

const heaped = `{"type":"ROOT", "root":"vm", "references":["0x1"]}
{"address":"0x1", "type":"CLASS", "name":"Row", "superclass":"0x9", "memsize":500}
{"address":"0x2", "type":"CLASS", "superclass":"0x1", "memsize":500, "file":"/a.rb", "line":1, "generation":5}
{"address":"0x3", "type":"OBJECT", "class":"0x1", "file":"/a.rb", "line":2, "generation":5, "memsize":40}
{"address":"0x4", "type":"OBJECT", "class":"0x2", "file":"/a.rb", "line":2, "generation":5, "memsize":40}
{"address":"0x5", "type":"OBJECT", "class":"0x1", "memsize":40}
{"address":"0x6", "type":"IMEMO", "imemo_type":"iseq", "class":"0x7", "file":"<culprit>", "line":7, "generation":5, "memsize":900}
{"address":"0x7", "type":"STRING", "class":"0x77", "value":"secret", "file":"<internal:culprit>", "line":7, "generation":5, "memsize":40}
{"address":"0x8", "type":"DATA", "class":"0x77", "generation":5, "memsize":48}
{"address":"0xa", "type":"STRING", "cla`

func TestTally(t *testing.T) {
	d := tally(strings.NewReader(heaped))
	want := []culprit.BootObjects{
		{Class: "(unknown class)", Bytes: 48, Objects: 1},
		{Node: 7, Class: "(compiled code)", Bytes: 900, Objects: 1},
		{File: "/a.rb", Line: 1, Class: "Class", Bytes: 500, Objects: 1},
		{File: "/a.rb", Line: 2, Class: "Row", Bytes: 80, Objects: 2},
	}
	if d.err != nil || d.bad != 1 || !slices.Equal(d.objects, want) {
		t.Errorf("%v, %d bad\ngot  %+v\nwant %+v", d.err, d.bad, d.objects, want)
	}
}

func FuzzTally(f *testing.F) {
	f.Add(heaped)
	f.Add(`{"address":"0x1","type":"CLASS","superclass":"0x1"}` + "\n" + `{"type":"OBJECT","class":"0x1","generation":1,"memsize":-3}`)
	f.Fuzz(func(t *testing.T, text string) {
		d := tally(strings.NewReader(text))
		if _, err := json.Marshal(d.objects); err != nil {
			t.Error(err)
		}
		var n int64
		for _, o := range d.objects {
			n += o.Objects
		}
		if n > int64(strings.Count(text, "\n")+1) {
			t.Errorf("%d objects in %d lines", n, strings.Count(text, "\n")+1)
		}
	})
}

func TestTail(t *testing.T) {
	o := tail{most: 10}
	for range 1000 {
		if n, err := o.Write([]byte("0123456789abcdef\n")); n != 17 || err != nil {
			t.Fatal(n, err)
		}
	}
	if o.total != 17_000 || len(o.text) > 10 || o.last(3)[0] != "789abcdef" {
		t.Errorf("%d, %q", o.total, o.text)
	}
	if (&tail{most: 10}).last(3) != nil {
		t.Error("words that nobody said")
	}
}

func TestRubyoptWithoutBundler(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "-W0": "-W0", "-rbundler/setup": "", "-r/usr/lib/ruby/bundler/setup -W1 --yjit": "-W1 --yjit", "-rdebug": "-rdebug",
	} {
		if got := withoutSetup(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	s := &Session{app: "/srv/shop", gemfile: "/srv/shop/Gemfile", scratch: "/tmp/s", cfg: Config{Env: "staging", Environ: []string{
		"PATH=/bin", "RUBYOPT=-rbundler/setup", "SECRET_KEY_BASE_DUMMY=1", "RAILS_ENV=test", "SECRET_KEY_BASE=mine", "TMPDIR=/var/tmp", "MALLOC_ARENA_MAX=2",
	}}}
	env := s.environment(Retained)
	for _, want := range []string{
		"PATH=/bin", "RAILS_ENV=staging", "RACK_ENV=staging", "SECRET_KEY_BASE=mine", "TMPDIR=/tmp/s/tmp", "MALLOC_ARENA_MAX=2",
		"BUNDLE_GEMFILE=/srv/shop/Gemfile", "BOOTSNAP_CACHE_DIR=/tmp/s/bootsnap", "RAILS_LOG_TO_STDOUT=1", "DISABLE_BOOTSNAP_COMPILE_CACHE=1",
	} {
		if !slices.Contains(env, want) {
			t.Errorf("no %s in %q", want, env)
		}
	}
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if name == "RUBYOPT" || name == "SECRET_KEY_BASE_DUMMY" {
			t.Errorf("%s is passed on", kv)
		}
	}
	if !slices.Equal(env, s.environment(Retained)) {
		t.Error("another order each time")
	}
	if env := s.environment(Mem); slices.Contains(env, "DISABLE_BOOTSNAP_COMPILE_CACHE=1") {
		t.Error("memory is measured without bootsnap's cache")
	}
}
