// Package heapflame writes stacks of a heap for tools that draw stacks: pprof
// (https://github.com/google/pprof proto/profile.proto), folded stacks
// (https://github.com/brendangregg/FlameGraph), speedscope
// (https://github.com/jlfwong/speedscope src/lib/file-format-spec.ts) and graphviz.
//
// It owns these formats. It refuses to choose what becomes a frame, and to reckon.
package heapflame

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/google/pprof/profile"

	"culprit"
	"culprit/internal/heapfacts"
	"culprit/internal/present/style"
)

// Pprof writes a profile that go tool pprof reads: stacks with the objects and bytes
// that their last frame has of its own.
func Pprof(w io.Writer, f heapfacts.Flame) error {
	p := &profile.Profile{
		SampleType:        []*profile.ValueType{{Type: "objects", Unit: "count"}, {Type: "bytes", Unit: "bytes"}},
		DefaultSampleType: "bytes", PeriodType: &profile.ValueType{Type: "bytes", Unit: "bytes"}, Period: 1,
		Comments: []string{style.Clean(f.Tool), style.Clean(f.Dump)},
	}
	if f.Samples {
		seen := &profile.ValueType{Type: "samples", Unit: "count"}
		p.SampleType, p.DefaultSampleType, p.PeriodType = []*profile.ValueType{seen}, "samples", seen
	}
	if f.Growth {
		p.SampleType[0].Type = "samples"
	}
	functions := map[[2]string]*profile.Function{}
	locations := make([]*profile.Location, len(f.Frames))
	for i, fr := range f.Frames {
		name, file := style.Clean(fr.Name), style.Clean(fr.File)
		fn := functions[[2]string{name, file}]
		if fn == nil {
			fn = &profile.Function{ID: uint64(len(p.Function) + 1), Name: name, SystemName: name, Filename: file}
			functions[[2]string{name, file}] = fn
			p.Function = append(p.Function, fn)
		}
		locations[i] = &profile.Location{ID: uint64(i + 1), Line: []profile.Line{{Function: fn, Line: fr.Line}}}
	}
	p.Location = locations
	for i, n := range f.Nodes {
		if n.Objects == 0 {
			continue
		}
		s := &profile.Sample{Value: []int64{n.Objects, n.Bytes}}
		if f.Samples {
			s.Value = []int64{n.Bytes}
		}
		for at := int32(i); at > 0; at = f.Nodes[at].Parent {
			s.Location = append(s.Location, locations[f.Nodes[at].Frame])
		}
		p.Sample = append(p.Sample, s)
	}
	if err := p.CheckValid(); err != nil {
		return fmt.Errorf("making the profile: %w", err)
	}
	if err := p.Write(w); err != nil {
		return fmt.Errorf("writing the profile: %w", err)
	}
	return nil
}

// name is a frame in one line of text.
func name(f heapfacts.Frame) string {
	text := style.Clean(f.Name)
	if f.File == "" || strings.Contains(f.Name, f.File) {
		return text
	}
	text += " " + style.Clean(f.File)
	if f.Line > 0 {
		text += ":" + strconv.FormatInt(f.Line, 10)
	}
	return text
}

// Folded writes one line for each stack that has bytes: frames with semicolons
// between, and the bytes.
func Folded(w io.Writer, f heapfacts.Flame) error {
	out := bufio.NewWriter(w)
	names := make([]string, len(f.Frames))
	for i, fr := range f.Frames {
		names[i] = strings.ReplaceAll(name(fr), ";", ",")
	}
	for _, i := range order(f) {
		if f.Nodes[i].Bytes == 0 {
			continue
		}
		for k, at := range stack(f, i) {
			if k > 0 {
				_ = out.WriteByte(';') // told by Flush
			}
			_, _ = out.WriteString(names[f.Nodes[at].Frame])
		}
		_, _ = fmt.Fprintf(out, " %d\n", f.Nodes[i].Bytes)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the stacks: %w", err)
	}
	return nil
}

// stack are the nodes from the first frame to node i.
func stack(f heapfacts.Flame, i int32) (list []int32) {
	for ; i > 0; i = f.Nodes[i].Parent {
		list = append(list, i)
	}
	slices.Reverse(list)
	return list
}

// order lists nodes so that each is followed by all below it, the largest first.
func order(f heapfacts.Flame) []int32 {
	kids := children(f)
	out, todo := make([]int32, 0, len(f.Nodes)), []int32{0}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if i > 0 {
			out = append(out, i)
		}
		for _, c := range slices.Backward(kids[i]) {
			todo = append(todo, c)
		}
	}
	return out
}

