package rubydump_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"culprit/internal/lab/started"
	"culprit/internal/source/nativemem"
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubydump"
	"culprit/internal/source/rubymem"
)

// line is what is compared of an object.
type line struct {
	Address, Type, Class, Root        string
	Name, Value, Struct, Encoding     string
	RealName                          string `json:"real_class_name"`
	Superclass, File, Method          string
	Size, Length, Bytesize, Capacity  *int64
	Memsize, Line, Generation, Ivars  int64
	Embedded, Shared, Fstring, Frozen bool
	Singleton                         bool
	References                        []string
	Imemo                             string `json:"imemo_type"`
	Default                           string
	Flags                             map[string]bool
}

func lines(t *testing.T, b []byte) (objects map[string]line, roots []string) {
	t.Helper()
	objects = map[string]line{}
	for n, text := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
		var l line
		if err := json.Unmarshal(bytes.ToValidUTF8(text, []byte("?")), &l); err != nil {
			if bytes.Contains(text, []byte(`\x7f`)) || !json.Valid(text) {
				continue // a control character that Ruby does not escape
			}
			t.Fatalf("line %d: %v: %.200s", n+1, err, text)
		}
		if l.Type == "ROOT" {
			roots = append(roots, l.References...)
			continue
		}
		if l.Type != "SHAPE" {
			if strings.HasPrefix(l.Name, "#<") { // what 2.7 tells of one without a name
				l.Name = ""
			}
			l.File = strings.TrimPrefix(l.File, "(null)") // and of a place without a file
			slices.Sort(l.References)
			l.References = slices.Compact(l.References)
			objects[l.Address] = l
		}
	}
	return objects, roots
}

const program = `
require "objspace"; require "set"; require "stringio"; require "json"
ObjectSpace.trace_object_allocations_start
class Small; def initialize(i) @a = i.to_s; @b = [i] end end
class Many; def initialize(i) 8.times { |k| instance_variable_set("@v#{k}", "v#{i}#{k}") } end end
class Text < String; end
Pair = Struct.new(:left, :right)
Wide = Struct.new(*("a".."j").map(&:to_sym))
module Mixed; FLAG = "of a module"; def mixed; @@here = "class variable" end end
class Using; include Mixed; extend Mixed; class << self; attr_accessor :kept end; self.kept = ["class ivar"]; LIST = %w[one two] end
Using.new.mixed
KEPT = Array.new(3000) { |i| Small.new(i) } + Array.new(500) { |i| Many.new(i) }
TEXTS = Array.new(2000) { |i| "text #{i}" * (i % 9) } + Array.new(50) { |i| s = Text.new("ivars"); s.instance_variable_set(:@x, "x#{i}"); s }
TEXTS << "\u00e9t\u00e9" << "a\u0000b\tc\"d\\" << "\xff".b << "abc".encode("UTF-16LE")
HASHES = Array.new(500) { |i| (0..(i % 30)).to_h { |k| [k.to_s, "v#{k}"] } } << Hash.new { |h, k| k } << {}.compare_by_identity
HASHES << 100.times.to_h { |i| [i, Object.new] }.tap { |h| 50.times { |k| h.delete(k * 2) } }
ARRAYS = Array.new(500) { |i| Array.new(i % 40) { |k| "e#{k}" } }
ARRAYS << ARRAYS[39][2..] << (1..1000).map { |k| k.to_s }.then { |a| a[100..] }
STRUCTS = Array.new(200) { |i| Pair.new("l#{i}", [i]) } + Array.new(50) { |i| Wide.new(*("a".."j").map { |k| k * i }) }
OTHER = [1.5e300, 2**80, 2**300, 3r, 2i, /pat#{1 + 1}tern/, "x y".match(/(x) (?<n>y)/), "x y".match(/x/), :"dyn#{1 + 1}amic", 1..2, Set.new(["s"])]
PROCS = Array.new(20) { |i| held = "held #{i}"; ->(x) { held + x } } << "abc".method(:upcase)
ENUM = [1, 2].each.with_index; ENUM.next
F = Fiber.new { a = "in a fiber"; Fiber.yield; a }; F.resume
Thread.current[:here] = ["thread local"]
class Held; end
ASLEEP = Array.new(50) { h = Held.new; Fiber.new { h } }
INNER = Thread.new { Thread.current[:outer] = Held.new; o = Held.new; Fiber.new { sleep }.resume; o }
if defined?(ObjectSpace::WeakKeyMap)
  KEYS = Array.new(50_000) { |i| "key #{i}" }
  WEAK = ObjectSpace::WeakKeyMap.new.tap { |m| KEYS.each { |k| m[k] = Held.new } }
end
TRACED = method(:puts).unbind && begin
  m = Object.new.tap { |o| def o.called; 1; end }
  h = Held.new
  TracePoint.new(:line) { h }.tap { |tp| tp.enable(target: m.method(:called)) }
  m
end
WRAPPED = RubyVM::InstructionSequence.compile("x = 'a literal that the code has'; x")
T = Thread.new { b = "in a thread"; Thread.current[:local] = ["fiber local"]; sleep; b }
IO1 = StringIO.new("string io")
eval 'def keywords(a: [1], b: {"x" => 1}); a; rescue ArgumentError; b; end', binding, "given.rb"
$global = ["of a global"]
at = "abc".then { |s| ObjectSpace.define_finalizer(s, proc { s }); s }
T.join(0.2); INNER.join(0.1)
def dumped
  f = ObjectSpace.dump_all(output: :file)
  f.close
  File.binread(f.path).tap { File.delete(f.path) }
end
dumped # its caches of calls are filled
3.times { GC.start }
GC.disable
class Garbage; end
2000.times { [Garbage.new, Garbage.new.to_s] }
puts "ready"; $stdout.flush
while $stdin.gets
  $stdout.write dumped
  puts "dumped"; $stdout.flush
end
`

