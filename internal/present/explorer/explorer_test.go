package explorer_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/present/explorer"
	"culprit/internal/present/heap"
)

// made is a dump that answers by what it was asked.
type made struct{ asked explorer.Query }

func (m *made) Name() string         { return "a.json" }
func (m *made) Report() culprit.Heap { return culprit.Heap{Dump: "a.json"} }
func (m *made) Tree(id uint32, depth, width int) (explorer.Node, error) {
	if id == 13 {
		return explorer.Node{}, errors.New("nobody refers to it")
	}
	return explorer.Node{ID: id, Label: "x", Count: width, Bytes: culprit.Bytes(depth)}, nil
}

func (m *made) Rows(_ *http.Request, q explorer.Query) (explorer.Rows, error) {
	m.asked = q
	return explorer.Rows{Total: 7}, nil
}

func (m *made) Show(uint32) (heap.Show, error) {
	return heap.Show{Object: heap.Object{Describe: "object"}}, nil
}

func (m *made) Find(address string) (uint32, error) {
	if address != "0x10" {
		return 0, errors.New("no object there")
	}
	return 5, nil
}

func ask(t *testing.T, site *explorer.Site, host, path string) (int, string, http.Header) {
	t.Helper()
	h, err := site.Handler()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+path, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

func TestWhoMayAsk(t *testing.T) {
	site := &explorer.Site{Dumps: []explorer.Dump{&made{}}, Token: "secret", Tool: "culprit"}
	for _, c := range []struct {
		host, path string
		code       int
	}{
		{"127.0.0.1:80", "/secret/", 200},
		{"localhost:80", "/secret/api/site", 200},
		{"[::1]:80", "/secret/api/site", 200},
		{"127.0.0.1:80", "/", 403},
		{"127.0.0.1:80", "/secre/api/site", 403},
		{"127.0.0.1:80", "/secret/../other/api/site", 403},
		{"evil.example:80", "/secret/api/site", 403},
		{"192.0.2.1:80", "/secret/api/site", 403},
		{"evil.example", "/secret/", 403},
		{"127.0.0.1:80", "/secret/api/nothing", 404},
	} {
		code, _, header := ask(t, site, c.host, c.path)
		if code != c.code && (c.code != 403 || code/100 != 3) {
			t.Errorf("%s %s: %d, want %d", c.host, c.path, code, c.code)
		}
		policy := header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", c.path, header)
		}
	}
}

func TestAnswers(t *testing.T) {
	m := &made{}
	site := &explorer.Site{Dumps: []explorer.Dump{m}, Token: "s"}
	for path, want := range map[string]string{
		"/s/api/0/tree?id=3&depth=99&width=5":           `"id":3,"label":"x","address":"","bytes":6,"retained":0,"count":5`,
		"/s/api/0/object?address=0x10":                  `{"id":5,`,
		"/s/api/0/objects?q=a&sort=memsize&from=3&n=99": `"total":7`,
		"/s/api/site": `"by_class":[]`,
	} {
		code, body, _ := ask(t, site, "127.0.0.1:1", path)
		if code != 200 || !strings.Contains(body, want) || !json.Valid([]byte(body)) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if m.asked != (explorer.Query{Text: "a", Sort: "memsize", From: 3, N: 99}) {
		t.Errorf("asked %+v", m.asked)
	}
	if code, _, _ := ask(t, site, "127.0.0.1:1", "/s/api/0/objects?n=1000000"); code != 200 || m.asked.N != 500 {
		t.Errorf("asked for %d rows", m.asked.N)
	}
	for _, path := range []string{"/s/api/1/tree", "/s/api/x/tree", "/s/api/0/tree?id=13", "/s/api/0/tree?depth=-1", "/s/api/0/object?address=0x11", "/s/api/0/objects?from=x"} {
		if code, body, _ := ask(t, site, "127.0.0.1:1", path); code != 400 || body == "" {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
}
