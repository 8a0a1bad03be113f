package boot_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/present/boot"
	"culprit/internal/present/sheet"
)

var update = flag.Bool("update", false, "write golden files anew")

const mb = 1_000_000

func node(name, gem string, own culprit.Bytes, children ...culprit.BootNode) culprit.BootNode {
	total := own
	for _, c := range children {
		total += c.TotalBytes
	}
	return culprit.BootNode{
		Name: name, Gem: gem, File: "/gems/" + name + ".rb", OwnBytes: own, TotalBytes: total, PSSBytes: total,
		AllocatedBytes: -1, AllocatedObjects: -1, RetainedBytes: -1, RetainedObjects: -1, TimeMS: float64(total) / mb, OwnTimeMS: float64(own) / mb, Children: children,
	}
}

func sample() culprit.Boot {
	heavy := node("heavy", "heavy", 31*mb)
	heavy.AlsoBy = []string{"app/models/order", "lib/tasks/report", "config/application"}
	logger := node("active_support/a_very_long_name_that_goes_on/and_on_and_on_until_it/does_not_fit", "activesupport", 4*mb)
	logger.AlsoBy = []string{"a", "b"}
	b := culprit.Boot{
		Schema: culprit.BootSchema, Tool: "culprit 0.1.0", Mode: "mem", App: "shop", Ruby: "3.1.2 x86_64-linux-gnu", Env: "production",
		Entry: "config/environment, eager loaded (Rails 6.1.7)", TotalBytes: 117 * mb, BaseBytes: 14 * mb, PSSBytes: 110 * mb,
		AllocatedBytes: -1, AllocatedObjects: -1, RetainedBytes: -1, RetainedObjects: -1, TimeMS: 1840, PlainTimeMS: 1610, Overhead: 1.14, Coverage: 0.999,
		Runs: []culprit.BootRun{{TotalBytes: 116_900_000, TimeMS: 1840}, {TotalBytes: 117 * mb, TimeMS: 1830}, {TotalBytes: 117_240_000, TimeMS: 1850}},
		Tree: []culprit.BootNode{
			node("config/application", "", 40_000, heavy, node("rails", "railties", 300_000, logger, node("concurrent", "concurrent-ruby", 2*mb), node("small", "rack", 900_000))),
			node("gave/back", "odd", -2*mb),
		},
		Gems: []culprit.BootGem{
			{Name: "heavy", Version: "0.1.0", Bytes: 31 * mb, RetainedBytes: -1, RetainedObjects: -1, TimeMS: 280, Files: 1},
			{Name: "ruby", Version: "3.1.2", Bytes: 12 * mb, RetainedBytes: -1, RetainedObjects: -1, TimeMS: 103, Files: 142},
			{Name: "app", Bytes: 6 * mb, RetainedBytes: -1, RetainedObjects: -1, TimeMS: 1002, Files: 1900},
			{Name: "evil\x1b[31m", Version: "1\n2", Bytes: 1, RetainedBytes: -1, RetainedObjects: -1},
		},
		Fork:     &culprit.BootFork{MasterBytes: 138 * mb, SharedBytes: 120 * mb, UnsharedBytes: 22 * mb, PreloadSavesBytes: 91 * mb},
		Warnings: []string{"SECRET_KEY_BASE was not set: a dummy was used"},
	}
	for range 10 {
		b.Gems = append(b.Gems, culprit.BootGem{Name: "tiny", Version: "1", Bytes: 2000, TimeMS: 0.2, Files: 2, RetainedBytes: -1, RetainedObjects: -1})
	}
	return b
}

