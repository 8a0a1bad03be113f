//go:build e2e && rubies

package bootvictim_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root runs the Ruby of another system, in its root, under the pid that was
// started: binds make the same paths visible inside.
const root = `#!/bin/sh
exec unshare --mount --propagation private sh -c '
r=$1; shift
for d in /proc /dev "TEMP"; do mkdir -p "$r$d"; mount --rbind "$d" "$r$d"; done
exec chroot "$r" sh -c "cd \"\$0\" && exec ruby \"\$@\"" "$PWD" "$@"' sh ROOT "$@"
`

// TestOtherRubies boots the apps with the Rubies that scripts/setup-rubies.sh
// keeps: the prelude must run on all of them, and find the same weights.
func TestOtherRubies(t *testing.T) {
	home := os.Getenv("CULPRIT_RUBIES")
	if home == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		home = filepath.Join(cache, "culprit", "rubies")
	}
	for suite, version := range map[string]string{"bullseye": "2.7.", "trixie": "3.3."} {
		dir := filepath.Join(home, suite)
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("%v; hint: make setup-rubies", err)
			continue
		}
		t.Run(suite, func(t *testing.T) {
			ruby := filepath.Join(t.TempDir(), "ruby")
			if err := os.WriteFile(ruby, []byte(strings.NewReplacer("ROOT", dir, "TEMP", os.TempDir()).Replace(root)), 0o755); err != nil {
				t.Fatal(err)
			}
			tool := tool(t)
			for _, name := range []string{"rack", "rails"} {
				app := filepath.Join(open(t), name)
				if err := os.CopyFS(app, os.DirFS(name)); err != nil {
					t.Fatal(err)
				}
				b := measured(t, nil, tool, "mem", "--runs", "1", "--app", "--ruby", ruby, app)
				if !strings.HasPrefix(b.Ruby, version) || b.Coverage < 0.98 || b.Coverage > 1.02 || b.Fork == nil {
					t.Errorf("%s: Ruby %s, coverage %.3f, fork %v", name, b.Ruby, b.Coverage, b.Fork)
				}
				if name == "rails" {
					near(t, "heavy", gem(t, b, "heavy").Bytes, 30e6, 0.05)
					if b.Gems[0].Name != "heavy" {
						t.Errorf("the heaviest is %s", b.Gems[0].Name)
					}
				}
				o := measured(t, nil, tool, "objects", "--runs", "1", "--app", "--ruby", ruby, app)
				if o.RetainedObjects <= 0 || o.AllocatedObjects < o.RetainedObjects {
					t.Errorf("%s: %d objects of %d", name, o.RetainedObjects, o.AllocatedObjects)
				}
			}
		})
	}
}
