package metrics

// formats lists every parser. Order matters only between equal scores.
func formats() []format {
	return []format{
		{FormatInfo{"telegraf", "Telegraf / InfluxDB line protocol", "docs.influxdata.com line protocol reference; influxdata/telegraf plugins/inputs", "live"}, scoreTelegraf, readTelegraf},
		{FormatInfo{"influx-json", "InfluxDB 1.x query answer (JSON)", "docs.influxdata.com/influxdb/v1 query API; influxdata/influxdb models/rows.go", "live"}, scoreInfluxJSON, readInfluxJSON},
		{FormatInfo{"prometheus-json", "Prometheus query answer (JSON)", "prometheus/prometheus docs/querying/api.md", "live"}, scorePromJSON, readPromJSON},
		{FormatInfo{"grafana-csv", "Grafana panel CSV", "grafana/grafana packages/grafana-data/src/utils/csv.ts", "sample"}, scoreGrafana, readTable},
		{FormatInfo{"csv", "CSV time,host,pid,bytes", "docs/format", "live"}, scoreCSV, readTable},
	}
}
