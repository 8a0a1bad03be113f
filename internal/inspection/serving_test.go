package inspection_test

import (
	"testing"

	"culprit/internal/inspection"
	"culprit/internal/livefacts"
)

// TestServe: a thread gets the request of its action, several where several fit, and none
// of another action; the log's number of a thread decides where there is one.
func TestServe(t *testing.T) {
	s := livefacts.Stacks{Threads: []livefacts.Thread{
		{TID: 11, Action: "ReportsController#index"}, {TID: 12, Action: "CartsController#show"}, {TID: 13, Action: "CartsController#show"}, {TID: 14},
	}}
	inspection.Serve(&s, []livefacts.Request{
		{Path: "/reports", Action: "ReportsController#index", PIDKnown: true},
		{Path: "/carts/1", Action: "CartsController#show", PIDKnown: true},
		{Path: "/carts/2", Action: "CartsController#show"},
		{Path: "/waits", PIDKnown: true},
		{Path: "/elsewhere"},
		{Path: "/numbered", Action: "CartsController#show", TID: "14", PIDKnown: true},
	})
	var got []int
	for _, th := range s.Threads {
		got = append(got, len(th.Requests))
	}
	if len(got) != 4 || got[0] != 1 || got[1] != 2 || got[2] != 2 || got[3] != 1 || s.Threads[3].Requests[0].Path != "/numbered" {
		t.Errorf("%+v", s.Threads)
	}
	if len(s.Unplaced) != 1 || s.Unplaced[0].Path != "/waits" {
		t.Errorf("%+v", s.Unplaced)
	}
}
