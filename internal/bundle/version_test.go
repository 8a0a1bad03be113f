package bundle

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func version(t testing.TB, s string) Version {
	t.Helper()
	v, err := ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func requirement(t testing.TB, s string) Requirement {
	t.Helper()
	r, err := ParseRequirement(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCompare(t *testing.T) {
	// Each version is older than the next one.
	ladder := []string{
		"0.a", "0", "0.0.1", "0.9", "0.10", "1.A", "1.a", "1.a1.b", "1.a.1", "1.a2", "1.a10", "1.alpha", "1.b", "1.pre.1", "1-2",
		"1.rc", "1", "1.0.1", "1.2.b1", "1.2-3", "1.2", "1.10", "2",
		"18446744073709551615", "18446744073709551616", "100000000000000000000",
	}
	for i := range ladder {
		for j := range ladder {
			want := max(-1, min(1, i-j))
			if got := version(t, ladder[i]).Compare(version(t, ladder[j])); got != want {
				t.Errorf("%s <=> %s is %d, want %d", ladder[i], ladder[j], got, want)
			}
		}
	}
	for _, same := range [][]string{
		{"1", "1.0", "1.0.0", "01", " 1.00\n"}, {"", "0", "0.0"}, {"1.a", "1.0.a", "1.a.0", "1.0.0.a.0.0"}, {"1-2", "1.pre.2", "1.0.pre2"},
	} {
		for _, a := range same {
			if version(t, a).Compare(version(t, same[0])) != 0 {
				t.Errorf("%q and %q are not equal", a, same[0])
			}
		}
	}
}

func TestParseVersionRefuses(t *testing.T) {
	for _, s := range []string{
		".", "-", "a", "v1", "1.", ".1", "1..2", "1.-2", "1-", "1-.2", "1_2", "1 2", "1.2+3", "1.é", "１", "1.2\n3", "1,2", "~> 1", "1\x00",
		"1\u00a0", "1.\xff",
	} {
		if v, err := ParseVersion(s); err == nil || !v.IsZero() {
			t.Errorf("%q: %q, error %v", s, v, err)
		}
	}
}

// TestZero holds that what nobody parsed is neither new nor allowed.
func TestZero(t *testing.T) {
	var none Version
	v := version(t, "0.a")
	if !none.IsZero() || v.IsZero() || none.Compare(v) != -1 || v.Compare(none) != 1 || none.Compare(none) != 0 {
		t.Error("the zero Version does not stand before all others")
	}
	if none.Prerelease() || none.String() != "" || !none.Bump().IsZero() || !none.Release().IsZero() || none.Segments() != nil {
		t.Error("the zero Version became another one")
	}
	var any Requirement
	if any.Allows(none) || any.Allows(v) || !any.Allows(version(t, "0")) || !any.Any() {
		t.Error("the zero Requirement is not >= 0")
	}
}

// TestWhereLibrariesDiffer holds the answers of RubyGems that other Go modules
// do not give: see the comment of the package.
func TestWhereLibrariesDiffer(t *testing.T) {
	r := requirement(t, "~> 1.2")
	for range 3 {
		if !r.Allows(version(t, "1.3")) || r.Allows(version(t, "2.0")) {
			t.Error("~> 1.2 changes its mind")
		}
	}
	for _, c := range []struct {
		requirement, version string
		want                 bool
	}{
		{">= 18446744073709551616.1", "2.0", false},
		{"~> 18446744073709551616", "0.0.0", false},
		{"~> 18446744073709551616", "18446744073709551616.5", true},
		{">= 1.0.dev", "1.0.dev", true},
		{"> 1.RC", "1.RC", false},
		{"!= 0", "0", false},
		{"!= 1, ~> 999.0", "999.0", true},
		{"~> 1.dev.0", "1.dev.0.1", true},
		{"= 1.2, != 1.2", "1.2", false},
		{"= 0.z.1", "0.z.1.0", true},
	} {
		if got := requirement(t, c.requirement).Allows(version(t, c.version)); got != c.want {
			t.Errorf("%q allows %s: %v, want %v", c.requirement, c.version, got, c.want)
		}
	}
	if version(t, "1.0.a").Compare(version(t, "1.0.A")) != 1 {
		t.Error("1.0.a and 1.0.A are not told apart")
	}
	for _, s := range []string{"== 1", "< 2 < 3", "1 || 2", "~> 1.2\n3"} {
		if _, err := ParseRequirement(s); err == nil {
			t.Errorf("%q passes", s)
		}
	}
}

func TestAllows(t *testing.T) {
	for _, c := range []struct{ requirement, allowed, refused string }{
		{"", "0 1 1.rc1", "0.a"},
		{">= 0.a", "0.a 0 1", "0.A"},
		{"1.2", "1.2 1.2.0", "1.2.1 1.2.a"},
		{"= 1.2, ", "", ""},
		{"!= 1.2", "1.2.1 1.2.a", "1.2.0"},
		{"< 2", "1 2.rc1 2.0.0.pre", "2 2.0.1"},
		{"~> 1.2", "1.2 1.3 1.99", "1.1 2 2.0.rc1 1.2.rc1"},
		{"~> 1.2.3", "1.2.3 1.2.10", "1.3 1.2.2"},
		{"~> 1", "1 1.9", "2 0.9 2.a"},
		{"~> 1.2.rc1", "1.2.rc1 1.2 1.9", "2 1.2.b1"},
		{"~> 9.9", "9.9 9.10", "10"},
		{"~> 1.2, != 1.2.5", "1.2.4 1.3", "1.2.5 1.2.5.0 2"},
		{">= 1.6,<2", "1.6 1.12", "2 1.5.9"},
	} {
		r, err := ParseRequirement(c.requirement)
		if (err == nil) != (c.allowed != "") {
			t.Errorf("%q: %v", c.requirement, err)
			continue
		}
		for s := range strings.FieldsSeq(c.allowed) {
			if !r.Allows(version(t, s)) {
				t.Errorf("%q does not allow %s", c.requirement, s)
			}
		}
		for s := range strings.FieldsSeq(c.refused) {
			if r.Allows(version(t, s)) {
				t.Errorf("%q allows %s", c.requirement, s)
			}
		}
	}
	for s, want := range map[string]bool{"": true, ">= 0": true, ">= 0.0": true, ">= 0.a": false, "> 0": false, ">= 0, >= 0": false, "~> 0": false} {
		if got := requirement(t, s).Any(); got != want {
			t.Errorf("%q: Any %v", s, got)
		}
	}
}

// TestOrderIsOne holds on samples that Compare is an order: the same both ways
// round, and without circles.
func TestOrderIsOne(t *testing.T) {
	g := grammar{rand.New(rand.NewPCG(5, 5))}
	var list []Version
	for len(list) < 150 {
		s := g.version()
		for _, s := range []string{s, g.near(s)} {
			if v, err := ParseVersion(s); err == nil {
				list = append(list, v)
			}
		}
	}
	for _, a := range list {
		for _, b := range list {
			ab := a.Compare(b)
			if ab != -b.Compare(a) {
				t.Fatalf("%s and %s: %d and %d", a, b, ab, b.Compare(a))
			}
			for _, c := range list {
				if bc := b.Compare(c); ab <= 0 && bc <= 0 && a.Compare(c) != min(ab, bc) {
					t.Fatalf("%s <= %s <= %s: %d, %d, %d", a, b, c, ab, bc, a.Compare(c))
				}
			}
		}
	}
}

// FuzzVersion holds what is true of any text: a version stands between its
// release and its bump, is equal to itself written again, and satisfies what it
// has to.
func FuzzVersion(f *testing.F) {
	for _, s := range []string{"1.2.3", "1.0.0.rc1", "1-2", "01.a9b.0", "99999999999999999999.9", " 1 ", "", "1..2", "9.9", "1\x00"} {
		f.Add(s, "2.0")
	}
	f.Add("1.a", "~> 1.2, != 3")
	f.Fuzz(func(t *testing.T, a, b string) {
		v, err := ParseVersion(a)
		if r, err := ParseRequirement(b); err == nil {
			r.Allows(v)
		}
		if err != nil {
			return
		}
		again := version(t, strings.Join(v.Segments(), "."))
		if again.Compare(v) != 0 || again.Prerelease() != v.Prerelease() || !slices.Equal(again.Segments(), v.Segments()) {
			t.Fatalf("%q written again is %q", a, again)
		}
		if v.Prerelease() && v.Compare(v.Release()) >= 0 || !v.Prerelease() && v.Compare(v.Release()) != 0 || v.Compare(v.Bump()) >= 0 {
			t.Fatalf("%q, its release %s, its bump %s", a, v.Release(), v.Bump())
		}
		for op, want := range map[string]bool{"=": true, "!=": false, "<": false, ">": false, "<=": true, ">=": true, "~>": true, "": true} {
			if requirement(t, op+v.String()).Allows(v) != want {
				t.Fatalf("%s %s does not hold for itself", op, v)
			}
		}
		w, err := ParseVersion(b)
		if err != nil {
			return
		}
		order := v.Compare(w)
		if order != -w.Compare(v) || requirement(t, "< "+w.String()).Allows(v) != (order < 0) ||
			requirement(t, "!= "+w.String()).Allows(v) != (order != 0) {
			t.Fatalf("%q and %q: %d", a, b, order)
		}
	})
}
