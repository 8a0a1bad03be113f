package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// influxWindow is asked for at once: a day of raw points of a fleet.
const influxWindow = 24 * time.Hour

// PullInflux reads memory series of processes, hosts, cgroups and containers
// from a running InfluxDB: 1.x with InfluxQL (docs.influxdata.com/influxdb/v1
// query API), 2.x with Flux. The address may carry user and password,
// ?db=, ?rp= (1.x), ?bucket=, ?org= and ?token= (2.x); the token may stand in
// CULPRIT_INFLUX_TOKEN.
func PullInflux(ctx context.Context, rawURL string, opt PullOptions, sink Sink) (Result, error) {
	s, q, err := newServer(rawURL, "influxdb", opt)
	if err != nil {
		return Result{Format: "influxdb"}, err
	}
	s.hint = "give them as http://USER:PASSWORD@HOST (1.x), ?token= or in CULPRIT_INFLUX_TOKEN (2.x)"
	for _, page := range []string{"/query", "/api/v2/query", "/api/v2"} {
		s.base.Path = strings.TrimSuffix(s.base.Path, page)
	}
	token := q.Get("token")
	if token == "" {
		token = os.Getenv("CULPRIT_INFLUX_TOKEN")
	}
	s.keep(token)
	p := &influxPull{s: s, o: newOut(ctx, Options{}, sink), opt: opt, q: q, token: token}
	second, err := p.isSecond(ctx)
	if err != nil {
		return Result{Format: "influxdb"}, err
	}
	format, run := "influxdb-1", p.first
	if second {
		format, run = "influxdb-2", p.second
	}
	if err := run(ctx); err != nil {
		p.o.res.Format, p.o.res.Bytes = format, s.bytes
		return p.o.res, err
	}
	return pullResult(p.o, s, format, "is Telegraf's procstat or mem in it, and does it keep data that old?", p.opt)
}

type influxPull struct {
	s     *server
	o     *out
	opt   PullOptions
	q     url.Values
	token string
	db    string
}

// isSecond asks which InfluxDB it is: /ping of both answers with the header
// X-Influxdb-Version, "1.6.7" or "v2.7.1"; /health of 2.x tells it, too.
func (p *influxPull) isSecond(ctx context.Context) (bool, error) {
	res, err := p.s.get(ctx, "/ping", nil)
	if err != nil {
		return false, err
	}
	if res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden {
		return false, p.s.check(res, "InfluxDB")
	}
	_ = res.Body.Close() // nothing of interest
	if err := p.opt.fill(res); err != nil {
		return false, err
	}
	if v := strings.TrimPrefix(res.Header.Get("X-Influxdb-Version"), "v"); v != "" {
		return !strings.HasPrefix(v, "1.") && !strings.HasPrefix(v, "0."), nil
	}
	if v := res.Header.Get("X-Influxdb-Build"); v == "Cloud" {
		return true, nil
	}
	res, err = p.s.get(ctx, "/health", nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = res.Body.Close() }() // read or useless
	var health struct{ Version string }
	if res.StatusCode == http.StatusOK && json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&health) == nil && health.Version != "" {
		return strings.HasPrefix(strings.TrimPrefix(health.Version, "v"), "2"), nil
	}
	// Something that only speaks the API: the address tells by what it names.
	return p.q.Get("bucket") != "" || p.q.Get("db") == "" && p.token != "", nil
}

// first pulls from 1.x.
func (p *influxPull) first(ctx context.Context) error {
	if err := p.chooseDB(ctx); err != nil {
		return err
	}
	fields, err := p.show(ctx, "SHOW FIELD KEYS")
	if err != nil {
		return err
	}
	targets := map[string]*target{}
	found := false
	for _, f := range fields {
		columns := memoryFields(f.name, f.values)
		if len(columns) == 0 {
			continue
		}
		found = true
		for _, w := range windows(p.opt.From, p.opt.To, influxWindow) {
			if err := p.rows(ctx, f.name, columns, w, targets); err != nil {
				return err
			}
		}
	}
	if !found {
		return fmt.Errorf("%s: %w in database %q: it has %s", p.s, ErrNoMemory, p.db, measurementList(fields))
	}
	return nil
}

// memoryFields are the fields worth asking for.
func memoryFields(measurement string, fields []string) []string {
	f := familyOf(measurement)
	var want []string
	memory := false
	for _, field := range fields {
		if s, _ := fieldSlot(f, measurement, field); s != slotNone {
			want = append(want, field)
			memory = memory || s != slotPID
		}
	}
	if !memory {
		return nil
	}
	return want
}

