package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fluxServer answers as the documentation of InfluxDB 2 shows
// (docs.influxdata.com/influxdb/v2/api; annotated CSV reference).
func fluxServer(t *testing.T, answer func(query string) string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/ping":
			w.Header().Set("X-Influxdb-Build", "OSS")
			w.Header().Set("X-Influxdb-Version", "v2.7.1")
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Path != "/api/v2/query" || r.Method != http.MethodPost:
			http.NotFound(w, r)
		case r.Header.Get("Authorization") != "Token s3cret":
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"code":"unauthorized","message":"unauthorized access of %s"}`, r.Header.Get("Authorization"))
		case r.URL.Query().Get("org") != "shop":
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"code":"not found","message":"organization not found"}`)
		default:
			body, _ := io.ReadAll(r.Body)
			_, _ = io.WriteString(w, answer(string(body)))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

const pivoted = `#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,string,long,long
#group,false,false,true,true,false,true,true,true,false,false
#default,_result,,,,,,,,,
,result,table,_start,_stop,_time,_measurement,host,pid,memory_rss,memory_swap
,,0,2023-01-01T00:00:00Z,2023-01-01T01:00:00Z,2023-01-01T00:00:10Z,procstat,web1,7,100,0
,,0,2023-01-01T00:00:00Z,2023-01-01T01:00:00Z,2023-01-01T00:00:20Z,procstat,web1,7,110,0
,,1,2023-01-01T00:00:00Z,2023-01-01T01:00:00Z,2023-01-01T00:00:10Z,procstat,web1,8,200,0

`

func TestPullFlux(t *testing.T) {
	t.Parallel()
	var asked []string
	s := fluxServer(t, func(query string) string {
		asked = append(asked, query)
		if strings.Contains(query, "procstat") {
			return strings.ReplaceAll(pivoted, "\n", "\r\n")
		}
		return "\r\n"
	})
	opt := PullOptions{From: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2023, 1, 1, 1, 0, 0, 0, time.UTC)}
	rec := newRecord()
	res, err := PullInflux(context.Background(), s.URL+"?bucket=telegraf&org=shop&token=s3cret", opt, rec)
	if err != nil {
		t.Fatal(err)
	}
	want := dedent(`
		rss host=web1 pid=7 name=procstat: 0101T000010=100 0101T000020=110
		rss host=web1 pid=8 name=procstat: 0101T000010=200
		swap host=web1 pid=7 name=procstat: 0101T000010=0 0101T000020=0
		swap host=web1 pid=8 name=procstat: 0101T000010=0`)
	if rec.text() != want {
		t.Errorf("got\n%s\nwant\n%s", rec.text(), want)
	}
	if res.Format != "influxdb-2" || res.Bytes == 0 || strings.Contains(fmt.Sprint(res), "s3cret") {
		t.Errorf("%+v", res)
	}
	if !strings.Contains(asked[0], `from(bucket: \"telegraf\")`) || !strings.Contains(asked[0], "range(start: 2023-01-01T00:00:00Z, stop: 2023-01-01T01:00:00Z)") {
		t.Errorf("query %s", asked[0])
	}
	for query, want := range map[string]error{
		"?bucket=telegraf&org=shop&token=wr0ng": ErrUnauthorized,
		"?bucket=telegraf&org=shop":             ErrUnauthorized,
		"?bucket=telegraf&org=no&token=s3cret":  nil,
		"?org=shop&token=s3cret":                nil,
	} {
		_, err := PullInflux(context.Background(), s.URL+query, opt, newRecord())
		if err == nil || want != nil && !errors.Is(err, want) || strings.Contains(err.Error(), "wr0ng") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestPullFluxErrorTable(t *testing.T) {
	t.Parallel()
	s := fluxServer(t, func(string) string {
		return "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,failed to execute query,897\r\n"
	})
	_, err := PullInflux(context.Background(), s.URL+"?bucket=telegraf&org=shop&token=s3cret", PullOptions{}, newRecord())
	if err == nil || !strings.Contains(err.Error(), "failed to execute query") {
		t.Errorf("error %v", err)
	}
	empty := fluxServer(t, func(string) string { return "\r\n" })
	_, err = PullInflux(context.Background(), empty.URL+"?bucket=telegraf&org=shop&token=s3cret", PullOptions{}, newRecord())
	if !errors.Is(err, ErrNoMemory) {
		t.Errorf("empty: %v", err)
	}
}

func TestPullRefusals(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		user, password, _ := r.BasicAuth()
		fmt.Fprintf(w, "no %s %s", user, password)
	}))
	t.Cleanup(refusing.Close)
	garbage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }))
	t.Cleanup(garbage.Close)
	for name, pull := range map[string]func(context.Context, string, PullOptions, Sink) (Result, error){"influx": PullInflux, "prometheus": PullPrometheus} {
		for _, c := range []struct {
			url, want string
			is        error
		}{
			{closed.URL + "?p=hunter2&db=x", "is it running", ErrUnreachable},
			{strings.Replace(refusing.URL, "http://", "http://me:hunter2@", 1), "", ErrUnauthorized},
			{garbage.URL + "?db=x&p=hunter2", "not an answer", nil},
			{"http://me:hunter2@[::1", "not an address", nil},
			{"ftp://me:hunter2@host", "not an address", nil},
		} {
			if name == "influx" && c.is == ErrUnauthorized { //nolint:errorlint // the very value
				c.url += "?db=x"
			}
			res, err := pull(context.Background(), c.url, PullOptions{}, newRecord())
			if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) || strings.Contains(fmt.Sprint(err, res), "hunter2") {
				t.Errorf("%s %s: %v", name, c.url, err)
			}
		}
		now := time.Now()
		if _, err := pull(context.Background(), garbage.URL, PullOptions{From: now, To: now.Add(-time.Hour)}, newRecord()); err == nil || !strings.Contains(err.Error(), "ends") {
			t.Errorf("%s: times the wrong way round: %v", name, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := pull(ctx, garbage.URL, PullOptions{}, newRecord()); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: canceled: %v", name, err)
		}
	}
}
