package metrics

import (
	"fmt"
	"strings"
	"testing"
)

func TestPrometheusJSON(t *testing.T) {
	t.Parallel()
	runCases(t, []parseCase{
		{
			name: "range query of processes", want: "prometheus-json",
			text: `{"status":"success","data":{"resultType":"matrix","result":[
			 {"metric":{"__name__":"process_resident_memory_bytes","instance":"web1:9394","job":"puma","pid":"13114"},"values":[[1435781430.781,"1.4e+08"],[1435781445.781,"NaN"],[1435781460.781,"2"]]},
			 {"metric":{"__name__":"up","instance":"web1:9394"},"values":[[1435781430.781,"1"]]}]}}`,
			series: `rss host=web1 pid=13114 name=puma: 0701T201030.781=140000000 0701T201100.781=2`, lines: 4,
		},
		{
			name: "values before the metric, sorted keys", want: "prometheus-json",
			text:   `{"data":{"result":[{"values":[[1435781430,"5"]],"metric":{"__name__":"ruby_rss","hostname":"web1","pid":"9","type":"sidekiq"}}],"resultType":"matrix"},"status":"success"}`,
			series: `rss host=web1 pid=9 name=sidekiq role=job: 0701T201030=5`,
		},
		{
			name: "host memory derived, heap slots, group, containers", want: "prometheus-json",
			text: `{"status":"success","data":{"resultType":"vector","result":[
			 {"metric":{"__name__":"node_memory_MemTotal_bytes","instance":"web1:9100"},"value":[1435781430,"1000"]},
			 {"metric":{"__name__":"node_memory_MemFree_bytes","instance":"web1:9100"},"value":[1435781430,"300"]},
			 {"metric":{"__name__":"node_memory_Buffers_bytes","instance":"web1:9100"},"value":[1435781430,"50"]},
			 {"metric":{"__name__":"node_memory_Cached_bytes","instance":"web1:9100"},"value":[1435781430,"250"]},
			 {"metric":{"__name__":"node_memory_MemAvailable_bytes","instance":"web1:9100"},"value":[1435781430,"550"]},
			 {"metric":{"__name__":"ruby_heap_live_slots","host":"web1","pid":"9","type":"web"},"value":[1435781430,"777"]},
			 {"metric":{"__name__":"namedprocess_namegroup_memory_bytes","instance":"web1:9256","groupname":"puma","memtype":"resident"},"value":[1435781430,"88"]},
			 {"metric":{"__name__":"namedprocess_namegroup_memory_bytes","instance":"web1:9256","groupname":"puma","memtype":"virtual"},"value":[1435781430,"99"]},
			 {"metric":{"__name__":"container_memory_working_set_bytes","container":"app","pod":"web-1","instance":"10.0.0.1:10250"},"value":[1435781430,"66"]},
			 {"metric":{"__name__":"container_memory_working_set_bytes","container":"","pod":"web-1","instance":"10.0.0.1:10250"},"value":[1435781430,"67"]},
			 {"metric":{"__name__":"container_memory_working_set_bytes","id":"/","instance":"10.0.0.1:10250"},"value":[1435781430,"999"]}]}}`,
			series: `
			cgroup_working_set host=web-1 pid=0 name=app role=container: 0701T201030=66
			group_rss host=web1 pid=0 name=puma: 0701T201030=88
			heap_live_slots host=web1 pid=9 name=web: 0701T201030=777
			host_available host=web1 pid=0 name=: 0701T201030=550
			host_cached host=web1 pid=0 name=: 0701T201030=300
			host_total host=web1 pid=0 name=: 0701T201030=1000
			host_used host=web1 pid=0 name=: 0701T201030=400
`, warn: "left out",
		},
		{
			name: "expression without name, localhost, unknown metric", want: "prometheus-json",
			text: `{"status":"success","data":{"resultType":"matrix","result":[
			 {"metric":{"instance":"web1:9100"},"values":[[1435781430,"5"]]},
			 {"metric":{"__name__":"shop_worker_rss_bytes","instance":"localhost:9100","pid":"4"},"values":[[1435781430,"6"]]}]}}`,
			series: `
			host_used host=web1 pid=0 name=: 0701T201030=5
			rss host= pid=4 name=shop_worker_rss_bytes: 0701T201030=6`, warn: "not a known metric",
		},
		{
			name: "promtool and VictoriaMetrics shapes", format: "prometheus-json",
			text: `[{"metric":{"__name__":"ruby_rss","pid":"1"},"values":[[1435781430,"5"]]}]
{"metric":{"__name__":"ruby_rss","pid":"2"},"values":[7,null,8],"timestamps":[1435781430000,1435781431000,1435781432000]}
`,
			series: `
			rss host= pid=1 name=ruby_rss: 0701T201030=5
			rss host= pid=2 name=ruby_rss: 0701T201030=7 0701T201032=8`, lines: 4,
		},
		{
			name: "an error from the server", want: "prometheus-json", err: "bad_data: invalid parameter",
			text: `{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\""}`,
		},
		{
			name: "cut in the middle", format: "prometheus-json", err: "ends early",
			text:   `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"ruby_rss","pid":"1"},"values":[[1435781430,"5"]]},{"metric":{"__na`,
			series: `rss host= pid=1 name=ruby_rss: 0701T201030=5`,
		},
		{
			name: "only other metrics", want: "prometheus-json", err: "it has up; export process_resident_memory_bytes",
			text: `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","instance":"a"},"value":[1435781430,"1"]}]}}`,
		},
		{
			name: "two label sets do not become one series", want: "prometheus-json",
			text: `{"data":{"resultType":"vector","result":[
			 {"metric":{"__name__":"ruby_rss","pid":"1","job":"a","zone":"x"},"value":[1435781430,"5"]},
			 {"metric":{"__name__":"ruby_rss","pid":"1","job":"a","zone":"y"},"value":[1435781430,"6"]}]}}`,
			series: `
			rss host= pid=1 name=a {__name__=ruby_rss,job=a,pid=1,zone=y}: 0701T201030=6
			rss host= pid=1 name=a: 0701T201030=5`,
		},
	})
}