// blocks finds blocks of the native heap.
func blocks(t testing.TB, m procmem.Mem) rubydump.Blocks {
	t.Helper()
	h, err := nativemem.Read(procmem.NewView(m))
	if err != nil {
		t.Fatal(err)
	}
	b, err := h.Blocks()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// mirrored copies a process that stands still.
func mirrored(t testing.TB, pid int) (*procmem.Mirror, []uint64) {
	t.Helper()
	live, err := procmem.Open("/proc", pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = live.Close() })
	frozen, err := procmem.Freeze("/proc", pid)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := frozen.Resume(); err != nil {
			t.Error(err)
		}
	}()
	if err := live.Refresh(); err != nil {
		t.Fatal(err)
	}
	plan, err := procmem.NewPlan(live, nil)
	if err != nil {
		t.Fatal(err)
	}
	room, err := procmem.NewRoom("", plan.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	m, err := procmem.Copy(live, plan, room)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m, frozen.Registers
}

// TestEqual: a dump from outside is what Ruby dumps itself, object for object.
func TestEqual(t *testing.T) {
	p := started.Ruby(t, nil, "-e", program)
	m, registers := mirrored(t, p.PID)
	r, err := rubymem.Open(m)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	told, err := rubydump.Dump(context.Background(), r, &out, rubydump.Options{Blocks: blocks(t, m), Registers: registers})
	if err != nil {
		t.Fatal(err)
	}
	if told.Lost > 0 || told.Unread > 0 || !told.Followed || told.Traced == 0 {
		t.Errorf("%+v", told)
	}
	own := p.Ask(t, "dump", "dumped")
	ours, roots := lines(t, out.Bytes())
	theirs, theirRoots := lines(t, own)
	t.Logf("%d roots, Ruby %d", len(roots), len(theirRoots))
	compare(t, ours, theirs)
	if held, garbage := reached(t, ours, theirs, roots); held*20 > garbage {
		// What stacks and freed blocks still point at looks held: a few.
		t.Errorf("%d of %d pieces of garbage are held", held, garbage)
	}
	// Another allocator: what Ruby holds is still reached.
	out.Reset()
	if told, err = rubydump.Dump(context.Background(), r, &out, rubydump.Options{Registers: registers}); err != nil || told.Followed || told.Lost > 0 {
		t.Fatalf("%+v, %v", told, err)
	}
	ours, roots = lines(t, out.Bytes())
	reached(t, ours, theirs, roots)
}

// exact is the least share of objects of a type that must agree. What is missing are
// objects that the program changed by dumping.
func exact(kind string) float64 {
	switch kind {
	case "OBJECT", "HASH", "STRUCT":
		return 1
	case "STRING", "ARRAY":
		return 0.9995
	}
	return 0
}

