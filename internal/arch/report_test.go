package arch

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/present/heap"
)

// TestReportFormat holds docs/format/report.md against the types: every struct
// of the report has its table, with the same fields in the same order and of
// the same type.
func TestReportFormat(t *testing.T) {
	inReport := map[string]reflect.Type{}
	reportTypes(reflect.TypeFor[culprit.Report](), inReport)
	holdFormat(t, "report.md", culprit.Schema, reflect.TypeFor[culprit.Report](), nil)
	for name, typ := range map[string]reflect.Type{
		"gems.md": reflect.TypeFor[culprit.Gems](), "boot.md": reflect.TypeFor[culprit.Boot](), "doctor.md": reflect.TypeFor[culprit.Doctor](),
	} {
		schema := map[string]string{"gems.md": culprit.GemsSchema, "boot.md": culprit.BootSchema, "doctor.md": culprit.DoctorSchema}[name]
		holdFormat(t, name, schema, typ, inReport)
	}
	type inspections struct {
		Inspect livefacts.Inspect
		Heap    livefacts.Heap
		Stacks  livefacts.Stacks
		Native  livefacts.Native
		Leaks   livefacts.Leaks
		Dump    livefacts.Dump
		Growth  livefacts.Growth
		Episode livefacts.Episode
		Change  livefacts.Change
	}
	for _, schema := range []string{
		livefacts.InspectSchema, livefacts.HeapSchema, livefacts.StacksSchema, livefacts.NativeSchema, livefacts.LeaksSchema,
		livefacts.DumpSchema, livefacts.GrowthSchema, livefacts.EpisodeSchema, livefacts.ChangeSchema,
	} {
		holdFormat(t, "inspect.md", schema, reflect.TypeFor[inspections](), map[string]reflect.Type{"inspections": reflect.TypeFor[inspections]()})
	}
	type heaps struct {
		Heap culprit.Heap
		Diff culprit.HeapDiff
	}
	forms := map[string]reflect.Type{"heaps": reflect.TypeFor[heaps]()}
	holdFormat(t, "heap.md", culprit.HeapSchema, reflect.TypeFor[heaps](), forms)
	holdFormat(t, "heap.md", culprit.HeapDiffSchema, reflect.TypeFor[heaps](), forms)
	inHeap := map[string]reflect.Type{}
	reportTypes(reflect.TypeFor[heaps](), inHeap)
	type answers struct {
		Query heap.Query
		Ways  heap.Ways
		Show  heap.Show
		Info  heap.Info
	}
	inHeap["answers"] = reflect.TypeFor[answers]()
	for _, schema := range []string{heap.QuerySchema, heap.WaysSchema, heap.ShowSchema, heap.InfoSchema} {
		holdFormat(t, "heapquery.md", schema, reflect.TypeFor[answers](), inHeap)
	}
}

// holdFormat holds one document against a type; what the report documents needs
// no table of its own.
func holdFormat(t *testing.T, file, schema string, root reflect.Type, elsewhere map[string]reflect.Type) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "format", file))
	if err != nil {
		t.Error(err)
		return
	}
	documented := reportTables(string(b))
	types := map[string]reflect.Type{}
	reportTypes(root, types)
	for name := range elsewhere {
		delete(types, name)
	}
	for name, typ := range types {
		want := reportFields(typ)
		got := documented[name]
		for i := range max(len(got), len(want)) {
			switch {
			case i >= len(got):
				t.Errorf("%s: %s: not documented: %s", file, name, want[i])
			case i >= len(want):
				t.Errorf("%s: %s: documented and not there: %s", file, name, got[i])
			case got[i] != want[i]:
				t.Errorf("%s: %s: documented as %q, is %q", file, name, got[i], want[i])
			}
		}
	}
	for name := range documented {
		if types[name] == nil {
			t.Errorf("%s: %s is documented and no part of it", file, name)
		}
	}
	if !strings.Contains(string(b), schema) {
		t.Errorf("%s does not name %s", file, schema)
	}
}

var (
	tableHead = regexp.MustCompile("(?m)^##+ .*: `([A-Za-z]+)`$")
	tableRow  = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([^|]+) \\| [^|]+ \\|$")
)

// reportTables reads "name type" rows of each table, by the struct in its heading.
func reportTables(md string) map[string][]string {
	tables := map[string][]string{}
	heads := tableHead.FindAllStringSubmatchIndex(md, -1)
	for i, h := range heads {
		end := len(md)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		name := md[h[2]:h[3]]
		for _, row := range tableRow.FindAllStringSubmatch(md[h[1]:end], -1) {
			tables[name] = append(tables[name], row[1]+" "+strings.ReplaceAll(row[2], "`", ""))
		}
	}
	return tables
}

// reportTypes collects the structs that typ is made of.
func reportTypes(typ reflect.Type, into map[string]reflect.Type) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		reportTypes(typ.Elem(), into)
	case reflect.Struct:
		if typ == reflect.TypeFor[time.Time]() || into[typ.Name()] != nil {
			return
		}
		into[typ.Name()] = typ
		for f := range typ.Fields() {
			if !f.Anonymous {
				reportTypes(f.Type, into)
			}
		}
	default: // a leaf
	}
}

// reportFields lists "name type" of a struct's JSON form. An embedded struct
// lends its fields, as encoding/json has it: the outer field wins.
func reportFields(typ reflect.Type) []string {
	var list []string
	for f := range typ.Fields() {
		if f.Anonymous {
			list = append(list, reportFields(f.Type)...)
			continue
		}
		tag := strings.Split(f.Tag.Get("json"), ",")
		if tag[0] == "-" {
			continue
		}
		text := tag[0] + " " + jsonType(f.Type)
		if slices.Contains(tag, "omitempty") || slices.Contains(tag, "omitzero") {
			text += ", may be absent"
		}
		list = append(list, text)
	}
	return list
}

func jsonType(typ reflect.Type) string {
	switch typ.Kind() {
	case reflect.Pointer:
		return jsonType(typ.Elem()) + " or null"
	case reflect.Slice:
		return "array of " + jsonType(typ.Elem())
	case reflect.Map:
		return "object of " + jsonType(typ.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Float64:
		return "number"
	case reflect.Struct:
		if typ == reflect.TypeFor[time.Time]() {
			return "time"
		}
		return typ.Name()
	default:
		return "integer"
	}
}
