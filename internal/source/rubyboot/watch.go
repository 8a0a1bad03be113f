package rubyboot

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stage is how far a boot came.
type stage int

const (
	started  stage = iota
	ready          // the prelude stands, nothing is loaded
	booted         // everything is loaded
	finished       // everything is told
)

// ending is how a boot ended.
type ending struct {
	stage     stage
	exit      error // what Wait said, nil for success
	timedOut  bool
	tooLarge  bool  // the collector was held back for too long
	cancelled error // why the caller gave up
}

// grace is how long Ruby has to say where it is before it is ended.
const grace = 500 * time.Millisecond

// mostHeap is how much a boot may take while the collector is held back.
const mostHeap = 8 << 30

// watch leads the child from stage to stage and ends it, with all that it has
// started, when its time is over.
func (c *child) watch(ctx context.Context) ending {
	c.pid = c.cmd.Process.Pid
	words, over := make(chan string), make(chan struct{})
	defer close(over)
	go read(c.status, words, over)
	if c.heap != nil {
		c.objects = make(chan dumped, 1)
		go func() { c.objects <- tally(c.heap) }()
	}
	exited := make(chan error, 1)
	go func() { exited <- c.cmd.Wait() }()
	limit := time.NewTimer(c.limit)
	defer limit.Stop()
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	var end ending
	for {
		select {
		case word, ok := <-words:
			if !ok {
				words = nil // it has closed its end: Wait tells the rest
				continue
			}
			c.step(&end, word)
			if end.stage == booted {
				limit.Reset(c.limit)
			}
		case end.exit = <-exited:
			c.drain(&end, words)
			c.kill() // what it has left behind
			return end
		case <-look.C:
			if c.mode == Allocated && end.stage == ready && resident(c.pid) > mostHeap {
				end.tooLarge = true
				c.kill()
			}
		case <-limit.C:
			end.timedOut = true
			if end.stage >= ready {
				_ = syscall.Kill(c.pid, syscall.SIGUSR2) // it may have ended meanwhile
				time.AfterFunc(grace, c.kill)
				continue
			}
			c.kill()
		case <-ctx.Done():
			end.cancelled = context.Cause(ctx)
			c.kill()
			end.exit = <-exited
			return end
		}
	}
}

// kill ends the group that was started for this boot.
func (c *child) kill() { _ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) } // nobody there: nothing to end

// step takes a word of the child.
func (c *child) step(end *ending, line string) {
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return
	}
	switch fields[0] {
	case "ready":
		if len(fields) == 3 {
			if pid, err := strconv.Atoi(fields[1]); err == nil && pid > 0 {
				c.pid = pid
			}
			c.held = fields[2]
		}
		if !c.holds("write") {
			c.snapshot = snap(c.cmd.Dir)
		}
		end.stage = ready
		c.before = pages(c.pid)
		c.proceed()
	case "done":
		end.stage = booted
		c.after = pages(c.pid)
		c.proceed()
	case "end":
		end.stage = finished
	}
}

// proceed lets the child go on.
func (c *child) proceed() { _, _ = c.let.Write([]byte{1}) } // when it is gone, Wait says so

// holds tells whether the kernel holds the child back from what.
func (c *child) holds(what string) bool {
	return slices.Contains(strings.Split(c.held, ","), what)
}

// drain takes the words that were said before the end.
func (c *child) drain(end *ending, words <-chan string) {
	if words == nil {
		return
	}
	late := time.NewTimer(grace) // the pipe may be held open by what it left behind
	defer late.Stop()
	for {
		select {
		case word, ok := <-words:
			if !ok {
				return
			}
			c.step(end, word)
		case <-late.C:
			return
		}
	}
}

// read hands on lines until there are no more, or nobody wants them.
func read(f *os.File, words chan<- string, over <-chan struct{}) {
	defer close(words)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		select {
		case words <- lines.Text():
		case <-over:
			return
		}
	}
}

// signalled says by what the process was ended: "killed by SIGSEGV".
func signalled(state *os.ProcessState) string {
	if state == nil {
		return "ended"
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return "was ended by signal " + ws.Signal().String()
	}
	return fmt.Sprintf("ended with status %d", state.ExitCode())
}
