package bootpage_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/present/bootpage"
)

const mb = 1_000_000

// boot is a made-up boot with a heavy gem, deep requires and hostile names.
func boot(mode string) culprit.Boot {
	leaf := func(name, gem string, own culprit.Bytes, children ...culprit.BootNode) culprit.BootNode {
		total := own
		for _, c := range children {
			total += c.TotalBytes
		}
		if children == nil {
			children = []culprit.BootNode{}
		}
		return culprit.BootNode{Name: name, Gem: gem, OwnBytes: own, TotalBytes: total, RetainedBytes: total / 3, TimeMS: float64(total) / mb * 9, AlsoBy: []string{}, Children: children}
	}
	b := culprit.Boot{
		Schema: culprit.BootSchema, Tool: "culprit 0.1.0", Mode: mode, App: "shop", Ruby: "3.1.2 x86_64-linux-gnu", Env: "production",
		Entry: "groups default, production", TotalBytes: 117 * mb, BaseBytes: 21 * mb, PSSBytes: 110 * mb, RetainedBytes: 39 * mb, RetainedObjects: 412_000,
		AllocatedBytes: culprit.Unknown, AllocatedObjects: culprit.Unknown, TimeMS: 1840, PlainTimeMS: 1610, Coverage: 0.994,
		Runs: []culprit.BootRun{{TotalBytes: 116 * mb, TimeMS: 1830}, {TotalBytes: 117 * mb, TimeMS: 1840}, {TotalBytes: 119 * mb, TimeMS: 1900}},
		Tree: []culprit.BootNode{
			leaf("mail", "mail", 19*mb, leaf("mime/types", "mime-types", 14*mb), leaf("net/smtp", "ruby", 2*mb)),
			leaf("rails/all", "rails", 4*mb, leaf("active_record/railtie", "activerecord", 9*mb, leaf("active_record", "activerecord", 11*mb)), leaf("action_controller/railtie", "actionpack", 12*mb)),
			leaf("heavy", "heavy", 31*mb), leaf("</script><b>evil", "evil", 3*mb), leaf("gave/back", "odd", -2*mb),
		},
		Gems: []culprit.BootGem{
			{Name: "heavy", Version: "0.1.0", Bytes: 31 * mb, RetainedBytes: 12 * mb, RetainedObjects: 120_000, TimeMS: 280, Files: 1},
			{Name: "activerecord", Version: "6.1.7", Bytes: 20 * mb, RetainedBytes: 7 * mb, RetainedObjects: 90_000, TimeMS: 300, Files: 214},
			{Name: "mail", Version: "2.8.1", Bytes: 19 * mb, RetainedBytes: culprit.Unknown, RetainedObjects: culprit.Unknown, TimeMS: 150, Files: 80},
		},
		Files: []culprit.BootGroup{{Key: "lib/heavy.rb", Gem: "heavy", Bytes: 31 * mb, Objects: culprit.Unknown}}, Locations: []culprit.BootGroup{}, Classes: []culprit.BootGroup{},
		Fork:          &culprit.BootFork{MasterBytes: 138 * mb, SharedBytes: 120 * mb, UnsharedBytes: 22 * mb, PreloadSavesBytes: 98 * mb},
		Circumstances: []culprit.Circumstance{}, Warnings: []string{"SECRET_KEY_BASE was not set: a dummy was used"},
	}
	if mode == "objects" {
		b.Locations = []culprit.BootGroup{{Key: "lib/heavy.rb:14", Gem: "heavy", Bytes: 11 * mb, Objects: 110_000}}
		b.Classes = []culprit.BootGroup{{Key: "String", Gem: "ruby", Bytes: 14 * mb, Objects: 190_000}}
	}
	return b
}

// TestSamples writes pages for the browser tests when CULPRIT_SAMPLES names a
// folder, and holds what every page must hold.
func TestSamples(t *testing.T) {
	for _, mode := range []string{"mem", "objects"} {
		var out bytes.Buffer
		if err := bootpage.Write(&out, boot(mode)); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if n := strings.Count(text, "</script>"); n != 2 {
			t.Errorf("%s: %d script ends, want 2", mode, n)
		}
		if strings.Contains(text, "<b>evil") || strings.Contains(text, " src=") || !strings.Contains(text, "default-src") {
			t.Errorf("%s: hostile text, a load or no policy", mode)
		}
		_, rest, _ := strings.Cut(text, `id="culprit-boot">`)
		inline, _, _ := strings.Cut(rest, "</script>")
		var got culprit.Boot
		if err := json.Unmarshal([]byte(inline), &got); err != nil || got.Tree[3].Name != "</script><b>evil" {
			t.Errorf("%s: the page carries another boot: %v", mode, err)
		}
		if dir := os.Getenv("CULPRIT_SAMPLES"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "boot_"+mode+".html"), out.Bytes(), 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}
