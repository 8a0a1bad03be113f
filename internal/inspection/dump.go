package inspection

import (
	"context"
	"errors"
	"fmt"
	"io"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubydump"
	"culprit/internal/source/rubymem"
)

// Dump writes the heap as ObjectSpace.dump_all would: a live process is copied while it
// stands still, and goes on while the copy is read.
func (t *Target) Dump(ctx context.Context, tool string, w io.Writer, c Copying) (d livefacts.Dump, err error) {
	d = livefacts.Dump{Schema: livefacts.DumpSchema, Tool: tool, PID: t.PID, Core: t.Core, Ruby: t.Interpreter()}
	r, mem, opt := t.Ruby, t.Mem, rubydump.Options{}
	if t.Core != "" {
		d.Warnings = append(d.Warnings, "registers of a core are not read: objects that only they hold look like garbage")
	} else {
		m, cerr := t.copied(c)
		if cerr != nil {
			return d, cerr
		}
		defer func() { err = errors.Join(err, m.Close()) }()
		d.PauseSeconds, d.Copied, d.Warnings = m.pause, culprit.Bytes(m.Bytes), m.warnings
		if m.swapped > 0 {
			d.Warnings = append(d.Warnings, fmt.Sprintf("%s are swapped out and were not read: objects that are there are missing, and what only they hold looks like garbage", m.swapped))
		}
		if r, err = rubymem.Open(m); err != nil {
			return d, fmt.Errorf("pid %d: %w", t.PID, err)
		}
		mem, opt.Registers = m.Mirror, m.registers
	}
	if opt.Blocks, err = blocks(mem); err != nil {
		d.Warnings = append(d.Warnings, fmt.Sprintf("native heap: %v: what Ruby and C libraries hold outside of the heap is followed by guess: some of it may look like garbage, and some garbage like held", err))
	}
	told, err := rubydump.Dump(ctx, r, w, opt)
	if err != nil {
		return d, err
	}
	d.Objects, d.References, d.Roots, d.Bytes = told.Objects, told.References, told.Roots, culprit.Bytes(told.Bytes)
	d.Traced, d.Estimated, d.EstimatedBytes = told.Traced, told.Estimated, culprit.Bytes(told.EstimatedBytes)
	if told.Unread > 0 {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%d pages of the heap could not be read: their objects are missing", told.Unread))
	}
	if told.Lost > 0 {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%d reads within objects failed: some references are missing", told.Lost))
	}
	if told.Cut > 0 {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%d blocks of C libraries were not looked at to their end: what only they hold may look like garbage", told.Cut))
	}
	return d, nil
}

// blocks finds blocks of malloc, nil where the native heap cannot be walked.
func blocks(m procmem.Mem) (rubydump.Blocks, error) {
	h, err := readNative(m)
	if err != nil {
		return nil, err
	}
	b, err := h.Blocks()
	if err != nil {
		return nil, err
	}
	return b, nil
}
