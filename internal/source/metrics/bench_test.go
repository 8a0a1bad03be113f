package metrics

import (
	"context"
	"strings"
	"testing"

	"culprit"
)

type nullSink struct{ n int64 }

func (s *nullSink) Series(culprit.Series) int { return 0 }
func (s *nullSink) Sample(_ int, _, _ int64)  { s.n++ }
func (s *nullSink) Collapsed(_ int, _ int)    {}

func benchRead(b *testing.B, text, format string, lines int) {
	b.Helper()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(context.Background(), strings.NewReader(text), Options{Format: format}, &nullSink{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(lines), "ns/line")
}
