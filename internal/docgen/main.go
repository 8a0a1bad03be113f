// Command docgen writes the documents that are made from the program itself: the
// command reference in docs/cli, the man pages in docs/man, the table of formats in
// docs/FORMATS.md, the known causes in docs/gems, and the rules in docs/DOCTOR.md.
//
//	go run ./internal/docgen
//
// It owns the layout of these documents. It refuses to hold facts: what they say
// comes from internal/cli and the doors.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run("docs"); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

// run writes all generated documents under dir.
func run(dir string) error {
	if err := commands(dir); err != nil {
		return fmt.Errorf("commands: %w", err)
	}
	if err := writeFile(dir, "FORMATS.md", formats()); err != nil {
		return fmt.Errorf("formats: %w", err)
	}
	if err := writeFile(dir, "DOCTOR.md", rules()); err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	if err := knowledge(dir); err != nil {
		return fmt.Errorf("knowledge base: %w", err)
	}
	return nil
}
