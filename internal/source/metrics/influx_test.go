package metrics

import "testing"

func TestInfluxJSON(t *testing.T) {
	t.Parallel()
	runCases(t, []parseCase{
		{
			name: "mean of mem.used, nulls, RFC3339", want: "influx-json",
			text:   `{"results":[{"statement_id":0,"series":[{"name":"mem","tags":{"host":"web3"},"columns":["time","mean_used"],"values":[["2020-06-10T21:00:00Z",null],["2020-06-10T21:00:10Z",15000000000.5],["2020-06-10T21:00:20.5Z",16000000000]]}]}]}`,
			series: `host_used host=web3 pid=0 name=: 0610T210010=15000000001 0610T210020.5=16000000000`, lines: 3,
		},
		{
			name: "bare aggregate", want: "influx-json", warn: "does not tell its field",
			text: `{"results":[{"statement_id":0,"series":[{"name":"mem","tags":{"host":"web3"},"columns":["time","mean"],"values":[[1591822800000,5]]},
			 {"name":"procstat","tags":{"host":"web3","pid":"7"},"columns":["time","max"],"values":[[1591822800000,6]]}]}]}`,
			series: `
			host_used host=web3 pid=0 name=: 0610T210000=5
			rss host=web3 pid=7 name=procstat: 0610T210000=6`,
		},
		{
			name: "several statements, one failed, one of cpu", want: "influx-json", warn: "database not found",
			text: `{"results":[{"statement_id":0,"error":"database not found: x"},{"statement_id":1,"series":[{"name":"cpu","columns":["time","mean"],"values":[[1591822800,5]]}]},
			 {"statement_id":2,"series":[{"name":"procstat","tags":{"host":"web1","pid":"7","process_name":"ruby"},"columns":["time","memory_rss","memory_pss","cpu_usage"],"values":[[1591822800,5,4,1.5]]}]}]}
{"results":[{"statement_id":2,"series":[{"name":"procstat","tags":{"host":"web1","pid":"7","process_name":"ruby"},"columns":["time","memory_rss","memory_pss","cpu_usage"],"values":[[1591822801,6,null,1.5]]}]}]}
`,
			series: `
			pss host=web1 pid=7 name=ruby: 0610T210000=4
			rss host=web1 pid=7 name=ruby: 0610T210000=5 0610T210001=6`, lines: 3,
		},
		{
			name: "select *: pid as a tag column", want: "influx-json",
			text: `{"results":[{"series":[{"name":"procstat","columns":["time","host","memory_rss","pid","process_name"],"values":[
			 [1591822800,"web1",10,"7","ruby"],[1591822800,"web1",20,"8","ruby"],[1591822801,"web1",11,"7","ruby"],[1591822801,"web1",21,"8","ruby"]]}]}]}`,
			series: `
			rss host=web1 pid=7 name=ruby: 0610T210000=10 0610T210001=11
			rss host=web1 pid=8 name=ruby: 0610T210000=20 0610T210001=21`,
		},
		{
			name: "pid as a field: collapsed", want: "influx-json", warn: "tag_with",
			text: `{"results":[{"series":[{"name":"procstat","tags":{"host":"web1"},"columns":["time","memory_rss","pid"],"values":[
			 [1591822800,10,7],[1591822801,20,8],[1591822802,11,7],[1591822803,21,8],[1591822804,12,7],[1591822805,22,8]]}]}]}`,
			series: `rss host=web1 pid=0 name=procstat collapsed=2: 0610T210000=10 0610T210001=20 0610T210002=11 0610T210003=21 0610T210004=12 0610T210005=22`,
		},
		{
			name: "nothing but an error", want: "influx-json", err: "error parsing query",
			text: `{"error":"error parsing query: found FOO"}` + "\n" + `{"results":[]}`,
			warn: "error parsing query",
		},
		{
			name: "bad rows", want: "influx-json", bad: 2,
			text:   `{"results":[{"series":[{"name":"mem","tags":{"host":"a"},"columns":["time","used"],"values":[["x",1],[1591822800,"y"],[1591822801,2]]}]}]}`,
			series: `host_used host=a pid=0 name=: 0610T210001=2`,
		},
	})
}

