package metrics

import (
	"context"
	"strings"
	"testing"
)

// What people make of the tools themselves, each as it was once misread.
func TestHomemade(t *testing.T) {
	t.Parallel()
	runCases(t, []parseCase{
		{
			name: "date and time in columns of their own", want: "csv", lines: 2,
			text:   "date,time,host,pid,rss_bytes\n2020-06-10,21:00:01,web3,77,148643840\n",
			series: `rss host=web3 pid=77 name=: 0610T210001=148643840`,
		},
		{
			name: "workers called after host and process are not one", want: "csv", lines: 3,
			text: "time,worker,rss_bytes\n2020-06-10T21:00:01Z,web3-1377,148643840\n2020-06-10T21:00:01Z,web3-1378,99999744\n",
			series: `rss host=web3 pid=1377 name=: 0610T210001=148643840
			rss host=web3 pid=1378 name=: 0610T210001=99999744`,
		},
		{
			name: "Datadog's groups", want: "csv", lines: 2,
			text: "group,time,value\n\"host:web3,pid:77\",2020-06-10T21:00:01Z,148643840\n", warn: "taken as rss",
			series: `rss host=web3 pid=77 name=: 0610T210001=148643840`,
		},
		{
			name: "Metricbeat", want: "json-lines", lines: 1,
			text:   `{"@timestamp":"2020-06-10T21:00:01Z","host":{"name":"web3"},"process":{"pid":77,"memory":{"size":928911360,"rss":{"bytes":148643840,"pct":0.1}}}}` + "\n",
			series: `rss host=web3 pid=77 name=: 0610T210001=148643840`,
		},
		{
			name: "Mem: of free behind its stamp", want: "free", lines: 2, warn: "MiB",
			text: `2020-06-10 21:00:01 Mem:  16384 1022 12974 24 2483 15361
2020-06-10 21:00:02 Mem:  16384 1023 12973 24 2483 15360
`,
			series: `
			host_available host= pid=0 name=: 0610T210001=16107175936 0610T210002=16106127360
			host_cached host= pid=0 name=: 0610T210001=2603614208 0610T210002=2603614208
			host_total host= pid=0 name=: 0610T210001=17179869184 0610T210002=17179869184
			host_used host= pid=0 name=: 0610T210001=1071644672 0610T210002=1072693248`,
		},
		{
			name: "ps without header", want: "ps", lines: 4,
			text:   "2020-06-10 21:00:01\n  77 145160 puma 5.6\n2020-06-10 21:00:02\n  77 145164 puma 5.6\n",
			series: `rss host= pid=77 name=puma 5.6: 0610T210001=148643840 0610T210002=148647936`,
		},
		{
			name: "a line of /proc/PID/status", want: "rss-loop", lines: 1,
			text:   "2020-06-10 21:00:01 pid=77 VmRSS: 145160 kB\n",
			series: `rss host= pid=77 name=: 0610T210001=148643840`,
		},
	})
}

// A share of the memory is no size, and a web server's log no series.
func TestNoMemoryInIt(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"time,host,mem_used_percent\n2020-06-10T21:00:01Z,web3,6.243\n2020-06-10T21:00:02Z,web3,6.25\n",
		strings.Repeat(`{"@timestamp":"2020-06-10T21:00:01+00:00","clientip":"10.9.8.7","verb":"GET","request":"/a","response":200,"bytes":4242,"host":"web3"}`+"\n", 3),
	} {
		if g, ok := detect([]byte(text), ""); ok {
			t.Errorf("taken for %s: %s", g.Format, text)
		}
		if _, err := Read(context.Background(), strings.NewReader(text), Options{}, newRecord()); err == nil {
			t.Errorf("read as memory: %s", text)
		}
	}
}
