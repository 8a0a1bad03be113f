package logs

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"culprit/internal/source/logs/loggen"
)

// messy is a log of everything at once, with what logs get from disks and
// people: cut lines, blank ones, other line ends, garbage.
func messy(tb testing.TB, seed uint64) string {
	tb.Helper()
	rng := rand.New(rand.NewPCG(seed, 3))
	var lines []string
	for _, f := range loggen.Formats() {
		var buf bytes.Buffer
		if err := loggen.Write(&buf, f, 20_000, seed); err != nil {
			tb.Fatal(err)
		}
		lines = append(lines, strings.SplitAfter(buf.String(), "\n")...)
	}
	untagged := func() string {
		return []string{
			"Started GET \"/a\" for 1.1.1.1 at 2024-03-05 21:00:00 +0000\n",
			"I, [2024-03-05T21:00:01.000000 #7]  INFO -- : Started GET \"/b\" for 1.1.1.1 at 2024-03-05 21:00:01 +0000\n",
			"I, [2024-03-05T21:00:01.001000 #7]  INFO -- : Processing by B#b as HTML\n",
			"I, [2024-03-05T21:00:01.101000 #7]  INFO -- : Completed 200 OK in 100ms (Allocations: 3)\n",
			"Completed 200 OK in 3ms\n", "\n", "\r\n", "garbage\x00\xff\n", "  SELECT 1\n",
			"[ActiveJob] [XJob] [0a1b2c3d-4026-4ded-9e3c-088c76d056f1] Performing XJob (Job ID: 0a1b2c3d-4026-4ded-9e3c-088c76d056f1) from A(q)\n",
			"[ActiveJob] [XJob] [0a1b2c3d-4026-4ded-9e3c-088c76d056f1] Performed XJob (Job ID: 0a1b2c3d-4026-4ded-9e3c-088c76d056f1) from A(q) in 5ms\n",
			`{"message":"Started","thread":"p1","pid":3,"timestamp":"2024-03-05T21:00:00.000Z","payload":{"method":"GET","path":"/s"}}` + "\n",
			`{"message":"Completed #x","thread":"p1","pid":3,"duration_ms":4,"timestamp":"2024-03-05T21:00:01.000Z","payload":{"controller":"S","action":"x","status":200}}` + "\n",
			"2021-02-21T01:25:29.500Z pid=82859 tid=119pz7z class=HardWorker jid=b7f805c545c78770d30dc1fd elapsed=0.089 INFO: done\n",
			"2021-02-21T01:25:29.400Z pid=82859 tid=119pz7z class=HardWorker jid=b7f805c545c78770d30dc1fd INFO: start\n",
			strings.Repeat("x", rng.IntN(5000)) + "\n",
		}[rng.IntN(16)]
	}
	for range 300 {
		i := rng.IntN(len(lines))
		lines = slices.Insert(lines, i, untagged())
	}
	text := strings.Join(lines, "")
	return text[:len(text)-rng.IntN(40)] // the last line is cut
}

// TestChunks: what is read does not depend on how a file is cut into blocks, on
// the number of workers, or on whether it can be read anywhere.
func TestChunks(t *testing.T) {
	rounds := uint64(8)
	if testing.Short() {
		rounds = 2
	}
	for seed := range rounds {
		text := messy(t, seed)
		rng := rand.New(rand.NewPCG(seed, 5))
		want, calls := readText(t, text, Options{}, 1, 1<<20, true)
		if n := int64(strings.Count(text, "\n")) + 1; want.Lines != n && !strings.HasSuffix(text, "\n") {
			t.Errorf("seed %d: %d lines, want %d", seed, want.Lines, n)
		}
		for range 6 {
			workers, size, plain := 1+rng.IntN(4), 1+rng.IntN(9000), rng.IntN(2) == 0
			got, again := readText(t, text, Options{}, workers, size, plain)
			compare(t, text, calls, again)
			got.Bytes, want.Bytes = 0, 0
			if !sameResult(got, want) {
				t.Fatalf("seed %d, %d workers, blocks of %d, plain %v:\n got %+v\nwant %+v", seed, workers, size, plain, got, want)
			}
		}
	}
}

func sameResult(a, b Result) bool {
	return a.Lines == b.Lines && a.Understood == b.Understood && a.Calls == b.Calls &&
		a.First == b.First && a.Last == b.Last && a.Stamp == b.Stamp && a.HasPID == b.HasPID && a.HasID == b.HasID &&
		slices.Equal(a.BadSample, b.BadSample) && slices.Equal(a.BadLine, b.BadLine) && a.Format == b.Format
}

