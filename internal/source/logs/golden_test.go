package logs

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden reads files in which formats are mixed, as they come from real
// machines, and compares every fact with the golden file beside it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.log")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			opt := Options{Location: paris, Reference: time.Date(2020, 7, 1, 0, 0, 0, 0, time.UTC)}
			res, facts := readText(t, string(text), opt, 1, blockSize, true)
			got := fmt.Sprintf("format %s, %d lines, %d understood, %d calls\n%s\n",
				res.Format, res.Lines, res.Understood, res.Calls, strings.Join(facts, "\n"))
			for _, b := range res.BadSample {
				got += fmt.Sprintf("not understood: %s\n", b)
			}
			golden := strings.TrimSuffix(path, ".log") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
