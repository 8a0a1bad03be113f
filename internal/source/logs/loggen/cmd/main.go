// Command cmd writes a made-up log of the wanted size to a file:
//
//	go run ./internal/source/logs/loggen/cmd -format rails -mb 1000 -o rails.log
//
// It owns nothing: package loggen writes.
package main

import (
	"flag"
	"fmt"
	"os"

	"culprit/internal/source/logs/loggen"
)

func main() {
	format := flag.String("format", "rails", fmt.Sprint("one of ", loggen.Formats()))
	mb := flag.Int64("mb", 100, "megabytes")
	seed := flag.Uint64("seed", 1, "seed")
	out := flag.String("o", "", "file to write")
	flag.Parse()
	if err := run(*format, *mb, *seed, *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(format string, mb int64, seed uint64, out string) error {
	f, err := os.Create(out)
	if err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	if err := loggen.Write(f, format, mb*1_000_000, seed); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close log: %w", err)
	}
	return nil
}
