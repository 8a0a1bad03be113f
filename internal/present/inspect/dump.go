package inspect

import (
	"io"
	"strconv"

	"culprit/internal/livefacts"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
)

// Dump prints what a dump holds that was written.
func Dump(w io.Writer, d livefacts.Dump, o sheet.Options) error {
	p := sheet.New(o)
	p.Para(style.Clean(d.File)+"  ", p.Paint.Bold, style.Bytes(d.FileBytes)+" of "+subject(d.PID, d.Core)+": "+style.Count(d.Objects)+" objects with "+style.Bytes(d.Bytes)+", "+style.Count(d.References)+" references, "+style.Count(d.Roots)+" roots", 2, 0)
	if d.PauseSeconds > 0 {
		p.Para("  ", sheet.None, "the process stood still for "+strconv.FormatFloat(1000*d.PauseSeconds, 'f', 0, 64)+" ms while "+style.Bytes(d.Copied)+" were copied", 2, 0)
	}
	p.Para("  ", sheet.None, style.Bytes(d.EstimatedBytes)+" in "+style.Count(d.Estimated)+" objects of C libraries and of Ruby's own are estimates", 2, 0)
	if d.Traced > 0 {
		p.Para("  ", sheet.None, style.Count(d.Traced)+" objects tell where they were made", 2, 0)
	}
	p.Blank()
	p.Command("", []string{"culprit heap " + style.Clean(d.File)})
	warnings(&p, d.Warnings)
	_, err := p.WriteTo(w)
	return err
}
