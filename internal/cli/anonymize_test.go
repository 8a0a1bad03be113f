package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culprit"
	"culprit/internal/cli"
)

// personal is what must not be in any report: people, addresses, ids, tokens.
var personal = []string{
	"ann@example.org", "ann%40example.org", "bob.builder", "203.0.113.77", "4111111111111111",
	"s3cr3t-t0ken-abcdef0123456789", "5f4dcc3b5aa765d61d8327deb882cf99", "Ann Example", "+49 151 2345678", "87654321",
}

// secretive is a recording in which everything personal that logs hold comes
// near the growth: a scheduled command with an address and a card number does
// it, after a deploy that somebody signed.
func secretive(t *testing.T) (dir, deploys string) {
	t.Helper()
	dir = t.TempDir()
	begin := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	stamp := func(s int) time.Time { return begin.Add(time.Duration(s) * time.Second) }
	grown := map[int][]int{0: {2100, 2700, 3300}, 1: {2300, 2900, 3500}, 2: {2500, 3100}, 3: {2200, 2800, 3400}}
	var mem strings.Builder
	mem.WriteString("time,host,bytes\n")
	for h := range 4 {
		var log, cron strings.Builder
		for s := 0; s < 3600; s += 7 {
			fmt.Fprintf(&log, "time=%s method=GET path=/users/ann%%40example.org/orders/87654321 format=html controller=OrdersController action=show status=200 duration=6500.00 view=0.29 host=web%d pid=13 ip=203.0.113.77 user_id=bob.builder request_id=%032x "+
				`params={"email"=>"ann@example.org", "contact"=>"ann%%40example.org", "name"=>"Ann Example", "phone"=>"+49 151 2345678", "reset_token"=>"s3cr3t-t0ken-abcdef0123456789", "card"=>"4111111111111111", "locale"=>"fr"}`+"\n",
				stamp(s).Format("2006-01-02T15:04:05.000-07:00"), h+1, s)
		}
		for _, s := range grown[h] {
			fmt.Fprintf(&cron, "%s web%d CRON[4711]: (bob.builder) CMD (bin/send --to ann@example.org --card 4111111111111111 --key 5f4dcc3b5aa765d61d8327deb882cf99)\n", stamp(s).Format("Jan _2 15:04:05"), h+1)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("web%d", h+1), "production.log"), log.String())
		write(t, filepath.Join(dir, fmt.Sprintf("web%d", h+1), "syslog"), cron.String())
	}
	for s := 0; s <= 3600; s += 5 {
		for h := range 4 {
			bytes := 2000<<20 + int64((s*7919+h*104729)%1000)<<10
			for _, at := range grown[h] {
				bytes += int64(min(max(s-at, 0), 40)) * 10 << 20
			}
			fmt.Fprintf(&mem, "%s,web%d,%d\n", stamp(s).Format(time.RFC3339), h+1, bytes)
		}
	}
	write(t, filepath.Join(dir, "memory.csv"), mem.String())
	deploys = filepath.Join(t.TempDir(), "deploys.txt")
	write(t, deploys, stamp(2050).Format(time.RFC3339)+" v42 by ann@example.org from 203.0.113.77\n")
	return dir, deploys
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// reports runs investigate and gives each form of the report.
func reports(t *testing.T, args ...string) map[string]string {
	t.Helper()
	out := t.TempDir()
	html, md := filepath.Join(out, "r.html"), filepath.Join(out, "r.md")
	forms := map[string]string{}
	for form, flags := range map[string][]string{"JSON": {"--json", "--html", html, "--markdown", md}, "terminal": {"--full"}} {
		var std, talk bytes.Buffer
		w := cli.World{Stdin: strings.NewReader(""), Stdout: &std, Stderr: &talk, Env: func(string) string { return "" }}
		if code := cli.Run(t.Context(), append(append([]string{"investigate"}, flags...), args...), w); code != 0 {
			t.Fatalf("exit %d: %s", code, talk.String())
		}
		forms[form] = std.String()
		forms["talk of "+form] = talk.String()
	}
	for form, path := range map[string]string{"HTML": html, "Markdown": md} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		forms[form] = string(b)
	}
	return forms
}

// No form of the report shows what may name a person, though everything in it is
// about them; --show-values shows more.
func TestAnonymize(t *testing.T) {
	dir, deploys := secretive(t)
	args := []string{"--deploys", deploys, "--suspect", "ann@example.org", dir}
	for form, text := range reports(t, args...) {
		for _, p := range personal {
			if i := strings.Index(text, p); i >= 0 {
				t.Errorf("%s shows %s: …%s…", form, p, text[max(0, i-80):min(len(text), i+60)])
			}
		}
	}
	for form, text := range reports(t, append([]string{"--show-values"}, args...)...) {
		if !strings.HasPrefix(form, "talk") && !strings.Contains(text, "ann@example.org") {
			t.Errorf("%s with --show-values does not show the command", form)
		}
	}
	// The test is worth nothing where the guilty command is not in the report.
	r := investigateJSON(t, args...)
	if len(r.Suspects) == 0 || r.Suspects[0].Kind != "task" || r.Verdict.Outcome != culprit.OutcomeCulprit {
		t.Errorf("%s: %s", r.Verdict.Outcome, r.Verdict.Headline)
	}
	if !strings.Contains(strings.Join(r.Verdict.Notes, "\n"), "v42") {
		t.Errorf("the deploy is not among the notes: %v", r.Verdict.Notes)
	}
}