// compare holds references and sizes of each type against Ruby's own.
func compare(t *testing.T, ours, theirs map[string]line) {
	t.Helper()
	type count struct{ all, refs, covered, size, about int }
	counts := map[string]*count{}
	shown := map[string]int{}
	for at, o := range ours {
		their, ok := theirs[at]
		if !ok || their.Type != o.Type || their.Class != o.Class && o.Type != "IMEMO" || their.Generation != o.Generation {
			continue
		}
		c := counts[o.Type]
		if c == nil {
			c = &count{}
			counts[o.Type] = c
		}
		c.all++
		want := their.References
		if slices.Equal(o.References, want) {
			c.refs++
		}
		if missing(o, their, ours, theirs) == 0 {
			c.covered++
		} else if shown[o.Type]++; shown[o.Type] <= 3 {
			t.Logf("%s %s %s%s %s: misses", o.Type, at, o.Struct, o.Imemo, o.Name)
			for i, ref := range want {
				if i < 100 && !slices.Contains(o.References, ref) {
					t.Logf("  %s %s%s%s %s, here %v", ref, theirs[ref].Type, theirs[ref].Imemo, theirs[ref].Struct, theirs[ref].Name, ours[ref].Type)
				}
			}
		}
		if o.Memsize == their.Memsize {
			c.size++
		} else if shown[o.Type+"s"]++; o.Type != "DATA" && o.Type != "IMEMO" && o.Type != "REGEXP" && shown[o.Type+"s"] <= 3 {
			t.Logf("%s %s: %d bytes, Ruby %d", o.Type, at, o.Memsize, their.Memsize)
		}
		a, b := about(o), about(their)
		if a == b {
			c.about++
		} else if shown[o.Type+"a"]++; shown[o.Type+"a"] <= 2 {
			t.Logf("%s %s:\n%s\n%s", o.Type, at, a, b)
		}
	}
	for kind, c := range counts {
		least := exact(kind)
		t.Logf("%-8s %6d: references %6d, covered %6d, size %6d, the rest %6d", kind, c.all, c.refs, c.covered, c.size, c.about)
		if n := float64(c.all); float64(c.refs) < least*n || float64(c.size) < least*n || float64(c.about) < 0.999*n {
			t.Errorf("%s: %+v", kind, *c)
		}
		if float64(c.covered) < 0.999*float64(c.all) {
			t.Errorf("%s: references of %d of %d objects are missing", kind, c.all-c.covered, c.all)
		}
	}
}

// about is what is said of an object besides references and size.
func about(l line) string {
	num := func(p *int64) string {
		if p == nil {
			return "-"
		}
		return fmt.Sprint(*p)
	}
	return strings.Join([]string{
		l.Name, l.RealName, l.Value, l.Struct, l.Encoding, l.Superclass, l.File, l.Method, num(l.Size), num(l.Length), num(l.Bytesize), num(l.Capacity), fmt.Sprint(l.Line, l.Ivars,
			l.Embedded, l.Shared, l.Fstring, l.Frozen, l.Singleton, l.Flags["old"], l.Flags["wb_protected"]), l.Imemo, l.Default,
	}, "|")
}

// missing counts what Ruby holds and the dump does not. Caches of calls are filled while
// Ruby dumps, and the thread that dumps has another stack then.
func missing(o, their line, ours, theirs map[string]line) (n int) {
	for _, ref := range their.References {
		_, found := slices.BinarySearch(o.References, ref)
		if _, known := ours[ref]; found || !known || ref == their.Address {
			continue
		}
		switch kind := theirs[ref].Imemo; {
		case kind == "callcache" || kind == "callinfo" || kind == "constcache":
		case o.Struct == "random/MT": // a variable of Ruby's in 2.7, which is a root
		case o.Struct == "VM/thread" || o.Struct == "fiber" || o.Struct == "ractor":
		default:
			n++
		}
	}
	return n
}

// reached: nothing that Ruby holds looks like garbage. After three full collections with
// nothing made since, all that is there is held.
func reached(t *testing.T, ours, theirs map[string]line, roots []string) (held, garbage int) {
	t.Helper()
	seen := map[string]bool{}
	todo := roots
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if l, ok := ours[at]; ok && !seen[at] {
			seen[at] = true
			todo = append(append(todo, l.References...), l.Class)
		}
	}
	lost := map[string]int{}
	all := 0
	for at, l := range ours {
		if their, ok := theirs[at]; !ok || !their.Flags["marked"] {
			continue
		}
		all++
		if !seen[at] {
			if lost[l.Type+l.Imemo+l.Struct]++; lost[l.Type+l.Imemo+l.Struct] <= 2 {
				t.Logf("not reached: %+v", l)
				for who, o := range theirs {
					if slices.Contains(o.References, at) {
						t.Logf("   held by %s %s%s %s, reached %v", who, o.Type, o.Imemo, o.Struct, seen[who])
					}
				}
			}
		}
	}
	t.Logf("of %d objects %v are not reached", all, lost)
	for at, l := range ours {
		if ours[l.Class].Name == "Garbage" {
			if garbage++; seen[at] {
				held++
			}
		}
	}
	t.Logf("of %d objects that nothing holds %d are reached", garbage, held)
	if garbage < 3900 {
		t.Errorf("%d pieces of garbage", garbage)
	}
	sum := 0
	for _, n := range lost {
		sum += n
	}
	if sum*1000 > all {
		t.Errorf("%d of %d", sum, all)
	}
	return held, garbage
}
