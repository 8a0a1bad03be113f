package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

func TestTables(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	runCases(t, []parseCase{
		{
			name: "time,host,pid,bytes", want: "csv",
			text: "time,host,pid,bytes\n2026-11-23T06:51:56.034Z,web1,13114,24215552\n2026-11-23T06:51:57.034Z,web1,13114,24215553\n2026-11-23T06:51:57Z,web2,7,1\n2026-11-23T06:51:58Z,web2,7,oops\n2026-11-23T06:51:59Z,web2,7,-1\n",
			series: `
			rss host=web1 pid=13114 name=: 1123T065156.034=24215552 1123T065157.034=24215553
			rss host=web2 pid=7 name=: 1123T065157=1`, lines: 6, bad: 2, warn: `column "bytes" taken as rss`,
		},
		{
			name: "no pid: the host", want: "csv",
			text:   "timestamp;server;used_mb;cpu\n1591822800;web3;15000;3\n1591822860;web3;15001,5;3\n",
			series: `host_used host=web3 pid=0 name=: 0610T210000=15728640000 0610T210100=15730212864`, warn: "left out: cpu",
		},
		{
			name: "rss of ps without unit, with units, several columns", want: "csv",
			text: "date,pid,process,rss,pss_kb,live_slots\n2020-06-10 23:00:00,7,puma: cluster worker 0: 5 [app],148604,140000,1000\n",
			opt:  Options{Location: paris},
			series: `
			heap_live_slots host= pid=7 name=puma worker 0 role=worker: 0610T210000=1000
			pss host= pid=7 name=puma worker 0 role=worker: 0610T210000=143360000
			rss host= pid=7 name=puma worker 0 role=worker: 0610T210000=152170496`, warn: "taken as KiB",
		},
		{
			name: "rss in bytes shows by its pages", want: "csv",
			text:   "ts\tpid\trss\n1591822800\t7\t24215552\n1591822810\t7\t24219648\n",
			series: `rss host= pid=7 name=: 0610T210000=24215552 0610T210010=24219648`,
		},
		{
			name: "csv of the influx client", format: "csv",
			text:   "name,tags,time,memory_rss\nprocstat,\"host=web1,pid=7\",1591822800000000000,148643840\n",
			series: `rss host=web1 pid=7 name=procstat: 0610T210000=148643840`,
		},
		{
			name: "a spreadsheet in UTF-16 with semicolons and commas", want: "csv",
			text:   utf16Text("Date;Host;Memory (MB)\r\n10/06/2020 23:00:00;web3;1.234,5\r\n30/06/2020 23:00:00;web3;5\r\n"),
			series: `host_used host=web3 pid=0 name=: 0610T230000=1234500000 0630T230000=5000000`,
			warn:   "could be day/month",
		},
		{
			name: "only cpu", format: "csv", err: "it has column cpu; export memory columns",
			text: "time,cpu\n1591822800,5\n",
		},
	})
}

