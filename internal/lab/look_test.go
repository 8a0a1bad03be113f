package lab

import (
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"
)

func TestLook(t *testing.T) {
	pat := os.Getenv("LOOK")
	if pat == "" {
		t.Skip()
	}
	re := regexp.MustCompile(pat)
	for _, s := range Scenarios() {
		if !re.MatchString(s.Name) {
			continue
		}
		t0 := time.Now()
		w := s.Build(1)
		fmt.Printf("%-34s %6.0fms calls %7d suspects %d units %d host %d truth %+v\n", s.Name, float64(time.Since(t0).Milliseconds()), w.Case.Calls, len(w.Case.Roster.Suspects), len(w.Case.Units), len(w.Case.HostUsed), w.Truth.Culprits)
		if os.Getenv("SERIES") != "" {
			for _, u := range w.Case.Units {
				fmt.Printf("  %s/%d n=%d:", u.Process.Host, u.Process.PID, len(u.Points))
				step := max(1, len(u.Points)/40)
				for i := 0; i < len(u.Points); i += step {
					fmt.Printf(" %d", u.Points[i].Mem>>20)
				}
				fmt.Println()
			}
		}
	}
}
