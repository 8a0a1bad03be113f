package logs

import (
	"strings"
	"testing"
	"time"
)

func TestParseDeploys(t *testing.T) {
	paris := time.FixedZone("", 2*3600)
	text := `time,release
# comment
2020-06-10T21:00:00+02:00 release 412
2020-06-10 21:00 release 413
2020-06-10 21:00:30, "release 414"
2020-06-10 21:00 +0000	release 415
1591815600 epoch
1591815600.5 epoch and a half
1591815600123;millis
Branch main (at abc1234) deployed as release 20200610190000 by deploy
deploy rolled back to release 20200609190000
yesterday something
2020-06-11 08:00
`
	got, warnings, err := ParseDeploys(strings.NewReader(text), paris)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2020-06-10T19:00:00 release 412",
		"2020-06-10T19:00:00 release 413",
		"2020-06-10T19:00:30 release 414",
		"2020-06-10T21:00:00 release 415",
		"2020-06-10T19:00:00 epoch",
		"2020-06-10T19:00:00.5 epoch and a half",
		"2020-06-10T19:00:00.123 millis",
		"2020-06-10T19:00:00 Branch main (at abc1234) deployed as release 20200610190000 by deploy",
		"2020-06-11T06:00:00 ",
	}
	var said []string
	for _, h := range got {
		said = append(said, stampText(h.At)+" "+h.Name)
	}
	wantSaid(t, said, want...)
	if len(warnings) != 2 || !strings.HasPrefix(warnings[0], "line 11: a rollback") || !strings.HasPrefix(warnings[1], "line 12: no time") {
		t.Errorf("warnings are %q", warnings)
	}
}

func TestDeploysLineTooLong(t *testing.T) {
	_, _, err := ParseDeploys(strings.NewReader("2020-06-10 21:00 a\n"+strings.Repeat("x", maxDeployLine+1)), nil)
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want an error that names line 2", err)
	}
}
