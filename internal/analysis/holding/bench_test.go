package holding_test

import (
	"os"
	"testing"

	"culprit/internal/analysis/holding"
	"culprit/internal/source/heapdump"
)

// BenchmarkReport is a whole report on $CULPRIT_DUMP, a dump on disk; without it, on
// one that a real Ruby makes.
func BenchmarkReport(b *testing.B) {
	path := os.Getenv("CULPRIT_DUMP")
	if path == "" {
		path = dumpFiles(b, leak)[2]
	}
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		d, err := heapdump.ReadFile(b.Context(), f, heapdump.Options{})
		if err != nil {
			b.Fatal(err)
		}
		v, err := holding.Look(d.Heap)
		if err != nil {
			b.Fatal(err)
		}
		v.Report()
		d.Heap.Close()
		b.SetBytes(d.Bytes)
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