func children(f heapfacts.Flame) [][]int32 {
	kids := make([][]int32, len(f.Nodes))
	for i := 1; i < len(f.Nodes); i++ {
		kids[f.Nodes[i].Parent] = append(kids[f.Nodes[i].Parent], int32(i))
	}
	for _, list := range kids {
		slices.SortFunc(list, func(a, b int32) int {
			return cmp.Or(cmp.Compare(f.Nodes[b].Total, f.Nodes[a].Total), cmp.Compare(a, b))
		})
	}
	return kids
}

// Speedscope writes a file for https://www.speedscope.app.
func Speedscope(w io.Writer, f heapfacts.Flame) error {
	type frame struct {
		Name string `json:"name"`
		File string `json:"file,omitempty"`
		Line int64  `json:"line,omitempty"`
	}
	type sampled struct {
		Type       string    `json:"type"`
		Name       string    `json:"name"`
		Unit       string    `json:"unit"`
		StartValue int64     `json:"startValue"`
		EndValue   int64     `json:"endValue"`
		Samples    [][]int32 `json:"samples"`
		Weights    []int64   `json:"weights"`
	}
	frames := make([]frame, len(f.Frames))
	for i, fr := range f.Frames {
		frames[i] = frame{name(fr), style.Clean(fr.File), fr.Line}
	}
	p := sampled{Type: "sampled", Name: style.Clean(f.Dump) + ": retained", Unit: "bytes", EndValue: f.Nodes[0].Total, Samples: [][]int32{}, Weights: []int64{}}
	if f.Samples {
		p.Name, p.Unit = style.Clean(f.Dump)+": samples", "none"
	}
	if f.Growth {
		p.Name = style.Clean(f.Dump) + ": growth"
	}
	for _, i := range order(f) {
		if f.Nodes[i].Bytes == 0 {
			continue
		}
		list := stack(f, i)
		for k, at := range list {
			list[k] = f.Nodes[at].Frame
		}
		p.Samples, p.Weights = append(p.Samples, list), append(p.Weights, f.Nodes[i].Bytes)
	}
	body, err := json.Marshal(map[string]any{
		"$schema": "https://www.speedscope.app/file-format-schema.json", "exporter": f.Tool, "name": style.Clean(f.Dump),
		"activeProfileIndex": 0, "shared": map[string]any{"frames": frames}, "profiles": []sampled{p},
	})
	if err != nil {
		return fmt.Errorf("encoding the stacks: %w", err)
	}
	if _, err := w.Write(append(body, '\n')); err != nil {
		return fmt.Errorf("writing the stacks: %w", err)
	}
	return nil
}

// A drawing has at most mostBoxes nodes, each at least one in leastBox of the whole.
const (
	mostBoxes = 60
	leastBox  = 1000
)

// Dot writes the largest nodes for graphviz: who holds how much of whom.
func Dot(w io.Writer, f heapfacts.Flame) error {
	var list []int32
	for i := 1; i < len(f.Nodes); i++ {
		if f.Nodes[i].Total*leastBox >= f.Nodes[0].Total {
			list = append(list, int32(i))
		}
	}
	// Parents are at least as large as children and stand before them: what is drawn
	// hangs together.
	slices.SortFunc(list, func(a, b int32) int {
		return cmp.Or(cmp.Compare(f.Nodes[b].Total, f.Nodes[a].Total), cmp.Compare(a, b))
	})
	list = list[:min(len(list), mostBoxes)]
	total := float64(max(f.Nodes[0].Total, 1))
	out := bufio.NewWriter(w)
	_, _ = fmt.Fprintf(out, "digraph heap {\n  graph [rankdir=LR, label=%s];\n  node [shape=box, fontname=\"sans-serif\"];\n", dotText(f.Dump))
	_, _ = fmt.Fprintf(out, "  n0 [label=%s];\n", dotText("the machine's roots\n"+style.Bytes(culprit.Bytes(f.Nodes[0].Total))))
	for _, i := range list {
		n := f.Nodes[i]
		label := name(f.Frames[n.Frame]) + "\nholds " + style.Bytes(culprit.Bytes(n.Total)) + " (" + style.Share(float64(n.Total)/total) + ")\n" +
			style.Plural(n.Objects, "object", "objects") + ", " + style.Bytes(culprit.Bytes(n.Bytes)) + " of their own"
		_, _ = fmt.Fprintf(out, "  n%d [label=%s];\n", i, dotText(label))
		_, _ = fmt.Fprintf(out, "  n%d -> n%d [penwidth=%.1f];\n", n.Parent, i, 1+9*float64(n.Total)/total)
	}
	_, _ = out.WriteString("}\n") // told by Flush
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the drawing: %w", err)
	}
	return nil
}

// dotText is a text in quotes as graphviz reads it: https://graphviz.org/doc/info/lang.html
func dotText(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(style.Clean(l))
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
