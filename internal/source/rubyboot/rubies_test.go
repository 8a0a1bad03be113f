//go:build rubies

package rubyboot

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/lab/rubies"
)

// TestEveryRuby runs all tests of this package again for each Ruby, which stands
// first in PATH: what the prelude promises holds on all of them.
func TestEveryRuby(t *testing.T) { rubies.Rerun(t) }

// TestEveryRubyBootsApps boots the apps of lab/bootvictim with culprit itself: on
// every Ruby, with whatever Rails it has, what was planted is found with its size.
func TestEveryRubyBootsApps(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "culprit")
	if out, err := exec.Command("go", "build", "-o", tool, "culprit/cmd/culprit").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	planted := map[string]map[string]float64{
		"rack":  {"app": 5e6},
		"rails": {"heavy": 30e6, "medium": 8e6, "app": 6e6},
	}
	for _, r := range rubies.All(t) {
		for app, weights := range planted {
			for _, mode := range []string{"mem", "objects"} {
				t.Run(r.Version+"/"+app+"/"+mode, func(t *testing.T) {
					bootsApp(t, tool, r, app, mode, weights)
				})
			}
		}
	}
}

func bootsApp(t *testing.T, tool string, r rubies.Ruby, app, mode string, planted map[string]float64) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), app)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("../../../lab/bootvictim", app))); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	runs := map[string]string{"mem": "3", "objects": "1"}[mode]
	b := report(t, tool, mode, "--app", "--runs", runs, "--ruby", r.Wrapper(t), dir)
	t.Logf("%s, %s: %d bytes, covered %.4f, %.2f times a plain boot, %q", b.Ruby, b.Entry, b.TotalBytes, b.Coverage, b.Overhead, b.Warnings)
	if !maps.Equal(before, contents(t, dir)) {
		t.Error("the app's folder was written to")
	}
	if !strings.HasPrefix(b.Ruby, r.Version+" ") {
		t.Errorf("booted with Ruby %s", b.Ruby)
	}
	if app == "rails" && b.Gems[0].Name != "heavy" {
		t.Errorf("the heaviest is %+v", b.Gems[0])
	}
	if (b.Fork == nil) != (mode == "objects") {
		t.Errorf("after a fork: %+v", b.Fork)
	}
	wholeWithin(t, b)
	for name, want := range planted {
		weighs(t, b, mode, name, want)
	}
}

// report runs culprit boot and reads its report.
func report(t *testing.T, tool string, args ...string) culprit.Boot {
	t.Helper()
	cmd := exec.Command(tool, append(append([]string{"boot"}, args...), "--json")...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complaint.Bytes())
	}
	var b culprit.Boot
	if err := json.Unmarshal(out, &b); err != nil {
		t.Fatal(err)
	}
	if len(b.Gems) == 0 {
		t.Fatalf("no gems: %s", out)
	}
	for _, w := range b.Warnings {
		if strings.Contains(w, "kernel") || strings.Contains(w, "add up") {
			t.Error(w)
		}
	}
	return b
}

// wholeWithin holds the sum of the tree against the whole: 2 %. An app of 5 MB
// may miss the 100 kB that RubyGems keeps for itself.
func wholeWithin(t *testing.T, b culprit.Boot) {
	t.Helper()
	missing := math.Abs(1-b.Coverage) * float64(b.TotalBytes)
	if missing > max(0.02*float64(b.TotalBytes), 200e3) {
		t.Errorf("%d bytes, the tree covers %.4f of them", b.TotalBytes, b.Coverage)
	}
}

// weighs holds a gem against what was planted: 5 %. The app's own code comes on
// top of what it plants, and in mem it is told in pages.
func weighs(t *testing.T, b culprit.Boot, mode, name string, want float64) {
	t.Helper()
	within := 0.05
	if name == "app" && mode == "mem" {
		within = 0.15
	}
	for _, g := range b.Gems {
		if g.Name != name {
			continue
		}
		got := float64(g.Bytes)
		if mode == "objects" {
			got = float64(g.RetainedBytes)
		}
		if math.Abs(got-want) > want*within {
			t.Errorf("%s: %.0f bytes, planted were %.0f", name, got, want)
		}
		return
	}
	t.Errorf("no gem %s", name)
}
