package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/source/input"
	"culprit/internal/verdict"
)

// sniffed is how much of a file tells whether it is a heap dump.
const sniffed = 64

// dumpBegins are how lines of a dump begin (docs/format/heapdump.md).
var dumpBegins = [][]byte{[]byte(`{"type":"ROOT"`), []byte(`{"address":"0x`)}

// apart takes heap dumps out of the inputs. What cannot be opened is left to those
// who read it, and tell.
func apart(ctx context.Context, files []input.File) (rest, dumps []input.File) {
	for _, f := range files {
		if isDump(ctx, f) {
			dumps = append(dumps, f)
		} else {
			rest = append(rest, f)
		}
	}
	return rest, dumps
}

func isDump(ctx context.Context, f input.File) bool {
	if info, err := os.Stat(f.Path); f.Stdin || err != nil || !info.Mode().IsRegular() {
		return false
	}
	r, err := f.Open(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = r.Close() }() // only looked at
	head, err := r.Head(sniffed)
	return err == nil && slices.ContainsFunc(dumpBegins, func(b []byte) bool { return bytes.HasPrefix(head, b) })
}

// mostDumps is how many dumps can be compared.
const mostDumps = 3

// hearDumps holds dumps against the verdict. Of several they are those of one
// process, the earliest first.
func (o *options) hearDumps(ctx context.Context, w World, dumps []input.File, r *culprit.Report) error {
	if len(dumps) == 0 {
		return nil
	}
	if len(dumps) > mostDumps {
		return usage(fmt.Errorf("%d heap dumps", len(dumps)), "give up to three of one process, in the order in which they were taken")
	}
	slices.SortStableFunc(dumps, func(a, b input.File) int { return a.ModTime.Compare(b.ModTime) })
	x := verdict.HeapExhibit{Names: o.namesInCode(r.Suspects)}
	for _, d := range dumps {
		x.Dumps = append(x.Dumps, d.Name)
	}
	var err error
	if len(dumps) == 1 {
		x.Single = true
		x.Groups, err = (&heapReading{}).held(ctx, w, dumps[0].Path)
	} else {
		x.Groups, err = (&heapReading{}).stayed(ctx, w, dumps)
	}
	if err != nil {
		return err
	}
	r.Heap = verdict.Corroborate(*r, x)
	r.Verdict.Notes = append(r.Verdict.Notes, verdict.HeapNotes(r.Heap)...)
	return nil
}

func (o *heapReading) held(ctx context.Context, w World, path string) ([]culprit.HeapDiffGroup, error) {
	l, err := o.load(ctx, w, path)
	if err != nil {
		return nil, err
	}
	groups := l.View.Held()
	return groups, l.Close()
}

func (o *heapReading) stayed(ctx context.Context, w World, dumps []input.File) ([]culprit.HeapDiffGroup, error) {
	var paths []string
	for _, d := range dumps {
		paths = append(paths, d.Path)
	}
	d, l, err := o.heapDiff(ctx, w, paths)
	if err != nil {
		return nil, err
	}
	return d.Groups, l.Close()
}

// constants of Ruby in a line of code.
var constants = regexp.MustCompile(`\b[A-Z]\w*(?:::[A-Z]\w*)*`)

// mostNames bounds what is read of one file.
const mostNames = 1000

// namesInCode are the classes that the code of the accused names, where --app says
// where it is. Names that nearly all code has would fit anybody's objects.
func (o *options) namesInCode(suspects []culprit.Suspect) map[string][]string {
	out := map[string][]string{}
	if o.app == "" {
		return out
	}
	for _, s := range suspects {
		if s.Finding != culprit.Convicted && s.Finding != culprit.Suspected {
			continue
		}
		for _, file := range verdict.CodeFiles(s.Name) {
			text, err := os.ReadFile(filepath.Join(o.app, file))
			if err == nil {
				out[s.Name] = append(out[s.Name], named(string(text))...)
			}
		}
	}
	return out
}

func named(text string) (list []string) {
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "#")
		for _, c := range constants.FindAllString(code, mostNames) {
			if !everywhere[c] && !slices.Contains(list, c) {
				list = append(list, c)
			}
		}
	}
	return list
}

// everywhere are classes that any code makes objects of.
var everywhere = func() map[string]bool {
	m := map[string]bool{}
	for c := range strings.FieldsSeq("String Symbol Array Hash Integer Float Rational Complex Object Class Module Proc Method Range Regexp Time Date DateTime Set Struct Thread Mutex Queue IO File Dir JSON CSV YAML Rails Exception StandardError ArgumentError RuntimeError Kernel ENV ActiveRecord ActiveSupport ActionController ApplicationController ApplicationRecord ApplicationJob Logger") {
		m[c] = true
	}
	return m
}()
