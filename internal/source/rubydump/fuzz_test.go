package rubydump_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"culprit/internal/lab/started"
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubydump"
	"culprit/internal/source/rubymem"
)

// mutated is a copy of a process with some words changed.
type mutated struct {
	*procmem.Mirror
	at map[uint64]uint64
}

func (m mutated) ReadAt(b []byte, off int64) (int, error) {
	n, err := m.Mirror.ReadAt(b, off)
	for at, w := range m.at {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], w)
		for i, c := range word {
			if o := at + uint64(i) - uint64(off); o < uint64(n) {
				b[o] = c
			}
		}
	}
	return n, err
}

// words that are likely to mislead: lengths, addresses of other things, flags of types.
func word(r *rand.Rand, places []uint64) uint64 {
	switch r.IntN(5) {
	case 0:
		return places[r.IntN(len(places))]
	case 1:
		return uint64(1) << r.IntN(64)
	case 2:
		return ^uint64(0) >> r.IntN(64)
	case 3:
		return uint64(r.IntN(0x20)) | uint64(r.Uint32())<<5
	}
	return r.Uint64()
}

// FuzzDump: whatever stands in the memory, a dump ends, and each of its lines is JSON.
func FuzzDump(f *testing.F) {
	const small = `A = Array.new(300) { |i| [i.to_s, { i => "x" * i }, Object.new.tap { |o| o.instance_variable_set(:@a, i) }] }
S = Struct.new(:a).new("b"); P = proc { A }; "x" =~ /(x)/; M = $~
puts "ready"; $stdout.flush; $stdin.gets`
	m, _ := mirrored(f, started.Ruby(f, nil, "--disable-gems", "-e", small).PID)
	b := blocks(f, m)
	r, err := rubymem.Open(m)
	if err != nil {
		f.Fatal(err)
	}
	bodies, _ := r.Bodies()
	var places []uint64
	for _, s := range bodies {
		for at := s[0]; at < s[1]; at += 8 {
			places = append(places, at)
		}
	}
	for seed := range uint64(6) {
		f.Add(seed, uint8(1+3*seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, n uint8) {
		random := rand.New(rand.NewPCG(seed, uint64(n)))
		changed := map[uint64]uint64{}
		for range n {
			at := places[random.IntN(len(places))]
			var w [8]byte
			if _, err := m.ReadAt(w[:], int64(at)); random.IntN(2) == 0 && err == nil {
				// Also what objects point to.
				if to := binary.LittleEndian.Uint64(w[:]); to%8 == 0 {
					if mp, ok := procmem.Find(m.Maps(), to); ok && mp.Write {
						at = to + 8*uint64(random.IntN(8))
					}
				}
			}
			changed[at] = word(random, places)
		}
		r, err := rubymem.Open(mutated{m, changed})
		if err != nil {
			return
		}
		var out bytes.Buffer
		told, err := rubydump.Dump(context.Background(), r, &out, rubydump.Options{Blocks: b})
		if err != nil {
			return
		}
		lines := bytes.Split(bytes.TrimSuffix(out.Bytes(), []byte("\n")), []byte("\n"))
		if int64(len(lines)) < told.Objects {
			t.Fatalf("%d lines of %+v", len(lines), told)
		}
		for _, line := range lines {
			if !json.Valid(line) {
				t.Fatalf("%.300s", line)
			}
		}
	})
}