func measurementList(fields []shown) string {
	var names []string
	for _, f := range fields[:min(len(fields), maxSkipped)] {
		names = append(names, f.name)
	}
	if len(names) == 0 {
		return "no measurement"
	}
	return strings.Join(names, ", ")
}

func (p *influxPull) chooseDB(ctx context.Context) error {
	if p.db = take(p.q, "db", "database", "bucket"); p.db != "" {
		return nil
	}
	shown, err := p.show(ctx, "SHOW DATABASES")
	if err != nil {
		return err
	}
	var names []string
	for _, s := range shown {
		names = append(names, s.values...)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == "_internal" })
	switch {
	case slices.Contains(names, "telegraf"):
		p.db = "telegraf"
	case len(names) == 1:
		p.db = names[0]
	case len(names) == 0:
		return fmt.Errorf("%s: there is no database that may be read; %s", p.s, p.s.hint)
	default:
		return fmt.Errorf("%s: which database? add ?db= with one of %s", p.s, strings.Join(names, ", "))
	}
	return nil
}

// shown is one series of the answer to a SHOW statement: the first column.
type shown struct {
	name   string
	values []string
}

func (p *influxPull) show(ctx context.Context, statement string) ([]shown, error) {
	body, err := p.query(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }() // read or useless
	var answer struct {
		Error   string
		Results []struct {
			Error  string
			Series []struct {
				Name   string
				Values [][]any
			}
		}
	}
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("%s: not an answer of InfluxDB: %w; does the address need a path?", p.s, err)
	}
	var list []shown
	for _, r := range answer.Results {
		if r.Error != "" {
			return nil, p.refused(r.Error)
		}
		for _, series := range r.Series {
			s := shown{name: series.Name}
			for _, v := range series.Values {
				if text, ok := first(v).(string); ok {
					s.values = append(s.values, text)
				}
			}
			list = append(list, s)
		}
	}
	if answer.Error != "" {
		return nil, p.refused(answer.Error)
	}
	return list, nil
}

func first(v []any) any {
	if len(v) == 0 {
		return nil
	}
	return v[0]
}

func (p *influxPull) refused(text string) error {
	text = p.s.clean(text)
	if strings.Contains(text, "authoriz") || strings.Contains(text, "authentic") {
		return fmt.Errorf("%s: %w: %.200s; %s", p.s, ErrUnauthorized, text, p.s.hint)
	}
	return fmt.Errorf("%s: %w: %.200s", p.s, errServer, text)
}

func (p *influxPull) query(ctx context.Context, statement string) (io.ReadCloser, error) {
	q := url.Values{"q": {statement}, "epoch": {"u"}}
	if p.db != "" {
		q.Set("db", p.db)
	}
	if rp := p.q.Get("rp"); rp != "" {
		q.Set("rp", rp)
	}
	if strings.HasPrefix(statement, "SELECT") {
		q.Set("chunked", "true")
		q.Set("chunk_size", "10000")
	}
	res, err := p.s.get(ctx, "/query", q)
	if err != nil {
		return nil, err
	}
	if err := p.s.check(res, "InfluxDB query API"); err != nil {
		return nil, err
	}
	return res.Body, nil
}

// rows asks for the points of one measurement, of one day. Without a step they
// are raw: means would blur the steps that are looked for.
func (p *influxPull) rows(ctx context.Context, name string, columns []string, w [2]time.Time, targets map[string]*target) error {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = quoteName(c)
		if p.opt.Step > 0 {
			quoted[i] = "last(" + quoted[i] + ") AS " + quoteName("last_"+c)
			if c == "pid" {
				quoted[i] = "last(" + quoteName(c) + ") AS " + quoteName(c)
			}
		}
	}
	statement := "SELECT " + strings.Join(quoted, ", ") + " FROM " + quoteName(name) +
		" WHERE time >= " + strconv.FormatInt(w[0].UnixNano(), 10) + " AND time < " + strconv.FormatInt(w[1].UnixNano(), 10) + " GROUP BY "
	if p.opt.Step > 0 {
		statement += "time(" + strconv.FormatInt(max(1, p.opt.Step.Milliseconds()), 10) + "ms), "
	}
	statement += "*"
	if p.opt.Step > 0 {
		statement += " fill(none)"
	}
	body, err := p.query(ctx, statement)
	if err != nil {
		return err
	}
	before := len(p.o.skipped)
	err = influxAnswers(body, p.o, targets)
	if cerr := body.Close(); err == nil {
		err = cerr
	}
	if err == nil && len(p.o.skipped) > before && strings.HasPrefix(p.o.skipped[before], "an error") {
		err = p.refused(p.o.skipped[before])
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		err = fmt.Errorf("measurement %s: %w", name, err)
	}
	return err
}

// quoteName quotes an identifier of InfluxQL.
func quoteName(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
