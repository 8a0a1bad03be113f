package metrics

// formats lists every parser. Order matters only between equal scores.
func formats() []format {
	return []format{
		{FormatInfo{"telegraf", "Telegraf / InfluxDB line protocol", "docs.influxdata.com line protocol reference; influxdata/telegraf plugins/inputs", "sample"}, scoreTelegraf, readTelegraf},
		{FormatInfo{"influx-json", "InfluxDB 1.x query answer (JSON)", "docs.influxdata.com/influxdb/v1 query API; influxdata/influxdb models/rows.go", "live"}, scoreInfluxJSON, readInfluxJSON},
		{FormatInfo{"prometheus-json", "Prometheus query answer (JSON)", "prometheus/prometheus docs/querying/api.md", "live"}, scorePromJSON, readPromJSON},
		{FormatInfo{"influx-csv", "InfluxDB 2.x query answer (annotated CSV)", "docs.influxdata.com/influxdb/v2 annotated CSV reference", "sample"}, scoreInfluxCSV, readInfluxCSV},
		{FormatInfo{"prometheus-text", "Prometheus / OpenMetrics text with timestamps", "prometheus/docs exposition formats; OpenMetrics specification", "live"}, scorePromText, readPromText},
		{FormatInfo{"grafana-csv", "Grafana panel CSV, raw or formatted", "grafana/grafana packages/grafana-data/src/utils/csv.ts", "sample"}, scoreGrafana, readTable},
		{FormatInfo{"csv", "CSV such as time,host,pid,bytes", "docs/format", "live"}, scoreCSV, readTable},
		{FormatInfo{"json-lines", "JSON lines with time, host, pid, rss", "docs/format", "live"}, scoreJSONLines, readJSONLines},
		{FormatInfo{"heroku", "Heroku sample#memory_* lines", "devcenter.heroku.com/articles/log-runtime-metrics", "sample"}, scoreHeroku, readHeroku},
		{FormatInfo{"ps", "ps or top -b in a loop", "man ps, man top (procps)", "live"}, scorePS, readPS},
		{FormatInfo{"free", "free in a loop", "man free (procps)", "live"}, scoreFree, readFree},
		{FormatInfo{"sadf", "sadf -d", "sysstat/sysstat man/sadf.in", "live"}, scoreSadf, readSadf},
		{FormatInfo{"sadf-json", "sadf -j", "sysstat/sysstat man/sadf.in", "live"}, scoreSadfJSON, readSadfJSON},
		{FormatInfo{"sar", "sar -r text", "sysstat/sysstat man/sar.in", "live"}, scoreSar, readSar},
		{FormatInfo{"rss-loop", "lines of time, pid and resident set", "docs/format", "live"}, scoreRSSLoop, readRSSLoop},
	}
}
