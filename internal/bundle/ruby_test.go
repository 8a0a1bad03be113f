package bundle

import "testing"

func TestParseRuby(t *testing.T) {
	for s, want := range map[string][2]string{
		"3.1.2p20":                  {"3.1.2", "ruby"},
		"3.1.2":                     {"3.1.2", "ruby"},
		"3.1":                       {"3.1", "ruby"},
		"ruby 2.7.8p225\n":          {"2.7.8", "ruby"},
		"ruby-3.3.0-preview1":       {"3.3.0.preview1", "ruby"},
		"3.3.0.rc1":                 {"3.3.0.rc1", "ruby"},
		"3.4.0dev":                  {"3.4.0.dev", "ruby"},
		"3.4.0.devp-1":              {"", ""},
		"3.2.0p-1":                  {"3.2.0", "ruby"},
		"2.5.7p206 (jruby 9.2.9.0)": {"2.5.7", "jruby"},
		"3.2.2 (truffleruby 23.1)":  {"3.2.2", "truffleruby"},
		"jruby-9.4":                 {"", ""},
		"three":                     {"", ""},
		"":                          {"", ""},
		">= 3.1":                    {"", ""},
	} {
		v, engine, err := ParseRuby(s)
		if v.String() != want[0] || engine != want[1] || (err == nil) != (want[0] != "") {
			t.Errorf("%q: %q of %q, %v; want %q", s, v, engine, err, want)
		}
	}
	v, _, err := ParseRuby("3.1.2p20")
	if err != nil || v.Compare(version(t, "3.1.2")) != 0 || v.Prerelease() {
		t.Errorf("3.1.2p20 is %s, a prerelease of 3.1.2", v)
	}
}
