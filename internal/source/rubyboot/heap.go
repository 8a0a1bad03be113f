package rubyboot

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"culprit"
)

// dumped is what a heap dump came to.
type dumped struct {
	objects []culprit.BootObjects
	bad     int // lines that were not understood
	err     error
}

// object is a line of ObjectSpace.dump_all, as much of it as is used:
// https://github.com/ruby/ruby, ext/objspace/objspace_dump.c.
type object struct {
	Address    string `json:"address"`
	Type       string `json:"type"`
	Class      string `json:"class"`
	Name       string `json:"name"`
	Superclass string `json:"superclass"`
	ImemoType  string `json:"imemo_type"`
	File       string `json:"file"`
	Line       int    `json:"line"`
	Generation *int   `json:"generation"` // there when it was made while notes were taken
	Memsize    int64  `json:"memsize"`
}

// kind is what is summed apart.
type kind struct {
	file, class string // class is an address, or a name where there is none
	line        int
}

type sum struct{ bytes, objects int64 }

// class is what is known of a class.
type class struct{ name, superclass string }

// tally adds the objects of a dump up by line and class, as they come. Values of
// strings pass by unread.
func tally(r io.Reader) dumped {
	var d dumped
	sums, classes, files := map[kind]sum{}, map[string]class{}, map[string]string{}
	in := bufio.NewReaderSize(r, 256<<10)
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 && !bytes.HasPrefix(line, []byte(`{"type":"ROOT"`)) {
			var o object
			if json.Unmarshal(line, &o) != nil {
				d.bad++
			} else {
				count(o, sums, classes, files)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			d.err = fmt.Errorf("reading the heap: %w", err)
			break
		}
	}
	d.objects = named(sums, classes)
	return d
}

func count(o object, sums map[kind]sum, classes map[string]class, files map[string]string) {
	if o.Type == "CLASS" || o.Type == "MODULE" {
		classes[o.Address] = class{o.Name, o.Superclass}
	}
	if o.Generation == nil || ours(o.File) {
		return
	}
	file, ok := files[o.File]
	if !ok {
		file = strings.Clone(o.File)
		files[file] = file
	}
	k := kind{file: file, line: o.Line, class: o.Class}
	switch {
	case o.Type == "IMEMO" && o.ImemoType == "iseq":
		k.class = "(compiled code)"
	case o.Type == "CLASS" || o.Type == "ICLASS":
		k.class = "Class"
	case o.Type == "MODULE":
		k.class = "Module"
	case o.Type == "IMEMO" || o.Class == "":
		k.class = "(internal)"
	}
	s := sums[k]
	s.bytes += o.Memsize
	s.objects++
	sums[k] = s
}

// ours tells the prelude's own objects.
func ours(file string) bool {
	return file == "<internal:culprit>" || strings.Contains(file, "/culprit-boot-")
}

// named puts names for addresses of classes, and orders by place.
func named(sums map[kind]sum, classes map[string]class) []culprit.BootObjects {
	merged := map[kind]sum{}
	for k, s := range sums {
		if strings.HasPrefix(k.class, "0x") {
			k.class = nameOf(k.class, classes)
		}
		m := merged[k]
		merged[k] = sum{m.bytes + s.bytes, m.objects + s.objects}
	}
	list := make([]culprit.BootObjects, 0, len(merged))
	for k, s := range merged {
		o := culprit.BootObjects{File: k.file, Line: k.line, Class: k.class, Bytes: culprit.Bytes(s.bytes), Objects: s.objects}
		if k.file == numbered {
			o.File, o.Line, o.Node = "", 0, k.line
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b culprit.BootObjects) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		if a.Node != b.Node {
			return a.Node - b.Node
		}
		return strings.Compare(a.Class, b.Class)
	})
	return list
}

// numbered is the file name under which the hooks let Ruby load a file; the line
// is the number of the node.
const numbered = "<culprit>"

// nameOf finds the first ancestor with a name: an object's singleton class has
// none.
func nameOf(address string, classes map[string]class) string {
	for range 100 { // a chain that bites its tail
		c, ok := classes[address]
		if !ok {
			return "(unknown class)"
		}
		if c.name != "" {
			return c.name
		}
		address = c.superclass
	}
	return "(unknown class)"
}