func compare(tb testing.TB, text string, want, got []string) {
	tb.Helper()
	if slices.Equal(want, got) {
		return
	}
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			tb.Fatalf("fact %d of %d/%d differs:\n got %s\nwant %s", i, len(got), len(want), got[i], want[i])
		}
	}
	tb.Fatalf("%d facts, want %d (%d bytes)", len(got), len(want), len(text))
}

// TestLongLines: a line beyond the cap is one line, in both ways of reading.
func TestLongLines(t *testing.T) {
	ok := `method=GET path=/x format=html controller=A action=b status=200 duration=100` + "\n"
	for _, n := range []int{maxLine - 1, maxLine, maxLine + 1, 3*maxLine + 17} {
		text := ok + strings.Repeat("y", n) + "\n" + ok + `{"method":"` + strings.Repeat("z", n)
		for _, plain := range []bool{true, false} {
			for _, size := range []int{1 << 16, 1 << 20} {
				res, calls := readText(t, text, Options{}, 2, size, plain)
				if res.Lines != 4 || res.Understood != 2 || len(calls) != 2 {
					t.Errorf("n %d plain %v size %d: %d lines, %d understood, %d calls", n, plain, size, res.Lines, res.Understood, len(calls))
				}
			}
		}
	}
}

func TestEmpty(t *testing.T) {
	for _, text := range []string{"", "\n", "\n\n", "\x00", "\r\n"} {
		res, calls := readText(t, text, Options{}, 2, 1<<20, true)
		if len(calls) != 0 || res.Lines != int64(strings.Count(text+"\n", "\n")-btoi(text == "" || strings.HasSuffix(text, "\n"))) {
			t.Errorf("%q: %+v", text, res)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Started GET \"/\" for 1.1.1.1 at 2024-03-05 21:00:00 +0000\nCompleted 200 OK in 3ms\n"), uint16(7))
	f.Add([]byte(messy(f, 1)[:4000]), uint16(100))
	files, _ := filepath.Glob("testdata/*.log")
	for _, p := range files {
		if b, err := os.ReadFile(p); err == nil {
			f.Add(b[:min(len(b), 2000)], uint16(50))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		want, calls := readText(t, string(data), Options{}, 1, 1<<20, true)
		got, again := readText(t, string(data), Options{}, 2, int(size)+1, size%2 == 0)
		compare(t, string(data), calls, again)
		if !sameResult(want, got) {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
		if want.Understood > want.Lines {
			t.Fatalf("understood %d of %d lines", want.Understood, want.Lines)
		}
	})
}

// fuzzFormat feeds single lines to one format's parser.
func fuzzFormat(f *testing.F, name string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		readText(t, string(data), Options{Format: name}, 1, 1<<16, true)
	})
}

func FuzzRails(f *testing.F) {
	fuzzFormat(f, "rails", `I, [2023-10-30T08:36:32.792800 #1086842]  INFO -- :   Parameters: {"id"=>"12", "filter"=>{"state"=>"open", "deep"=>{"x"=>1}}, "ids"=>["1", "2"], "f"=>#<A:0x1 @b="c">}`,
		`[c6034478-4026-4ded-9e3c-088c76d056f1] Completed 200 OK in 1ms (ActiveRecord: 0.0ms (1 query, 1 cached) | GC: 0.3ms)`)
}

func FuzzJSON(f *testing.F) {
	fuzzFormat(f, "json", `{"method":"GET","path":"/\u00e9\"","params":[{"key":"id","value":"1"}],"duration":1.2,"status":200,"process":{"pid":1},"@timestamp":"2019-12-11T00:07:06.242Z"}`)
}

func FuzzCombined(f *testing.F) {
	fuzzFormat(f, "combined", `1.2.3.4 - - [10/Oct/2020:13:55:36 +0000] "GET /x?a=b HTTP/1.1" 504 100 "-" "curl" 60.100 10.0.0.7:3000, 10.0.0.8:3000 rt="1" **0/12** 0123456789abcdef`)
}

func FuzzKeyValue(f *testing.F) {
	fuzzFormat(f, "lograge", `method=GET path=/x time=2020-01-01 12:00:00 +0900 exception=["Klass", "a msg"] params={"id"=>"7", "q"=>"a b"} status=200 duration=1`)
}

func FuzzWrapped(f *testing.F) {
	for _, w := range wrapperFormats() {
		f.Add(w.name, []byte(`{"log":"x\u00e9\n","stream":"stdout","time":"2021-09-21T20:10:41.5Z"}`+"\n"+`<165>1 2021-09-21T20:10:41.5Z web3 puma 42 ID - x`+"\n20:03:41 web.1  | x\n"))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if isWrapper(name) {
			readText(t, string(data), Options{Format: name + "+rails"}, 1, 1<<16, true)
		}
	})
}
