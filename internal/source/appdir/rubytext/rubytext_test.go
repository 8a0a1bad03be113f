package rubytext_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"culprit/internal/source/appdir/rubytext"
)

// TestAgreesWithRipper holds comments against Ruby's own lexer, over all Ruby
// files of Debian's Rails, Puma, Rack and standard library.
func TestAgreesWithRipper(t *testing.T) {
	var files []string
	for _, dir := range []string{"/usr/share/rubygems-integration", "/usr/lib/ruby"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, ".rb") {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("ruby", "-W0", "testdata/comments.rb")
	cmd.Stdin = strings.NewReader(strings.Join(files, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ruby: %v; hint: make setup", err)
	}
	in := bufio.NewReader(bytes.NewReader(out))
	compared, wrong := 0, []string{}
	for {
		path, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		size, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil {
			t.Fatal(err)
		}
		want := make([]byte, n)
		if _, err := io.ReadFull(in, want); err != nil {
			t.Fatal(err)
		}
		src, err := os.ReadFile(strings.TrimSpace(path))
		if err != nil {
			t.Fatal(err)
		}
		got, bare := rubytext.Blank(src)
		if len(bare) != len(src) {
			t.Errorf("%s: %d bytes became %d", path, len(src), len(bare))
		}
		compared++
		if !bytes.Equal(got, want) {
			wrong = append(wrong, strings.TrimSpace(path)+firstDifference(src, got, want))
		}
	}
	t.Logf("%d files compared, %d differ", compared, len(wrong))
	if compared < 1000 {
		t.Fatalf("only %d files compared", compared)
	}
	// One in a thousand may differ: where only a parser could tell.
	if len(wrong)*1000 > compared {
		for _, w := range wrong[:min(len(wrong), 40)] {
			t.Error(w)
		}
	}
}

func firstDifference(src, got, want []byte) string {
	for i := range src {
		if got[i] == want[i] {
			continue
		}
		line := 1 + bytes.Count(src[:i], []byte("\n"))
		from := bytes.LastIndexByte(src[:i], '\n') + 1
		end := i
		for end < len(src) && src[end] != '\n' {
			end++
		}
		return ":" + strconv.Itoa(line) + ": " + string(src[from:end])
	}
	return ""
}

func TestBare(t *testing.T) {
	for src, want := range map[string]string{
		`a = "x.leak" # leak`:             `a = "      "       `,
		`a = "n #{x.leak} m"`:             `a = "  #{x.leak}  "`,
		`a = 'it''s' + b`:                 `a = '  '' ' + b`,
		`split(/ # no comment/); leak`:    `split(/             /); leak`,
		`a / b # c`:                       `a / b    `,
		`%w[a # b] + leak`:                `%w[     ] + leak`,
		`x = <<~A + leak` + "\n  leak\nA": `x = <<~A + leak` + "\n      \nA",
		`c == ?# ? leak : 1`:              `c == ?# ? leak : 1`,
		`{ "a": leak, b: 'c' }`:           `{ " ": leak, b: ' ' }`,
		"__END__\nleak":                   "       \n    ",
		"=begin\nleak\n=end\nleak":        "      \n    \n    \nleak",
	} {
		if _, bare := rubytext.Blank([]byte(src)); string(bare) != want {
			t.Errorf("%q\n got %q\nwant %q", src, bare, want)
		}
	}
}

func TestTemplates(t *testing.T) {
	code, bare := rubytext.BlankERB([]byte("<p># kept</p>\n<%# leak %><%= x.leak # why\n%><%% leak %>"))
	if string(code) != "<p># kept</p>\n<%       %><%= x.leak      \n%><%% leak %>" {
		t.Errorf("code %q", code)
	}
	if string(bare) != "             \n               x.leak      \n             " {
		t.Errorf("bare %q", bare)
	}
	code, _ = rubytext.BlankIndented([]byte("%p\n  -# leak\n    leak\n  = leak\n"), "-#")
	if string(code) != "%p\n         \n        \n  = leak\n" {
		t.Errorf("haml %q", code)
	}
	code, _ = rubytext.BlankHash([]byte("A=1 # leak\nB=\"# kept\"\nC=a#kept\n"))
	if string(code) != "A=1       \nB=\"# kept\"\nC=a#kept\n" {
		t.Errorf("hash %q", code)
	}
}

// FuzzBlank: whatever comes in, lines stay where they are and nothing is added.
func FuzzBlank(f *testing.F) {
	for _, s := range []string{"a = <<~A\n#{<<B}\nB\nA\n", "%q(((", "?\\C-\\M-x", "\"#{\"#{", "=begin\n", "<%= \"%>\" %>", "x /a#/ y", "def /(x) = 1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		check := func(out []byte) {
			if len(out) != len(src) {
				t.Fatalf("%d bytes became %d", len(src), len(out))
			}
			for i := range src {
				if out[i] != src[i] && out[i] != ' ' || src[i] == '\n' && out[i] != '\n' {
					t.Fatalf("byte %d: %q became %q", i, src[i], out[i])
				}
			}
		}
		for _, blank := range []func([]byte) ([]byte, []byte){
			rubytext.Blank, rubytext.BlankERB, rubytext.BlankHash,
			func(b []byte) ([]byte, []byte) { return rubytext.BlankIndented(b, "-#", "/") },
		} {
			code, bare := blank(src)
			check(code)
			check(bare)
		}
	})
}