func utf16Text(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func TestGrafana(t *testing.T) {
	t.Parallel()
	runCases(t, []parseCase{
		{
			name: "wide, epoch milliseconds, gaps", want: "grafana-csv",
			text: "\ufeff\"Time\",\"web1\",\"web2\"\r\n1795416716000,1072565381,1060507663\r\n1795416717000,,1063272790\r\n1795416718000,undefined,null\r\n",
			series: `
			host_used host=web1 pid=0 name=: 1123T065156=1072565381
			host_used host=web2 pid=0 name=: 1123T065156=1060507663 1123T065157=1063272790`, lines: 4, warn: "do not say what they measure",
		},
		{
			name: "formatted, local dates, sep= line", want: "grafana-csv",
			text: "sep=,\r\n\"Time\",\"web1 13114\",\"web1 13134\"\r\n2026-11-23 06:51:56,23.09 MiB,1.5 GB\r\n2026-11-23 06:51:58,512 kB,\"1,024 MiB\"\r\n",
			series: `
			rss host=web1 pid=13114 name=: 1123T065156=24211620 1123T065158=512000
			rss host=web1 pid=13134 name=: 1123T065156=1500000000 1123T065158=1073741824`, warn: "rounded",
		},
		{
			name: "titles of InfluxDB and Prometheus", want: "grafana-csv",
			text: `"Time","mem.used {host: web3}","procstat.memory_rss {host: web1, pid: 123}","{host=""web1"",pid=""77""}","procstat.mean {host: web1, pid: 9}","process_resident_memory_bytes{instance=""web2:9394"",pid=""5""}","cpu.usage_user {host: web1}"` + "\n" +
				"1591822800000,1,2,3,4,5,6\n",
			series: `
			host_used host=web3 pid=0 name=: 0610T210000=1
			rss host=web1 pid=123 name=procstat: 0610T210000=2
			rss host=web1 pid=77 name=: 0610T210000=3
			rss host=web1 pid=9 name=procstat: 0610T210000=4
			rss host=web2 pid=5 name=process_resident_memory_bytes: 0610T210000=5`, warn: "left out: cpu.usage_user",
		},
		{
			name: "long", want: "grafana-csv",
			text: "Series;Time;Value\nweb1 12345;2020-06-10T23:00:00+02:00;5\nweb1 12346;2020-06-10T23:00:00+02:00;6\nweb1 12345;2020-06-10T23:00:10+02:00;7\n",
			series: `
			rss host=web1 pid=12345 name=: 0610T210000=5 0610T210010=7
			rss host=web1 pid=12346 name=: 0610T210000=6`, warn: "taken as rss",
		},
		{
			name: "two frames in one file", want: "grafana-csv",
			text: "\"Time\",\"web1\"\n1591822800000,5\n\"Time\",\"web2\"\n1591822800000,6\n",
			series: `
			host_used host=web1 pid=0 name=: 0610T210000=5
			host_used host=web2 pid=0 name=: 0610T210000=6`,
		},
		{
			name: "full header style", format: "grafana-csv",
			text:   "#name#Time,web1\n#type#time,number\n1591822800000,5\n",
			series: `host_used host=web1 pid=0 name=: 0610T210000=5`,
		},
		{
			name: "two columns of one title", want: "grafana-csv",
			text: "\"Time\",\"Value\",\"Value\"\n1591822800000,5,6\n",
			series: `
			host_used host= pid=0 name=#2: 0610T210000=6
			host_used host= pid=0 name=: 0610T210000=5`,
		},
	})
}

func TestSeriesTitle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		title string
		ports bool
		want  string
	}{
		{"web1", false, "host_used web1 0 "},
		{"web1 12345", false, "rss web1 12345 "},
		{"web1:12345", false, "rss web1 12345 "},
		{"web1:9394", true, "host_used web1 0 "},
		{"12345", false, "rss  12345 "},
		{"pid 12345", false, "rss  12345 "},
		{"web3 puma RSS", false, "rss web3 0 puma"},
		{"web-3.example.org - pid: 77", false, "rss web-3.example.org 77 "},
		{"orion", false, "host_used orion 0 "},
		{"RSS", false, "rss  0 "},
		{"web3 cached", false, "host_cached web3 0 "},
		{"puma: cluster worker 0: 13100 [app]", false, "rss  0 puma worker 0"},
		{"13114 puma: cluster worker 0: 13100", false, "rss  13114 puma worker 0"},
		{"used_memory web1", false, "host_used web1 0 used_memory"},
		{`mem.mean {host: web3}`, false, "host_used web3 0 "},
		{`container_memory_rss{pod="web-1",container="app"}`, false, "cgroup_rss web-1 0 app"},
		{`memory_rss {host="web1", pid="3", _measurement="procstat", _field="memory_rss"}`, false, "rss web1 3 procstat"},
	} {
		m := seriesTitle(c.title, c.ports)
		kind := slotName(m.slot)
		if m.slot == slotUsed {
			kind = "host_used"
		}
		if got := fmt.Sprintf("%s %s %d %s", kind, m.base.Host, m.base.PID, m.base.Name); got != c.want {
			t.Errorf("seriesTitle(%q) = %q, want %q", c.title, got, c.want)
		}
	}
}

