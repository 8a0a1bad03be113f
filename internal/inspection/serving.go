package inspection

import (
	"strconv"

	"culprit/internal/livefacts"
)

// Serve gives threads the requests that a log has begun and not ended: by the number of
// the thread where the log has it, else by the action that both are in. Several that fit
// are all given: which of them it is nobody knows.
func Serve(s *livefacts.Stacks, open []livefacts.Request) {
	placed := make([]bool, len(open))
	for i := range s.Threads {
		t := &s.Threads[i]
		for k, r := range open {
			if r.TID != "" && t.TID > 0 && r.TID == strconv.Itoa(t.TID) || r.TID == "" && t.Action != "" && t.Action == r.Action {
				t.Requests = append(t.Requests, r)
				placed[k] = true
			}
		}
	}
	for k, r := range open {
		if !placed[k] && r.PIDKnown { // one of any process may be anybody's
			s.Unplaced = append(s.Unplaced, r)
		}
	}
}
