package metrics

import (
	"testing"
	"time"
)

func TestTexts(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	evening := time.Date(2020, 6, 11, 0, 5, 0, 0, time.UTC)
	runCases(t, []parseCase{
		{
			name: "ps aux in a loop", want: "ps",
			text: `Wed Jun 10 21:00:00 UTC 2020
USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
root         2  0.0  0.0      0     0 ?        S    06:31   0:00 [kthreadd]
deploy   13100  0.8  0.0  50048  1000 ?        SLl  06:31   0:27 puma 5.6.5 (tcp://0.0.0.0:3000) [app]
deploy   13114  0.8  0.0  50048 19392 ?        SLl  06:31   0:27 puma: cluster worker 0: 13100 [app]

Wed Jun 10 21:00:10 UTC 2020
USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
deploy   13114  0.8  0.0  50048 19396 ?        SLl  06:31   0:27 puma: cluster worker 0: 13100 [app]
`,
			series: `
			rss host= pid=13100 name=puma 5.6.5 role=master: 0610T210000=1024000
			rss host= pid=13114 name=puma worker 0 role=worker: 0610T210000=19857408 0610T210010=19861504`, lines: 8,
		},
		{
			name: "ps with lstart, times without date over midnight", want: "ps",
			text: `--- 23:59:50 ---
  PID   RSS                  STARTED COMMAND
   77 19392 Mon Nov 23 06:31:38 2026 ruby /srv/app/bin/rails s
--- 00:00:10 ---
   77 19396 Mon Nov 23 06:31:38 2026 ruby /srv/app/bin/rails s
`,
			opt:    Options{Reference: evening},
			series: `rss host= pid=77 name=ruby /srv/app/bin/rails s: 0610T235950=19857408 0611T000010=19861504`, warn: "carry no date",
		},
		{
			name: "top -b", want: "ps",
			text: `top - 07:23:38 up 52 min,  0 user,  load average: 20.01, 23.16, 15.57
Tasks: 144 total,   1 running, 143 sleeping,   0 stopped,   0 zombie
%Cpu(s): 33.3 us, 33.3 sy,  0.0 ni, 33.3 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st
MiB Mem :  24105.6 total,  15032.3 free,   5735.5 used,   3724.3 buff/cache
MiB Swap:      0.0 total,      0.0 free,      0.0 used.  18370.1 avail Mem

  PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND
   77 root      20   0       0      0      0 I   6.2   0.0   0:38.47 kdamond.0
 9163 root      20   0 1180420  81584  14588 S   6.2   0.3   0:04.45 puma
 9164 root      20   0 1180420   1.2g  14588 S   6.2   0.3   0:04.45 puma
`,
			opt: Options{Reference: time.Date(2020, 6, 10, 8, 0, 0, 0, time.UTC)},
			series: `
			rss host= pid=9163 name=puma: 0610T072338=83542016
			rss host= pid=9164 name=puma: 0610T072338=1288490189`, lines: 9,
		},
		{
			name: "ps without stamps", want: "ps", err: "rows without a time", warn: "print the time",
			text: "PID RSS COMMAND\n7 5 ruby\n8 6 ruby\n",
		},
		{
			name: "free -m of procps 4, in Paris", want: "free",
			text: `2020-06-10 23:00:00
               total        used        free      shared  buff/cache   available
Mem:           24105        5735       15032           8        3724       18369
Swap:              0           0           0
`,
			opt: Options{Location: paris},
			series: `
			host_available host= pid=0 name=: 0610T210000=19261292544
			host_cached host= pid=0 name=: 0610T210000=3904897024
			host_total host= pid=0 name=: 0610T210000=25275924480
			host_used host= pid=0 name=: 0610T210000=6013583360`, warn: "taken as MiB",
		},
		{
			name: "free -h, free -w -b", want: "free",
			text: `1591822800
               total        used        free      shared  buff/cache   available
Mem:            23Gi       5.6Gi        14Gi       8.6Mi       3.6Gi        17Gi
Swap:             0B          0B          0B
`,
			series: `
			host_available host= pid=0 name=: 0610T210000=18253611008
			host_cached host= pid=0 name=: 0610T210000=3865470566
			host_total host= pid=0 name=: 0610T210000=24696061952
			host_used host= pid=0 name=: 0610T210000=6012954214`,
		},
		{
			name: "free of old procps: used includes caches", want: "free",
			text: `Wed Jun 10 21:00:00 UTC 2020
             total       used       free     shared    buffers     cached
Mem:      16334240   15000000    1334240          0     200000   10000000
-/+ buffers/cache:    4800000   11534240
Swap:            0          0          0
`,
			series: `
			host_cached host= pid=0 name=: 0610T210000=10444800000
			host_total host= pid=0 name=: 0610T210000=16726261760
			host_used host= pid=0 name=: 0610T210000=4915200000`, warn: "KiB",
		},
		{
			name: "lines of date, pid and RSS with commands", want: "rss-loop",
			text: `2020-06-10 23:00:01 13114 148600 puma: cluster worker 0: 13100 [app]
2020-06-10 23:00:01 13115 148604 puma: cluster worker 1: 13100 [app]
2020-06-10 23:00:11 13114 150000 puma: cluster worker 0: 13100 [app]
`,
			series: `
			rss host= pid=13114 name=puma worker 0 role=worker: 0610T230001=152166400 0610T230011=153600000
			rss host= pid=13115 name=puma worker 1 role=worker: 0610T230001=152170496`, warn: "taken as KiB",
		},
		{
			name: "lines of epoch, host, pid, bytes", want: "rss-loop",
			text:   "1591822801 web3 13114 152166400\n1591822811 web3 13114 153600000\nnoise\n1591822821 web3 13114 153604096\n",
			series: `rss host=web3 pid=13114 name=: 0610T210001=152166400 0610T210011=153600000 0610T210021=153604096`, bad: 1,
		},
		{
			name: "pairs, VmRSS, a single number", want: "rss-loop",
			text: "2020-06-10T21:00:01Z pid=7 rss_mb=150.5\n2020-06-10T21:00:01Z host=web1 pid=8 rss=148600\n2020-06-10T21:00:02Z 148608 kB\n",
			series: `
			rss host= pid=0 name=: 0610T210002=152174592
			rss host= pid=7 name=: 0610T210001=157810688
			rss host=web1 pid=8 name=: 0610T210001=152166400`,
		},
		{
			name: "JSON lines", want: "json-lines",
			text: `{"time":"2020-06-10T21:00:01Z","host":"web3","pid":13114,"rss":148643840}
{"time":"2020-06-10T21:00:02Z","host":"web3","pid":13114,"rss":148647936}
{"ts":1591822803,"hostname":"web3","process":{"pid":7,"name":"sidekiq 6.5.8 app [0 of 5 busy]"},"memory":{"rss_kb":100,"swap_kb":0}}
{"time":"x","rss":5}
{"event":"other"}
`,
			series: `
			rss host=web3 pid=13114 name=: 0610T210001=148643840 0610T210002=148647936
			rss host=web3 pid=7 name=sidekiq 6.5.8 app [0 of 5 busy] role=job: 0610T210003=102400
			swap host=web3 pid=7 name=sidekiq 6.5.8 app [0 of 5 busy] role=job: 0610T210003=0`, lines: 5, bad: 1,
		},
		{
			name: "Heroku", want: "heroku",
			text: `2021-09-21T20:10:41.038754+00:00 heroku[web.1]: source=web.1 dyno=heroku.2808254.d97d0ea7-cf3d sample#load_avg_1m=0.01
2021-09-21T20:10:41.038754+00:00 heroku[web.1]: source=web.1 dyno=heroku.2808254.d97d0ea7-cf3d sample#memory_total=21.00MB sample#memory_rss=21.22MB sample#memory_cache=0.00MB sample#memory_swap=0.00MB sample#memory_pgpgin=348836pages sample#memory_pgpgout=343403pages
<45>1 2021-09-21T20:11:01.038754+00:00 host heroku worker.1 - source=worker.1 dyno=heroku.1 sample#memory_total=1.00GB
`,
			series: `
			cgroup_cache host=web.1 pid=0 name=web.1 role=container: 0921T201041.038754=0
			cgroup_rss host=web.1 pid=0 name=web.1 role=container: 0921T201041.038754=22250783
			cgroup_usage host=web.1 pid=0 name=web.1 role=container: 0921T201041.038754=22020096
			cgroup_usage host=worker.1 pid=0 name=worker.1 role=container: 0921T201101.038754=1073741824`, lines: 3,
		},
	})
}

