// Package heapindex is the door for index files: what was computed from a heap dump,
// kept beside it, so that it need not be computed again.
//
// It owns the file's format: columns one after another, each with a checksum, and a
// table of them. It refuses to be trusted: a file of another version, of another dump,
// or with a wrong sum is no index, and the dump is read again.
package heapindex

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"culprit/internal/heap"
	"culprit/internal/offheap"
)

// Suffix is what the name of an index has behind that of its dump.
const Suffix = ".culprit-heap"

// version changes with the format; an index of another version is made anew.
const version = 1

const (
	magic    = "culprit heap idx" // 16 bytes
	preamble = 64
	align    = 4096
)

// Why an index cannot be used.
var (
	ErrStale   = errors.New("the index is of another dump, or the dump has changed")
	ErrVersion = errors.New("the index is of another version of culprit")
	ErrDamaged = errors.New("the index is damaged")
)

// Source is what tells a dump from another one of the same name.
type Source struct {
	Size    int64  `json:"size"`
	Changed int64  `json:"changed"` // nanoseconds since 1970
	Sample  string `json:"sample"`  // a digest of pieces of it
}

const (
	samples    = 16
	sampleSize = 16 << 10
)

// Of tells the source that a file is. It reads 16 pieces, spread evenly.
func Of(f *os.File) (Source, error) {
	info, err := f.Stat()
	if err != nil {
		return Source{}, fmt.Errorf("looking at the dump: %w", err)
	}
	s := Source{Size: info.Size(), Changed: info.ModTime().UnixNano()}
	sum, piece := sha256.New(), make([]byte, sampleSize)
	for i := range int64(samples) {
		at := (s.Size - sampleSize) * i / (samples - 1)
		n, err := f.ReadAt(piece, max(at, 0))
		if err != nil && !errors.Is(err, io.EOF) {
			return Source{}, fmt.Errorf("looking at the dump: %w", err)
		}
		sum.Write(piece[:n])
	}
	s.Sample = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// Meta is what was counted while the dump was read.
type Meta struct {
	Lines, Understood, Shapes, Bytes int64
	FirstBad                         int64  // number of the first line not understood, 0 none
	Early                            string // why the dump breaks off, "" when it does not
	Lost                             int64
	Tool                             string
}

// Index is what an index file holds.
type Index struct {
	Meta  Meta
	Heap  *heap.Heap
	Graph *heap.Graph
	Tree  *heap.Tree
	// Report is a finished report in the form of whoever saved it.
	Report []byte
}

// header is the table at the end of the file.
type header struct {
	Source   Source             `json:"source"`
	Meta     Meta               `json:"meta"`
	Objects  int                `json:"objects"`
	Sections map[string]section `json:"sections"`
}

type section struct {
	At    int64  `json:"at"`
	Bytes int64  `json:"bytes"`
	Sum   uint32 `json:"sum"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// tables are the parts of a heap that are no columns.
type tables struct {
	Types    []string
	Sites    []heap.Site
	Roots    []heap.Root
	Large    map[uint32]uint64
	ManyRefs map[uint32]uint32
	Modules  map[uint32]heap.Module
	Structs  map[uint32]string
	Shapes   []shape
}

type shape struct{ Class, Shape, Objects uint32 }

// Save writes an index beside a dump. Nothing is left where it fails or is cancelled,
// and whoever reads meanwhile sees the old one or the new one whole.
func Save(ctx context.Context, path string, src Source, x *Index) error {
	return replace(path, func(f *os.File) error {
		w := &writer{ctx: ctx, f: f, h: header{Source: src, Meta: x.Meta, Objects: x.Heap.Len(), Sections: map[string]section{}}}
		w.at = preamble
		w.columns(x)
		w.json("tables", tablesOf(x.Heap))
		w.section("report", x.Report)
		return w.finish()
	})
}

func tablesOf(h *heap.Heap) tables {
	t := tables{Types: h.Types, Sites: h.Sites, Roots: h.Roots, Large: h.Large, ManyRefs: h.ManyRefs, Modules: h.Modules, Structs: h.Structs}
	for k, n := range h.Shapes {
		t.Shapes = append(t.Shapes, shape{k.Class, k.Shape, n})
	}
	return t
}

// writer writes sections one after another; the first error stays.
type writer struct {
	ctx context.Context
	f   *os.File
	at  int64
	h   header
	err error
}

func (w *writer) columns(x *Index) {
	h, g, t := x.Heap, x.Graph, x.Tree
	pages, far := h.Space.Tables()
	put(w, "pages", pages)
	put(w, "far", far)
	put(w, "code", h.Code)
	put(w, "type", h.Type)
	put(w, "flags", h.Flags)
	put(w, "size", h.Size)
	put(w, "class", h.Class)
	put(w, "gen", h.Gen)
	put(w, "site", h.Site)
	put(w, "degree", h.Degree)
	put(w, "refs", g.To)
	put(w, "text", h.Text)
	put(w, "from", g.From)
	put(w, "classes", g.Classes)
	put(w, "parent", t.Parent)
	put(w, "retained", t.Retained)
	put(w, "order", t.Order)
	marks := make([]uint64, 0, 2*len(h.Marks))
	for _, m := range h.Marks {
		marks = append(marks, uint64(m.Object), m.At)
	}
	put(w, "marks", marks)
}

func put[T offheap.Number](w *writer, name string, s []T) { w.section(name, offheap.AsBytes(s)) }

func (w *writer) json(name string, v any) {
	b, err := json.Marshal(v)
	w.err = errors.Join(w.err, err)
	w.section(name, b)
}

const chunk = 8 << 20

func (w *writer) section(name string, b []byte) {
	w.at = (w.at + align - 1) / align * align
	s := section{At: w.at, Bytes: int64(len(b))}
	for len(b) > 0 && w.err == nil {
		part := b[:min(chunk, len(b))]
		b = b[len(part):]
		s.Sum = crc32.Update(s.Sum, castagnoli, part)
		_, err := w.f.WriteAt(part, w.at)
		w.at += int64(len(part))
		w.err = errors.Join(err, w.ctx.Err())
	}
	w.h.Sections[name] = s
}

// finish writes the table of sections and, before the first, where it is.
func (w *writer) finish() error {
	table, err := json.Marshal(w.h)
	if w.err = errors.Join(w.err, err); w.err != nil {
		return w.err
	}
	head := append(make([]byte, 0, preamble), magic...)
	head = binary.LittleEndian.AppendUint32(head, version)
	head = binary.LittleEndian.AppendUint32(head, crc32.Checksum(table, castagnoli))
	head = binary.LittleEndian.AppendUint64(head, uint64(w.at))
	head = binary.LittleEndian.AppendUint64(head, uint64(len(table)))
	if _, err := w.f.WriteAt(table, w.at); err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	if _, err := w.f.WriteAt(head, 0); err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	return nil
}
