package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/analysis/holding"
	"culprit/internal/present/heap"
)

// valueShown is how much of a text is shown where values are asked for.
const valueShown = 60

// object tells of one object, with the text of a string where values are asked for.
func (l *loaded) object(i uint32, values bool) heap.Object {
	if i == l.View.Root() {
		return heap.Object{Describe: l.View.Describe(i), Retained: culprit.Bytes(l.View.Retained(i)), Reachable: true}
	}
	o := l.View.Object(i)
	out := heap.Object{
		Address: hexAddress(o.Address), Type: o.Type, Class: o.Class, Describe: l.View.Describe(i), Bytes: culprit.Bytes(o.Size), Retained: culprit.Bytes(o.Retained),
		Location: o.Place, Method: o.Method, Gem: o.Gem, Reachable: o.Reachable,
	}
	if o.Gen >= 0 {
		g := int64(o.Gen)
		out.Generation = &g
	}
	if values && o.Type == "STRING" {
		out.Value = l.value(i)
	}
	return out
}

func hexAddress(a uint64) string { return "0x" + strconv.FormatUint(a, 16) }

func (l *loaded) objects(list []uint32, most int, values bool) []heap.Object {
	out := make([]heap.Object, 0, min(len(list), most))
	for _, i := range list[:min(len(list), most)] {
		out = append(out, l.object(i, values))
	}
	return out
}

// value is the beginning of a string's text, "" when the dump does not give it.
func (l *loaded) value(i uint32) string {
	line, err := l.Text.Line(i)
	if err != nil {
		l.untold.Do(func() { l.file.say(fmt.Errorf("texts are not shown: %w", err)) })
		return ""
	}
	var fields struct{ Value string }
	if json.Unmarshal(line, &fields) != nil {
		return ""
	}
	if text := []rune(fields.Value); len(text) > valueShown {
		return string(text[:valueShown]) + "..."
	}
	return fields.Value
}

// showValues fills in the texts of strings.
func (l *loaded) showValues(list []culprit.HeapString) {
	for k := range list {
		if a, err := strconv.ParseUint(strings.TrimPrefix(list[k].Address, "0x"), 16, 64); err == nil {
			if i := l.View.Find(a); i != holding.None {
				list[k].Value = l.value(i)
			}
		}
	}
}

// addressed finds the object that an argument names by its address.
func (l *loaded) addressed(arg string) (uint32, bool, error) {
	digits, ok := strings.CutPrefix(strings.ToLower(arg), "0x")
	if !ok {
		return 0, false, nil
	}
	a, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return 0, false, usage(fmt.Errorf("%q is no address", arg), "an address is written 0x7f3c2a1b0c28, as in the dump")
	}
	i := l.View.Find(a)
	if i == holding.None {
		return 0, false, &hintError{fmt.Errorf("%s has no object at %s", l.Name, arg), "culprit heap query finds objects by class, place and size"}
	}
	return i, true, nil
}

// secretFields are those that hold what the process worked with.
var secretFields = []string{"value"}

// fields are those of an object's line, in their order; texts are redacted.
func fields(line []byte, values bool) (list []heap.Field) {
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return list
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return list
		}
		key, _ := name.(string)
		list = append(list, heap.Field{Name: key, Value: shown(key, raw, values)})
	}
	return slices.DeleteFunc(list, func(f heap.Field) bool { return f.Name == "references" })
}

func shown(key string, raw json.RawMessage, values bool) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	if slices.Contains(secretFields, key) && !values {
		return fmt.Sprintf("(%d characters, --show-values shows them)", len([]rune(text)))
	}
	return text
}

// retains groups what an object retains by class, most bytes first.
func (l *loaded) retains(i uint32) []culprit.HeapGroup {
	of := map[string]*culprit.HeapGroup{}
	stack := []uint32{i}
	for len(stack) > 0 {
		x := stack[len(stack)-1]
		stack = append(stack[:len(stack)-1], l.View.DominatedUnsorted(x)...)
		if x == l.View.Root() {
			continue
		}
		key := l.View.Class(x)
		g := of[key]
		if g == nil {
			g = &culprit.HeapGroup{Key: key}
			of[key] = g
		}
		g.Objects++
		g.Bytes += culprit.Bytes(l.View.Size(x))
		g.Retained = max(g.Retained, culprit.Bytes(l.View.Retained(x)))
	}
	list := make([]culprit.HeapGroup, 0, len(of))
	for _, g := range of {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b culprit.HeapGroup) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Key, b.Key))
	})
	return list
}
