package inspection

import (
	"errors"
	"fmt"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/source/nativemem"
)

// Native walks glibc's heap.
func (t *Target) Native(tool string) (livefacts.Native, error) {
	n := livefacts.Native{Schema: livefacts.NativeSchema, Tool: tool, PID: t.PID, Core: t.Core, Allocator: nativemem.Allocator(t.Mem.Maps())}
	h, err := readNative(t.Mem)
	if err != nil {
		return n, err
	}
	n.MmapBlocks, n.MmapBytes, n.Reclaimable = h.MmapChunks, culprit.Bytes(h.MmapBytes), culprit.Bytes(h.Releasable())
	n.Arenas = arenas(h)
	for _, s := range h.Histogram() {
		n.Sizes = append(n.Sizes, livefacts.Size{Size: culprit.Bytes(s.Size), Count: s.Count, Bytes: culprit.Bytes(s.Bytes)})
	}
	return n, nil
}

func arenas(h *nativemem.Heap) (list []livefacts.Arena) {
	for _, a := range h.Arenas {
		list = append(list, livefacts.Arena{
			Main: a.Main, System: culprit.Bytes(a.System), InUse: culprit.Bytes(a.InUse), Free: culprit.Bytes(a.Free), Reclaimable: culprit.Bytes(a.Releasable),
		})
	}
	return list
}

// Leaks copies the process while it stands still, and looks for blocks that nothing
// points to after it goes on.
func (t *Target) Leaks(tool string, c Copying) (livefacts.Leaks, error) {
	d := livefacts.Leaks{Schema: livefacts.LeaksSchema, Tool: tool, PID: t.PID, Core: t.Core}
	m, err := t.copied(c)
	if err != nil {
		return d, err
	}
	d.PauseSeconds, d.Warnings = m.pause, m.warnings
	if t.Core != "" {
		d.Warnings = append(d.Warnings, "registers of a core are not read: blocks that only they point to count as leaked")
	}
	if m.swapped > 0 {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%s are swapped out and were not read: blocks that only they point to are called leaked", m.swapped))
	}
	r, err := nativemem.Leaks(m.Mirror, m.registers)
	if err = errors.Join(err, m.Close()); err != nil {
		return d, err
	}
	d.Blocks, d.Bytes, d.Considered, d.ConsideredBytes = r.Blocks, culprit.Bytes(r.Bytes), r.Considered, culprit.Bytes(r.ConsideredBytes)
	for _, g := range r.Groups {
		d.Groups = append(d.Groups, livefacts.LeakGroup{Size: culprit.Bytes(g.Size), Count: g.Count, Bytes: culprit.Bytes(g.Bytes), Signature: g.Signature})
	}
	if r.Unread > 0 {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%s that can hold pointers could not be read: a block may be called leaked that is not", culprit.Bytes(r.Unread)))
	}
	return d, nil
}
