package takedump

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrCannot means that the process offers no way that is known to be harmless.
var ErrCannot = errors.New("the process offers no way to be asked for a dump")

// look is the time between looks at the file.
const look = 200 * time.Millisecond

// Options for taking a dump.
type Options struct {
	Out      string
	Progress func(int64)   // told of bytes that came, may be nil
	Patience time.Duration // for the dump to begin, and for it to go on
}

// Take asks the process for a dump and brings it to Out, which nobody else may read.
func (t Target) Take(ctx context.Context, o Options) error {
	switch {
	case t.Listens:
		return t.bySignal(ctx, o)
	case t.Rbtrace && t.RbtraceHere != "":
		return t.byRbtrace(ctx, o)
	}
	return ErrCannot
}

func (t Target) bySignal(ctx context.Context, o Options) error {
	pattern := filepath.Join(t.Dumps, "culprit-heap-"+strconv.Itoa(t.PID)+"-*.json")
	before, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	old := map[string]bool{}
	for _, f := range before {
		old[f] = true
	}
	if err := syscall.Kill(t.PID, syscall.SIGCONT); err != nil {
		return fmt.Errorf("asking pid %d: %w", t.PID, err)
	}
	file, err := t.await(ctx, o, func() (done, part string) {
		for _, p := range []string{pattern, pattern + ".part"} {
			found, _ := filepath.Glob(p)
			for _, f := range found {
				if strings.HasSuffix(f, ".part") {
					part = f
				} else if !old[f] {
					return f, ""
				}
			}
		}
		return "", part
	})
	if err != nil {
		return err
	}
	return move(file, o.Out)
}

// byRbtrace has rbtrace evaluate the code in the process
// (https://github.com/tmm1/rbtrace).
func (t Target) byRbtrace(ctx context.Context, o Options) error {
	file, err := filepath.Abs(o.Out + ".taking")
	if err != nil {
		return err
	}
	if strings.ContainsAny(file, `{}\`) {
		return fmt.Errorf("%s: a path with braces cannot be passed on", file)
	}
	defer os.Remove(file + ".part") //nolint:errcheck // gone when all went well
	// rbtrace passes on 500 bytes (lib/rbtrace/msgq.rb, BUF_SIZE): the code goes by a
	// file, which the process may read as another user.
	script := file + ".rb"
	if err := os.WriteFile(script, []byte(Code(file)+"\n"), 0o644); err != nil { //nolint:gosec // it holds no secret
		return fmt.Errorf("asking through rbtrace: %w", err)
	}
	defer os.Remove(script)                                                                                               //nolint:errcheck // a few lines of code
	cmd := exec.CommandContext(ctx, t.RbtraceHere, "-p", strconv.Itoa(t.PID), "-e", "Thread.new { load %q{"+script+"} }") //nolint:gosec // the rbtrace of the PATH, and no shell
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("rbtrace: %w: %s", err, strings.TrimSpace(string(out)))
	}
	_, err = t.await(ctx, o, func() (done, part string) {
		if _, err := os.Stat(file); err == nil {
			return file, ""
		}
		return "", file + ".part"
	})
	if err != nil {
		return err
	}
	return move(file, o.Out)
}

// await waits for the file to be whole, as long as it grows.
func (t Target) await(ctx context.Context, o Options, find func() (done, part string)) (string, error) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	size, idle := int64(0), time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-tick.C:
		}
		done, part := find()
		if done != "" {
			return done, nil
		}
		if info, err := os.Stat(part); err == nil && info.Size() > size {
			if o.Progress != nil {
				o.Progress(info.Size() - size)
			}
			size, idle = info.Size(), 0
			continue
		}
		if idle += look; idle >= o.Patience {
			return "", fmt.Errorf("no dump of pid %d came (%d bytes so far); hint: its log tells why; a full disk, or a limit on processes", t.PID, size)
		}
		if err := syscall.Kill(t.PID, 0); errors.Is(err, syscall.ESRCH) {
			return "", fmt.Errorf("pid %d ended while it was dumped", t.PID)
		}
	}
}

// move brings a whole file to its name, over to another disk too.
func move(from, to string) error {
	if err := os.Rename(from, to); err == nil {
		return os.Chmod(to, 0o600)
	}
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("fetching the dump: %w", err)
	}
	defer in.Close() //nolint:errcheck // only read
	out, err := os.OpenFile(to+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("fetching the dump: %w", err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(to+".part", to)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("fetching the dump: %w", err), os.Remove(to+".part"))
	}
	return os.Remove(from)
}
