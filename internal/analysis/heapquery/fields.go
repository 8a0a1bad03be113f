package heapquery

import (
	"fmt"
	"slices"
	"strconv"

	"culprit/internal/analysis/holding"
	"culprit/internal/heap"
)

const (
	numberField = iota
	textField
	flagField
	// lineField stands in the dump's line only: text, number or flag.
	lineField
)

// field is what can be asked of an object.
type field struct {
	name string
	kind int
	num  func(*holding.View, uint32) float64
	// Texts hang on a smaller thing that objects share, so that each is compared once:
	// key numbers it, keys is how many there are, text names it.
	key  func(*holding.View, uint32) int
	keys func(*holding.View) int
	text func(*holding.View, int) string
	// own is the text of the object itself.
	own func(*holding.View, uint32) string
}

func (f *field) wants() string {
	switch {
	case f.kind == flagField:
		return "true or false"
	case f.name == "address":
		return "an address, 0x..."
	case f.name == "generation":
		return "a number, or none for what was not traced"
	}
	return "a number, with KB, MB or GB (1,024 bytes, ...) perhaps"
}

func site(text func(*holding.View, int) string) (func(*holding.View, uint32) int, func(*holding.View) int, func(*holding.View, int) string) {
	return (*holding.View).SiteKey, (*holding.View).SiteKeys, text
}

func onSite(name string, text func(*holding.View, int) string) field {
	f := field{name: name, kind: textField}
	f.key, f.keys, f.text = site(text)
	return f
}

func flag(name string, bit uint8) field {
	return field{name: name, kind: flagField, num: func(v *holding.View, i uint32) float64 { return truth(v.Flags(i)&bit != 0) }}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func fields() []field {
	list := []field{
		{name: "memsize", num: func(v *holding.View, i uint32) float64 { return float64(v.Size(i)) }},
		{name: "retained", num: func(v *holding.View, i uint32) float64 { return float64(v.Retained(i)) }},
		{name: "generation", num: func(v *holding.View, i uint32) float64 { return float64(v.Generation(i)) }},
		{name: "references", num: func(v *holding.View, i uint32) float64 { return float64(v.ReferenceCount(i)) }},
		{name: "line", num: func(v *holding.View, i uint32) float64 { return float64(v.Site(v.SiteKey(i)).Line) }},
		{name: "address", num: func(v *holding.View, i uint32) float64 { return float64(v.Address(i)) }},
		{name: "reachable", kind: flagField, num: func(v *holding.View, i uint32) float64 { return truth(v.Reachable(i)) }},
		{name: "type", kind: textField, own: (*holding.View).Type},
		{name: "name", kind: textField, own: (*holding.View).Name},
		onSite("file", func(v *holding.View, k int) string { return v.Site(k).File }),
		onSite("location", (*holding.View).Place),
		onSite("gem", (*holding.View).Gem),
		onSite("method", func(v *holding.View, k int) string { return v.Site(k).Method }),
		flag("old", heap.Old), flag("embedded", heap.Embedded), flag("frozen", heap.Frozen), flag("fstring", heap.Fstring),
		flag("shared", heap.Shared), flag("wb_protected", heap.WBProtected), flag("broken", heap.Broken), flag("marked", heap.Marked),
	}
	class := field{name: "class", kind: textField, key: (*holding.View).ClassKey, keys: (*holding.View).ClassKeys, own: (*holding.View).Class}
	list = append([]field{class}, list...)
	for _, name := range []string{"value", "bytesize", "capacity", "length", "size", "encoding", "coderange", "struct", "imemo_type", "ivars", "shape_id", "slot_size", "default", "fd", "singleton", "superclass", "real_class_name"} {
		list = append(list, field{name: name, kind: lineField})
	}
	return list
}

// aliases are other names of fields.
func alias(name string) string {
	switch name {
	case "gen":
		return "generation"
	case "place", "site":
		return "location"
	case "bytes":
		return "memsize"
	case "refs":
		return "references"
	}
	return name
}

func fieldNamed(name string) *field {
	name = alias(name)
	list := fields()
	i := slices.IndexFunc(list, func(f field) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// Fields are the names of all fields.
func Fields() []string {
	var list []string
	for _, f := range fields() {
		list = append(list, f.name)
	}
	return list
}

// Value gives a field of an object for a table.
func Value(v *holding.View, i uint32, name string) (string, error) {
	f := fieldNamed(name)
	switch {
	case f == nil || f.kind == lineField:
		return "", fmt.Errorf("no field %q to group or sort by", name)
	case f.own != nil:
		return f.own(v, i), nil
	case f.text != nil:
		return f.text(v, f.key(v, i)), nil
	}
	return strconv.FormatFloat(f.num(v, i), 'f', -1, 64), nil
}
