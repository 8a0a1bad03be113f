// Command culprit names the request, job or gem that ate a Ruby server's memory.
//
// It owns the process: arguments, signals and the exit code. It refuses
// everything else, which is in internal/cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // --tz on machines without a zone database

	"culprit/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], cli.World{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Getenv,
	})
	stop()
	os.Exit(code)
}
