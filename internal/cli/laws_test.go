package cli_test

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"culprit"
	"culprit/internal/source/input"
)

// recording is an incident's files, decompressed: path under the incident ->
// text.
type recording map[string]string

func readRecording(t *testing.T, dir string) recording {
	t.Helper()
	files, problems := input.Expand([]string{filepath.Join(dir, "logs"), filepath.Join(dir, "series")})
	if len(problems) > 0 || len(files) == 0 {
		t.Fatalf("%d files, problems %v", len(files), problems)
	}
	rec := recording{}
	for _, f := range files {
		r, err := f.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil || r.Close() != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(dir, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		rec[strings.TrimSuffix(filepath.ToSlash(name), filepath.Ext(name))] = string(b)
	}
	return rec
}

// law changes a recording in a way that must not change who did it. It gives the
// paths in the order in which they shall be named.
type law struct {
	name  string
	apply func(recording) (recording, []string)
}

func inOrder(r recording) (recording, []string) { return r, slices.Sorted(maps.Keys(r)) }

// edit changes paths and texts of a recording.
func edit(change func(path, text string) (string, string)) func(recording) (recording, []string) {
	return func(r recording) (recording, []string) {
		out := recording{}
		for path, text := range r {
			p, s := change(path, text)
			out[p] = s
		}
		return inOrder(out)
	}
}

var (
	hostWord = regexp.MustCompile(`\bweb([0-9])\b`)
	nanos    = regexp.MustCompile(`(?m) (\d{19})$`)
)

func renameHosts(path, text string) (string, string) {
	to := "node-${1}7"
	return hostWord.ReplaceAllString(path, to), hostWord.ReplaceAllString(text, to)
}

func nineDaysLater(path, text string) (string, string) {
	text = strings.ReplaceAll(text, "2026-11-23", "2026-12-02")
	return path, nanos.ReplaceAllStringFunc(text, func(s string) string {
		ns, err := strconv.ParseInt(s[1:], 10, 64)
		if err != nil {
			return s
		}
		return " " + strconv.FormatInt(ns+int64(9*24*time.Hour), 10)
	})
}

// splitLogs cuts the logs of every other host in two, as rotation does.
func splitLogs(r recording) (recording, []string) {
	out := recording{}
	for i, path := range slices.Sorted(maps.Keys(r)) {
		text := r[path]
		if strings.HasPrefix(path, "series/") || i%2 == 0 {
			out[path] = text
			continue
		}
		at := len(text)/2 + strings.IndexByte(text[len(text)/2:], '\n') + 1
		out[path+".1"], out[path] = text[:at], text[at:]
	}
	return inOrder(out)
}

func shuffleFiles(r recording) (recording, []string) {
	paths := slices.Sorted(maps.Keys(r))
	slices.Reverse(paths)
	return r, append(paths[1:], paths[0])
}

// addIdle appends a few fast calls of an endpoint that nobody else knows, after
// the last line of each log.
func addIdle(path, text string) (string, string) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	last := lines[len(lines)-1]
	switch {
	case strings.HasPrefix(path, "series/"):
	case strings.HasPrefix(last, "time="):
		text += regexp.MustCompile(`method=.* host=`).ReplaceAllString(regexp.MustCompile(` request_id=\S+ .*`).ReplaceAllString(last, ""),
			"method=GET path=/idle format=html controller=IdleController action=index status=200 duration=0.50 view=0.29 host=") + "\n"
	default:
		head := regexp.MustCompile(`^I, \[[^]]*\]  INFO -- : `).FindString(last)
		if head == "" {
			return path, text
		}
		stamp := strings.Replace(head[4:23], "T", " ", 1)
		text += head + fmt.Sprintf("Started GET \"/idle\" for 127.0.0.1 at %s +0000\n", stamp) +
			head + "Processing by IdleController#index as HTML\n" + head + "Completed 200 OK in 1ms (Views: 0.2ms | Allocations: 199)\n"
	}
	return path, text
}

// What must not change the verdict on recordings of a real app does not: the
// same are named, or culprit abstains.
func TestLawsOfRecordings(t *testing.T) {
	laws := []law{
		{"rename hosts", edit(renameHosts)},
		{"nine days later", edit(nineDaysLater)},
		{"split logs", splitLogs},
		{"shuffle files", shuffleFiles},
		{"add an idle endpoint", edit(addIdle)},
	}
	for _, incident := range []string{"bloat", "bloat_10s"} {
		t.Run(incident, func(t *testing.T) {
			t.Parallel()
			rec := readRecording(t, filepath.Join("../../testdata/incidents", incident))
			before := judgeRecording(t, rec, slices.Sorted(maps.Keys(rec)))
			if before.Verdict.Outcome != culprit.OutcomeCulprit {
				t.Fatalf("%s as recorded: %s", before.Verdict.Outcome, before.Verdict.Headline)
			}
			for _, l := range laws {
				t.Run(l.name, func(t *testing.T) {
					changed, paths := l.apply(rec)
					after := judgeRecording(t, changed, paths)
					was, is := namedBy(before), namedBy(after)
					for _, n := range is {
						if !slices.Contains(was, n) {
							t.Errorf("now names %s; before %v", n, was)
						}
					}
					if len(is) == 0 && after.Verdict.Outcome != culprit.OutcomeInsufficient {
						t.Errorf("abstains as %s: %s", after.Verdict.Outcome, after.Verdict.Headline)
					}
					if a, b := before.Coverage, after.Coverage; a.Processes != b.Processes || a.Hosts != b.Hosts || a.Samples != b.Samples || b.Matched < a.Matched-0.01 {
						t.Errorf("coverage %+v, before %+v", b, a)
					}
					least, most := added(l, rec)
					if got := after.Coverage.Requests - before.Coverage.Requests; got < least || got > most {
						t.Errorf("%d more requests, want %d to %d", got, least, most)
					}
				})
			}
		})
	}
}

// added is the number of requests that a law adds. Without request ids the two
// halves of a request that a rotation cuts are not known to be one; a process has
// a few in flight.
func added(l law, r recording) (least, most int64) {
	logs := int64(0)
	for path := range r {
		if strings.HasPrefix(path, "logs/") {
			logs++
		}
	}
	switch l.name {
	case "add an idle endpoint":
		return logs, logs
	case "split logs":
		return 0, 3 * logs
	}
	return 0, 0
}

func judgeRecording(t *testing.T, r recording, paths []string) culprit.Report {
	t.Helper()
	dir := t.TempDir()
	args := make([]string, 0, len(paths))
	for _, p := range paths {
		path := filepath.Join(dir, filepath.FromSlash(p))
		write(t, path, r[p])
		args = append(args, path)
	}
	return investigateJSON(t, args...)
}

func namedBy(r culprit.Report) []string {
	var names []string
	for _, s := range r.Suspects {
		if s.Finding == culprit.Convicted || s.Finding == culprit.Suspected {
			names = append(names, fmt.Sprint(s.Name, s.Dimension))
		}
	}
	return names
}
