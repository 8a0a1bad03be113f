package metrics

import (
	"fmt"
	"strings"
	"testing"
)

func TestTelegraf(t *testing.T) {
	t.Parallel()
	runCases(t, []parseCase{
		{
			name: "procstat with pid tag and mmap fields", want: "telegraf",
			text: `procstat,host=web1,pattern=puma,pid=13134,process_name=puma,user=deploy cpu_time_system=0.34,memory_anonymous=53288960i,memory_private_clean=10i,memory_private_dirty=47300608i,memory_pss=49836032i,memory_rss=67756032i,memory_swap=0i,memory_usage=0.394392,memory_vms=928911360i,num_threads=12i,ppid=13114i 1795416716000000000
`,
			series: `
			anonymous host=web1 pid=13134 name=puma: 1123T065156=53288960
			pss host=web1 pid=13134 name=puma: 1123T065156=49836032
			rss host=web1 pid=13134 name=puma: 1123T065156=67756032
			swap host=web1 pid=13134 name=puma: 1123T065156=0
			uss host=web1 pid=13134 name=puma: 1123T065156=47300618`, lines: 1,
		},
		{
			name: "documented mem and procstat lines, other measurements passed over", want: "telegraf",
			text: `mem,host=web3 active=9299595264i,available=16818249728i,buffered=100i,cached=13316689920i,free=1i,total=20913917952i,used=3335778304i,used_percent=15.95 1574712869000000000
cpu,cpu=cpu-total,host=web3 usage_user=1.2,usage_system=0.4 1574712869000000000
procstat,host=prash-laptop,pattern=influxd,process_name=influxd,user=root cpu_time=1i,pid=32025i,memory_rss=148643840i,memory_vms=1435688960i 1582089700000000000
`,
			series: `
			host_available host=web3 pid=0 name=: 1125T201429=16818249728
			host_cached host=web3 pid=0 name=: 1125T201429=13316690020
			host_total host=web3 pid=0 name=: 1125T201429=20913917952
			host_used host=web3 pid=0 name=: 1125T201429=3335778304
			rss host=prash-laptop pid=32025 name=influxd: 0219T052140=148643840`, lines: 3,
		},
		{
			name: "Telegraf 0.x, prefix option, escapes, test output, milliseconds", want: "telegraf",
			text: `procstat_memory_rss,host=web1,pid=12 value=1048576 1574712869000
> procstat,host=web\ 1,cmdline=puma:\ cluster\ worker\ 0:\ 77\ [app],pid=13,process_name=ruby shop_memory_rss=2048i,note="a, b=\"c\" d" 1574712869000
procstat_pid,host=web1,pid=12 value=12 1574712869000
`,
			series: `
			rss host=web 1 pid=13 name=puma worker 0 role=worker: 1125T201429=2048
			rss host=web1 pid=12 name=procstat_memory_rss: 1125T201429=1048576`, lines: 3,
		},
		{
			name: "master and worker, lone puma", want: "telegraf",
			text: `procstat,host=web1,cmdline=puma\ 5.6.5\ (tcp://0.0.0.0:3000)\ [app],pid=77 memory_rss=1000i 1574712869000000000
procstat,host=web1,cmdline=puma:\ cluster\ worker\ 1:\ 77\ [app],pid=78 memory_rss=2000i 1574712869000000000
procstat,host=web2,cmdline=puma\ 5.6.5\ (tcp://0.0.0.0:3000)\ [app],pid=77 memory_rss=3000i 1574712869000000000
procstat,host=web1,cmdline=puma\ 5.6.5\ (tcp://0.0.0.0:3000)\ [app],pid=77 memory_rss=1001i 1574712870000000000
`,
			series: `
			rss host=web1 pid=77 name=puma 5.6.5 role=master: 1125T201429=1000 1125T201430=1001
			rss host=web1 pid=78 name=puma worker 1 role=worker: 1125T201429=2000
			rss host=web2 pid=77 name=puma 5.6.5: 1125T201429=3000`, lines: 4,
		},
		{
			name: "command line as a field", want: "telegraf",
			text: `procstat,host=web1,pid=78,process_name=puma memory_rss=2000i,cmdline="puma: cluster worker 1: 77 [app]" 1574712869000000000
procstat,host=web1,pid=78,process_name=puma memory_rss=2001i,cmdline="puma: cluster worker 1: 77 [app]" 1574712870000000000
`,
			series: `rss host=web1 pid=78 name=puma worker 1 role=worker: 1125T201429=2000 1125T201430=2001`, lines: 2,
		},
		{
			name: "cgroup and docker", want: "telegraf",
			text: `cgroup,host=web1,path=/sys/fs/cgroup/system.slice/puma.service memory.current=5000i,memory.stat.anon=3000i,memory.stat.file=1500i,memory.stat.inactive_file=1000i 1574712869000000000
docker_container_mem,container_name=app,host=web1 usage=700i,rss=500i,cache=90i,limit=10000i 1574712869000000000
`,
			series: `
			cgroup_cache host=web1 pid=0 name=/sys/fs/cgroup/system.slice/puma.service: 1125T201429=1500
			cgroup_cache host=web1 pid=0 name=app role=container: 1125T201429=90
			cgroup_rss host=web1 pid=0 name=/sys/fs/cgroup/system.slice/puma.service: 1125T201429=3000
			cgroup_rss host=web1 pid=0 name=app role=container: 1125T201429=500
			cgroup_usage host=web1 pid=0 name=/sys/fs/cgroup/system.slice/puma.service: 1125T201429=5000
			cgroup_working_set host=web1 pid=0 name=/sys/fs/cgroup/system.slice/puma.service: 1125T201429=4000
			cgroup_working_set host=web1 pid=0 name=app role=container: 1125T201429=700`, lines: 2,
		},
		{
			name: "bad lines are counted, an undated one too", want: "telegraf",
			text: `mem,host=a used=1i 1574712869000000000
mem,host=a used=abc 1574712870000000000
mem,host=a used=-5i 1574712871000000000
mem,host=a used=2i
mem,host=a
mem,host=a used=3i 1574712872000000000
mem,host=a used=4i 1574712873000000000
mem,host=a used=5i 1574712874000000000
`,
			series: `host_used host=a pid=0 name=: 1125T201429=1 1125T201432=3 1125T201433=4 1125T201434=5`, lines: 8, bad: 4, warn: "1 lines carry no timestamp",
		},
		{
			name: "only cpu", want: "telegraf", err: "no memory series in it: it has cpu, disk; export procstat",
			text: "cpu,host=a usage_user=1 1574712869000000000\ndisk,host=a used=5i 1574712869000000000\n", lines: 2,
		},
		{
			name: "influx_inspect export", want: "telegraf",
			text: `# DDL
CREATE DATABASE telegraf WITH NAME autogen
# DML
# CONTEXT-DATABASE:telegraf
# CONTEXT-RETENTION-POLICY:autogen
# writing tsm data
procstat,host=web1,pattern=puma memory_rss=10i 1574712869000000000
procstat,host=web1,pattern=puma memory_rss=90i 1574712870000000000
procstat,host=web1,pattern=puma pid=1i 1574712869000000000
procstat,host=web1,pattern=puma pid=2i 1574712870000000000
procstat,host=web1,pattern=puma pid=1i 1574712871000000000
procstat,host=web1,pattern=puma pid=2i 1574712872000000000
procstat,host=web1,pattern=puma pid=1i 1574712873000000000
procstat,host=web1,pattern=puma pid=2i 1574712874000000000
`,
			series: `rss host=web1 pid=0 name=puma collapsed=2: 1125T201429=10 1125T201430=90`, warn: "tag_with",
		},
	})
}

