package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"culprit/internal/cli"
)

const growing = `KEPT = []
def keep; KEPT << "k" * 5000; end
def report; 100.times { keep }; sleep 0.01; end
Thread.new { report until KEPT.size > 100_000 }.name = "reporter"
puts "ready"; $stdout.flush
$stdin.gets
exit!(0)`

// TestInspectGrowth: the screen names the line and who ran it, and the files hold the same
// growth. On a machine that does not let anybody see faults it says why.
func TestInspectGrowth(t *testing.T) {
	pid := strconv.Itoa(start(t, nil, "-e", growing))
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	var out, errs bytes.Buffer
	w := cli.World{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Env: os.Getenv}
	code := cli.Run(t.Context(), []string{
		"inspect", "growth", pid, "--for", "1500ms", "--period", "16", "--no-color",
		"--folded", at("f.txt"), "--speedscope", at("s.json"), "--pprof", at("p.pb.gz"),
	}, w)
	if code != 0 {
		if code != 1 || !strings.Contains(errs.String(), "page faults cannot be seen as they happen: ") || !strings.Contains(errs.String(), "\nhint: ") || out.Len() > 0 {
			t.Errorf("exit %d: %s%s", code, errs.String(), out.String())
		}
		return
	}
	text := out.String()
	for _, want := range []string{"NEW  in ", "Object#keep -> String#* -e:2", "reporter", "thread", "note: the first touch"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	folded, err := os.ReadFile(at("f.txt"))
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for line := range strings.Lines(string(folded)) {
		i := strings.LastIndexByte(line, ' ')
		n, err := strconv.ParseInt(strings.TrimSpace(line[i+1:]), 10, 64)
		if err != nil || !strings.HasPrefix(line, "reporter;") && n > 1<<20 {
			t.Errorf("%q: %v", line, err)
		}
		sum += n
	}
	b, err := os.ReadFile(at("p.pb.gz"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(b)
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, s := range p.Sample {
		total += s.Value[1]
	}
	if total != sum || sum < 10<<20 || p.SampleType[0].Type != "samples" || p.DefaultSampleType != "bytes" {
		t.Errorf("%d bytes for pprof, %d folded: %v", total, sum, p.SampleType)
	}
	if b, err := os.ReadFile(at("s.json")); err != nil || !bytes.Contains(b, []byte(": growth")) || !bytes.Contains(b, []byte(`"unit":"bytes"`)) {
		t.Errorf("%v: %.300s", err, b)
	}
}
