package lab

import "testing"

// scenario finds one by name.
func scenario(tb testing.TB, name string) Scenario {
	tb.Helper()
	for _, s := range Scenarios() {
		if s.Name == name {
			return s
		}
	}
	tb.Fatalf("no scenario %q", name)
	return Scenario{}
}

// BenchmarkBuild is the price of half a day of 16 processes.
func BenchmarkBuild(b *testing.B) {
	s := scenario(b, "long/proc-10s/k=5")
	for i := 0; b.Loop(); i++ {
		s.Build(uint64(i))
	}
}

func BenchmarkRules(b *testing.B) {
	w := scenario(b, "long/proc-10s/k=5").Build(1)
	for _, r := range Rules() {
		b.Run(r.Name, func(b *testing.B) {
			for b.Loop() {
				r.Judge(w.Case)
			}
		})
	}
}