func TestPrometheusText(t *testing.T) {
	t.Parallel()
	runCases(t, []parseCase{
		{
			name: "with timestamps", want: "prometheus-text",
			text: `# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes{instance="web1:9394",pid="7"} 1.5e+08 1435781430781
process_resident_memory_bytes{instance="web\"2:9394",pid="7"} 2 1435781430781
go_goroutines 12 1435781430781
# EOF
`,
			series: `
			rss host=web"2 pid=7 name=process_resident_memory_bytes: 0701T201030.781=2
			rss host=web1 pid=7 name=process_resident_memory_bytes: 0701T201030.781=150000000`, lines: 6,
		},
		{
			name: "OpenMetrics seconds and an exemplar", want: "prometheus-text",
			text: `# TYPE ruby_rss gauge
ruby_rss{pid="7",type="web"} 5.0 1435781430.781 # {trace="x"} 1 1435781430
ruby_rss{pid="8",type="web"} NaN 1435781430.781
# EOF
`,
			series: `rss host= pid=7 name=web: 0701T201030.781=5`, lines: 4,
		},
		{
			name: "scrapes in a loop with dates between", want: "prometheus-text",
			text: `# 2020-06-10T10:00:00+00:00
# TYPE ruby_rss gauge
ruby_rss{pid="7"} 5
# 2020-06-10T10:00:10+00:00
# TYPE ruby_rss gauge
ruby_rss{pid="7"} 6
`,
			series: `rss host= pid=7 name=ruby_rss: 0610T100000=5 0610T100010=6`,
		},
		{
			name: "no timestamps", want: "prometheus-text", err: "values without timestamp", warn: "carry no timestamp",
			text: "# TYPE ruby_rss gauge\nruby_rss{pid=\"7\"} 5\n",
		},
		{
			name: "promtool tsdb dump", format: "prometheus-text",
			text:   "{__name__=\"ruby_rss\", instance=\"web1:80\", pid=\"7\"} 5 1435781430781\n",
			series: `rss host=web1 pid=7 name=ruby_rss: 0701T201030.781=5`,
		},
	})
}

func FuzzPrometheusJSON(f *testing.F) {
	f.Add(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"ruby_rss","pid":"1"},"values":[[1435781430,"5"]]}]}}`)
	f.Add(`{"metric":{"__name__":"ruby_rss"},"values":[7,null],"timestamps":[1435781430000,1]}`)
	f.Add(`[[[[{"a":"\u12`)
	f.Fuzz(func(t *testing.T, s string) { _, _, _ = readText(t, s, Options{Format: "prometheus-json"}) })
}

func FuzzPrometheusText(f *testing.F) {
	f.Add("# TYPE ruby_rss gauge\nruby_rss{pid=\"7\",a=\"\\\"\\n\"} 5 1435781430781 # {} 1\n")
	f.Add("{__name__=\"ruby_rss\"} NaN\n# 10:00:00\nx{ 1\n")
	f.Fuzz(func(t *testing.T, s string) { _, _, _ = readText(t, s, Options{Format: "prometheus-text"}) })
}

func BenchmarkPrometheusJSON(b *testing.B) {
	var s strings.Builder
	s.WriteString(`{"status":"success","data":{"resultType":"matrix","result":[`)
	for i := range 10 {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `{"metric":{"__name__":"process_resident_memory_bytes","instance":"web1:9394","pid":"%d"},"values":[[1435781430.781,"24215552"]`, i+10)
		for j := range 1000 {
			fmt.Fprintf(&s, `,[%d.781,"%d"]`, 1435781431+j, 24215552+j*4096)
		}
		s.WriteString(`]}`)
	}
	s.WriteString(`]}}`)
	benchRead(b, s.String(), "prometheus-json", 10_010)
}
