package heapredact_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"culprit/internal/heap"
	"culprit/internal/source/heapdump"
	"culprit/internal/source/heapredact"
)

func redact(t *testing.T, text string, opt heapredact.Options) (string, heapredact.Count) {
	t.Helper()
	var out bytes.Buffer
	c, err := heapredact.Copy(t.Context(), &out, strings.NewReader(text), opt)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), c
}

func TestRedact(t *testing.T) {
	in := `{"type":"ROOT", "root":"vm", "references":["0x10"]}
{"address":"0x10", "type":"STRING", "class":"0x20", "value":"pass\"word\\", "encoding":"UTF-8", "file":"/srv/app/a.rb", "line":3, "memsize":40, "flags":{"old":true}}
{"address":"0x18", "type":"SYMBOL", "value":"password", "memsize":40}
{"address":"0x28", "type":"FLOAT", "value":1.5, "memsize":40, "new_field":"password"}
a line with a password
{"address":"0x30", "type":"STRING", "value":"pass{"address":"0x38", "type":"STRING", "value":"password"}
`
	out, c := redact(t, in, heapredact.Options{})
	if strings.Contains(out, "pass") || c.Lines != 6 || c.Dropped != 2 || c.Redacted != 4 || strings.Count(out, "\n") != 4 {
		t.Errorf("%+v\n%s", c, out)
	}
	if !strings.Contains(out, `{"address":"0x10", "type":"STRING", "class":"0x20", "encoding":"UTF-8", "file":"/srv/app/a.rb", "line":3, "memsize":40, "flags":{"old":true}}`) {
		t.Errorf("%s", out)
	}
	if out, _ := redact(t, in, heapredact.Options{HashFiles: true}); strings.Contains(out, "/srv") {
		t.Errorf("%s", out)
	}
}

// TestSameGraph: of a real dump, all columns but the texts stay.
func TestSameGraph(t *testing.T) {
	file := filepath.Join(t.TempDir(), "heap.json")
	out, err := exec.Command("ruby", "-robjspace", "-e", `ObjectSpace.trace_object_allocations_start
SECRET = Array.new(500) { |i| "secret-#{i}" } + [:"secret symbol", 1.5, 2**70, /secret regexp/, "x" * 5000]
File.open(ARGV[0], "w") { |f| ObjectSpace.dump_all(output: f) }`, file).CombinedOutput()
	if err != nil {
		t.Fatalf("ruby: %v\n%s\nhint: make setup", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	made, c := redact(t, string(text), heapredact.Options{})
	if strings.Contains(made, "secret") || c.Dropped != 0 || c.Redacted < 500 {
		t.Errorf("%+v", c)
	}
	a, b := read(t, string(text)), read(t, made)
	if a.Len() != b.Len() || len(a.Refs) != len(b.Refs) {
		t.Fatalf("%d and %d objects", a.Len(), b.Len())
	}
	for i := range uint32(a.Len()) {
		if a.Address(i) != b.Address(i) || a.Bytes(i) != b.Bytes(i) || a.Type[i] != b.Type[i] || a.Sites[a.Site[i]] != b.Sites[b.Site[i]] || a.Flags[i] != b.Flags[i] || a.Gen[i] != b.Gen[i] {
			t.Fatalf("object %d differs", i)
		}
	}
}

func read(t *testing.T, text string) *heap.Heap {
	t.Helper()
	d, err := heapdump.Read(t.Context(), strings.NewReader(text), heapdump.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Heap
}

// FuzzRedact: no value survives, and what comes out is what redacting again gives.
func FuzzRedact(f *testing.F) {
	f.Add([]byte(`{"address":"0x10", "type":"STRING", "value":"hush\\\"", "flags":{"a":true}, "x":{"value":"hush"}}`))
	f.Add([]byte(`{"value":"hush", "value":["hush"]}` + "\n\"hush\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var out, again bytes.Buffer
		if _, err := heapredact.Copy(context.Background(), &out, bytes.NewReader(text), heapredact.Options{}); err != nil {
			t.Fatal(err)
		}
		c, err := heapredact.Copy(context.Background(), &again, bytes.NewReader(out.Bytes()), heapredact.Options{})
		if err != nil || c.Dropped != 0 || c.Redacted != 0 || !bytes.Equal(out.Bytes(), again.Bytes()) {
			t.Fatalf("%+v %v\n%q\n%q", c, err, out.Bytes(), again.Bytes())
		}
	})
}
