package heap

import (
	"io"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
)

// Schemas of the forms below, documented in docs/format/heapquery.md.
const (
	QuerySchema = "culprit.heapquery/1"
	WaysSchema  = "culprit.heappath/1"
	ShowSchema  = "culprit.heapshow/1"
	InfoSchema  = "culprit.heapinfo/1"
)

// Query is what a query found.
type Query struct {
	Schema   string        `json:"schema"`
	Tool     string        `json:"tool"`
	Dump     string        `json:"dump"`
	Query    string        `json:"query"`
	Objects  int64         `json:"objects"`
	Bytes    culprit.Bytes `json:"bytes"`
	Retained culprit.Bytes `json:"retained"` // if all of them went
	Rows     []Object      `json:"rows"`
	Groups   []Group       `json:"groups"`
	Warnings []string      `json:"warnings"`
}

// Group is found objects with something in common.
type Group struct {
	Key     string        `json:"key"`
	Objects int64         `json:"objects"`
	Bytes   culprit.Bytes `json:"bytes"`
}

// Object is one object of a heap.
type Object struct {
	Address    string        `json:"address"`
	Type       string        `json:"type"`
	Class      string        `json:"class"`
	Describe   string        `json:"describe"`
	Bytes      culprit.Bytes `json:"bytes"`
	Retained   culprit.Bytes `json:"retained"`
	Generation *int64        `json:"generation"`
	Location   string        `json:"location"`
	Method     string        `json:"method"`
	Gem        string        `json:"gem"`
	Reachable  bool          `json:"reachable"`
	Value      string        `json:"value"` // of a string, "" unless asked for
}

// WriteQuery prints what a query found.
func WriteQuery(w io.Writer, q Query, o sheet.Options) error {
	p := sheet.New(o)
	p.Para(style.Count(q.Objects)+" OBJECTS  ", p.Paint.Bold, style.Bytes(q.Bytes)+" of their own; "+style.Bytes(q.Retained)+" would be freed if all of them went", 2, 0)
	if len(q.Groups) > 0 {
		rows := [][]string{{"", "OBJECTS", "BYTES"}}
		for _, g := range q.Groups {
			rows = append(rows, []string{style.Clean(g.Key), style.Count(g.Objects), style.Bytes(g.Bytes)})
		}
		p.Blank()
		p.Table(rows, []bool{false, true, true})
	}
	if len(q.Rows) > 0 {
		p.Blank()
		objects(&p, q.Rows)
		if more := q.Objects - int64(len(q.Rows)); more > 0 {
			p.Line("  "+style.Count(more)+" more; --limit shows them", p.Paint.Dim)
		}
	}
	notes(&p, q.Warnings)
	_, err := p.WriteTo(w)
	return err
}

func objects(p *sheet.Sheet, list []Object) {
	rows := [][]string{{"OBJECT", "WHAT", "BYTES", "RETAINED"}}
	for _, x := range list {
		what := style.Clean(x.Describe)
		if x.Value != "" {
			what = "\"" + style.Clean(x.Value) + "\" " + what
		}
		rows = append(rows, []string{x.Address, what, style.Bytes(x.Bytes), style.Bytes(x.Retained)})
	}
	p.Table(rows, []bool{false, false, true, true})
}

// Ways are how objects are kept alive.
type Ways struct {
	Schema   string   `json:"schema"`
	Tool     string   `json:"tool"`
	Dump     string   `json:"dump"`
	Of       string   `json:"of"` // as asked: an address or a class
	Objects  int64    `json:"objects"`
	Ways     []Way    `json:"ways"` // most objects first
	Warnings []string `json:"warnings"`
}

// Way is a shortest way from the machine's roots; several objects share one when it
// leads through objects of the same classes made at the same places.
type Way struct {
	Objects  int64              `json:"objects"`
	Retained culprit.Bytes      `json:"retained"` // of all of them, each for itself
	Path     []culprit.HeapNode `json:"path"`     // of one of them
}

// WriteWays prints ways.
func WriteWays(w io.Writer, x Ways, o sheet.Options) error {
	p := sheet.New(o)
	for i, way := range x.Ways {
		if i > 0 {
			p.Blank()
		}
		if x.Objects > 1 {
			p.Para(style.Count(way.Objects)+" OF "+style.Count(x.Objects)+"  ", p.Paint.Bold, style.Clean(x.Of)+", retaining "+style.Bytes(way.Retained), 2, 0)
		} else {
			p.Para(style.Bytes(way.Retained)+"  ", p.Paint.Bold, "retained by "+style.Clean(x.Of), 2, 0)
		}
		path(&p, way.Path)
	}
	if len(x.Ways) == 0 {
		p.Para("", sheet.None, "Nobody refers to "+style.Clean(x.Of)+": garbage that was not collected yet.", 0, 0)
	}
	notes(&p, x.Warnings)
	_, err := p.WriteTo(w)
	return err
}

