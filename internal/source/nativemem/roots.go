package nativemem

import (
	"runtime"
	"slices"

	"culprit/internal/source/procmem"
)

const mostRelro = 16 << 20 // bytes

// roots marks what memory outside of malloc's points to.
func (k *marker) roots(registers []uint64) error {
	maps := k.mirror.Maps()
	taken := k.taken()
	for i, m := range maps {
		if !m.Read || !m.Write {
			if relro(maps, i) {
				k.constants(m)
			}
			continue
		}
		if m.Path == "[stack]" {
			m.From = max(m.From, inUse(m, registers))
		}
		err := k.mirror.Present(m.From, m.To, func(from, to uint64) {
			from, to = max(from, m.From), min(to, m.To)
			j, _ := slices.BinarySearchFunc(taken, from, func(g gap, at uint64) int {
				if g.to <= at {
					return -1
				}
				return 1
			})
			for ; from < to && j < len(taken) && taken[j].from < to; j++ {
				k.scan(from, max(from, taken[j].from))
				from = max(from, taken[j].to)
			}
			k.scan(from, max(from, to))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// taken is malloc's own memory, by address: what stands there counts only where it is a
// block that was reached.
func (k *marker) taken() (list []gap) {
	// Bins point to headers of free chunks, whose first word belongs to the block before.
	list = append(list, k.heap.state)
	for _, w := range k.heap.walks {
		from := w.base
		for _, g := range w.resumeAt { // of another user of sbrk
			list = append(list, gap{from, g.from})
			from = g.to
		}
		list = append(list, gap{from, w.end})
	}
	if k.heap.wholeMapped() {
		for _, b := range k.heap.mapped {
			list = append(list, gap{b.from, b.to})
		}
	}
	slices.SortFunc(list, func(a, b gap) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	return list
}

// relro tells whether a mapping is data that the loader made constant: it stands just
// before the writable data of the same file, and may point to what was allocated.
func relro(maps []procmem.Mapping, i int) bool {
	m := maps[i]
	return m.Read && !m.Write && !m.Execute && m.File && m.Size() <= mostRelro && i+1 < len(maps) &&
		maps[i+1].Write && maps[i+1].File && maps[i+1].Path == m.Path && maps[i+1].From == m.To
}

// constants marks what such data points to. It is not in the copy: the process may have
// ended since.
func (k *marker) constants(m procmem.Mapping) {
	b := make([]byte, m.Size())
	n, err := k.mirror.ReadAt(b, int64(m.From))
	if n = max(0, min(n, len(b))); err != nil {
		k.unread += int64(len(b) - n)
	}
	k.words(b[:n])
}

// Registers of a thread in the order of struct user_regs_struct on x86-64.
const (
	amd64Registers = 27
	amd64SP        = 19
	redZone        = 128 // bytes below the stack pointer that are in use (System V ABI)
)

// inUse gives where the main thread's stack is in use from: what is below its stack
// pointer are pointers of calls that have returned. Only a thread that runs on that stack
// tells; 0 means that none does.
func inUse(stack procmem.Mapping, registers []uint64) uint64 {
	if runtime.GOARCH != "amd64" || len(registers)%amd64Registers != 0 {
		return 0
	}
	for i := amd64SP; i < len(registers); i += amd64Registers {
		if sp := registers[i]; sp >= stack.From+redZone && sp < stack.To {
			return (sp - redZone) &^ 7
		}
	}
	return 0
}
