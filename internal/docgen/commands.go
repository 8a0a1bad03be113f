package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"culprit/internal/buildinfo"
	"culprit/internal/cli"
)

// released is the date on the man pages: they must not change from run to run.
var released = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

// commands writes one Markdown file and one man page per command.
func commands(dir string) error {
	for _, sub := range []string{"cli", "man"} {
		if err := os.RemoveAll(filepath.Join(dir, sub)); err != nil {
			return err
		}
	}
	return command(dir, cli.NewRoot(cli.World{}))
}

func command(dir string, cmd *cobra.Command) error {
	if !cmd.IsAvailableCommand() && cmd.HasParent() {
		return nil
	}
	cmd.DisableAutoGenTag = true
	cmd.InitDefaultHelpFlag()
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	var md, man bytes.Buffer
	link := func(file string) string { return strings.ReplaceAll(file, "_", "-") }
	if err := doc.GenMarkdownCustom(cmd, &md, link); err != nil {
		return err
	}
	if err := writeFile(dir, "cli/"+name+".md", md.String()); err != nil {
		return err
	}
	header := &doc.GenManHeader{
		Title: strings.ToUpper(name), Section: "1", Date: &released,
		Source: buildinfo.Tool(), Manual: "culprit manual",
	}
	if err := doc.GenMan(cmd, header, &man); err != nil {
		return err
	}
	if err := writeFile(dir, "man/"+name+".1", man.String()); err != nil {
		return err
	}
	for _, child := range cmd.Commands() {
		if err := command(dir, child); err != nil {
			return fmt.Errorf("%s: %w", child.Name(), err)
		}
	}
	return nil
}

// writeFile writes one document, without trailing blanks and with one newline
// at its end.
func writeFile(dir, name, text string) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \t\n"))
		b.WriteByte('\n')
	}
	return os.WriteFile(path, []byte(strings.TrimRight(b.String(), "\n")+"\n"), 0o644)
}