// procLines writes procstat lines whose pid is a field.
func procLines(pids func(i int) int, n int) string {
	var b strings.Builder
	for i := range n {
		pid := pids(i)
		fmt.Fprintf(&b, "procstat,host=web1,pattern=puma pid=%di,memory_rss=%di %d000000000\n", pid, pid*1000, 1574712869+i)
	}
	return b.String()
}

func TestPidAsField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		pids      func(i int) int
		n         int
		series    int
		collapsed int
	}{
		{"constant", func(int) int { return 7 }, 100, 1, 0},
		{"a restart", func(i int) int { return 7 + i/60 }, 100, 2, 0},
		{"a restart late", func(i int) int { return 7 + i/900 }, 1200, 2, 0},
		{"many restarts", func(i int) int { return 100 + i/50 }, 2000, 40, 0},
		{"two alternate", func(i int) int { return 7 + i%2 }, 100, 1, 1},
		{"four by chance", func(i int) int { return 7 + i*i%5 }, 3000, 1, 1},
		{"phased restart overlaps", func(i int) int {
			if i == 50 || i == 52 {
				return 8
			}
			return 7 + i/54
		}, 100, 2, 0},
		{"collapse begins late", func(i int) int {
			if i < 1000 {
				return 7
			}
			return 7 + i%3
		}, 2000, 4, 1},
	} {
		rec, res, err := readText(t, procLines(c.pids, c.n), Options{})
		if err != nil || res.Understood != res.Lines {
			t.Errorf("%s: %v, %d of %d", c.name, err, res.Understood, res.Lines)
		}
		if len(rec.series) != c.series || len(rec.collapsed) != c.collapsed {
			t.Errorf("%s: %d series %v, %d collapsed", c.name, len(rec.series), rec.series, len(rec.collapsed))
		}
		n := 0
		for i, s := range rec.series {
			n += len(rec.samples[i])
			if (rec.collapsed[i] > 0) != (s.PID == 0) {
				t.Errorf("%s: collapsed series with pid or the other way round: %+v", c.name, s)
			}
		}
		if n != c.n {
			t.Errorf("%s: %d samples of %d", c.name, n, c.n)
		}
	}
}

func FuzzTelegraf(f *testing.F) {
	f.Add("procstat,host=web1,pid=7 memory_rss=1i,s=\"a\\\" b\" 1574712869000000000\n")
	f.Add("mem,host=a\\ b used=1.5e3,cached=3u 1574712869\n# x\nmem used=1 2 3\n")
	f.Add("a,b=c\\")
	f.Fuzz(func(t *testing.T, s string) { _, _, _ = readText(t, s, Options{Format: "telegraf"}) })
}

func BenchmarkTelegraf(b *testing.B) {
	line := `procstat,host=web1,pattern=puma,pid=13134,process_name=puma,user=deploy cpu_time_system=0.34,cpu_time_user=1.16,memory_anonymous=53288960i,memory_private_dirty=47300608i,memory_pss=49836032i,memory_rss=67756032i,memory_swap=0i,memory_usage=0.394392,memory_vms=928911360i,num_threads=12i,ppid=13114i 1795416716000000000` + "\n"
	benchRead(b, strings.Repeat(line, 10_000), "telegraf", 10_000)
}