func objects() culprit.Boot {
	b := sample()
	b.Mode, b.BaseBytes, b.PSSBytes, b.Fork = "objects", -1, -1, nil
	b.Runs, b.PlainTimeMS, b.Overhead = b.Runs[:1], -1, -1
	b.RetainedBytes, b.RetainedObjects, b.AllocatedBytes, b.AllocatedObjects = 117*mb, 132_759, 240*mb, 617_060
	for i := range b.Gems {
		b.Gems[i].RetainedBytes, b.Gems[i].RetainedObjects = b.Gems[i].Bytes, int64(b.Gems[i].Bytes/100)
	}
	b.Locations = []culprit.BootGroup{
		{Key: "heavy/lib/heavy.rb:5", Gem: "heavy", Bytes: 31 * mb, Objects: 301},
		{Key: "activerecord/lib/active_record/connection_adapters/abstract/connection_pool.rb:323", Gem: "activerecord", Bytes: mb, Objects: 8},
	}
	b.Classes = []culprit.BootGroup{{Key: "String", Bytes: 49 * mb, Objects: 44_349}, {Key: "(compiled code)", Bytes: 21 * mb, Objects: 21_905}}
	return b
}

func budgeted(exceeded bool) culprit.Boot {
	b := sample()
	b.Budget = &culprit.BootBudget{
		Baseline: "main.json", BaselineBytes: 112 * mb, GrewBytes: 5 * mb, BudgetBytes: 10 * mb, Exceeded: exceeded,
		Changes: []culprit.BootGroup{{Key: "heavy", Bytes: 6 * mb, Objects: -1}, {Key: "gone", Bytes: -mb, Objects: -1}},
	}
	if exceeded {
		b.Budget.BudgetBytes = 2 * mb
	}
	b.Circumstances = []culprit.Circumstance{{ID: "boot", Name: "boot memory", Standing: culprit.StandingNotIt}}
	return b
}

func TestGolden(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"mem.txt":     func(b *bytes.Buffer) error { return boot.Write(b, sample(), boot.Options{CutOff: -1}) },
		"objects.txt": func(b *bytes.Buffer) error { return boot.Write(b, objects(), boot.Options{CutOff: 0}) },
		"over.txt":    func(b *bytes.Buffer) error { return boot.Write(b, budgeted(true), boot.Options{CutOff: 3 * mb}) },
		"within.txt":  func(b *bytes.Buffer) error { return boot.Write(b, budgeted(false), boot.Options{CutOff: 3 * mb}) },
		"narrow.txt": func(b *bytes.Buffer) error {
			return boot.Write(b, sample(), boot.Options{CutOff: -1, Options: sheet.Options{Width: 50, Plain: true}})
		},
		"empty.txt": func(b *bytes.Buffer) error {
			return boot.Write(b, culprit.Boot{Mode: "mem", App: "shop", BaseBytes: -1, PlainTimeMS: -1, Overhead: -1}, boot.Options{CutOff: -1})
		},
		"mem.json": func(b *bytes.Buffer) error { return boot.JSON(b, sample()) },
	} {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s differs (go test -update writes it anew):\n%s", name, got.String())
		}
		if strings.Contains(got.String(), "\x1b") {
			t.Errorf("%s: an escape sequence of a name came through", name)
		}
		width := 80
		if name == "narrow.txt" {
			width = 50
		}
		for line := range strings.Lines(got.String()) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > width && !strings.HasSuffix(name, ".json") {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
}

// Arrays are never null, and what was not measured is -1.
func TestJSONIsWhole(t *testing.T) {
	var b bytes.Buffer
	if err := boot.JSON(&b, culprit.Boot{RetainedObjects: culprit.Unknown, Tree: []culprit.BootNode{{Name: "a"}}}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "null") && !strings.Contains(line, `"fork"`) && !strings.Contains(line, `"budget"`) {
			t.Error(line)
		}
	}
	if !strings.Contains(b.String(), `"retained_objects": -1`) || !strings.HasSuffix(b.String(), "}\n") {
		t.Error(b.String())
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestBrokenOutput(t *testing.T) {
	if err := boot.JSON(broken{}, sample()); err == nil {
		t.Error("JSON: no error")
	}
	if err := boot.Write(broken{}, sample(), boot.Options{}); err == nil {
		t.Error("terminal: no error")
	}
}
