package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// fluxFields are asked for by measurement. Flux cannot be asked cheaply what a
// bucket holds, so the names are those of Telegraf.
var fluxFields = []struct {
	measurement string
	fields      []string
}{
	{"procstat", []string{"pid", "memory_rss", "memory_pss", "memory_uss", "memory_swap", "memory_anonymous", "memory_private_clean", "memory_private_dirty"}},
	{"mem", []string{"used", "cached", "buffered", "total", "available"}},
	{"cgroup", []string{"memory.current", "memory.usage_in_bytes", "memory.stat.anon", "memory.stat.file", "memory.stat.inactive_file", "memory.stat.total_rss", "memory.stat.total_cache", "memory.stat.total_inactive_file"}},
	{"docker_container_mem", []string{"usage", "rss", "cache"}},
	{"kubernetes_pod_container", []string{"memory_usage_bytes", "memory_working_set_bytes", "memory_rss_bytes"}},
}

// second pulls from 2.x: docs.influxdata.com/influxdb/v2/api, POST
// /api/v2/query, which answers with annotated CSV.
func (p *influxPull) second(ctx context.Context) error {
	bucket := take(p.q, "bucket", "db", "database")
	if bucket == "" {
		return fmt.Errorf("%s: which bucket? add ?bucket=NAME&org=NAME", p.s)
	}
	if p.token == "" && p.s.user == "" {
		return fmt.Errorf("%s: %w: InfluxDB 2 wants a token; %s", p.s, ErrUnauthorized, p.s.hint)
	}
	if p.token != "" {
		p.s.auth = "Token " + p.token
	}
	csv := newInfluxCSV(p.o)
	for _, m := range fluxFields {
		for _, w := range windows(p.opt.From, p.opt.To, influxWindow) {
			if err := p.flux(ctx, fluxQuery(bucket, m.measurement, m.fields, w, p.opt.Step), csv); err != nil {
				return fmt.Errorf("measurement %s: %w", m.measurement, err)
			}
		}
	}
	return nil
}

// fluxQuery pivots, so that a pid that is a field stands beside its memory.
func fluxQuery(bucket, measurement string, fields []string, w [2]time.Time, step time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "from(bucket: %s)\n  |> range(start: %s, stop: %s)\n", fluxString(bucket), w[0].UTC().Format(time.RFC3339Nano), w[1].UTC().Format(time.RFC3339Nano))
	conditions := make([]string, len(fields))
	for i, f := range fields {
		conditions[i] = "r._field == " + fluxString(f)
	}
	fmt.Fprintf(&b, "  |> filter(fn: (r) => r._measurement == %s and (%s))\n", fluxString(measurement), strings.Join(conditions, " or "))
	if step > 0 {
		fmt.Fprintf(&b, "  |> aggregateWindow(every: %dms, fn: last, createEmpty: false)\n", max(1, step.Milliseconds()))
	}
	b.WriteString(`  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")`)
	return b.String()
}

// fluxString quotes a string literal of Flux.
func fluxString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "${", `\${`).Replace(s) + `"`
}

func (p *influxPull) flux(ctx context.Context, query string, csv *influxCSV) error {
	u := *p.s.base
	u.Path += "/api/v2/query"
	if org := p.q.Get("org"); org != "" {
		u.RawQuery = url.Values{"org": {org}}.Encode()
	} else if id := take(p.q, "orgID", "orgid"); id != "" {
		u.RawQuery = url.Values{"orgID": {id}}.Encode()
	}
	body, err := json.Marshal(map[string]any{
		"query": query, "type": "flux",
		"dialect": map[string]any{"header": true, "annotations": []string{"datatype", "group", "default"}},
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(string(body)))
	if err != nil {
		return fmt.Errorf("%s: %s", p.s, p.s.clean(err.Error()))
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/csv")
	res, err := p.s.do(req)
	if err != nil {
		return err
	}
	if err := p.s.check(res, "bucket, organisation or InfluxDB 2 query API"); err != nil {
		return err
	}
	err = p.annotated(res.Body, csv)
	if cerr := res.Body.Close(); err == nil {
		err = cerr
	}
	return err
}

// annotated reads one answer; an error table inside it ends the pull.
func (p *influxPull) annotated(r io.Reader, csv *influxCSV) error {
	csv.types, csv.defaults, csv.cols = nil, nil, nil
	err := newLineReader(r, p.o).each(csv.line)
	for _, s := range p.o.skipped {
		if strings.HasPrefix(s, "an error") {
			return errors.Join(err, p.refused(s))
		}
	}
	return err
}
