package cli

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInOrder: lines that are read on are those that are looked up, whatever stands
// between them and however long they are.
func TestInOrder(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"type":"ROOT", "root":"vm", "references":["0x1000"` + strings.Repeat(`, "0x1028"`, 200_000) + "]}\n")
	const n = 30_000
	for i := range n {
		value := fmt.Sprintf("v%d", i)
		if i%9000 == 5 {
			value = strings.Repeat("long ", 300_000) // longer than the buffer
		}
		fmt.Fprintf(&b, `{"address":"0x%x", "type":"STRING", "references":["0x1000"], "value":"%s", "memsize":40}`+"\n", 0x1000+i*40, value)
		if i%700 == 3 {
			b.WriteString("\nbroken {\"address\":\"0x1\n")
		}
	}
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json.gz")
	var z bytes.Buffer
	zw := gzip.NewWriter(&z)
	if _, err := zw.Write([]byte(b.String())); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{plain: []byte(b.String()), packed: z.Bytes()} {
		if err := os.WriteFile(name, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{plain, packed} {
		o := heapReading{noIndex: true}
		l, err := o.load(t.Context(), World{Stderr: &strings.Builder{}, Env: os.Getenv}, name)
		if err != nil {
			t.Fatal(err)
		}
		lines := inOrder(l)
		for _, i := range []uint32{0, 1, 5, 6, 4000, 9005, 9006, 29_999, 7} { // on, far ahead, back
			got, err := lines.Line(i)
			if err != nil {
				t.Fatalf("%s: object %d: %v", name, i, err)
			}
			if want := fmt.Sprintf(`{"address":"0x%x"`, 0x1000+int(i)*40); !bytes.HasPrefix(got, []byte(want)) || !bytes.HasSuffix(got, []byte(`"memsize":40}`)) {
				t.Errorf("%s: object %d is %.60s (%d bytes), want %s", name, i, got, len(got), want)
			}
		}
		if err := lines.Close(); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}
