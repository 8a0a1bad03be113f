package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// compile makes an object file with debugging information.
func compile(t *testing.T, source string, flags ...string) string {
	t.Helper()
	cc, err := exec.LookPath("gcc")
	if err != nil {
		t.Fatalf("%v; hint: make setup", err)
	}
	object := filepath.Join(t.TempDir(), "o.o")
	args := append(flags, "-c", "-o", object, source)
	if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return object
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "s.c")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

var shapes = layout{
	Size: 128,
	Fields: map[string]int64{
		"flags": 0, "in": 8, "in.tag": 8, "in.value": 16, "pairs": 24, "pairs[].x": 24, "pairs[].y": 28,
		"as": 48, "as.heap": 48, "as.heap.len": 48, "as.heap.ptr": 56, "as.ary": 48,
		"bits": 64, "bits.mode": 64, "bits.on": 64, "bits.wide": 68, "bits.small": 72,
		"nameless": 76, "other": 76, "lock": 80, "lock.open": 84, "matrix": 88, "next": 120, "rest": 128,
	},
	Bits:   map[string][2]int64{"bits.mode": {0, 2}, "bits.on": {2, 1}, "bits.wide": {0, 31}, "bits.small": {0, 3}},
	Arrays: map[string][2]int64{"pairs": {3, 8}, "as.ary": {2, 8}, "matrix": {2, 16}, "matrix[]": {4, 4}},
}

func TestLayoutOfCompiledStructs(t *testing.T) {
	for _, dwarf := range []string{"-gdwarf-4", "-gdwarf-5"} {
		arch, got, err := structs(compile(t, "testdata/shapes.c", dwarf), []string{"outer", "pair_t", "declared", "ruby_kind"})
		if err != nil {
			t.Fatal(err)
		}
		if arch != "amd64" && arch != "arm64" {
			t.Errorf("%s: arch %q", dwarf, arch)
		}
		if !reflect.DeepEqual(got["outer"], shapes) {
			t.Errorf("%s: outer is\n%v, want\n%v", dwarf, got["outer"], shapes)
		}
		if got["pair_t"].Fields["y"] != 4 || len(got) != 2 {
			t.Errorf("%s: found %v", dwarf, got)
		}
	}
}

func TestTableIsJSON(t *testing.T) {
	object := compile(t, write(t, "struct RBasic { long flags, klass; } basic;"), "-g")
	var out bytes.Buffer
	if err := run([]string{"-source", "3.1.2", object, object}, &out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Ruby, Arch, Source string
		Structs            map[string]layout
		Missing            []string
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Ruby != "3.1" || got.Source != "3.1.2" || got.Structs["RBasic"].Fields["klass"] != 8 {
		t.Errorf("table is %+v", got)
	}
	if len(got.Missing) != len(wanted)-1 {
		t.Errorf("%d missing of %d wanted", len(got.Missing), len(wanted))
	}
	saved := filepath.Join(t.TempDir(), "t.json")
	if err := run([]string{"-source", "3.1.2", "-write", saved, object}, nil); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(saved); err != nil || !bytes.Equal(b, out.Bytes()) {
		t.Errorf("the file differs from what is printed: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	a := compile(t, write(t, "struct RBasic { long flags, klass; } basic;"), "-g")
	b := compile(t, write(t, "struct RBasic { long flags, more, klass; } basic;"), "-g")
	for _, c := range []struct{ want, args string }{
		{"no object files", "-source 3.1.2"},
		{"no version", "-source 3.1 " + a},
		{"struct RBasic lies differently", "-source 3.1.2 " + a + " " + b},
		{"bad magic", "-source 3.1.2 testdata/shapes.c"},
	} {
		err := run(strings.Fields(c.args), &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.args, err, c.want)
		}
	}
}
