package logs

import (
	"testing"
	"time"
)

func TestWrappers(t *testing.T) {
	started := `Started GET \"/x?a=1\" for 1.2.3.4 at 2021-09-21 20:10:41 +0000`
	ref := Options{Reference: time.Date(2021, 10, 1, 0, 0, 0, 0, time.UTC)}
	tests := map[string]struct {
		log, format string
		want        []string
	}{
		"docker": {
			`{"log":"` + started + `\n","stream":"stdout","time":"2021-09-21T20:10:41.500000001Z"}
{"log":"Processing by XController#index as HTML\n","stream":"stdout","time":"2021-09-21T20:10:41.501Z"}
{"log":"\u001b[1m  User Load\n","stream":"stdout","time":"2021-09-21T20:10:41.501Z"}
{"log":"Completed 200 OK in 99ms (Views: 1.0ms | Allocations: 5)\n","stream":"stdout","time":"2021-09-21T20:10:41.600Z"}
`,
			"docker+rails",
			[]string{`web both 2021-09-21T20:10:41.500000Z..2021-09-21T20:10:41.600000Z us=99000 status=200 method="GET" path="/x" controller="XController" action="index" format="HTML" client="1.2.3.4" alloc=5`},
		},
		"compose": {
			"web-1  | Started GET \"/x\" for 1.2.3.4 at 2021-09-21 20:10:41 +0000\nweb-1  | Completed 200 OK in 99ms\n",
			"compose+rails",
			[]string{`web start 2021-09-21T20:10:41.000000Z..2021-09-21T20:10:41.099000Z us=99000 status=200 host="web-1" method="GET" path="/x" client="1.2.3.4"`},
		},
		"kubernetes": {
			`2021-09-21T20:10:41.500000001Z stdout F method=GET path=/x format=html controller=A action=b status=200 duration=100
`,
			"kubernetes+lograge",
			[]string{`web end 2021-09-21T20:10:41.400000Z..2021-09-21T20:10:41.500000Z us=100000 status=200 method="GET" path="/x" controller="A" action="b" format="html"`},
		},
		"journald json": {
			`{"__REALTIME_TIMESTAMP":"1632255041500000","_HOSTNAME":"web3","_PID":"42","SYSLOG_IDENTIFIER":"puma","MESSAGE":"method=GET path=/x controller=A action=b status=200 duration=100"}
{"__REALTIME_TIMESTAMP":"1632255041500000","_HOSTNAME":"web3","_PID":"42","SYSLOG_IDENTIFIER":"puma","MESSAGE":[27,91,49,109]}
`,
			"journald-json+lograge",
			[]string{`web end 2021-09-21T20:10:41.400000Z..2021-09-21T20:10:41.500000Z us=100000 status=200 pid=42 host="web3" method="GET" path="/x" controller="A" action="b"`},
		},
		"syslog": {
			`<13>Sep 21 20:10:41 web3 puma[42]: method=GET path=/x controller=A action=b status=200 duration=100
2021-09-21T20:10:41.500000+02:00 web3 puma[42]: method=GET path=/y controller=A action=b status=200 duration=100
<165>1 2021-09-21T20:10:41.5Z web3 puma 42 ID - method=GET path=/z controller=A action=b status=200 duration=100
`,
			"syslog+lograge",
			[]string{
				`web end 2021-09-21T20:10:40.900000Z..2021-09-21T20:10:41.000000Z us=100000 status=200 pid=42 host="web3" method="GET" path="/x" controller="A" action="b"`,
				`web end 2021-09-21T18:10:41.400000Z..2021-09-21T18:10:41.500000Z us=100000 status=200 pid=42 host="web3" method="GET" path="/y" controller="A" action="b"`,
				`web end 2021-09-21T20:10:41.400000Z..2021-09-21T20:10:41.500000Z us=100000 status=200 pid=42 host="web3" method="GET" path="/z" controller="A" action="b"`,
			},
		},
		"heroku": {
			`2021-09-21T20:10:41.5+00:00 app[web.1]: [0123456789abcdef0123456789abcdef] Started GET "/x" for 1.2.3.4 at 2021-09-21 20:10:41 +0000
2021-09-21T20:10:41.6+00:00 app[web.1]: [0123456789abcdef0123456789abcdef] Completed 200 OK in 100ms (GC: 0.1ms)
`,
			"heroku+rails",
			[]string{`web both 2021-09-21T20:10:41.500000Z..2021-09-21T20:10:41.600000Z us=100000 status=200 host="web.1" id="0123456789abcdef0123456789abcdef" method="GET" path="/x" client="1.2.3.4"`},
		},
		"foreman": {
			"20:03:41 web.1  | Started GET \"/x\" for 1.2.3.4 at 2021-09-21 20:10:41 +0000\n20:03:41 web.1  | Completed 200 OK in 99ms\n",
			"foreman+rails",
			[]string{`web start 2021-09-21T20:10:41.000000Z..2021-09-21T20:10:41.099000Z us=99000 status=200 method="GET" path="/x" client="1.2.3.4"`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if res := wantFacts(t, tt.log, ref, tt.want...); res.Format != tt.format {
				t.Errorf("format %q, want %q", res.Format, tt.format)
			}
		})
	}
}
