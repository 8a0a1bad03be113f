package input

import (
	"os"
	"path/filepath"
	"testing"
)

// A folder that holds several hosts' logs is none of them, however it is called.
func TestFolderOfManyHostsIsNoHost(t *testing.T) {
	root := t.TempDir()
	want := map[string]string{
		"job-1/logs/web1/production.log": "web1", "job-1/logs/web2/production.log": "web2",
		"job-1/logs/proxy/access.log": "", "job-1/series/memory.csv": "",
		"web-7/logs/production.log": "web-7", "web-7/memory.csv": "web-7",
	}
	for name := range want {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := Expand([]string{root})
	if len(files) != len(want) {
		t.Fatalf("%d files, want %d", len(files), len(want))
	}
	for _, f := range files {
		rel, _ := filepath.Rel(root, f.Path)
		if f.HostHint != want[filepath.ToSlash(rel)] {
			t.Errorf("%s: host %q, want %q", rel, f.HostHint, want[filepath.ToSlash(rel)])
		}
	}
}
