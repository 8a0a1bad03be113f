package cli_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/lab/started"
)

// threads is a Ruby whose threads each allocate for themselves, and which then
// tells what glibc says of its own arenas: malloc_info(3).
const threads = `
require "fiddle"
n, kb = Integer(ARGV[0]), Integer(ARGV[1])
keep = Array.new(n)
go = Queue.new
list = n.times.map { |i| Thread.new { keep[i] = Array.new(kb / 4) { "x" * 4000 }; go << i; sleep } }
n.times { go.pop }
libc = Fiddle.dlopen(nil)
file = "#{ARGV[2]}"
fopen = Fiddle::Function.new(libc["fopen"], [Fiddle::TYPE_VOIDP, Fiddle::TYPE_VOIDP], Fiddle::TYPE_VOIDP)
info = Fiddle::Function.new(libc["malloc_info"], [Fiddle::TYPE_INT, Fiddle::TYPE_VOIDP], Fiddle::TYPE_INT)
fclose = Fiddle::Function.new(libc["fclose"], [Fiddle::TYPE_VOIDP], Fiddle::TYPE_INT)
f = fopen.call(file, "w"); info.call(0, f); fclose.call(f)
puts "ready"; $stdout.flush
$stdin.gets
`

// start runs a Ruby until the test ends it, and returns when it has spoken.
func start(t *testing.T, env []string, args ...string) (pid int) {
	t.Helper()
	p := started.Ruby(t, env, args...)
	if strings.TrimSpace(p.First) != "ready" {
		t.Fatalf("ruby said %q", p.First)
	}
	return p.PID
}

