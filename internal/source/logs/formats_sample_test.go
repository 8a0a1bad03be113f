package logs

import "testing"

// sample is a documented line of a format and what it must say.
type sample struct {
	format string
	prog   string // who wrote it, as the wrapper told
	lines  []string
	want   []string
}

// workSamples are lines as the formats' own documentation or source has them.
// The addresses are in the comments.
var workSamples = []sample{
	{
		// haproxy/haproxy doc/configuration.txt, section 8.2.3
		format: "haproxy", prog: "haproxy",
		lines: []string{`10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"`},
		want:  []string{"proxy 2009-02-06T12:14:14.655..2009-02-06T12:14:14.764 109000us method=GET path=/index.html status=200 host=web3 client=10.0.1.2 upstream=srv1 body=2750"},
	},
	{
		// The same, section 8.5: the client left while the server was working.
		format: "haproxy",
		lines:  []string{`[2001:db8::1]:4711 [06/Feb/2009:12:14:14.655] https~ app/web2 0/0/1/-1/30001 -1 0 - - CH-- 1/1/1/1/0 0/0 {0f9be6ae-2c1b-4ad2-a4b8-9d4b2a7d7c11|shop} "GET /features?page=2 HTTP/2.0"`},
		want:   []string{"proxy 2009-02-06T12:14:14.655..2009-02-06T12:14:44.656 30001000us method=GET path=/features param:page=2 host=web3 id=0f9be6ae-2c1b-4ad2-a4b8-9d4b2a7d7c11 client=2001:db8::1 upstream=web2 body=0 truncated"},
	},
	{
		// docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
		format: "alb",
		lines:  []string{`https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_123456`},
		want:   []string{"proxy 2018-07-02T22:22:48.364..2018-07-02T22:23:00.186641 171000us method=GET path=/ status=200 host=web3 id=1-58337281-1d84f3d73c47ec4e58577259 client=192.168.131.39 upstream=10.0.0.1:80 body=57"},
	},
	{
		// The same page: the target died, its time is -1.
		format: "alb",
		lines:  []string{`http 2018-07-02T22:23:10.000000Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 -1 -1 502 - 34 366 "GET http://www.example.com:80/exports/12?format=csv HTTP/1.1" "curl/7.46.0" - - arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337364-23a8c76965a2ef7629b185e3" "-" "-" 0 2018-07-02T22:22:48.000000Z "forward" "-" "-" "10.0.0.1:80" "-" "-" "-"`},
		want:   []string{"proxy 2018-07-02T22:22:48..2018-07-02T22:23:10 22000000us method=GET path=/exports/12 param:format=csv status=502 host=web3 id=1-58337364-23a8c76965a2ef7629b185e3 client=192.168.131.39 upstream=10.0.0.1:80 body=366 truncated failed"},
	},
	{
		// devcenter.heroku.com/articles/http-routing#heroku-router-log-format
		format: "heroku-router", prog: "heroku[router]",
		lines: []string{`at=info method=GET path="/posts?page=2" host=myapp.herokuapp.com request_id=8601b555-6a83-4c12-8269-97c8e32cdb22 fwd="204.204.204.204" dyno=web.1 connect=1ms service=18ms status=200 bytes=13 protocol=http1.1 tls=true tls_version=tls1.3`},
		want:  []string{"proxy 2020-06-10T20:59:59.981..2020-06-10T21:00:00 19000us method=GET path=/posts param:page=2 status=200 host=web.1 id=8601b555-6a83-4c12-8269-97c8e32cdb22 client=204.204.204.204 upstream=web.1 body=13"},
	},
	{
		// devcenter.heroku.com/articles/error-codes#h12-request-timeout
		format: "heroku-router", prog: "heroku[router]",
		lines: []string{`at=error code=H12 desc="Request timeout" method=GET path=/ host=myapp.herokuapp.com fwd=17.17.17.17 dyno=web.1 connect=6ms service=30001ms status=503 bytes=0`},
		want:  []string{"proxy 2020-06-10T20:59:29.993..2020-06-10T21:00:00 30007000us method=GET path=/ status=503 host=web.1 client=17.17.17.17 upstream=web.1 body=0 truncated failed"},
	},
	{
		// sidekiq/sidekiq wiki Logging; lib/sidekiq/logger.rb (v6), lib/sidekiq/logging.rb (v5), lib/sidekiq/logger.rb (v8)
		format: "sidekiq",
		lines: []string{
			`2019-08-31T15:36:07.484Z pid=82859 tid=119pz7z class=HardWorker jid=b7f805c545c78770d30dc1fd INFO: start`,
			`2019-08-31T15:36:07.573Z pid=82859 tid=119pz7z class=HardWorker jid=b7f805c545c78770d30dc1fd elapsed=0.089 INFO: done`,
			`2022-02-21T01:25:29.500Z 12 TID-5xdaw0 X::Worker JID-94a9f8a9 INFO: done: 0.013 sec`,
			`INFO  2025-02-21T01:25:29.500Z pid=12 tid=5xd jid=94a9 class=X::Worker elapsed=1.5: fail`,
		},
		want: []string{
			"job 2019-08-31T15:36:07.484..2019-08-31T15:36:07.573 89000us name=HardWorker pid=82859 tid=119pz7z host=web3 id=b7f805c545c78770d30dc1fd",
			"job 2022-02-21T01:25:29.487..2022-02-21T01:25:29.5 13000us name=X::Worker pid=12 tid=5xdaw0 host=web3 id=94a9f8a9",
			"job 2025-02-21T01:25:28..2025-02-21T01:25:29.5 1500000us name=X::Worker pid=12 tid=5xd host=web3 id=94a9 failed",
		},
	},
	{
		// sidekiq/sidekiq lib/sidekiq/logger.rb, Formatters::JSON; gitlabhq/gitlabhq doc/administration/logs (sidekiq.log)
		format: "sidekiq-json",
		lines: []string{
			`{"ts":"2019-08-31T15:36:07.573Z","pid":82859,"tid":"119pz7z","lvl":"INFO","msg":"done","ctx":{"class":"HardWorker","jid":"b7f8","elapsed":0.089}}`,
			`{"severity":"INFO","time":"2018-04-03T22:57:22.071Z","queue":"cronjob:update_all_mirrors","args":[],"class":"UpdateAllMirrorsWorker","retry":false,"jid":"06aeaa3b0aadacf9981f368e","created_at":"2018-04-03T22:57:21.930Z","pid":10077,"message":"UpdateAllMirrorsWorker JID-06aeaa3b0aadacf9981f368e: done: 0.139 sec","job_status":"done","duration_s":0.139,"mem_objects":1520,"mem_bytes":73000,"mem_total_bytes":133800}`,
		},
		want: []string{
			"job 2019-08-31T15:36:07.484..2019-08-31T15:36:07.573 89000us name=HardWorker pid=82859 tid=119pz7z host=web3 id=b7f8",
			"job 2018-04-03T22:57:21.932..2018-04-03T22:57:22.071 139000us name=UpdateAllMirrorsWorker pid=10077 host=web3 id=06aeaa3b0aadacf9981f368e queue=cronjob:update_all_mirrors mem=133800 objects=1520",
		},
	},
	{
		// collectiveidea/delayed_job lib/delayed/worker.rb; v3.0: "#{job.name} completed after %.4f"
		format: "delayed_job",
		lines: []string{
			`2019-03-14T15:37:00+0000: [Worker(delayed_job host:staging.katuma.org pid:11718)] Job RefreshProductsCacheJob (id=7984) RUNNING`,
			`2019-03-14T15:37:00+0000: [Worker(delayed_job host:staging.katuma.org pid:11718)] Job RefreshProductsCacheJob (id=7984) COMPLETED after 0.0126`,
			`2012-03-14T15:37:00+0100: [Worker(host:a pid:7)] S3FileJob completed after 1.0676`,
			`2019-03-14T15:37:00+0000: [Worker(host:a pid:7)] 1 jobs processed at 36.5970 j/s, 0 failed`,
			`2019-03-14T15:37:00+0000: [Worker(host:a pid:7)] Job ExportJob [f00] from DelayedJob(default) with arguments: [3] (id=8) RUNNING`,
		},
		want: []string{
			"job 2019-03-14T15:37:00..2019-03-14T15:37:00.0126 12600us name=RefreshProductsCacheJob pid=11718 host=staging.katuma.org id=7984",
			"job 2012-03-14T14:36:58.9324..2012-03-14T14:37:00 1067600us name=S3FileJob pid=7 host=a",
			"job 2019-03-14T15:37:00..? name=ExportJob pid=7 host=a id=8 open",
		},
	},
	{
		// bensheldon/good_job lib/good_job/log_subscriber.rb
		format: "good_job",
		lines: []string{
			`[GoodJob] [45123] GoodJob 3.99.0 started scheduler with queues=* max_threads=5.`,
			`[GoodJob] [45123] [GoodJob::Scheduler(queues=* max_threads=5)-thread-1] Executed GoodJob 0f9be6ae-2c1b-4ad2-a4b8-9d4b2a7d7c11`,
			`[GoodJob] [45123] GoodJob scheduler has been killed. The following Active Jobs were interrupted: 0f9be6ae`,
		},
		want: []string{
			"boot 2020-06-10T21:00:00 host=web3 pid=45123 bytes=0 good_job scheduler",
			"kill 2020-06-10T21:00:00 host=web3 pid=45123 bytes=0 good_job scheduler",
		},
	},
	{
		// rails/solid_queue lib/solid_queue/log_subscriber.rb
		format: "solid_queue",
		lines: []string{
			`SolidQueue-1.1.0 Started Worker (66.4ms)  pid: 31, hostname: "jobs1", process_id: 8, name: "worker-5b3c", polling_interval: 0.1, queues: "*", thread_pool_size: 3`,
			`SolidQueue-1.1.0 Replaced terminated Worker (12.3ms)  pid: 31, status: "no exit status set", pid_from_status: 31, signaled: true, stopsig: nil, termsig: 9, hostname: "jobs1", name: "worker-77aa"`,
		},
		want: []string{
			"boot 2020-06-10T21:00:00 host=jobs1 pid=31 bytes=0 solid_queue worker-5b3c",
			"kill 2020-06-10T21:00:00 host=jobs1 pid=31 bytes=0 solid_queue worker-77aa",
		},
	},
	{
		// speedshop/sidekiq-memory_logger README.md
		format: "sidekiq-memory_logger",
		lines: []string{
			`[MemoryLogger] job=MyJob queue=default memory_mb=15.2 objects=12345`,
			`Job MyJob on queue default used 15.2 MB`,
		},
		want: []string{
			"job ?..2020-06-10T21:00:00 name=MyJob pid=4242 host=web3 queue=default mem=15938355 objects=12345",
			"job ?..2020-06-10T21:00:00 name=MyJob pid=4242 host=web3 queue=default mem=15938355",
		},
	},
	{
		// Debian cron(8); cronie src/do_command.c
		format: "cron", prog: "CRON",
		lines: []string{
			`(root) CMD (test -x /usr/bin/report && report --all)`,
			`(www-data) CMD (cd /app && bin/rails runner Purge.run)`,
			`(www-data) END (cd /app && bin/rails runner Purge.run)`,
		},
		want: []string{
			"task 2020-06-10T21:00:00..2020-06-10T21:00:00 0us name=cd /app && bin/rails runner Purge.run pid=4242 host=web3 user=www-data",
			"task 2020-06-10T21:00:00..? name=test -x /usr/bin/report && report --all pid=4242 host=web3 user=root",
		},
	},
	{
		// puma/puma lib/puma/cluster.rb (v3.12, v5.6, v6.4); zombocom/puma_worker_killer README.md and issue 8
		format: "puma",
		lines: []string{
			`[8001] - Worker 0 (pid: 8003) booted, phase: 0`,
			`- Worker 3 (PID: 8004) booted in 1.2s, phase: 1`,
			`[1] ! Terminating timed out worker: 8003`,
			`[1] ! Terminating timed out worker (Worker 0 failed to check in within 60 seconds): 8003`,
			`[2] PumaWorkerKiller: Consuming 402.5 mb with master and 3 workers.`,
			`[2] PumaWorkerKiller: Out of memory. 3 workers consuming total: 540.5 mb out of max: 501.76 mb. Sending TERM to #<Puma::Cluster::Worker:0x007f @index=0, @pid=8003, @phase=0> consuming 138.25 mb.`,
			`PumaWorkerKiller: Rolling Restart. 5 workers consuming total: 650mb mb. Sending TERM to pid 34.`,
			`=== puma startup: 2020-06-10 22:15:00 +0200 ===`,
		},
		want: []string{
			"boot 2020-06-10T21:00:00 host=web3 pid=8003 bytes=0 puma worker 0",
			"boot 2020-06-10T21:00:00 host=web3 pid=8004 bytes=0 puma worker 3",
			"kill 2020-06-10T21:00:00 host=web3 pid=8003 bytes=0 puma worker timed out",
			"kill 2020-06-10T21:00:00 host=web3 pid=8003 bytes=0 puma worker timed out",
			"memory 2020-06-10T21:00:00 host=web3 pid=0 name=puma role= group_rss 422051840",
			"memory 2020-06-10T21:00:00 host=web3 pid=0 name=puma role= group_rss 566755328",
			"memory 2020-06-10T21:00:00 host=web3 pid=8003 name=puma role=worker rss 144965632",
			"kill 2020-06-10T21:00:00 host=web3 pid=8003 bytes=144965632 puma_worker_killer",
			"memory 2020-06-10T21:00:00 host=web3 pid=0 name=puma role= group_rss 681574400",
			"restart 2020-06-10T21:00:00 host=web3 pid=34 bytes=0 puma_worker_killer",
			"boot 2020-06-10T20:15:00 host=web3 pid=0 bytes=0 puma",
		},
	},
	{
		// defunkt/unicorn lib/unicorn/http_server.rb; kzk/unicorn-worker-killer lib/unicorn/worker_killer.rb
		format: "unicorn",
		lines: []string{
			`E, [2020-06-10T20:00:00.000000 #1200] ERROR -- : worker=1 PID:1234 timeout (61s > 60s), killing`,
			`E, [2020-06-10T20:00:01.000000 #1200] ERROR -- : reaped #<Process::Status: pid 1234 SIGKILL (signal 9)> worker=1`,
			`I, [2020-06-10T20:00:02.000000 #1300]  INFO -- : worker=1 ready`,
			`W, [2020-06-10T20:00:03.000000 #1300]  WARN -- : #<Unicorn::HttpServer:0x0>: worker (pid: 1300) exceeds memory limit (268435456 bytes > 200000000 bytes)`,
		},
		want: []string{
			"kill 2020-06-10T20:00:00 host=web3 pid=1234 bytes=0 unicorn worker=1",
			"kill 2020-06-10T20:00:01 host=web3 pid=1234 bytes=0 unicorn worker reaped",
			"boot 2020-06-10T20:00:02 host=web3 pid=1300 bytes=0 unicorn worker=1",
			"memory 2020-06-10T20:00:03 host=web3 pid=1300 name=unicorn role=worker rss 268435456",
			"kill 2020-06-10T20:00:03 host=web3 pid=1300 bytes=268435456 unicorn-worker-killer",
		},
	},
	{
		// torvalds/linux mm/oom_kill.c (v3.10, v4.14, v6.1); dmesg -T
		format: "oom", prog: "kernel",
		lines: []string{
			`[Wed Sep  3 14:02:41 2025] Out of memory: Killed process 2626304 (ruby) total-vm:3934332kB, anon-rss:1921108kB, file-rss:0kB, shmem-rss:4300kB, UID:1000 pgtables:6956kB oom_score_adj:0`,
			`[337533.314412] Memory cgroup out of memory: Killed process 2642564 (puma srv tp 002) total-vm:2623712kB, anon-rss:506500kB, file-rss:1268kB, shmem-rss:0kB, UID:0 pgtables:5kB oom_score_adj:0`,
			`[337533.314407] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/leaker,task_memcg=/leaker,task=leaker,pid=23793,uid=0`,
			`[    0.000000] Linux version 6.1.0 (gcc) #1 SMP`,
			`[Wed Sep  3 14:02:40 2025] usb 1-1: new high-speed USB device`,
			`Out of memory: Kill process 1234 (ruby) score 900 or sacrifice child`,
			`Killed process 1235 (ruby), UID 33, total-vm:2048kB, anon-rss:1024kB, file-rss:0kB`,
			`Memory cgroup out of memory: Kill process 99 (sidekiq 6.4.1 a) score 1000 or sacrifice child`,
		},
		want: []string{
			"oom 2025-09-03T14:02:41 host=web3 pid=2626304 bytes=1967214592 ruby",
			"oom 2020-06-10T21:00:00 host=web3 pid=2642564 bytes=518656000 puma srv tp 002",
			"oom 2020-06-10T21:00:00 host=web3 pid=1235 bytes=1048576 ruby",
			"oom 2020-06-10T21:00:00 host=web3 pid=99 bytes=0 sidekiq 6.4.1 a",
		},
	},
	{
		// nginx/nginx src/http/ngx_http_upstream.c; docs.nginx.com/nginx/admin-guide/monitoring/debugging
		format: "nginx-error",
		lines: []string{
			`2020/06/10 21:05:01 [error] 45762#0: *7489 upstream timed out (110: Connection timed out) while reading response header from upstream, client: 10.2.127.6, server: shop.example, request: "GET /features HTTP/1.1", upstream: "http://10.0.0.7:3000/features", host: "shop.example"`,
			`2012/11/29 21:31:34 [error] 6338#0: *1 upstream prematurely closed connection while reading response header from upstream, client: 127.0.0.1, server: , request: "GET / HTTP/1.1", upstream: "http://unix:/run/puma.sock:/", host: "www.example.com"`,
			`2020/06/10 21:05:01 [error] 45762#0: *7490 connect() failed (111: Connection refused) while connecting to upstream, client: 10.2.127.6, server: s, request: "GET /a HTTP/1.1", upstream: "http://10.0.0.7:3000/a", host: "s"`,
		},
		want: []string{
			"proxy ?..2020-06-10T21:05:01 method=GET path=/features status=504 host=web3 client=10.2.127.6 upstream=10.0.0.7:3000 truncated",
			"timeout 2020-06-10T21:05:01 host=web3 pid=0 bytes=0 GET /features HTTP/1.1",
			"proxy ?..2012-11-29T21:31:34 method=GET path=/ status=502 host=web3 client=127.0.0.1 upstream=unix:/run/puma.sock truncated failed",
			"timeout 2012-11-29T21:31:34 host=web3 pid=0 bytes=0 GET / HTTP/1.1",
		},
	},
	{
		// devcenter.heroku.com/articles/log-runtime-metrics, devcenter.heroku.com/articles/error-codes#r14-memory-quota-exceeded
		format: "heroku-dyno", prog: "heroku[web.1]",
		lines: []string{
			`source=web.1 dyno=heroku.2808254.d97d0ea7-cf3d-411b-b453-d2943a50b456 sample#memory_total=21.00MB sample#memory_rss=21.22MB sample#memory_cache=0.00MB sample#memory_swap=0.00MB sample#memory_pgpgin=348836pages sample#memory_pgpgout=343403pages`,
			`Process running mem=548M(107.0%)`,
			`Error R14 (Memory quota exceeded)`,
			`Stopping process with SIGKILL`,
			`State changed from starting to up`,
		},
		want: []string{
			"memory 2020-06-10T21:00:00 host=web.1 pid=0 name=web.1 role= cgroup_rss 22250783",
			"memory 2020-06-10T21:00:00 host=web.1 pid=0 name=web.1 role= cgroup_usage 22020096",
			"memory 2020-06-10T21:00:00 host=web.1 pid=0 name=web.1 role= cgroup_cache 0",
			"memory 2020-06-10T21:00:00 host=web.1 pid=0 name=web.1 role= swap 0",
			"memory 2020-06-10T21:00:00 host=web.1 pid=0 name=web.1 role= cgroup_usage 574619648",
			"memory 2020-06-10T21:00:00 host=web.1 pid=0 bytes=574619648 R14 (Memory quota exceeded)",
			"kill 2020-06-10T21:00:00 host=web.1 pid=0 bytes=0 Stopping process with SIGKILL",
			"boot 2020-06-10T21:00:00 host=web.1 pid=0 bytes=0 web.1",
		},
	},
	{
		// systemd/systemd src/core/service.c, src/core/unit.c
		format: "systemd", prog: "systemd",
		lines: []string{
			`Started puma.service - Puma HTTP Server.`,
			`puma.service: A process of this unit has been killed by the OOM killer.`,
			`puma.service: Main process exited, code=killed, status=9/KILL`,
			`puma.service: Failed with result 'oom-kill'.`,
			`puma.service: Scheduled restart job, restart counter is at 1.`,
			`Stopped Puma HTTP Server.`,
		},
		want: []string{
			"boot 2020-06-10T21:00:00 host=web3 pid=0 bytes=0 puma.service",
			"oom 2020-06-10T21:00:00 host=web3 pid=0 bytes=0 puma.service",
			"kill 2020-06-10T21:00:00 host=web3 pid=0 bytes=0 puma.service",
			"restart 2020-06-10T21:00:00 host=web3 pid=0 bytes=0 puma.service",
			"restart 2020-06-10T21:00:00 host=web3 pid=0 bytes=0 Puma HTTP Server",
		},
	},
	{
		// gem memlog; lines that applications write themselves
		format: "memory-line", prog: "app",
		lines: []string{
			`2011-12-27 08:42:47 Memory: +1009 KB Now: 311948 KB PID:25430 GET`,
			`[worker] RSS: 512.5 MB after ExportJob pid=77`,
			`MemWatcher: Used: 13244. Free: 812.`,
			`Mémoire utilisée après le téléchargement de l'attachment package.json: 786768 Ko`,
		},
		want: []string{
			"memory 2011-12-27T08:42:47 host=web3 pid=25430 name= role= rss 319434752",
			"memory 2020-06-10T21:00:00 host=web3 pid=77 name= role= rss 537395200",
			"memory 2020-06-10T21:00:00 host=web3 pid=0 name= role= host_used 13887340544",
			"memory 2020-06-10T21:00:00 host=web3 pid=4242 name= role= rss 805650432",
		},
	},
}

