// Package explorer serves heap dumps to a browser: the report, who holds what as a
// map, all objects as a table, one object with its surroundings.
//
// It owns who may ask (one browser of this machine, by an address that cannot be
// guessed), what may be asked, and how much is answered at a time. It refuses to read
// dumps and to compute: a Dump answers.
package explorer

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/present/heap"
	"culprit/internal/present/page"
	"culprit/internal/present/whole"
)

// Dump is one dump that can be asked. It is asked by several goroutines.
type Dump interface {
	Name() string
	Report() culprit.Heap
	// Tree is who dominates whom from an object down, the largest first.
	Tree(id uint32, depth, width int) (Node, error)
	// Rows are objects that fit a query, in an order.
	Rows(r *http.Request, q Query) (Rows, error)
	Show(id uint32) (heap.Show, error)
	// Find gives the number of the object at an address.
	Find(address string) (uint32, error)
}

// Node is an object in the tree of dominators. Its children are the largest ones; what
// they and it do not take is the rest.
type Node struct {
	ID       uint32        `json:"id"`
	Label    string        `json:"label"`
	Address  string        `json:"address"`
	Bytes    culprit.Bytes `json:"bytes"`
	Retained culprit.Bytes `json:"retained"`
	Count    int           `json:"count"` // of children, shown or not
	Children []Node        `json:"children"`
	Above    []Node        `json:"above,omitempty"` // of the first: its dominators, the machine first
}

// Query asks for objects.
type Query struct {
	Text string
	Sort string
	Up   bool // smallest first
	From int
	N    int
}

// Rows are a stretch of the objects that were found.
type Rows struct {
	Total    int           `json:"total"`
	Bytes    culprit.Bytes `json:"bytes"`
	Retained culprit.Bytes `json:"retained"`
	Rows     []Row         `json:"rows"`
}

// Row is one object of a table.
type Row struct {
	ID uint32 `json:"id"`
	heap.Object
}

type objectAnswer struct {
	ID uint32 `json:"id"`
	heap.Show
}

// Bounds of one answer.
const (
	mostRows  = 500
	mostWidth = 200
	mostDepth = 6
)

// Site is what is served.
type Site struct {
	Dumps []Dump
	Diff  *culprit.HeapDiff // of all dumps, nil for one
	Token string            // the first part of every path
	Tool  string
}

// Handler serves the site at addresses of this machine only.
func (s *Site) Handler() (http.Handler, error) {
	var frame strings.Builder
	if err := page.Write(&frame, page.Page{Client: page.Explorer(), Title: "culprit: heap", Data: []byte("{}"), Plain: "<p>The explorer of heap dumps needs scripts.</p>"}); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{token}/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(frame.String())) // the browser went away
	})
	mux.HandleFunc("GET /{token}/api/site", s.answer(s.site))
	mux.HandleFunc("GET /{token}/api/{dump}/tree", s.answer(s.tree))
	mux.HandleFunc("GET /{token}/api/{dump}/objects", s.answer(s.objects))
	mux.HandleFunc("GET /{token}/api/{dump}/object", s.answer(s.object))
	return s.guard(mux), nil
}

// guard lets one browser of this machine in: other sites' pages reach 127.0.0.1 too,
// under a name that they resolve to it, and a dump holds secrets.
func (s *Site) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", page.Explorer().Policy())
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		host, _, err := net.SplitHostPort(r.Host)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "asked under another name than that of this machine", http.StatusForbidden)
			return
		}
		first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if subtle.ConstantTimeCompare([]byte(first), []byte(s.Token)) != 1 {
			http.Error(w, "the address that culprit printed has more in it", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bad is a question that cannot be answered.
type bad struct{ error }

func (s *Site) answer(of func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := of(r)
		if r.Context().Err() != nil {
			return
		}
		if err != nil {
			code := http.StatusInternalServerError
			if errors.As(err, new(bad)) {
				code = http.StatusBadRequest
			}
			http.Error(w, err.Error(), code)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // the browser went away
	}
}

type siteAnswer struct {
	Tool  string            `json:"tool"`
	Dumps []dumpAnswer      `json:"dumps"`
	Diff  *culprit.HeapDiff `json:"diff"`
}

type dumpAnswer struct {
	Name   string       `json:"name"`
	Report culprit.Heap `json:"report"`
}

func (s *Site) site(*http.Request) (any, error) {
	a := siteAnswer{Tool: s.Tool, Diff: s.Diff}
	for _, d := range s.Dumps {
		a.Dumps = append(a.Dumps, dumpAnswer{d.Name(), d.Report()})
	}
	return whole.Of(a), nil
}

func (s *Site) dump(r *http.Request) (Dump, error) {
	n, err := strconv.Atoi(r.PathValue("dump"))
	if err != nil || n < 0 || n >= len(s.Dumps) {
		return nil, bad{fmt.Errorf("no dump %q", r.PathValue("dump"))}
	}
	return s.Dumps[n], nil
}

// number reads a number of a question.
func number(r *http.Request, name string, usual, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, bad{fmt.Errorf("%s=%q is no number", name, text)}
	}
	return min(n, most), nil
}

const mostID = 1<<32 - 1

func (s *Site) id(r *http.Request, d Dump) (uint32, error) {
	if a := r.URL.Query().Get("address"); a != "" {
		id, err := d.Find(a)
		if err != nil {
			return 0, bad{err}
		}
		return id, nil
	}
	n, err := number(r, "id", mostID, mostID)
	return uint32(n), err
}

func (s *Site) tree(r *http.Request) (any, error) {
	d, err := s.dump(r)
	if err != nil {
		return nil, err
	}
	id, err := s.id(r, d)
	if err != nil {
		return nil, err
	}
	depth, err := number(r, "depth", 3, mostDepth)
	if err != nil {
		return nil, err
	}
	width, err := number(r, "width", 40, mostWidth)
	if err != nil {
		return nil, err
	}
	n, err := d.Tree(id, depth, width)
	if err != nil {
		return nil, bad{err}
	}
	return whole.Of(n), nil
}

func (s *Site) objects(r *http.Request) (any, error) {
	d, err := s.dump(r)
	if err != nil {
		return nil, err
	}
	q := Query{Text: r.URL.Query().Get("q"), Sort: r.URL.Query().Get("sort"), Up: r.URL.Query().Get("up") != ""}
	if q.From, err = number(r, "from", 0, mostID); err != nil {
		return nil, err
	}
	if q.N, err = number(r, "n", 100, mostRows); err != nil {
		return nil, err
	}
	rows, err := d.Rows(r, q)
	if err != nil {
		return nil, bad{err}
	}
	return whole.Of(rows), nil
}

func (s *Site) object(r *http.Request) (any, error) {
	d, err := s.dump(r)
	if err != nil {
		return nil, err
	}
	id, err := s.id(r, d)
	if err != nil {
		return nil, err
	}
	x, err := d.Show(id)
	if err != nil {
		return nil, bad{err}
	}
	return objectAnswer{id, whole.Of(x)}, nil
}
