package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
)

// table is what becomes of the object files of one Ruby for one machine.
type table struct {
	ruby, arch, source string
	structs            map[string]layout
	missing            []string
}

// layout is where a struct's fields lie, in bytes from its begin. Members of
// members go by dotted names, those of an array's first element by "name[].field".
type layout struct {
	Size   int64            `json:"size"`
	Fields map[string]int64 `json:"fields"`
	// Bits are the lowest bit of a bit field, counted from bit 0 of the unit at the
	// field's offset, and how many there are.
	Bits map[string][2]int64 `json:"bits,omitempty"`
	// Arrays are how many elements an array has and how large one is.
	Arrays map[string][2]int64 `json:"arrays,omitempty"`
}

var sourceVersion = regexp.MustCompile(`^(\d+\.\d+)\.\d+$`)

func newTable(source string) (*table, error) {
	m := sourceVersion.FindStringSubmatch(source)
	if m == nil {
		return nil, fmt.Errorf("-source %q is no version like 3.1.2", source)
	}
	return &table{ruby: m[1], source: source, structs: map[string]layout{}}, nil
}

// read adds the structs of an object file. Two files that tell the same struct
// differently are not of the same Ruby, or not of one configuration.
func (t *table) read(name string, wanted []string) error {
	arch, found, err := structs(name, wanted)
	if err != nil {
		return err
	}
	if t.arch != "" && t.arch != arch {
		return fmt.Errorf("is of %s, others are of %s", arch, t.arch)
	}
	t.arch = arch
	for name, l := range found {
		if old, ok := t.structs[name]; ok && !reflect.DeepEqual(old, l) {
			return fmt.Errorf("struct %s lies differently than in the files before", name)
		}
		t.structs[name] = l
	}
	return nil
}

// close names the structs that were in no file.
func (t *table) close(wanted []string) {
	for _, name := range wanted {
		if _, ok := t.structs[name]; !ok {
			t.missing = append(t.missing, name)
		}
	}
	slices.Sort(t.missing)
}

// print writes the table as JSON, one struct a line, always in the same order.
func (t *table) print(out io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"ruby\":%q,\"arch\":%q,\"source\":%q,\"structs\":{", t.ruby, t.arch, t.source)
	sep := "\n"
	for _, name := range slices.Sorted(maps.Keys(t.structs)) {
		line, err := json.Marshal(t.structs[name])
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s%q:%s", sep, name, line)
		sep = ",\n"
	}
	missing, err := json.Marshal(slices.Concat([]string{}, t.missing))
	if err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n},\"missing\":%s}\n", missing)
	_, err = out.Write(b.Bytes())
	return err
}

// save writes the table to a file.
func (t *table) save(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(t.print(f), f.Close())
}
