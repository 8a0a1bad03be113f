package inspect

import (
	"io"
	"strconv"

	"culprit/internal/livefacts"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
)

// Native prints glibc's heap.
func Native(w io.Writer, n livefacts.Native, o sheet.Options) error {
	p := sheet.New(o)
	p.Para(strconv.Itoa(len(n.Arenas))+" ARENAS  ", p.Paint.Bold, "of "+subject(n.PID, n.Core)+"; malloc_trim would give back "+style.Bytes(n.Reclaimable), 2, 0)
	p.Blank()
	rows := [][]string{{"SYSTEM", "IN USE", "FREE", "GIVEN BACK", ""}}
	for i, a := range n.Arenas {
		if i == mostClasses {
			break
		}
		name := ""
		if a.Main {
			name = "main"
		}
		rows = append(rows, []string{style.Bytes(a.System), style.Bytes(a.InUse), style.Bytes(a.Free), style.Bytes(a.Reclaimable), name})
	}
	p.Table(rows, []bool{true, true, true, true, false})
	if left := len(n.Arenas) - mostClasses; left > 0 {
		p.Line("  ... "+strconv.Itoa(left)+" more in --json", p.Paint.Dim)
	}
	p.Para("  ", sheet.None, style.Count(n.MmapBlocks)+" blocks have mappings of their own, "+style.Bytes(n.MmapBytes), 2, 0)
	p.Blank()
	rows = [][]string{{"BYTES", "CHUNKS", "SIZE"}}
	for _, s := range n.Sizes[:min(len(n.Sizes), mostClasses)] {
		rows = append(rows, []string{style.Bytes(s.Bytes), style.Count(s.Count), strconv.FormatInt(int64(s.Size), 10)})
	}
	p.Table(rows, []bool{true, true, true})
	warnings(&p, n.Warnings)
	_, err := p.WriteTo(w)
	return err
}

// Leaks prints native blocks that no pointer reaches.
func Leaks(w io.Writer, d livefacts.Leaks, o sheet.Options) error {
	p := sheet.New(o)
	p.Para(style.Bytes(d.Bytes)+" LEAKED  ", p.Paint.Bold, "in "+style.Count(d.Blocks)+" blocks of malloc that nothing in "+subject(d.PID, d.Core)+" points to, of "+style.Bytes(d.ConsideredBytes)+" in "+style.Count(d.Considered), 2, 0)
	if d.PauseSeconds > 0 {
		p.Para("  ", sheet.None, "the process stood still for "+strconv.FormatFloat(1000*d.PauseSeconds, 'f', 0, 64)+" ms", 2, 0)
	}
	if len(d.Groups) > 0 {
		p.Blank()
		rows := [][]string{{"BYTES", "BLOCKS", "SIZE", "BEGINS WITH"}}
		for _, g := range d.Groups[:min(len(d.Groups), mostClasses)] {
			rows = append(rows, []string{style.Bytes(g.Bytes), style.Count(g.Count), strconv.FormatInt(int64(g.Size), 10), style.Clean(g.Signature)})
		}
		p.Table(rows, []bool{true, true, true, false})
	}
	warnings(&p, d.Warnings)
	_, err := p.WriteTo(w)
	return err
}

// Change prints what became more.
func Change(w io.Writer, d livefacts.Change, o sheet.Options) error {
	p := sheet.New(o)
	p.Para("FROM "+style.Clean(d.Before)+" TO "+style.Clean(d.After)+"  ", p.Paint.Bold, style.Count(int64(len(d.Rows)))+" changed", 2, 0)
	if len(d.Rows) > 0 {
		p.Blank()
		rows := [][]string{{"BYTES", "COUNT", "WHAT"}}
		for _, r := range d.Rows[:min(len(d.Rows), mostClasses)] {
			rows = append(rows, []string{signed(r.Bytes), style.Count(r.Count), style.Clean(r.Name)})
		}
		p.Table(rows, []bool{true, true, false})
	}
	_, err := p.WriteTo(w)
	return err
}
