package logs

import "culprit"

// eventKind says what a line told about its call.
type eventKind uint8

const (
	evBegin  eventKind = iota // Started, Performing
	evRoute                   // Processing by
	evParams                  // Parameters
	evMark                    // Sent file, Enqueued, Filter chain halted
	evFail                    // an exception; of a call that no controller has, its end
	evEnd                     // Completed, Performed
)

// Marks of an event, copied to its call.
const (
	markStreamed uint8 = 1 << iota
	markEnqueues
	markFailed
)

// event is one line of a call that takes several, noted while blocks are parsed
// in parallel and joined in file order. Its slices live as long as its block.
type event struct {
	kind     eventKind
	work     culprit.CallKind
	byID     bool  // key is of a request or job id: unique. Else of a process or thread
	zoneless bool  // at was read in Options.Location for want of a zone
	marks    uint8 // markStreamed...
	status   int
	pid      int
	key      uint64
	lane     uint64 // key of the process or thread, where key is of an id
	at       int64  // stamp of the line, 0 none
	start    int64  // stamp in the text of the line, 0 none
	offset   int64

	duration, allocations, memory int64

	id, tid, host []byte
	// evBegin: method, path, client; of a job: name, queue.
	// evRoute: controller, action, format. evParams: operation.
	a, b, c []byte
	params  []culprit.Param
	// full is the call itself when the line that ends it tells all, else nil.
	full *culprit.Call
}

// stage is where the parsers of one block note events for the joiner.
type stage struct {
	clock  clock
	events []event
	params []culprit.Param
	text   []byte // names made up here: joined keys, fingerprints
	calls  []culprit.Call
}

// keep copies a call, as long as the block lives.
func (s *stage) keep(c *culprit.Call) *culprit.Call {
	k := *c
	at := len(s.params)
	s.params = append(s.params, c.Params...)
	k.Params = s.params[at:len(s.params):len(s.params)]
	s.calls = append(s.calls, k)
	return &s.calls[len(s.calls)-1]
}

// join returns "prefix.key", as long as the block lives.
func (s *stage) join(prefix, key []byte) []byte {
	at := len(s.text)
	s.text = append(s.text, prefix...)
	s.text = append(s.text, '.')
	s.text = append(s.text, key...)
	return s.text[at:len(s.text):len(s.text)]
}

func (s *stage) reset() {
	s.text = s.text[:0]
	s.calls = s.calls[:0]
	s.events = s.events[:0]
	s.params = s.params[:0]
}

// note returns a fresh event to fill in.
func (s *stage) note() *event {
	if len(s.events) < cap(s.events) {
		s.events = s.events[:len(s.events)+1]
	} else {
		s.events = append(s.events, event{})
	}
	e := &s.events[len(s.events)-1]
	*e = event{duration: culprit.Unknown, allocations: culprit.Unknown, memory: culprit.Unknown}
	return e
}
