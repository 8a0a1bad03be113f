package gemcheck

import "testing"

func TestCalls(t *testing.T) {
	for line, want := range map[string]bool{
		"x.leak": true, "x&.leak": true, "x.leak(1)": true, "leak": true, "leak(1)": true, "  leak x": true, "y = leak": true,
		"return leak if x": true, "send(:leak)": true, "list.map(&:leak)": true, "delegate :leak, to: :x": true, "<%= x.leak %>": true,
		"<%= leak %>": true, "if leak": true, "leak { 1 }": true, "leak do |x|": true, "a; leak": true, "x.\n": false,
		"def leak": false, "def self.leak": false, "def x.leak(a)": false, "leak = 1": false, "leak: 1": false, "{ :leak => 1 }": false,
		"x.leaky": false, "x.no_leak": false, "@leak": false, "x.leak?": false, "x.leak!": false, "|leak|": false, "Foo::leaks": false,
		"leak == 1": false, "alias leak other": false, "x.leak != 1": true, "x..leak": false,
	} {
		if got := callsOn(line, line, "leak"); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
	for line, want := range map[string]bool{"x.valid?": true, "x.valid": false, "valid? ? 1 : 2": false, "if valid?": true} {
		if got := callsOn(line, line, "valid?"); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
	if !callsOn(`x.public_send("    ")`, `x.public_send("leak")`, "leak") {
		t.Error("sent by text")
	}
}

func TestMentions(t *testing.T) {
	for line, want := range map[string]bool{
		"use GraphQL::Execution::Interpreter": true, "::GraphQL::Execution::Interpreter::X": true, "GraphQL::Execution::Interpreters": false,
		"MyGraphQL::Execution::Interpreter": false, "My::GraphQL::Execution::Interpreter": false, "GraphQL::Execution": false,
	} {
		if got := mentions(line, "GraphQL::Execution::Interpreter"); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// TestTruth: Kleene's tables.
func TestTruth(t *testing.T) {
	values := []tri{no, unknown, yes}
	for _, a := range values {
		for _, b := range values {
			if got := every([]truth{{is: a}, {is: b}}).is; got != min(a, b) {
				t.Errorf("%d and %d is %d", a, b, got)
			}
			if got := some([]truth{{is: a}, {is: b}}).is; got != max(a, b) {
				t.Errorf("%d or %d is %d", a, b, got)
			}
		}
		if got := (truth{is: a}).not().is; got != -a {
			t.Errorf("not %d is %d", a, got)
		}
	}
}

func TestGlob(t *testing.T) {
	for pattern, names := range map[string]map[string]bool{
		"app/**/*.rb":             {"app/a.rb": true, "app/x/y/a.rb": true, "lib/a.rb": false, "app/a.erb": false},
		"config/*.rb":             {"config/puma.rb": true, "config/a/b.rb": false},
		"{app,lib}/**":            {"app/a": true, "lib/b/c": true, "bin/a": false},
		"app/controllers/**/*.rb": {"app/controllers/a.rb": true},
	} {
		re, err := glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range names {
			if got := re.MatchString(name); got != want {
				t.Errorf("%s on %s: %v", pattern, name, got)
			}
		}
	}
}
