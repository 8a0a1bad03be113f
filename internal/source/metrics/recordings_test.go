package metrics

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRecordings reads recorded series when a folder of them is named; it
// prints what became of each.
func TestRecordings(t *testing.T) {
	t.Parallel()
	root := os.Getenv("CULPRIT_RECORDINGS")
	if root == "" {
		t.Skip("CULPRIT_RECORDINGS names no folder")
	}
	files, err := filepath.Glob(filepath.Join(root, "*", "series", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		rec := newRecord()
		fi, _ := f.Stat()
		res, err := Read(t.Context(), f, Options{Reference: fi.ModTime()}, rec)
		_ = f.Close()
		t.Logf("%s: %s lines %d/%d series %d samples %d collapsed %d %q %v", path, res.Format, res.Understood, res.Lines, res.Series, res.Samples, len(rec.collapsed), res.Warnings, err)
		if err != nil || res.Understood != res.Lines {
			t.Errorf("%s: %v %q", path, err, res.BadSample)
		}
		for i, s := range rec.series {
			if i < 4 {
				t.Logf("    %+v %d", s, len(rec.samples[i]))
			}
		}
	}
}
