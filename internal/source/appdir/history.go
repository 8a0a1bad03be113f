package appdir

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"culprit/internal/app"
)

const (
	historyTime  = 60 * time.Second
	historyBytes = 256 << 20
)

// lockedGem is a line "    name (version)" of a lockfile, as a change in a diff.
var lockedGem = regexp.MustCompile(`^([-+]) {4}([A-Za-z0-9][A-Za-z0-9_.-]*) \(([0-9][^)\s]*)\)`)

// history asks git when gems changed in the lockfile, along the first parents:
// a merge is when its branch reached the one that is deployed.
func (r *reader) history(ctx context.Context, dir string) {
	name := r.a.Lockfile
	if filepath.IsAbs(name) || r.opt.Lockfile != "" {
		dir, name = filepath.Dir(name), filepath.Base(name)
	}
	cut := shallow(ctx, dir)
	h, err := gitHistory(ctx, dir, name, cut)
	if cut && err == nil {
		r.warn("when gems came into %s is known in part: the clone is shallow; hint: git fetch --unshallow", name)
	}
	switch {
	case err != nil:
		r.warn("when gems came into %s is not known: %v", name, err)
	case len(h) == 0 && cut:
	case len(h) == 0:
		r.warn("when gems came into %s is not known: git has no commit of it", name)
	default:
		r.a.History = h
	}
}

// git makes a command that changes nothing, asks nobody and runs no hook.
func git(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{ //nolint:gosec // the program is git; dir is what the user named
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "log.showSignature=false",
		"-c", "diff.external=", "-c", "core.pager=cat", "-C", dir,
	}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat", "GIT_NO_LAZY_FETCH=1")
	return cmd
}

// shallow tells whether the repository lacks its older commits. A git that cannot
// say has complained already or will.
func shallow(ctx context.Context, dir string) bool {
	ctx, cancel := context.WithTimeout(ctx, historyTime)
	defer cancel()
	out, err := git(ctx, dir, "rev-parse", "--is-shallow-repository").Output()
	return err == nil && strings.TrimSpace(string(out)) == "true"
}

func gitHistory(ctx context.Context, dir, name string, cut bool) (map[string][]app.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, historyTime)
	defer cancel()
	cmd := git(ctx, dir, "log", "--first-parent", "-m", "--no-color", "--no-ext-diff", "--no-textconv", "-U0", "-p", "--format=commit %h %ct %p", "--", name)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, errors.New("git is not installed")
		}
		return nil, err
	}
	h, readErr := parseHistory(io.LimitReader(out, historyBytes), cut)
	_, _ = io.Copy(io.Discard, out) // so that git ends by itself
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("git took longer than %s", historyTime)
		}
		text, _, _ := strings.Cut(strings.TrimSpace(complaint.String()), "\n")
		if text == "" {
			text = err.Error()
		}
		return nil, errors.New("git: " + strings.TrimPrefix(text, "fatal: "))
	}
	return h, readErr
}

// edit is what one commit did to the lines of one gem.
type edit struct{ added, removed, plainGone string }

// parseHistory reads the output of git log -p -U0, newest first. A version that
// is taken out and put in again by one commit, as by a change of its order or of its
// platforms, is no change. Of a shallow clone the commit at the cut, which has no
// parents, seems to bring in everything and is left out.
func parseHistory(in io.Reader, cut bool) (map[string][]app.Change, error) {
	h := map[string][]app.Change{}
	var commit string
	var at time.Time
	skip := false
	edits := map[string]*edit{}
	var order []string
	flush := func() {
		for _, gem := range order {
			e := edits[gem]
			// A line with a platform that goes alone may leave those of other platforms.
			if skip || e.added == e.removed || e.added == "" && e.plainGone == "" {
				continue
			}
			h[gem] = append(h[gem], app.Change{Version: e.added, At: at, Commit: commit})
		}
		clear(edits)
		order = order[:0]
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, "commit "); ok {
			flush()
			hash, rest, _ := strings.Cut(rest, " ")
			seconds, parents, _ := strings.Cut(rest, " ")
			skip = cut && parents == ""
			n, err := strconv.ParseInt(seconds, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("git log: %q is no commit", line)
			}
			commit, at = hash, time.Unix(n, 0).UTC()
			continue
		}
		m := lockedGem.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		e := edits[m[2]]
		if e == nil {
			e = &edit{}
			edits[m[2]] = e
			order = append(order, m[2])
		}
		switch v := version(m[3]); {
		case m[1] == "+":
			e.added = v
		case v == m[3]:
			e.removed, e.plainGone = v, v
		default:
			e.removed = v
		}
	}
	flush()
	for gem, list := range h {
		h[gem] = arrivals(list)
	}
	return h, lines.Err()
}

// arrivals leaves out changes to the version that was there before: another
// platform was added.
func arrivals(newestFirst []app.Change) (list []app.Change) {
	for i, c := range newestFirst {
		if i+1 == len(newestFirst) || newestFirst[i+1].Version != c.Version {
			list = append(list, c)
		}
	}
	return list
}

// version cuts the platform off: "1.15.4-x86_64-linux" is 1.15.4.
func version(s string) string {
	v, _, _ := strings.Cut(s, "-")
	return v
}
