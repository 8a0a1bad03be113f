package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"culprit/internal/cli"
)

var update = flag.Bool("update", false, "write the outputs in README.md anew")

// shown is a command in README.md with the output that follows it:
//
//	```console
//	$ culprit investigate ...
//	(output)
//	```
var shown = regexp.MustCompile("(?s)```console\n\\$ culprit ([^\n]*)\n(.*?)```\n")

// TestReadme runs every command that README.md shows with its output, from the
// root of the repository, and compares.
func TestReadme(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	commands := shown.FindAllStringSubmatch(text, -1)
	if len(commands) == 0 {
		t.Fatal("README.md shows no command")
	}
	for _, m := range commands {
		var stdout, stderr bytes.Buffer
		code := cli.Run(context.Background(), strings.Fields(m[1]), cli.World{
			Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
			Env: func(string) string { return "" },
		})
		if code != 0 || stderr.Len() > 0 {
			t.Errorf("culprit %s: exit %d, standard error %q", m[1], code, stderr.String())
		}
		if *update {
			block := "```console\n$ culprit " + m[1] + "\n" + stdout.String() + "```\n"
			text = strings.Replace(text, m[0], block, 1)
			continue
		}
		if stdout.String() != m[2] {
			t.Errorf("culprit %s prints\n%s\nREADME.md shows\n%s\n(make golden rewrites it)", m[1], stdout.String(), m[2])
		}
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
