package logs

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// documented is the table of formats in lines: one file per format or wrapper,
// as its own documentation or source has it, and something that must be said
// about it when it is read without being told what it is.
var documented = []struct {
	format string // as in Result.Format
	text   string
	says   string
}{
	// rails/rails actionpack/lib/action_controller/log_subscriber.rb, railties/lib/rails/rack/logger.rb; roidrage/lograge README.md
	{"rails", "Started GET \"/posts/1?x=2\" for 127.0.0.1 at 2012-03-10 14:28:14 +0100\nProcessing by PostsController#show as HTML\n  Parameters: {\"x\"=>\"2\", \"id\"=>\"1\"}\nCompleted 200 OK in 79ms (Views: 78.8ms | ActiveRecord: 0.0ms)\n", "web 2012-03-10T13:28:14..2012-03-10T13:28:14.079"},
	// roidrage/lograge README.md, with the time option
	{"lograge", "method=GET path=/jobs/833552.json format=json controller=JobsController  action=show status=200 duration=58.33 view=40.43 db=15.26 time=2020-06-10T21:00:00Z\n", "web 2020-06-10T20:59:59.94167..2020-06-10T21:00:00 58330us"},
	// roidrage/lograge lib/lograge/formatters/logstash.rb
	{"json", `{"method":"GET","path":"/users","format":"html","controller":"UsersController","action":"index","status":200,"duration":11.91,"view":7.76,"db":0.84,"@timestamp":"2019-12-11T00:07:06.242Z","@version":"1","message":"[200] GET /users (UsersController#index)"}` + "\n", "web 2019-12-11T00:07:06.23009..2019-12-11T00:07:06.242 11910us"},
	// reidmorrison/rails_semantic_logger; tilfin/ougai README.md
	{"json", `{"name":"main","hostname":"mint","pid":9044,"level":30,"time":"2016-10-28T17:58:53.668+09:00","v":0,"msg":"Request","method":"GET","path":"/login","format":"html","controller":"LoginController","action":"new","status":200}` + "\n", "pid=9044"},
	// ltsv.org (labels recommended); nginx log_format
	{"ltsv", "time:28/Feb/2013:12:00:00 +0900\thost:192.168.0.1\treq:GET /list HTTP/1.1\tstatus:200\tsize:5316\treqtime:9.789\n", "2013-02-28T03:00:00"},
	// httpd.apache.org/docs/2.4/logs.html#accesslog
	{"combined", "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif HTTP/1.0\" 200 2326 \"http://www.example.com/start.html\" \"Mozilla/4.08 [en] (Win98; I ;Nav)\"\n", "2000-10-10T20:55:36"},
	// docs.docker.com/engine/logging/drivers/json-file
	{"docker+puma", `{"log":"[8001] - Worker 0 (pid: 8003) booted, phase: 0\n","stream":"stdout","time":"2020-06-10T21:00:00.5Z"}` + "\n", "boot 2020-06-10T21:00:00.5 host= pid=8003"},
	// systemd.journal-fields(7)
	{"journald-json+oom", `{"__REALTIME_TIMESTAMP":"1591822800000000","_HOSTNAME":"web3","_TRANSPORT":"kernel","SYSLOG_IDENTIFIER":"kernel","MESSAGE":"Out of memory: Killed process 12 (ruby) total-vm:3934332kB, anon-rss:1024kB, file-rss:0kB, shmem-rss:0kB"}` + "\n", "oom 2020-06-10T21:00:00 host=web3 pid=12 bytes=1048576 ruby"},
	// kubernetes/design-proposals-archive node/kubelet-cri-logging.md
	{"kubernetes+puma", "2020-06-10T21:00:00.5Z stdout F [8001] - Worker 0 (PID: 8003) booted in 0.1s, phase: 0\n", "boot 2020-06-10T21:00:00.5 host= pid=8003"},
	// devcenter.heroku.com/articles/logging#log-format
	{"heroku+heroku-dyno", "2010-09-16T15:13:46.677020+00:00 heroku[web.1]: Error R14 (Memory quota exceeded)\n", "memory 2010-09-16T15:13:46.67702 host=web.1"},
	// RFC 3164, RFC 5424
	{"syslog+cron", "Jun 10 21:00:00 web3 CRON[1001]: (root) CMD (/usr/bin/report)\n", "task 2020-06-10T21:00:00..? name=/usr/bin/report pid=1001 host=web3 user=root"},
	// docs.docker.com/reference/cli/docker/compose/logs
	{"compose+sidekiq", "web-1  | 2020-06-10T21:00:00.000Z pid=1 tid=a class=ExportJob jid=b7f805c545c7 elapsed=1.5 INFO: done\n", "job 2020-06-10T20:59:58.5..2020-06-10T21:00:00 1500000us name=ExportJob"},
	// docs.docker.com/reference/cli/docker/container/logs; kubernetes.io/docs/reference/kubectl/generated/kubectl_logs
	{"docker-logs+puma", "2020-06-10T21:00:00.500000000Z [8001] - Worker 0 (PID: 8003) booted in 0.1s, phase: 0\n", "boot 2020-06-10T21:00:00.5 host= pid=8003"},
	{"docker-logs+puma", "[pod/shop-7d9f/app] 2020-06-10T21:00:00.500000000Z [8001] - Worker 0 (PID: 8003) booted in 0.1s, phase: 0\n", "boot 2020-06-10T21:00:00.5 host=shop-7d9f pid=8003"},
	{"docker-logs+rails", "2020-06-10T21:00:00.100000000Z I, [2020-06-10T21:00:00.100000 #1313]  INFO -- : Started GET \"/posts/1\" for 127.0.0.1 at 2020-06-10 21:00:00 +0000\n2020-06-10T21:00:00.200000000Z I, [2020-06-10T21:00:00.200000 #1313]  INFO -- : Completed 200 OK in 90ms\n", "pid=1313"},
	// journalctl(1), -o short-precise
	{"syslog+cron", "Jun 10 21:00:00.250000 web3 CRON[1001]: (root) CMD (/usr/bin/report)\n", "task 2020-06-10T21:00:00.25..? name=/usr/bin/report pid=1001 host=web3 user=root"},
	// custom formatters, level behind the process
	{"rails", "2020-06-10 21:00:00.100 [1313] INFO: [0f9be6ae-2c1b-4ad2-a4b8-9d4b2a7d7c11] Started GET \"/posts/1\" for 127.0.0.1 at 2020-06-10 21:00:00 +0000\n2020-06-10 21:00:00.200 [1313] INFO: [0f9be6ae-2c1b-4ad2-a4b8-9d4b2a7d7c11] Completed 200 OK in 90ms\n", "method=GET path=/posts/1 status=200 pid=1313"},
	{"rails", "[1313:70000042] Started GET \"/posts/1\" for 127.0.0.1 at 2020-06-10 21:00:00 +0000\n[1313:70000042] Completed 200 OK in 90ms\n", "method=GET path=/posts/1 status=200 pid=1313 tid=70000042"},
	// ActiveJob in the same log, whose lines have no stamp at all
	{"rails", "[1313] Started GET \"/posts/1\" for 127.0.0.1 at 2020-06-10 21:00:00 +0000\n[1313] [ActiveJob] [ExportJob] [0f9be6ae-2c1b-4ad2-a4b8-9d4b2a7d7c11] Performing ExportJob (Job ID: 0f9be6ae-2c1b-4ad2-a4b8-9d4b2a7d7c11) from Async(default)\n[1313] [ActiveJob] [ExportJob] [0f9be6ae-2c1b-4ad2-a4b8-9d4b2a7d7c11] Performed ExportJob (Job ID: 0f9be6ae-2c1b-4ad2-a4b8-9d4b2a7d7c11) from Async(default) in 1500.0ms\n[1313] Completed 200 OK in 90ms\n", "job 2020-06-10T21:00:00..2020-06-10T21:00:01.5 1500000us name=ExportJob pid=1313"},
	// nginx with $host in front: a decimal point is no Apache
	{"combined", "shop.example 203.0.113.9 - - [10/Jun/2020:21:00:00 +0000] \"GET /a HTTP/1.1\" 200 12 \"-\" \"curl/7\" 1.500\n", "2020-06-10T20:59:58.5..2020-06-10T21:00:00 1500000us"},
	{"combined", "1.500 203.0.113.9 - - [10/Jun/2020:21:00:00 +0000] \"GET /a HTTP/1.1\" 200 12 \"-\" \"curl/7\"\n", "2020-06-10T20:59:58.5..2020-06-10T21:00:00 1500000us method=GET path=/a status=200 client=203.0.113.9"},
	// a byte order mark before the first line
	{"lograge", "\xef\xbb\xbfmethod=GET path=/a format=html controller=A action=b status=200 duration=500.0 time=2020-06-10T21:00:00Z\n", "2020-06-10T20:59:59.5..2020-06-10T21:00:00 500000us"},
	// GELF 1.1, additional fields
	{"json", `{"version":"1.1","host":"web1","short_message":"[200] GET /a (A#b)","timestamp":1591822800.5,"_method":"GET","_path":"/a","_controller":"A","_action":"b","_status":200,"_duration":500,"_pid":77}` + "\n", "path=/a status=200 pid=77 host=web1"},
	// ddollar/foreman lib/foreman/engine/cli.rb
	{"foreman+sidekiq", "20:03:41 web.1  | 2020-06-10T21:00:00.000Z pid=1 tid=a class=ExportJob jid=b7f805c545c7 elapsed=1.5 INFO: done\n", "job 2020-06-10T20:59:58.5..2020-06-10T21:00:00 1500000us name=ExportJob"},
}