func TestSizeCell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		mul   float64
		comma bool
		want  int64
		ok    bool
	}{
		{"3.12 GiB", 1, false, 3350074491, true},
		{"512 MB", 1, false, 512000000, true},
		{"512MB", 1, false, 512000000, true},
		{"62Gi", 1, false, 62 << 30, true},
		{"1,234,567", 1, false, 1234567, true},
		{"1\u202f234\u00a0kB", 1, false, 1234000, true},
		{"3,5 GiB", 1, true, 3758096384, true},
		{"1.4e+08", 1, false, 140000000, true},
		{"5", 1024, false, 5120, true},
		{"-5", 1, false, 0, false},
		{"5 apples", 1, false, 0, false},
		{"75%", 1, false, 0, false},
		{"1,23,4", 1, false, 0, false},
		{"99999999999999999999", 1, false, 0, false},
		{"", 1, false, 0, true},
		{"NaN", 1, false, 0, true},
	} {
		got, _, _, ok := sizeCell([]byte(c.in), c.mul, c.comma)
		if got != c.want || ok != c.ok {
			t.Errorf("sizeCell(%q) = %d, %v, want %d, %v", c.in, got, ok, c.want, c.ok)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"1591822800":                       "2020-06-10T21:00:00Z",
		"1591822800.25":                    "2020-06-10T21:00:00.25Z",
		"1591822800000":                    "2020-06-10T21:00:00Z",
		"1591822800000000":                 "2020-06-10T21:00:00Z",
		"1591822800000000000":              "2020-06-10T21:00:00Z",
		"1.5918228e9":                      "2020-06-10T21:00:00Z",
		"2020-06-10T21:00:00Z":             "2020-06-10T21:00:00Z",
		"2020-06-10 23:00:00":              "2020-06-10T21:00:00Z",
		"2020-06-10 21:00:00 UTC":          "2020-06-10T21:00:00Z",
		"2020-06-10T23:00:00,5+02:00":      "2020-06-10T21:00:00.5Z",
		"2020-06-10T23:00:00.5+0200":       "2020-06-10T21:00:00.5Z",
		"2020-06-10T19:00:00-02":           "2020-06-10T21:00:00Z",
		"2020-06-10 23:00":                 "2020-06-10T21:00:00Z",
		"2020/06/10 23:00:00":              "2020-06-10T21:00:00Z",
		"Wed Jun 10 21:00:00 UTC 2020":     "2020-06-10T21:00:00Z",
		"Wed Jun 10 23:00:00 CEST 2020":    "2020-06-10T21:00:00Z",
		"Wed Jun 10 11:00:00 PM CEST 2020": "2020-06-10T21:00:00Z",
		"Wed, 10 Jun 2020 21:00:00 GMT":    "2020-06-10T21:00:00Z",
		"6/30/2020, 11:00:00 PM":           "2020-06-30T21:00:00Z",
		"30/06/2020 23:00:00":              "2020-06-30T21:00:00Z",
		"10.06.2020 23:00:00":              "2020-06-10T21:00:00Z",
		"10/Jun/2020:23:00:00 +0200":       "2020-06-10T21:00:00Z",
		"20200610230000":                   "2020-06-10T21:00:00Z",
		"2020-13-10T21:00:00Z":             "",
		"2020-06-10T21:00:00X":             "",
		"12345":                            "",
		"hello world":                      "",
		"":                                 "",
	} {
		c := newClock(paris, time.Time{})
		at, ok := c.at([]byte(in))
		got := ""
		if ok {
			got = time.UnixMicro(at).UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("clock.at(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add("time,host,pid,bytes\n2026-11-23T06:51:56.034Z,web1,13114,24215552\n")
	f.Add("sep=;\n\"Time\";\"web1 13114\";\"{a=\"\"b\"\"}\"\n06/10/2020 10:00:00 PM;23.09 MiB;1\n")
	f.Add("Series;Time;Value\npuma 1.2 (;10:00:00;5\n")
	f.Fuzz(func(t *testing.T, s string) {
		_, _, _ = readText(t, s, Options{Format: "csv"})
		_, _ = Detect([]byte(s), "x")
	})
}

func BenchmarkCSV(b *testing.B) {
	var s strings.Builder
	s.WriteString("time,host,pid,bytes\n")
	for i := range 10_000 {
		fmt.Fprintf(&s, "2026-11-23T06:51:56.%03dZ,web%d,%d,%d\n", i%1000, i%4, 13114+i%4, 24215552+4096*i)
	}
	benchRead(b, s.String(), "csv", 10_000)
}

func BenchmarkGrafana(b *testing.B) {
	var s strings.Builder
	s.WriteString("\"Time\",\"web1 1\",\"web1 2\",\"web2 3\",\"web2 4\"\n")
	for i := range 10_000 {
		fmt.Fprintf(&s, "%d,24215552,67756032,67903488,%d\n", 1795416716000+i*1000, 24354816+i)
	}
	benchRead(b, s.String(), "grafana-csv", 10_000)
}