func TestSysstat(t *testing.T) {
	t.Parallel()
	runCases(t, []parseCase{
		{
			name: "sar of sysstat 12.6 with another report", want: "sar",
			text: "Linux 6.1.0 (vm) \t11/23/26 \t_x86_64_\t(2 CPU)\n\n" +
				`07:23:35        CPU     %user     %nice   %system   %iowait    %steal     %idle
07:23:36        all     19.29      0.00     14.72      0.00      0.00     65.99

07:23:35    kbmemfree   kbavail kbmemused  %memused kbbuffers  kbcached  kbcommit   %commit  kbactive   kbinact   kbdirty
07:23:36     15363436  18780724   5446812     22.07     65364   3481412   9017456     36.53   2221764   6467492     31048
Average:     15378871  18796331   5431212     22.00     65364   3481580   9020747     36.54   2221765   6473088     29955
`,
			series: `
			host_available host=vm pid=0 name=: 1123T072336=19231461376
			host_cached host=vm pid=0 name=: 1123T072336=3631898624
			host_total host=vm pid=0 name=: 1123T072336=25272023054
			host_used host=vm pid=0 name=: 1123T072336=5577535488`, lines: 6,
		},
		{
			name: "old sar: used includes caches, 12-hour clock, over midnight", want: "sar",
			text: "Linux 3.10.0-957.el7.x86_64 (web3) \t06/10/2020 \t_x86_64_\t(8 CPU)\n\n" +
				`11:55:01 PM kbmemfree kbmemused  %memused kbbuffers  kbcached  kbcommit   %commit
11:55:01 PM   9067372   3130692     25.67     47272    220752   6053472     45.70
12:05:01 AM   5067372   7130692     58.46     47272   4220752   6053472     45.70
12:10:01 AM       LINUX RESTART	(8 CPU)
`,
			series: `
			host_cached host=web3 pid=0 name=: 0610T235501=274456576 0611T000501=4370456576
			host_total host=web3 pid=0 name=: 0610T235501=12490817536 0611T000501=12490817536
			host_used host=web3 pid=0 name=: 0610T235501=2931372032 0611T000501=2931372032`,
			bad: 0,
		},
		{
			name: "sadf -d", want: "sadf",
			text: `# hostname;interval;timestamp;kbmemfree;kbavail;kbmemused;%memused;kbbuffers;kbcached;kbcommit;%commit;kbactive;kbinact;kbdirty
vm;1;2026-11-23 07:23:36 UTC;15363436;18780724;5446812;22.07;65364;3481412;9017456;36.53;2221764;6467492;31048
vm;-1;2026-11-23 07:23:37 UTC;LINUX-RESTART	(2 CPU)
vm;1;1795418618;15394116;18811752;5415800;21.94;65364;3481748;9023184;36.55;2221768;6478852;27596
# hostname;interval;timestamp;CPU;%usr
vm;1;1795418618;-1;5.00
vm;1;short
`,
			series: `
			host_available host=vm pid=0 name=: 1123T072336=19231461376 1123T072338=19263234048
			host_cached host=vm pid=0 name=: 1123T072336=3631898624 1123T072338=3632242688
			host_total host=vm pid=0 name=: 1123T072336=25272023054 1123T072338=25277024613
			host_used host=vm pid=0 name=: 1123T072336=5577535488 1123T072338=5545779200`, lines: 7, bad: 1,
		},
		{
			name: "sadf -j", want: "sadf-json",
			text: `{"sysstat": {
	"hosts": [
		{
			"nodename": "vm",
			"statistics": [
				{
					"timestamp": {"date": "2026-11-23", "time": "07:23:36", "utc": 1, "interval": 1},
					"memory": {"memfree": 15363436, "avail": 18780724, "memused": 5446812, "memused-percent": 22.07, "buffers": 65364, "cached": 3481412}
				},
				{
					"timestamp": {"date": "2026-11-23", "time": "07:23:37", "utc": 1, "interval": 1},
					"cpu-load": [{"cpu": "all"}]
				}
			]
		}
	]
}}
`,
			series: `
			host_available host=vm pid=0 name=: 1123T072336=19231461376
			host_cached host=vm pid=0 name=: 1123T072336=3631898624
			host_total host=vm pid=0 name=: 1123T072336=25272023054
			host_used host=vm pid=0 name=: 1123T072336=5577535488`, lines: 2,
		},
		{
			name: "sadf without memory", want: "sadf", err: "run it with -r",
			text: "# hostname;interval;timestamp;CPU;%usr\nvm;1;1795418618;-1;5.00\n",
		},
	})
}

