package bundle

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// question is one line for testdata/oracle.rb.
type question [3]string

// answer is what RubyGems says to it.
type answer struct {
	Correct     [2]bool
	Requirement bool
	Prerelease  bool
	Segments    []string
	Release     string
	Bump        string
	Order       *int
	Allows      []*bool
}

// ask hands all questions to one Ruby and returns its answers.
func ask(t *testing.T, questions []question) []answer {
	t.Helper()
	var in, out, stderr bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, q := range questions {
		if err := enc.Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("ruby", "testdata/oracle.rb")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("ruby: %v\n%s", err, &stderr)
	}
	t.Logf("%s, %d questions", strings.TrimSpace(stderr.String()), len(questions))
	var answers []answer
	dec := json.NewDecoder(&out)
	for dec.More() {
		var a answer
		if err := dec.Decode(&a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

// grammar makes versions and requirements, common and nasty ones.
type grammar struct{ *rand.Rand }

func (g grammar) pick(words ...string) string { return words[g.IntN(len(words))] }

func (g grammar) number() string {
	switch g.IntN(12) {
	case 0:
		return g.pick("18446744073709551615", "18446744073709551616", "9223372036854775807", "9223372036854775808",
			"99999999999999999999999999999999", "100000000000000000000000000000000")
	case 1:
		return g.pick("00", "007", "010", "0000000000000000000000000000001")
	case 2:
		return g.pick("9", "99", "999", "20210101", "4294967296")
	}
	return g.pick("0", "0", "0", "1", "1", "2", "3", "10")
}

func (g grammar) word() string {
	return g.pick("a", "b", "A", "Z", "rc", "RC", "pre", "alpha", "beta", "rc1", "b2", "1a", "0a", "a0", "a10", "a9",
		"a1b2", "1a1", "0x1F", "dev", "z", "rd", "rcx")
}

// version is mostly well-formed; close makes it likely that two are alike.
func (g grammar) version() string {
	parts := []string{g.number()}
	for range g.IntN(5) {
		parts = append(parts, g.number())
	}
	if g.IntN(3) == 0 {
		at := 1 + g.IntN(len(parts))
		parts = slices.Insert(parts, at, g.word())
		if g.IntN(3) == 0 {
			parts = append(parts, g.word())
		}
	}
	for range g.IntN(5) / 3 {
		parts = append(parts, "0")
	}
	s := strings.Join(parts, ".")
	switch g.IntN(40) {
	case 0, 1, 2:
		s += "-" + g.pick("1", "rc1", "a-b", "-", "--1", "0", "pre", "1.0", "a.-", "x86_64-linux", "java", "0.0")
	case 3:
		s = g.pick(" ", "\t", "\n", "\v", "\f\r", "  ") + s
	case 4:
		s += g.pick(" ", "\t", "\n", "\r\n", " \n ", "\x00", "\u00a0", "\u0085")
	case 5:
		return g.pick("", " ", "\n", ".", "-", "a", "v1", "1.", ".1", "1..2", "1.-2", "1-", "1-.2", "1-2.", "1_2", "1 2",
			"1.2+3", "1.é", "１", "1.2\n3", "1.2 # no", "a1", "1,2", "1.\n2", "~> 1", "= 1", "x", "1-_")
	case 6:
		b := []byte(s)
		b[g.IntN(len(b))] = "._- aZ0~\n+"[g.IntN(10)]
		return string(b)
	}
	return s
}

// near is another way to write v, or a version that differs in one place.
func (g grammar) near(v string) string {
	switch g.IntN(7) {
	case 0:
		return v + ".0"
	case 1:
		return v + "." + g.word()
	case 2:
		return strings.TrimSuffix(v, ".0")
	case 3:
		return strings.Replace(v, ".", ".0", 1)
	case 4:
		return strings.Replace(v, "1", "2", 1)
	case 5:
		return strings.ToUpper(v)
	}
	return g.version()
}

func (g grammar) requirement(v, w string) string {
	var list []string
	for range 1 + g.IntN(3)*g.IntN(2) {
		op := g.pick("=", "!=", ">", "<", ">=", "<=", "~>", "~>", "~>", "")
		right := g.pick(v, w, g.near(v), g.version())
		if cut := strings.LastIndex(right, "."); cut > 0 && g.IntN(4) == 0 {
			right = right[:cut]
		}
		list = append(list, op+g.pick(" ", " ", " ", "", "  ", "\t")+right)
	}
	s := strings.Join(list, g.pick(", ", ",", " , "))
	switch g.IntN(40) {
	case 0:
		s += g.pick(",", ", ", ",,", ",, 1", " ")
	case 1:
		return g.pick("", ",", ",,", ">=", "~>", "=> 1", "== 1", "> =1", "~ > 1", "=", ">= 0", ">= 0.a", "!", "~> 1.a", "~> 0",
			"~> 1.a.2", "~> 1-2", "!= 1 2", "< 2 < 3", "1 || 2", "^1", ">1", ", 1", " ", "^", "<> 1", "=1", "><1")
	}
	return s
}

// questions makes n of them; the same seed makes the same ones.
func questions(n int, seed uint64) []question {
	g := grammar{rand.New(rand.NewPCG(seed, 3))}
	list := make([]question, n)
	for i := range list {
		v := g.version()
		w := g.near(v)
		list[i] = question{v, w, g.requirement(v, w)}
	}
	return list
}

// TestAgainstRubyGems holds versions and requirements against RubyGems itself.
func TestAgainstRubyGems(t *testing.T) {
	list := questions(20_000, 1)
	count := map[string]int{}
	for i, a := range ask(t, list) {
		q := list[i]
		v, errV := ParseVersion(q[0])
		w, errW := ParseVersion(q[1])
		r, errR := ParseRequirement(q[2])
		if got, want := [2]bool{errV == nil, errW == nil}, a.Correct; got != want {
			t.Errorf("%q: well-formed %v, RubyGems %v", q[:2], got, want)
			continue
		}
		if (errR == nil) != a.Requirement {
			t.Errorf("%q: error %v, RubyGems well-formed %v", q[2], errR, a.Requirement)
			continue
		}
		if errV == nil {
			sameVersion(t, v, a)
		} else {
			count["malformed version"]++
		}
		if a.Order != nil {
			if got := v.Compare(w); got != *a.Order {
				t.Errorf("%q <=> %q is %d, RubyGems %d", q[0], q[1], got, *a.Order)
			}
			count[[]string{"less", "equal", "greater"}[*a.Order+1]]++
		}
		if errR != nil {
			count["malformed requirement"]++
			continue
		}
		for k, x := range []Version{v, w} {
			if want := a.Allows[k]; want != nil {
				if got := r.Allows(x); got != *want {
					t.Errorf("%q allows %q is %v, RubyGems %v", q[2], x, got, *want)
				}
				count[map[bool]string{true: "allowed", false: "refused"}[*want]]++
			}
		}
	}
	t.Log(count)
	for _, kind := range []string{"less", "equal", "greater", "allowed", "refused", "malformed version", "malformed requirement"} {
		if count[kind] < 300 {
			t.Errorf("only %d cases of %q: the questions have become too tame", count[kind], kind)
		}
	}
}

// sameVersion compares what is known of one version.
func sameVersion(t *testing.T, v Version, a answer) {
	t.Helper()
	if v.Prerelease() != a.Prerelease {
		t.Errorf("%q: prerelease %v, RubyGems %v", v, v.Prerelease(), a.Prerelease)
	}
	if got := v.Segments(); !slices.Equal(got, a.Segments) {
		t.Errorf("%q: segments %q, RubyGems %q", v, got, a.Segments)
	}
	for _, pair := range [][2]string{{v.Release().String(), a.Release}, {v.Bump().String(), a.Bump}} {
		want, err := ParseVersion(pair[1])
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseVersion(pair[0])
		if err != nil || !slices.Equal(got.Segments(), want.Segments()) {
			t.Errorf("%q: release or bump %q (%v), RubyGems %q", v, pair[0], err, pair[1])
		}
	}
}