func TestDocumentedLines(t *testing.T) {
	for _, s := range workSamples {
		t.Run(s.format, func(t *testing.T) {
			wantSaid(t, tell(t, s.format, wrapped(s.prog), s.lines...), s.want...)
		})
	}
}

// TestEveryFormatIsSampled: no format stands in the table without a documented
// line of its own.
func TestEveryFormatIsSampled(t *testing.T) {
	have := map[string]bool{}
	for _, s := range workSamples {
		have[s.format] = true
	}
	for _, f := range workFormats() {
		if !have[f.name] {
			t.Errorf("format %s has no documented line", f.name)
		}
		if f.source == "" || f.title == "" || f.verified == "" || f.kind == "" {
			t.Errorf("format %s lacks source, title, verified or kind", f.name)
		}
	}
}

// foreignLines belong to none of these formats.
var foreignLines = []string{
	`Started GET "/" for 127.0.0.1 at 2012-03-10 14:28:14 +0100`,
	`Processing by HomeController#index as HTML`,
	`  Parameters: {"id"=>"1", "rss"=>"1"}`,
	`Completed 200 OK in 79ms (Views: 78.8ms | ActiveRecord: 0.0ms)`,
	`  User Load (0.3ms)  SELECT "users".* FROM "users" WHERE "users"."rss" = 12 LIMIT 1`,
	`method=GET path=/jobs/833552.json format=json controller=JobsController  action=show status=200 duration=58.33 view=40.43 db=15.26`,
	`{"method":"GET","path":"/users","format":"html","controller":"UsersController","action":"index","status":200,"duration":11.91}`,
	`127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326`,
	`203.0.113.9 - - [10/Jun/2020:21:00:00 +0000] "GET /rss HTTP/1.1" 200 12 "-" "curl/7.46.0" 0.012`,
	`[ActiveJob] [ExportJob] [0f9be6ae-2c1b-4ad2-a4b8-9d4b2a7d7c11] Performed ExportJob (Job ID: 0f9be6ae) from Sidekiq(default) in 12.3ms`,
	`app/models/user.rb:12:in 'load'`,
	`Started Session 12 of user root.`,
	`[2026-06-10 21:00:00.123456] hello`,
	`[12435] something else`,
	`[worker.1] x`,
	`across 12 MB of sources`,
	`- Worker`,
	``,
	`(`,
	`RuntimeError (Out of memory):`,
}

// TestFormatsKeepApart: a line is claimed by the format it belongs to and no
// other, because the dispatcher asks several.
func TestFormatsKeepApart(t *testing.T) {
	for _, f := range workFormats() {
		for _, l := range foreignLines {
			if f.looks([]byte(l)) {
				t.Errorf("%s claims %q", f.name, l)
			}
		}
		for _, s := range workSamples {
			for _, l := range s.lines {
				if f.name != s.format && f.looks([]byte(l)) {
					t.Errorf("%s claims a line of %s: %q", f.name, s.format, l)
				}
			}
		}
	}
}

// TestCutLines: lines that were cut anywhere, or lost a byte, break nothing.
func TestCutLines(t *testing.T) {
	out := checkSink{t}
	for _, f := range workFormats() {
		p := f.open(&Options{})
		for _, s := range workSamples {
			for _, l := range s.lines {
				for i := range len(l) {
					for _, cut := range []string{l[:i], l[i:], l[:i] + l[i+1:]} {
						m := wrapped(s.prog)
						f.looks([]byte(cut))
						p.line([]byte(cut), &m, out)
					}
				}
			}
		}
		p.close(out)
	}
}
