package metrics

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// readPromJSON reads answers of Prometheus' HTTP API (prometheus/prometheus
// docs/querying/api.md): range queries (matrix), instant queries (vector), the
// bare arrays of "promtool query -o json", and the JSON lines that
// VictoriaMetrics exports (docs.victoriametrics.com, /api/v1/export). Several
// answers may follow one another.
func readPromJSON(r io.Reader, o *out) error {
	book := newLabelBook(o)
	err := promAnswers(r, o, book)
	book.close()
	return err
}

// promAnswers reads answers into a book that outlives them.
func promAnswers(r io.Reader, o *out, book *labelBook) error {
	p := &promJSON{s: newJSONScanner(r), o: o, book: book}
	return p.s.documents(p.document)
}

type promJSON struct {
	s      *jsonScanner
	o      *out
	book   *labelBook
	points []point
	times  []int64
	plain  []promValue // values without times beside them
}

type promValue struct {
	v  int64
	ok bool
}

// errServer is an error that the server put into its answer.
var errServer = errors.New("the server answered with an error")

func (p *promJSON) document() error {
	if p.s.peek() == '[' {
		return p.s.array(p.element)
	}
	return p.answer()
}

// answer reads {"status":..,"data":{"resultType":..,"result":[..]}} and parts of it.
func (p *promJSON) answer() error {
	var kind, text string
	var element promElement
	err := p.s.object(func(key string) error {
		switch key {
		case "data":
			if p.s.peek() == '{' {
				return p.answer()
			}
		case "result":
			if p.s.peek() == '[' {
				return p.result()
			}
		case "errorType", "error":
			b, _, err := p.s.scalar()
			if key == "error" {
				text = string(b)
			} else {
				kind = string(b)
			}
			return err
		case "warnings":
			return p.warnings()
		case "metric", "values", "value", "timestamps", "histograms":
			return p.part(key, &element)
		}
		return p.s.skip()
	})
	if err != nil {
		return err
	}
	if text != "" {
		return fmt.Errorf("%w: %s: %.200s", errServer, kind, text)
	}
	p.flush(&element)
	return nil
}

func (p *promJSON) warnings() error {
	if p.s.peek() != '[' {
		return p.s.skip()
	}
	return p.s.array(func() error {
		b, quoted, err := p.s.scalar()
		if err == nil && quoted {
			p.o.warn("the server warns: %.200s", b)
		}
		return err
	})
}

// result reads the list of series; a scalar answer is a bare [time, "value"].
func (p *promJSON) result() error {
	return p.s.array(func() error {
		if p.s.peek() != '{' {
			return p.s.skip()
		}
		return p.element()
	})
}

// promElement is one series of an answer.
type promElement struct {
	labels map[string]string
	got    bool
}

func (p *promJSON) element() error {
	if p.s.peek() != '{' {
		return p.s.skip()
	}
	var e promElement
	if err := p.s.object(func(key string) error { return p.part(key, &e) }); err != nil {
		return err
	}
	p.flush(&e)
	return nil
}

func (p *promJSON) part(key string, e *promElement) (err error) {
	switch key {
	case "metric":
		if p.s.peek() != '{' {
			return p.s.skip()
		}
		e.got = true
		e.labels, err = p.s.stringMap()
		return err
	case "values":
		if p.s.peek() != '[' {
			return p.s.skip()
		}
		return p.s.array(p.value)
	case "value":
		return p.value()
	case "timestamps":
		if p.s.peek() != '[' {
			return p.s.skip()
		}
		return p.s.array(func() error {
			b, _, err := p.s.scalar()
			if err != nil {
				return err
			}
			at, ok := epochText(b)
			if !ok {
				at = 0
			}
			p.times = append(p.times, at)
			return nil
		})
	}
	return p.s.skip()
}

// value reads [1435781430.781,"1"], or a bare number of an export.
func (p *promJSON) value() error {
	if p.s.peek() != '[' {
		b, _, err := p.s.scalar()
		if err != nil {
			return err
		}
		v, missing, ok := bytesText(b)
		p.plain = append(p.plain, promValue{v, ok && !missing})
		return nil
	}
	var at, v int64
	var bad, missing bool
	i := 0
	err := p.s.array(func() error {
		b, _, err := p.s.scalar()
		if err != nil {
			return err
		}
		ok := true
		switch i {
		case 0:
			at, ok = epochText(b)
		case 1:
			v, missing, ok = bytesText(b)
		}
		bad = bad || !ok
		i++
		return nil
	})
	if err != nil {
		return err
	}
	good := !bad && i >= 2
	p.o.numbered(good, "value")
	if good && !missing {
		p.points = append(p.points, point{at, v})
	}
	return nil
}

// flush hands the values of one series on, once its labels are known.
func (p *promJSON) flush(e *promElement) {
	for i, v := range p.plain {
		good := i < len(p.times) && p.times[i] > 0
		p.o.line(good, []byte("value without timestamp"))
		if good && v.ok {
			p.points = append(p.points, point{p.times[i], v.v})
		}
	}
	if e.got && len(p.points) > 0 {
		if l := p.book.find(e.labels); l != nil {
			for _, pt := range p.points {
				p.book.put(l, pt.at, pt.v)
			}
		}
	}
	p.points, p.plain, p.times = p.points[:0], p.plain[:0], p.times[:0]
}

// scorePromJSON looks for the words of the API; their order is not fixed.
func scorePromJSON(h head) float64 {
	d := h.data
	if len(d) == 0 || d[0] != '{' && d[0] != '[' {
		return 0
	}
	has := func(s string) bool { return bytes.Contains(d, []byte(s)) }
	switch {
	case has(`"metric"`) && (has(`"values"`) || has(`"value"`)) && (has(`"result"`) || has(`"resultType"`) || d[0] == '[' || has(`"timestamps"`)):
		return 0.98
	case has(`"metric"`) && has(`"__name__"`) && has(`"values"`):
		return 0.9
	case has(`"resultType"`), has(`"status"`) && has(`"errorType"`):
		return 0.9
	}
	return 0
}
