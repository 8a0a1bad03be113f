package rubymem

import "math/bits"

// line finds the line of an instruction: the counter stands behind the one that runs. The
// table is a succinct one (iseq.c, struct succ_index_table): for the first 54 places
// ranks of 7 bits, nine in a word; then blocks of 512 bits with their ranks.
func (r *Ruby) line(body, pc uint64) int {
	encoded, ok1 := r.word(body + r.lay.body.encoded)
	info, ok2 := r.word(body + r.lay.body.info)
	n, err := r.view.Uint32(body + r.lay.body.infoSize)
	if !ok1 || !ok2 || err != nil || pc < encoded || n == 0 || info == 0 {
		return 0
	}
	pos := (pc - encoded) / 8
	if pos > 0 {
		pos--
	}
	rank := uint64(1)
	if n > 1 {
		table, ok := r.word(body + r.lay.body.succ)
		if !ok {
			return 0
		}
		if rank, ok = r.rank(table, pos); !ok || rank == 0 || rank > uint64(n) {
			return 0
		}
	}
	line, err := r.view.Uint32(info + r.lay.insn*(rank-1))
	if err != nil || line > 1<<30 {
		return 0
	}
	return int(line)
}

func (r *Ruby) rank(table, pos uint64) (uint64, bool) {
	const immediate = 54
	if pos < immediate {
		w, ok := r.word(table + 8*(pos/9))
		return w >> (pos % 9 * 7) & 0x7f, ok
	}
	pos -= immediate
	block := table + 8*(immediate/9) + 80*(pos/512)
	base, err := r.view.Uint32(block)
	small, ok1 := r.word(block + 8)
	bit := pos % 512
	w, ok2 := r.word(block + 16 + 8*(bit/64))
	if err != nil || !ok1 || !ok2 {
		return 0, false
	}
	rank := uint64(base) + uint64(bits.OnesCount64(w<<(63-bit%64)))
	if i := bit / 64; i > 0 {
		rank += small >> ((i - 1) * 9) & 0x1ff
	}
	return rank, true
}
