package cli

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"culprit"
	"culprit/internal/analysis/heapquery"
	"culprit/internal/present/explorer"
	"culprit/internal/present/heap"
)

// explored answers a browser's questions about one dump.
type explored struct {
	l      *loaded
	values bool
	report culprit.Heap

	mu     sync.Mutex
	orders map[string]*order
	recent []string // keys of orders, the latest last
}

// order is found objects in an order.
type order struct {
	found heapquery.Found
}

// mostOrders is how many orders are kept: each takes four bytes an object.
const mostOrders = 4

// Rows are objects that fit a query, in an order. Both are found once.
func (x *explored) Rows(r *http.Request, q explorer.Query) (explorer.Rows, error) {
	if q.Sort == "" {
		q.Sort = "retained"
	}
	o, err := x.order(r, q)
	if err != nil {
		return explorer.Rows{}, err
	}
	out := explorer.Rows{Total: len(o.found.IDs), Bytes: culprit.Bytes(o.found.Bytes), Retained: culprit.Bytes(o.found.Retained), Rows: []explorer.Row{}}
	for k := q.From; k < min(q.From+q.N, len(o.found.IDs)); k++ {
		at := k
		if q.Up {
			at = len(o.found.IDs) - 1 - k
		}
		i := o.found.IDs[at]
		out.Rows = append(out.Rows, explorer.Row{ID: i, Object: x.l.object(i, x.values)})
	}
	return out, nil
}

func (x *explored) order(r *http.Request, q explorer.Query) (*order, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	key := q.Sort + "\x00" + q.Text
	if o := x.orders[key]; o != nil {
		return o, nil
	}
	c, err := heapquery.Compile(asQuery(q.Text), x.l.View, x.l.Text)
	if err != nil {
		return nil, err
	}
	found, err := c.Run(r.Context())
	if err != nil {
		return nil, err
	}
	if err := c.Sort(found.IDs, q.Sort); err != nil {
		return nil, err
	}
	if len(x.recent) == mostOrders {
		delete(x.orders, x.recent[0])
		x.recent = slices.Delete(x.recent, 0, 1)
	}
	o := &order{found}
	x.orders[key], x.recent = o, append(x.recent, key)
	return o, nil
}

// words are a search that is no query: a part of a class, a name or a place.
var searchWords = regexp.MustCompile(`^[^=<>~!()]+$`)

// asQuery makes a query of what is typed into a search field.
func asQuery(text string) string {
	text = strings.TrimSpace(text)
	switch {
	case text == "" || !searchWords.MatchString(text):
		return text
	case strings.HasPrefix(text, "0x") && !strings.Contains(text, " "):
		return "address=" + text
	case heapquery.Check(text) == nil:
		return text
	}
	part := fmt.Sprintf("%q", "(?i)"+regexp.QuoteMeta(text))
	return "class ~ " + part + " or name ~ " + part + " or location ~ " + part
}

// Show is one object with its surroundings.
func (x *explored) Show(id uint32) (heap.Show, error) {
	if int(id) > x.l.View.Len() {
		return heap.Show{}, fmt.Errorf("no object %d", id)
	}
	return x.l.shown(id, x.values), nil
}
