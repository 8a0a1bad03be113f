package arch

import (
	"strings"
	"testing"
)

func TestParsePlan(t *testing.T) {
	p, err := parsePlan("# words\nNONE < words;\nwords < door, hall; door\n< hall < cli; cli !< door;")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		room, imports string
		want          bool
	}{
		{"door", "words", true},
		{"words", "door", false},
		{"hall", "door", true},
		{"door", "hall", false},
		{"cli", "words", true}, // through the hall
		{"door", "door", false},
		{"door", "nowhere", false},
	} {
		if got := p.allows(tt.room, tt.imports); got != tt.want {
			t.Errorf("%s imports %s: %t, want %t", tt.room, tt.imports, got, tt.want)
		}
	}
}

func TestParsePlanRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"NONE < a; a < b; a !< b;":       "breaks its own wall",
		"NONE < a; a < b; b < a;":        "cycle",
		"NONE < a; a < b; a < c; d < c;": "no earlier line",
		"NONE < a; a !< z;":              "no such room",
		"a, b;":                          "no <",
		"NONE < ;":                       "empty side",
	} {
		if _, err := parsePlan(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}
