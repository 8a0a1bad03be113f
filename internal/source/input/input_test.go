package input

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gz(t *testing.T, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(p)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func names(files []File) string {
	var n []string
	for _, f := range files {
		n = append(n, filepath.Base(f.Path))
	}
	return strings.Join(n, " ")
}

func TestExpandOrdersRotatedSets(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	for _, n := range []string{
		"production.log", "production.log.1", "production.log.2.gz", "production.log.10.gz",
		"access.log", "access.log-20200610.gz", "access.log-20200611", "sidekiq.2.log", "sidekiq.log", "sidekiq.1.log",
		".hidden", ".git/config",
	} {
		data := []byte("x\n")
		if strings.HasSuffix(n, ".gz") {
			data = gz(t, "x\n")
		}
		write(t, filepath.Join(d, n), data)
	}
	files, problems := Expand([]string{d})
	if len(problems) != 0 {
		t.Fatalf("problems: %v", problems)
	}
	want := "access.log-20200610.gz access.log-20200611 access.log " +
		"production.log.10.gz production.log.2.gz production.log.1 production.log " +
		"sidekiq.2.log sidekiq.1.log sidekiq.log"
	if got := names(files); got != want {
		t.Errorf("order\n got %s\nwant %s", got, want)
	}
	if files[0].Compression != "gzip" || files[0].Name != "access.log-20200610" {
		t.Errorf("first file: %+v", files[0])
	}
}

func TestExpandProblemsAndDuplicates(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	a := write(t, filepath.Join(d, "a.log"), []byte("a\n"))
	empty := write(t, filepath.Join(d, "e", "empty.log"), nil)
	if err := os.Symlink(a, filepath.Join(d, "current.log")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(d, filepath.Join(d, "loop")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(d, "gone"), filepath.Join(d, "dangling")); err != nil {
		t.Fatal(err)
	}
	files, problems := Expand([]string{a, d, a, filepath.Join(d, "*.log"), "-", "-", empty, filepath.Join(d, "no*such"), filepath.Join(d, "missing"), filepath.Join(d, "e")})
	if got := names(files); got != "a.log -" {
		t.Errorf("files: %s", got)
	}
	want := []struct {
		base string
		err  error
	}{{"dangling", fs.ErrNotExist}, {"no*such", ErrNoMatch}, {"missing", fs.ErrNotExist}}
	if len(problems) != len(want) {
		t.Fatalf("problems: %v", problems)
	}
	for i, w := range want {
		if p := problems[i]; filepath.Base(p.Path) != w.base || !errors.Is(p, w.err) || p.Hint == "" {
			t.Errorf("problem %d: %v", i, p)
		}
	}
	_, problems = Expand([]string{empty})
	if len(problems) != 1 || !errors.Is(problems[0], ErrEmpty) {
		t.Errorf("empty file: %v", problems)
	}
	_, problems = Expand([]string{filepath.Join(d, "e")})
	if len(problems) != 1 || !errors.Is(problems[0], ErrEmpty) {
		t.Errorf("empty folder: %v", problems)
	}
}

func TestExpandPermission(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	d := t.TempDir()
	secret := write(t, filepath.Join(d, "secret.log"), []byte("x"))
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	_, problems := Expand([]string{d})
	if len(problems) != 1 || !errors.Is(problems[0], fs.ErrPermission) {
		t.Errorf("problems: %v", problems)
	}
}

func open(t *testing.T, path string) *Reader {
	t.Helper()
	files, problems := Expand([]string{path})
	if len(files) != 1 {
		t.Fatalf("%s: %v", path, problems)
	}
	r, err := files[0].Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func TestOpenEveryCompression(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Started GET \"/\" for 127.0.0.1\n", 9000)
	half := len(text) / 2
	d := t.TempDir()
	var zst, xzb bytes.Buffer
	zw, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	xw, err := xz.NewWriter(&xzb)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{zw, xw} {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string][]byte{
		"plain.log": []byte(text), "multi.gz": gz(t, text[:half], text[half:]),
		"padded.gz": append(gz(t, text), make([]byte, 1024)...), "z.zst": zst.Bytes(), "x.xz": xzb.Bytes(),
	}
	if bz, err := exec.LookPath("bzip2"); err == nil {
		cmd := exec.CommandContext(t.Context(), bz, "-c")
		cmd.Stdin = strings.NewReader(text)
		if cases["b.bz2"], err = cmd.Output(); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range cases {
		r := open(t, write(t, filepath.Join(d, name), data))
		head, err := r.Head(20)
		if err != nil || string(head) != text[:20] {
			t.Errorf("%s: head %q, %v", name, head, err)
		}
		for range 2 {
			got, err := io.ReadAll(r)
			if err != nil || string(got) != text {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
			if r.BytesIn() != int64(len(data)) {
				t.Errorf("%s: %d bytes in, want %d", name, r.BytesIn(), len(data))
			}
			if err := r.Rewind(); err != nil {
				t.Errorf("%s: rewind: %v", name, err)
			}
		}
		if plain := name == "plain.log"; plain != (r.ReaderAt() != nil) || plain != (r.Size() == int64(len(text))) {
			t.Errorf("%s: reader at %v, size %d", name, r.ReaderAt(), r.Size())
		}
		truncated := open(t, write(t, filepath.Join(d, "cut-"+name), data[:len(data)*9/10]))
		got, err := io.ReadAll(truncated)
		if name == "plain.log" || name == "padded.gz" {
			continue
		}
		if !errors.Is(err, ErrTruncated) || !strings.HasPrefix(text, string(got)) {
			t.Errorf("%s cut: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestOpenTruncatedKeepsData(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 20000 {
		b.WriteString(strings.Repeat(string(rune('a'+i*7%26)), i%37))
	}
	data := gz(t, b.String())
	r := open(t, write(t, filepath.Join(t.TempDir(), "cut.gz"), data[:len(data)-20]))
	if _, err := r.Head(1 << 20); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if !errors.Is(err, ErrTruncated) || len(got) < b.Len()/2 {
		t.Errorf("%d of %d bytes, %v", len(got), b.Len(), err)
	}
}

func TestOpenCorrupt(t *testing.T) {
	t.Parallel()
	data := append(gz(t, "hello\n"), "garbage"...)
	r := open(t, write(t, filepath.Join(t.TempDir(), "c.gz"), data))
	got, err := io.ReadAll(r)
	if string(got) != "hello\n" || !errors.Is(err, ErrCorrupt) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestOpenStdin(t *testing.T) { // not parallel: it owns os.Stdin
	old := os.Stdin
	defer func() { os.Stdin = old }()
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdin = pr
	go func() {
		_, _ = pw.Write(gz(t, "one\ntwo\n"))
		_ = pw.Close()
	}()
	files, _ := Expand([]string{"-"})
	r, err := files[0].Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if h, err := r.Head(3); err != nil || string(h) != "one" {
		t.Errorf("head %q, %v", h, err)
	}
	for range 2 {
		if got, err := io.ReadAll(r); err != nil || string(got) != "one\ntwo\n" {
			t.Errorf("%q, %v", got, err)
		}
		if err := r.Rewind(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := files[0].Open(context.Background()); err == nil {
		t.Error("standard input was opened twice")
	}
}

func TestContextEndsReading(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "a.log"), bytes.Repeat([]byte("x"), 4*rawBuffer))
	files, _ := Expand([]string{path})
	ctx, cancel := context.WithCancel(context.Background())
	r, err := files[0].Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	cancel()
	if _, err := io.ReadAll(r); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestXZDictionaryLimit(t *testing.T) {
	t.Parallel()
	data := []byte{0xfd, '7', 'z', 'X', 'Z', 0, 0, 1, 0x69, 0x22, 0xde, 0x36, 2, 0, 0x21, 1, 40, 0, 0, 0}
	files, _ := Expand([]string{write(t, filepath.Join(t.TempDir(), "big.xz"), data)})
	if _, err := files[0].Open(context.Background()); err == nil || !strings.Contains(err.Error(), "dictionary") {
		t.Errorf("error %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte{0x1f, 0x8b, 8, 0, 0, 0})
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0})
	f.Add([]byte("BZh9\x17\x72\x45\x38\x50\x90\x00\x00\x00\x00"))
	f.Add([]byte{0xfd, '7', 'z', 'X', 'Z', 0, 0, 4})
	f.Add([]byte("plain"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := write(t, filepath.Join(t.TempDir(), "f"), data)
		files, _ := Expand([]string{path})
		for _, file := range files {
			r, err := file.Open(context.Background())
			if err != nil {
				continue
			}
			_, _ = r.Head(100)
			_, _ = io.Copy(io.Discard, io.LimitReader(r, 1<<20))
			_ = r.Close()
		}
	})
}
