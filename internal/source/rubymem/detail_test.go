package rubymem_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"culprit/internal/lab/started"
	"culprit/internal/source/rubymem"
)

// traced makes objects while their births are noted, and tells what Ruby notes of them and
// how large it holds those of some classes.
const traced = `require "objspace"; require "json"
class Bag < Hash; end; class Row < Array; end; class Line < String; end; class Thing; end
Pair = Struct.new(:a, :b); Wide = Struct.new(*("a".."k").map(&:to_sym))
ObjectSpace.trace_object_allocations_start
def things; Array.new(500) { Thing.new } end
KEPT = [things,
  Array.new(300) { |i| Bag.new.tap { |b| (i % 40).times { |k| b[k] = nil } } },
  Array.new(300) { |i| Row.new(i) },
  Array.new(300) { |i| Line.new("x" * i) },
  Array.new(200) { |i| i.odd? ? Pair.new(1, 2) : Wide.new(*(0..10)) }]
BIG = "the largest of all " * 100_000
3.times { GC.start }
GC.disable
sites = Hash.new(0)
ObjectSpace.each_object(Thing) { |t| sites["#{ObjectSpace.allocation_sourcefile(t)}:#{ObjectSpace.allocation_sourceline(t)}:#{ObjectSpace.allocation_generation(t)}"] += 1 }
sizes = [Bag, Row, Line, Pair, Wide, Thing].to_h { |c| [c.name, ObjectSpace.each_object(c).sum { |o| ObjectSpace.memsize_of(o) }] }
$stdout.puts({ "sites" => sites, "sizes" => sizes }.to_json); $stdout.flush
$stdin.gets`

// TestClosely: places of birth and sizes are Ruby's own, and the largest text is found.
func TestClosely(t *testing.T) {
	p := started.Ruby(t, nil, "-e", traced)
	var own struct {
		Sites, Sizes map[string]int64
	}
	if err := json.Unmarshal([]byte(p.First), &own); err != nil {
		t.Fatal(err)
	}
	r := open(t, p.PID)
	c, d, err := r.CensusWith(true)
	if err != nil {
		t.Fatal(err)
	}
	for name, size := range own.Sizes {
		i := slices.IndexFunc(c.ByClass, func(k rubymem.ClassCount) bool { return k.Key == name })
		if i < 0 || c.ByClass[i].Bytes != size {
			t.Errorf("%s: Ruby %d, %+v", name, size, c.ByClass[max(i, 0)])
		}
	}
	if len(own.Sites) != 1 || d.Traced < 2000 {
		t.Fatalf("%+v, %d traced", own, d.Traced)
	}
	births, _, err := r.Births()
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range own.Sites {
		got := int64(0)
		for _, s := range d.Sites {
			if s.Method == "new" && s.Line == 5 && strings.HasPrefix(at, s.File+":5:") {
				got += s.Objects
			}
		}
		if got < want || got > want+5 { // things, the array of them, and what calling new takes
			t.Errorf("%s: %d of %d: %+v", at, got, want, d.Sites)
		}
	}
	sum := int64(0)
	for _, g := range d.Generations {
		sum += g.Objects
	}
	if sum != d.Traced || int64(len(births)) < d.Traced {
		t.Errorf("%d in generations, %d traced, %d noted", sum, d.Traced, len(births))
	}
	if len(d.Texts) != 10 || d.Texts[0].Length != 1_900_000 || d.Texts[0].Bytes < 1_900_000 || !strings.HasPrefix(d.Texts[0].Value, "the largest of all") {
		t.Errorf("%+v", d.Texts)
	}
	if _, quiet, err := r.CensusWith(false); err != nil || quiet.Texts[0].Value != "" {
		t.Errorf("%+v, %v", quiet.Texts, err)
	}
}