func doctor(t *testing.T, args ...string) culprit.Doctor {
	t.Helper()
	text, _ := run(t, append([]string{"doctor", "--json"}, args...)...)
	var d culprit.Doctor
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func fact(d culprit.Doctor, name string) culprit.DoctorFact {
	for _, f := range d.Facts {
		if f.Name == name {
			return f
		}
	}
	return culprit.DoctorFact{}
}

// TestArenas counts heaps of threads against glibc's own account, with and without
// a limit of arenas.
func TestArenas(t *testing.T) {
	subheaps := regexp.MustCompile(`<aspace type="subheaps" size="(\d+)"/>`)
	for name, c := range map[string]struct {
		env         []string
		threads, kb string
		finding     string
	}{
		"no limit":       {nil, "10", "40000", "likely"},
		"a limit of two": {[]string{"MALLOC_ARENA_MAX=2"}, "10", "40000", "not_it"},
		"by tunables":    {[]string{"GLIBC_TUNABLES=glibc.malloc.arena_max=2"}, "10", "40000", "not_it"},
		"little in each": {nil, "10", "100", "not_it"},
		"a limit of one": {[]string{"MALLOC_ARENA_MAX=1"}, "10", "40000", ""},
		"one thread":     {nil, "1", "400000", "not_it"}, // many heaps, of one arena
	} {
		t.Run(name, func(t *testing.T) {
			file := t.TempDir() + "/info.xml"
			pid := start(t, c.env, "-e", threads, c.threads, c.kb, file)
			info, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			for _, m := range subheaps.FindAllStringSubmatch(string(info), -1) {
				n, err := strconv.Atoi(m[1])
				if err != nil {
					t.Fatal(err)
				}
				want += n
			}
			d := doctor(t, strconv.Itoa(pid))
			if got := fact(d, "arena_heaps").Value; got != strconv.Itoa(want) {
				t.Errorf("%s heaps counted, glibc has %d", got, want)
			}
			// The main arena is one of them; which heaps belong together is estimated.
			arenas, err := strconv.Atoi(fact(d, "arenas").Value)
			if real := strings.Count(string(info), "<heap nr=") - 1; err != nil || arenas < real-1 || arenas > real+1 {
				t.Errorf("%d arenas estimated (%v), glibc has %d", arenas, err, real)
			}
			addsUp(t, d)
			finding := ""
			for _, g := range d.Diagnoses {
				if g.ID == "arenas" {
					finding = g.Finding
				}
			}
			if finding != c.finding {
				t.Errorf("found %q, want %q", finding, c.finding)
			}
			if f := fact(d, "allocator"); f.Value != "glibc" {
				t.Errorf("allocator %q", f.Value)
			}
			if f := fact(d, "ruby"); !strings.HasPrefix(f.Value, "3.") {
				t.Errorf("ruby %q", f.Value)
			}
		})
	}
}

// addsUp holds the parts of the memory against all of it.
func addsUp(t *testing.T, d culprit.Doctor) {
	t.Helper()
	sum := culprit.Bytes(0)
	for _, name := range []string{"main_heap_bytes", "arena_bytes", "stacks_bytes", "run_time_code_bytes", "files_bytes", "shared_memory_bytes", "other_anonymous_bytes"} {
		sum += fact(d, name).Bytes
	}
	if rss := fact(d, "rss_bytes").Bytes; sum != rss || rss == 0 {
		t.Errorf("parts add up to %d of %d", sum, rss)
	}
}

// TestPages: what can be Ruby's pages by their alignment is never less than what
// Ruby has, and near it where nothing else is mapped.
func TestPages(t *testing.T) {
	file := t.TempDir() + "/pages"
	pid := start(t, nil, "-e", `keep = Array.new(600_000) { Object.new }; GC.start
		size = GC::INTERNAL_CONSTANTS[:HEAP_PAGE_SIZE] || GC::INTERNAL_CONSTANTS[:HEAP_PAGE_OBJ_LIMIT] * 40 + 64
		File.write(ARGV[0], GC.stat(:heap_allocated_pages) * (size > 32_000 ? 65536 : 16384)); puts "ready"; $stdout.flush; $stdin.gets; p keep.size`, file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	has, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	f := fact(doctor(t, strconv.Itoa(pid)), "ruby_pages_at_most_bytes")
	if f.Quality != "estimated" || float64(f.Bytes) < 0.95*float64(has) || float64(f.Bytes) > 1.6*float64(has) {
		t.Errorf("%d bytes of pages at most (%s), Ruby has %d", f.Bytes, f.Quality, has)
	}
}

// TestCluster: workers that share pages with their master are not added up twice.
func TestCluster(t *testing.T) {
	const cluster = `
keep = "x" * 60_000_000
$0 = "puma 5.6.5 (tcp://127.0.0.1:0) [shop]"
up = IO.pipe
stop = IO.pipe
# As in a container seen from outside: the title names a pid of its own namespace.
kids = 3.times.map { |i| fork { $0 = "puma: cluster worker #{i}: 1 [shop]"; up[1].syswrite("u"); stop[1].close; stop[0].read } }
up[0].read(3)
puts "ready"; $stdout.flush
$stdin.gets
stop[1].close
kids.each { |k| Process.wait(k) }
`
	pid := start(t, nil, "-e", cluster)
	d := doctor(t, "--memory", "8GB", strconv.Itoa(pid))
	for _, g := range d.Diagnoses {
		if g.Finding == "it" || g.Finding == "likely" {
			t.Errorf("sharing is accused: %+v", g)
		}
	}
	if d.Capacity == nil || d.Capacity.Workers != 3 || d.Capacity.LimitOf != "--memory" || d.Capacity.Fit < 50 {
		t.Errorf("capacity %+v", d.Capacity)
	}
	if rss, pss := fact(d, "cluster_rss_bytes").Bytes, fact(d, "cluster_pss_bytes").Bytes; pss <= 60e6 || rss < 2*pss {
		t.Errorf("RSS of all %d, PSS %d", rss, pss)
	}
	if !strings.Contains(d.Name, "puma 5.6.5") || !strings.Contains(strings.Join(d.Warnings, " "), "this is the master") {
		t.Errorf("name %q, warnings %q", d.Name, d.Warnings)
	}
	// With less memory than RSS adds up to, alarms on RSS are wrong.
	d = doctor(t, "--memory", "250MB", strconv.Itoa(pid))
	if len(d.Diagnoses) == 0 || d.Diagnoses[0].ID != "shared-twice" || d.Diagnoses[0].Finding != "it" {
		t.Errorf("diagnoses %+v", d.Diagnoses)
	}
}

// TestCalm: an ordinary Ruby has nothing to change.
func TestCalm(t *testing.T) {
	pid := start(t, nil, "-e", `puts "ready"; $stdout.flush; $stdin.gets`)
	for _, g := range doctor(t, strconv.Itoa(pid)).Diagnoses {
		if g.Finding == "it" || g.Finding == "likely" {
			t.Errorf("%s: %s", g.ID, g.What)
		}
	}
}
