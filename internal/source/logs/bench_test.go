package logs

import (
	"bytes"
	"context"
	"testing"

	"culprit"
	"culprit/internal/source/logs/loggen"
)

// count is the cheapest sink.
type count struct{ calls int }

func (c *count) Call(*culprit.Call)                          { c.calls++ }
func (c *count) Happening(culprit.Happening)                 {}
func (c *count) Memory(culprit.Series, int64, culprit.Bytes) {}

func benchmarkRead(b *testing.B, format string) {
	var buf bytes.Buffer
	if err := loggen.Write(&buf, format, 32<<20, 1); err != nil {
		b.Fatal(err)
	}
	data := buf.Bytes()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := Source{At: bytes.NewReader(data), N: int64(len(data))}
		res, err := Read(context.Background(), src, Options{Workers: 1}, func() Sink { return new(count) })
		if err != nil || res.Understood != res.Lines || res.Calls == 0 {
			b.Fatalf("%+v, %v", res, err)
		}
	}
}

func BenchmarkReadRails(b *testing.B)   { benchmarkRead(b, "rails") }
func BenchmarkReadLograge(b *testing.B) { benchmarkRead(b, "lograge") }
func BenchmarkReadJSON(b *testing.B)    { benchmarkRead(b, "json") }
func BenchmarkReadNginx(b *testing.B)   { benchmarkRead(b, "nginx") }