const annotated = `#group,false,false,true,true,false,false,true,true,true,true
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string,string
#default,mean,,,,,,,,,
,result,table,_start,_stop,_time,_value,_field,_measurement,host,pid
,,0,2022-12-31T05:41:24Z,2023-01-31T05:41:24Z,2023-01-01T00:00:00Z,100,memory_rss,procstat,web1,7
,,0,2022-12-31T05:41:24Z,2023-01-31T05:41:24Z,2023-01-01T00:00:10Z,110.4,memory_rss,procstat,web1,7
,,1,2022-12-31T05:41:24Z,2023-01-31T05:41:24Z,2023-01-01T00:00:00Z,,memory_rss,procstat,web1,8

#group,false,false,true,true,false,false,true,true,true
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,long,string,string,string
#default,_result,,,,,,,,
,result,table,_start,_stop,_time,_value,_field,_measurement,host
,,0,2022-12-31T05:41:24Z,2023-01-31T05:41:24Z,2023-01-01T00:00:00Z,500,used,mem,web1
,,1,2022-12-31T05:41:24Z,2023-01-31T05:41:24Z,2023-01-01T00:00:00Z,2,usage_idle,cpu,web1
`

func TestInfluxCSV(t *testing.T) {
	t.Parallel()
	runCases(t, []parseCase{
		{
			name: "two tables with headers of their own", want: "influx-csv", text: annotated,
			series: `
			host_used host=web1 pid=0 name=: 0101T000000=500
			rss host=web1 pid=7 name=procstat: 0101T000000=100 0101T000010=110`, lines: 13,
		},
		{
			name: "carriage returns, pivoted", want: "influx-csv",
			text: "#datatype,string,long,dateTime:RFC3339,string,string,long,long\r\n#group,false,false,false,true,true,false,false\r\n#default,_result,,,,,,\r\n" +
				",result,table,_time,host,pid,memory_rss,memory_pss\r\n,,0,2023-01-01T00:00:00Z,web1,7,100,90\r\n\r\n",
			series: `
			pss host=web1 pid=7 name=: 0101T000000=90
			rss host=web1 pid=7 name=: 0101T000000=100`,
		},
		{
			name: "pid as a field of its own table", want: "influx-csv", warn: "share one series",
			text: `#datatype,string,long,dateTime:RFC3339,long,string,string,string
,result,table,_time,_value,_field,_measurement,host
,,0,2023-01-01T00:00:00Z,100,memory_rss,procstat,web1
,,0,2023-01-01T00:00:10Z,900,memory_rss,procstat,web1
,,1,2023-01-01T00:00:00Z,7,pid,procstat,web1
,,1,2023-01-01T00:00:10Z,8,pid,procstat,web1
,,1,2023-01-01T00:00:20Z,7,pid,procstat,web1
,,1,2023-01-01T00:00:30Z,8,pid,procstat,web1
,,1,2023-01-01T00:00:40Z,7,pid,procstat,web1
`,
			series: `rss host=web1 pid=0 name=procstat collapsed=2: 0101T000000=100 0101T000010=900`,
		},
		{
			name: "an error", want: "influx-csv", err: "bucket not found", warn: "bucket not found",
			text: "error,reference\nfailed to initialize execute state: bucket not found,897\n",
		},
	})
}

func FuzzInfluxJSON(f *testing.F) {
	f.Add(`{"results":[{"series":[{"name":"procstat","columns":["time","host","memory_rss","pid"],"values":[[1591822800,"web1",10,"7"],[1,2]]}]}]}`)
	f.Add(`{"results":[{"error":"x"}]}{"results":[{"series":[{"values":[[1]],"columns":[]}]}]}`)
	f.Fuzz(func(t *testing.T, s string) { _, _, _ = readText(t, s, Options{Format: "influx-json"}) })
}

func FuzzInfluxCSV(f *testing.F) {
	f.Add(annotated)
	f.Add(",result,table,_time,_value\n,,0\n\n#datatype\n")
	f.Fuzz(func(t *testing.T, s string) { _, _, _ = readText(t, s, Options{Format: "influx-csv"}) })
}
