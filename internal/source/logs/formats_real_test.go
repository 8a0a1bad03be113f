package logs

import (
	"strings"
	"testing"
)

func TestHAProxyReal(t *testing.T) {
	got, foreign := tellReal(t, "haproxy", "haproxy.log", meta{})
	if foreign != 0 {
		t.Errorf("%d lines not understood", foreign)
	}
	wantSaid(
		t, got,
		"proxy 2026-11-23T06:50:29.543..2026-11-23T06:50:29.545 2000us method=GET path=/ param:q=1 status=200 client=127.0.0.1 upstream=web1 body=76",
		"proxy 2026-11-23T06:50:29.554..2026-11-23T06:50:29.955 401000us method=GET path=/slow status=200 client=127.0.0.1 upstream=web1 body=473",
		"proxy 2026-11-23T06:50:29.979..2026-11-23T06:50:30.38 401000us method=GET path=/slow status=200 client=127.0.0.1 upstream=web1 body=473",
		"proxy 2026-11-23T06:50:29.977..2026-11-23T06:50:30.978 1001000us method=GET path=/hang status=504 client=127.0.0.1 upstream=web1 body=198 truncated failed",
		"proxy 2026-11-23T06:50:32.091..2026-11-23T06:50:35.096 3005000us method=GET path=/dead status=503 client=127.0.0.1 upstream=web2 body=217 failed",
		"proxy 2026-11-23T06:50:35.348..2026-11-23T06:50:35.351 3000us method=GET path=/die status=502 client=127.0.0.1 upstream=web1 body=209 truncated failed",
	)
}

func TestNginxErrorReal(t *testing.T) {
	got, foreign := tellReal(t, "nginx-error", "nginx-error.log", meta{})
	if foreign != 0 {
		t.Errorf("%d lines not understood", foreign)
	}
	wantSaid(
		t, got,
		"proxy ?..2026-11-23T06:50:30 method=GET path=/hang status=504 client=127.0.0.1 upstream=127.0.0.1:9811 truncated",
		"timeout 2026-11-23T06:50:30 host= pid=0 bytes=0 GET /hang HTTP/1.1",
		"proxy ?..2026-11-23T06:50:35 method=GET path=/slow status=499 client=127.0.0.1 upstream=127.0.0.1:9811 truncated",
		"proxy ?..2026-11-23T06:50:38 method=GET path=/die param:x=1 status=502 client=127.0.0.1 upstream=127.0.0.1:9811 truncated failed",
		"timeout 2026-11-23T06:50:38 host= pid=0 bytes=0 GET /die?x=1 HTTP/1.1",
	)
}

func TestPumaReal(t *testing.T) {
	m := wrapped("puma")
	got, foreign := tellReal(t, "puma", "puma-cluster.log", m)
	if foreign != 0 {
		t.Errorf("%d lines not understood", foreign)
	}
	const at = " 2020-06-10T21:00:00 host=web3 pid="
	wantSaid(
		t, got,
		"boot"+at+"12435 bytes=0 puma",
		"boot"+at+"12453 bytes=0 puma worker 0",
		"boot"+at+"12455 bytes=0 puma worker 1",
		"boot"+at+"12612 bytes=0 puma worker 1",
		"boot"+at+"12628 bytes=0 puma worker 0",
		"kill"+at+"12612 bytes=0 puma worker timed out",
		"boot"+at+"12823 bytes=0 puma worker 1",
		"restart"+at+"12435 bytes=0 puma, phased",
		"restart"+at+"12628 bytes=0 puma worker, phased",
		"boot"+at+"12839 bytes=0 puma worker 0",
		"restart"+at+"12823 bytes=0 puma worker, phased",
		"boot"+at+"12847 bytes=0 puma worker 1",
		"boot"+at+"12857 bytes=0 puma worker 2",
		"restart"+at+"12857 bytes=0 puma worker 2",
		"restart"+at+"12435 bytes=0 puma stopping",
		"restart"+at+"12435 bytes=0 puma",
		"boot"+at+"12435 bytes=0 puma",
		"boot"+at+"12871 bytes=0 puma worker 1",
		"boot"+at+"12870 bytes=0 puma worker 0",
		"restart 2026-11-23T06:51:10 host=web3 pid=12435 bytes=0 puma",
		"restart"+at+"12435 bytes=0 puma stopping",
	)
	if _, foreign := tellReal(t, "puma", "puma-single.log", m); foreign != 0 {
		t.Errorf("%d lines of single mode not understood", foreign)
	}
}

// countOpen counts the calls that were left unfinished.
func countOpen(said []string) (n int) {
	for _, s := range said {
		if strings.HasSuffix(s, " open") {
			n++
		}
	}
	return n
}

func TestSidekiqReal(t *testing.T) {
	got, _ := tellReal(t, "sidekiq", "sidekiq-plain.log", meta{})
	wantSaid(
		t, got,
		"boot 2026-11-23T06:50:05.101 host= pid=11218 bytes=0 sidekiq",
		"job 2026-11-23T06:50:05.105..2026-11-23T06:50:05.156 50000us name=ReportJob pid=11218 tid=986 id=63a7c9a2f41a830fda1a8436",
		"job 2026-11-23T06:50:05.157..2026-11-23T06:50:05.157 0us name=Admin::ExportJob pid=11218 tid=986 id=e9a4b20a29b2177bdd060426 failed",
		"job 2026-11-23T06:50:05.105..2026-11-23T06:50:05.306 201000us name=ReportJob pid=11218 tid=96q id=663e7afff650f47e79a95c73",
		"job 2026-11-23T06:50:05.106..? name=ReportJob pid=11218 tid=97u id=ebabec42f5b850ee391563db open",
	)
	for _, c := range []struct{ format, file string }{
		{"sidekiq-json", "sidekiq-json.log"},
		{"sidekiq", "sidekiq-notime.log"},
	} {
		said, _ := tellReal(t, c.format, c.file, wrapped("worker.1"))
		jobs := strings.Count("\n"+strings.Join(said, "\n"), "\njob ")
		if jobs != 4 || countOpen(said) > 1 {
			t.Errorf("%s: %d jobs, %d open, want 4 and at most 1:\n%s", c.file, jobs, countOpen(said), strings.Join(said, "\n"))
		}
	}
}

func TestDelayedJobReal(t *testing.T) {
	got, foreign := tellReal(t, "delayed_job", "delayed-job.log", meta{})
	if foreign != 0 {
		t.Errorf("%d lines not understood", foreign)
	}
	if len(got) != 5 {
		t.Fatalf("%d events, want 5:\n%s", len(got), strings.Join(got, "\n"))
	}
	for _, want := range []string{
		" name=CatalogJob pid=", " host=vm id=2 queue=exports", " name=Mailer.deliver ", " failed",
	} {
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("no %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
	plain, foreign := tellReal(t, "delayed_job", "delayed-job-plain.log", meta{})
	if foreign != 0 || len(plain) != 5 {
		t.Errorf("plain: %d not understood, %d events, want 0 and 5", foreign, len(plain))
	}
}