// Show is one object with its surroundings.
type Show struct {
	Schema string  `json:"schema"`
	Tool   string  `json:"tool"`
	Dump   string  `json:"dump"`
	Object Object  `json:"object"`
	Fields []Field `json:"fields"` // of the dump's line, in its order
	// References and Referrers are the first of so many; Dominated by retained size.
	ReferenceCount int                 `json:"reference_count"`
	References     []Object            `json:"references"`
	ReferrerCount  int                 `json:"referrer_count"`
	Referrers      []Object            `json:"referrers"`
	DominatedCount int                 `json:"dominated_count"`
	Dominated      []Object            `json:"dominated"`
	RetainedBy     []culprit.HeapGroup `json:"retained_by_class"` // what it retains, itself included
	Path           []culprit.HeapNode  `json:"path"`
	Warnings       []string            `json:"warnings"`
}

// Field is a field of the dump's line.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// WriteShow prints an object.
func WriteShow(w io.Writer, x Show, o sheet.Options) error {
	p := sheet.New(o)
	p.Para(x.Object.Address+"  ", p.Paint.Bold, style.Clean(x.Object.Describe)+": "+style.Bytes(x.Object.Bytes)+" of its own, retains "+style.Bytes(x.Object.Retained), 2, 0)
	var fields []string
	for _, f := range x.Fields {
		fields = append(fields, style.Clean(f.Name)+" "+style.Clean(f.Value))
	}
	if len(fields) > 0 {
		p.Para("  ", sheet.None, strings.Join(fields, ", "), 2, 0)
	}
	p.Blank()
	path(&p, x.Path)
	if len(x.RetainedBy) > 1 {
		groups(&p, "RETAINS", x.RetainedBy)
	}
	some(&p, "REFERRED TO BY", x.Referrers, x.ReferrerCount)
	some(&p, "REFERS TO", x.References, x.ReferenceCount)
	some(&p, "HOLDS ALONE", x.Dominated, x.DominatedCount)
	notes(&p, x.Warnings)
	_, err := p.WriteTo(w)
	return err
}

func some(p *sheet.Sheet, title string, list []Object, of int) {
	if of == 0 {
		return
	}
	p.Blank()
	p.Line(title+"  "+strconv.Itoa(of), p.Paint.Bold)
	objects(p, list[:min(len(list), mostRows)])
	if of > mostRows {
		p.Line("  "+style.Count(int64(of-mostRows))+" more", p.Paint.Dim)
	}
}

// Info is what can be told of a dump as a whole.
type Info struct {
	Schema      string        `json:"schema"`
	Tool        string        `json:"tool"`
	Dump        string        `json:"dump"`
	FileBytes   culprit.Bytes `json:"file_bytes"`
	Compression string        `json:"compression"` // "" for none
	Lines       int64         `json:"lines"`
	Understood  int64         `json:"understood"`
	Objects     int64         `json:"objects"`
	Bytes       culprit.Bytes `json:"bytes"`
	References  int64         `json:"references"`
	Roots       []Root        `json:"roots"`
	Classes     int64         `json:"classes"`
	Shapes      int64         `json:"shapes"`
	Traced      float64       `json:"traced"` // share of objects with a generation, 0..1
	Oldest      *int64        `json:"oldest_generation"`
	Newest      *int64        `json:"newest_generation"`
	// Ruby is which versions write such fields, "" when nothing tells.
	Ruby     string   `json:"ruby"`
	Index    string   `json:"index"` // what stands beside the dump, in words
	Warnings []string `json:"warnings"`
}

// Root is a category of the machine's references.
type Root struct {
	Category   string `json:"category"`
	References int64  `json:"references"`
}

// WriteInfo prints what a dump is.
func WriteInfo(w io.Writer, x Info, o sheet.Options) error {
	p := sheet.New(o)
	kind := ""
	if x.Compression != "" {
		kind = " " + x.Compression
	}
	rows := [][]string{
		{"file", style.Clean(x.Dump) + ", " + style.Bytes(x.FileBytes) + kind},
		{"lines", style.Count(x.Understood) + " of " + style.Count(x.Lines) + " understood"},
		{"objects", style.Count(x.Objects) + ", " + style.Bytes(x.Bytes) + " with what they own"},
		{"references", style.Count(x.References) + ", those to classes not counted"},
		{"classes", style.Count(x.Classes)},
	}
	for _, r := range x.Roots {
		rows = append(rows, []string{"root " + style.Clean(r.Category), style.Count(r.References)})
	}
	traced := "no: start with ObjectSpace.trace_object_allocations_start to know places and ages"
	if x.Traced > 0 {
		traced = strconv.FormatFloat(100*x.Traced, 'f', 1, 64) + " % of the objects"
	}
	rows = append(rows, []string{"traced", traced})
	if x.Oldest != nil && x.Newest != nil {
		rows = append(rows, []string{"collections", style.Count(*x.Oldest) + " to " + style.Count(*x.Newest)})
	}
	if x.Shapes > 0 {
		rows = append(rows, []string{"shapes", style.Count(x.Shapes)})
	}
	if x.Ruby != "" {
		rows = append(rows, []string{"ruby", x.Ruby})
	}
	rows = append(rows, []string{"index", style.Clean(x.Index)})
	p.Table(rows, []bool{false, false})
	notes(&p, x.Warnings)
	_, err := p.WriteTo(w)
	return err
}