// TestTableOfFormats reads every sample as a file of unknown kind.
func TestTableOfFormats(t *testing.T) {
	for _, d := range documented {
		t.Run(d.format, func(t *testing.T) {
			b := []byte(d.text)
			sink := &workSink{}
			opt := Options{Reference: time.Date(2020, 6, 11, 0, 0, 0, 0, time.UTC), Workers: 1}
			src := Source{R: bytes.NewReader(b), At: bytes.NewReader(b), N: int64(len(b))}
			r, err := Read(context.Background(), src, opt, func() Sink { return sink })
			if err != nil {
				t.Fatal(err)
			}
			if r.Format != d.format || r.Understood != r.Lines {
				t.Errorf("read as %q, %d of %d lines understood, want %q", r.Format, r.Understood, r.Lines, d.format)
			}
			if said := strings.Join(sink.said, "\n"); !strings.Contains(said, d.says) {
				t.Errorf("says\n  %s\nwant in it\n  %s", said, d.says)
			}
		})
	}
}

// TestTableIsWhole: no format or wrapper without a documented line.
func TestTableIsWhole(t *testing.T) {
	have := map[string]bool{}
	for _, d := range documented {
		for name := range strings.SplitSeq(d.format, "+") {
			have[name] = true
		}
	}
	for _, s := range workSamples {
		have[s.format] = true
	}
	for _, f := range Formats() {
		if !have[f.Name] {
			t.Errorf("%s %s has no documented line", f.Kind, f.Name)
		}
		if f.Source == "" || f.Title == "" || f.Verified != "live" && f.Verified != "sample" {
			t.Errorf("%s %s: source %q, title %q, verified %q", f.Kind, f.Name, f.Source, f.Title, f.Verified)
		}
	}
}

// TestRealFilesAreRecognised reads what real programs wrote, untold.
func TestRealFilesAreRecognised(t *testing.T) {
	for file, want := range map[string]string{
		"haproxy.log": "haproxy", "nginx-error.log": "nginx-error", "puma-cluster.log": "puma", "puma-single.log": "puma",
		"sidekiq-plain.log": "sidekiq", "sidekiq-json.log": "sidekiq-json", "sidekiq-notime.log": "sidekiq",
		"delayed-job.log": "delayed_job", "delayed-job-plain.log": "delayed_job",
	} {
		b := append(bytes.Join(realLines(t, file), []byte("\n")), '\n')
		r, err := Read(context.Background(), Source{R: bytes.NewReader(b)}, Options{}, func() Sink { return &workSink{} })
		if err != nil || r.Format != want || r.Understood != r.Lines {
			t.Errorf("%s: read as %q, %d of %d lines, error %v; want %q and all", file, r.Format, r.Understood, r.Lines, err, want)
		}
	}
}
