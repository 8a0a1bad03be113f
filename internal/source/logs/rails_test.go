package logs

import (
	"strings"
	"testing"
)

// wantFacts compares what a text says with what is expected, in any order.
func wantFacts(t *testing.T, text string, opt Options, want ...string) Result {
	t.Helper()
	res, got := readText(t, text, opt, 1, blockSize, true)
	rest := append([]string(nil), got...)
	for _, w := range want {
		found := false
		for i, g := range rest {
			if cutOffset(g) == w {
				rest = append(rest[:i], rest[i+1:]...)
				found = true
				break
			}
		}
		if !found {
			t.Errorf("missing: %s", w)
		}
	}
	for _, g := range rest {
		t.Errorf("not expected: %s", g)
	}
	if res.Understood != res.Lines {
		t.Errorf("understood %d of %d lines: %q", res.Understood, res.Lines, res.BadSample)
	}
	return res
}

func cutOffset(s string) string {
	i := strings.LastIndex(s, " @=")
	if i < 0 {
		return s
	}
	return s[:i]
}

func TestRails(t *testing.T) {
	tests := map[string]struct {
		log  string
		want []string
	}{
		"4.2": {
			log: `Started GET "/" for 127.0.0.1 at 2012-03-10 14:28:14 +0100
Processing by HomeController#index as HTML
  Rendered text template within layouts/application (0.0ms)
  Rendered layouts/_assets.html.erb (2.0ms)
Completed 200 OK in 79ms (Views: 78.8ms | ActiveRecord: 0.0ms)
`,
			want: []string{`web start 2012-03-10T13:28:14.000000Z..2012-03-10T13:28:14.079000Z us=79000 status=200 method="GET" path="/" controller="HomeController" action="index" format="HTML" client="127.0.0.1"`},
		},
		"prefix and allocations": {
			log: `I, [2023-10-30T08:36:32.791764 #1086842]  INFO -- : Started POST "/a/b?x=1" for 10.0.0.1 at 2023-10-30 08:36:32 +0100
I, [2023-10-30T08:36:32.792764 #1086842]  INFO -- : Processing by Admin::ReportsController#index as JSON
I, [2023-10-30T08:36:32.792800 #1086842]  INFO -- :   Parameters: {"id"=>"12", "filter"=>{"state"=>"open", "deep"=>{"x"=>1}}, "ids"=>["1", "2"], "n"=>nil, "q"=>"a \"b\" c"}
D, [2023-10-30T08:36:32.793800 #1086842] DEBUG -- :   User Load (0.3ms)  SELECT "users".* FROM "users"
I, [2023-10-30T08:36:32.802764 #1086842]  INFO -- : Completed 200 OK in 10ms (Views: 6.7ms | MongoDB: 1.5ms | SQL Queries: 35 (11 cached) | Allocations: 13447)
`,
			want: []string{`web both 2023-10-30T07:36:32.791764Z..2023-10-30T07:36:32.802764Z us=10000 status=200 pid=1086842 method="POST" path="/a/b" controller="Admin::ReportsController" action="index" format="JSON" client="10.0.0.1" alloc=13447 id:"12" filter.state:"open" ids:"[\"1\", \"2\"]" n:"nil" q:"a \\\"b\\\" c"`},
		},
		"tags": {
			log: `[c6034478-4026-4ded-9e3c-088c76d056f1] Started GET "/slow" for 127.0.0.1 at 2016-01-05 14:28:14 +0100
[d6034478-4026-4ded-9e3c-088c76d056f1] Started GET "/fast" for 127.0.0.1 at 2016-01-05 14:28:14 +0100
[c6034478-4026-4ded-9e3c-088c76d056f1] Processing by A#slow as */*
[d6034478-4026-4ded-9e3c-088c76d056f1] Processing by A#fast as HTML
[d6034478-4026-4ded-9e3c-088c76d056f1]   ` + "\x1b[1m\x1b[36mUser Load (0.3ms)\x1b[0m" + `  SELECT
[d6034478-4026-4ded-9e3c-088c76d056f1] Completed 422 Unprocessable Content in 1ms (ActiveRecord: 0.0ms (1 query, 1 cached) | GC: 0.3ms)
`,
			want: []string{
				`web start 2016-01-05T13:28:14.000000Z..- open id="c6034478-4026-4ded-9e3c-088c76d056f1" method="GET" path="/slow" controller="A" action="slow" format="*/*" client="127.0.0.1"`,
				`web start 2016-01-05T13:28:14.000000Z..2016-01-05T13:28:14.001000Z us=1000 status=422 id="d6034478-4026-4ded-9e3c-088c76d056f1" method="GET" path="/fast" controller="A" action="fast" format="HTML" client="127.0.0.1"`,
			},
		},
		"threads told apart by time": {
			log: `I, [2020-06-10T11:00:00.000000 #7]  INFO -- : Started GET "/slow" for 1.1.1.1 at 2020-06-10 11:00:00 +0000
I, [2020-06-10T11:00:00.001000 #7]  INFO -- : Processing by A#slow as HTML
I, [2020-06-10T11:00:01.000000 #7]  INFO -- : Started GET "/fast" for 1.1.1.1 at 2020-06-10 11:00:01 +0000
I, [2020-06-10T11:00:01.001000 #7]  INFO -- : Processing by A#fast as HTML
I, [2020-06-10T11:00:02.001000 #7]  INFO -- : Completed 200 OK in 2000ms (Views: 0.1ms)
I, [2020-06-10T11:00:03.001000 #7]  INFO -- : Completed 200 OK in 2000ms (Views: 0.1ms)
`,
			want: []string{
				`web both 2020-06-10T11:00:00.000000Z..2020-06-10T11:00:02.001000Z us=2000000 status=200 pid=7 method="GET" path="/slow" controller="A" action="slow" format="HTML" client="1.1.1.1"`,
				`web both 2020-06-10T11:00:01.000000Z..2020-06-10T11:00:03.001000Z us=2000000 status=200 pid=7 method="GET" path="/fast" controller="A" action="fast" format="HTML" client="1.1.1.1"`,
			},
		},
		"jobs": {
			log: `[ActiveJob] [ExportJob] [0a1b2c3d-4026-4ded-9e3c-088c76d056f1] Performing ExportJob (Job ID: 0a1b2c3d-4026-4ded-9e3c-088c76d056f1) from DelayedJob(default) enqueued at 2024-01-01T00:00:00Z with arguments: 1
[ActiveJob] [ExportJob] [0a1b2c3d-4026-4ded-9e3c-088c76d056f1]   User Load (0.1ms)
[ActiveJob] [ExportJob] [0a1b2c3d-4026-4ded-9e3c-088c76d056f1] Performed ExportJob (Job ID: 0a1b2c3d-4026-4ded-9e3c-088c76d056f1) from DelayedJob(default) in 23.4ms
`,
			want: []string{`job none -..- us=23400 id="0a1b2c3d-4026-4ded-9e3c-088c76d056f1" name="ExportJob" queue="default"`},
		},
		"other formatters": {
			log: ` INFO 2019/08/05 12:29:56 +0000 [pid=667] [origin=10.0.0.1] [request_id=0123456789abcdef] [tid=672] Started GET "/a" for 10.0.0.1 at 2019-08-05 12:29:56 +0000
 INFO 2019/08/05 12:29:57 +0000 [pid=667] [origin=10.0.0.1] [request_id=0123456789abcdef] [tid=672] Completed 401 Unauthorized in 107ms
[2019-08-05T12:29:58.250Z] INFO Started GET "/b" for 10.0.0.1 at 2019-08-05 12:29:58 +0000
2019-08-05 12:29:59.250 INFO: Completed 200 OK in 1000ms
`,
			want: []string{
				`web both 2019-08-05T12:29:56.000000Z..2019-08-05T12:29:57.000000Z us=107000 status=401 pid=667 tid="672" id="0123456789abcdef" method="GET" path="/a" client="10.0.0.1"`,
				`web both 2019-08-05T12:29:58.250000Z..2019-08-05T12:29:59.250000Z us=1000000 status=200 method="GET" path="/b" client="10.0.0.1"`,
			},
		},
		"graphql": {
			log: `I, [2023-10-30T08:36:32.791764 #10]  INFO -- : [c6034478-4026-4ded-9e3c-088c76d056f1] Processing by API::V2::GraphqlController#execute as JSON
I, [2023-10-30T08:36:32.791764 #10]  INFO -- : [c6034478-4026-4ded-9e3c-088c76d056f1]   Parameters: {"query"=>"query getDossiers($n: Int!) {\n  demarche(number: $n) { id }\n}", "variables"=>{"n"=>1}}
I, [2023-10-30T08:36:33.791764 #10]  INFO -- : [c6034478-4026-4ded-9e3c-088c76d056f1] Completed 200 OK in 1000ms
`,
			want: []string{`web both 2023-10-30T08:36:32.791764Z..2023-10-30T08:36:33.791764Z us=1000000 status=200 pid=10 id="c6034478-4026-4ded-9e3c-088c76d056f1" controller="API::V2::GraphqlController" action="execute" format="JSON" op="getDossiers" variables.n:"1"`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { wantFacts(t, tt.log, Options{}, tt.want...) })
	}
}
