//go:build e2e

package metrics

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"culprit"
)

// TestProcpsLive reads what the programs of the package procps print here.
func TestProcpsLive(t *testing.T) {
	t.Parallel()
	for format, command := range map[string]string{
		"ps":   "date -Is; ps -eo pid,rss,args; sleep 1; date -Is; ps -eo pid,rss,args",
		"free": "date; free -m; sleep 1; date; free -m",
	} {
		text := shell(t, command)
		rec, res, err := readText(t, text, Options{})
		if err != nil || res.Format != format || res.Understood != res.Lines {
			t.Errorf("%s: %+v, %v", format, res, err)
		}
		if d := time.Since(time.UnixMicro(res.Last)); d < 0 || d > time.Minute {
			t.Errorf("%s: last stamp %v ago", format, d)
		}
		if format == "ps" {
			if own := find(t, rec, culprit.RSS, "", os.Getpid()); len(own) != 2 || own[0].v < 1<<20 {
				t.Errorf("this process: %v", own)
			}
		} else if used := find(t, rec, culprit.HostUsed, "", 0); len(used) != 2 || used[0].v < 64<<20 {
			t.Errorf("used: %v", used)
		}
	}
	for _, variant := range []string{"date; ps aux; date; ps aux", "top -b -n 2 -d 1", "date +%s; free; date +%s; free", "date; free -h; date; free -w -b", "date; ps -eo pid,lstart,rss,comm; date; ps -eo pid,lstart,rss,comm"} {
		rec := newRecord()
		res, err := Read(context.Background(), strings.NewReader(shell(t, variant)), Options{Reference: time.Now()}, rec)
		if err != nil || res.Samples < 2 || res.Understood != res.Lines {
			t.Errorf("%s: %+v, %v", variant, res, err)
		}
	}
}

func shell(t *testing.T, command string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "COLUMNS=200")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return string(out)
}