func FuzzTexts(f *testing.F) {
	for _, s := range []string{
		"10:00:00\nPID RSS STARTED COMMAND\n7 5 Mon Nov 23 06:31:38 2026 ruby\n",
		"1591822800\n total used free buffers cached\nMem: 1 2 3\n",
		"2020-06-10 23:00:01 13114 148600 puma\n23:00:01 pid=7 rss=5\n",
		`{"time":"2020-06-10T21:00:01Z","pid":1,"rss":"5 MB","a":[1,{"b":null}]}`,
		"Linux 3.10 (web3) \t06/10/2020\n\n11:55:01 PM kbmemfree kbmemused %memused\n12:05:01 AM 1 2 3\n",
		"# hostname;interval;timestamp;kbmemused\nvm;1;1795418618;5\n",
		`{"sysstat":{"hosts":[{"nodename":"vm","statistics":[{"timestamp":{"date":"2026-11-23","time":"07:23:36"},"memory":{"memused":1}}]}]}}`,
		"2021-09-21T20:10:41Z source=web.1 sample#memory_rss=21.22MB\n",
	} {
		f.Add(s)
	}
	formats := []string{"ps", "free", "rss-loop", "json-lines", "sar", "sadf", "sadf-json", "heroku"}
	f.Fuzz(func(t *testing.T, s string) {
		for _, name := range formats {
			_, _, _ = readText(t, s, Options{Format: name, Reference: time.Unix(1591822800, 0)})
		}
		_, _ = Detect([]byte(s), "")
	})
}
