package faults

import (
	"fmt"
	"runtime"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// What lies on the stack of the program, from its end.
const (
	atIDs   = -8   // struct bpf_pidns_info: thread, then process
	atKey   = -16  // of a map, 4 bytes
	atWord  = -24  // what was read last
	atEvent = -32  // struct bpf_perf_event_data
	atEC    = -40  // the execution context
	atLast  = -48  // the last control frame that is a call's
	atFrame = -88  // 40 bytes of a control frame: pc 0, iseq 16, ep 32
	atEnv   = -112 // three words: of an environment, or of an execution context
	atEP    = -120 // the environment that is looked at
	atHead  = -128 // first word of the frame's own environment
	atEntry = -136 // what leads to its method
)

// levels is how many blocks around a frame are looked at for the method that they are in.
const levels = 6

// Of Ruby's objects and environments (vm_core.h, internal/imemo.h): as in
// internal/source/rubymem.
const (
	typeMask  = 0x1f
	typeImemo = 0x1a
	imemoBits = 12
	imemoMent = 6
	envLocal  = 0x02
)

// eventAddress is where struct bpf_perf_event_data has the address: behind the registers
// and the period (include/uapi/linux/bpf_perf_event.h).
func eventAddress() (int16, error) {
	switch runtime.GOARCH {
	case "amd64": // struct pt_regs: 21 words
		return 21*8 + 8, nil
	case "arm64": // struct user_pt_regs: 34 words
		return 34*8 + 8, nil
	}
	return 0, fmt.Errorf("%w: not known on %s", ErrUnavailable, runtime.GOARCH)
}

// builder writes the program. It keeps r6 the thread's number, r7 Ruby's thread and then
// the control frame, r8 the record, and r9 the number of frames.
type builder struct {
	out    asm.Instructions
	to     string // label of the next instruction
	places Places
	frames int32 // that are read of a stack
}

func (b *builder) add(list ...asm.Instruction) {
	if b.to != "" {
		list[0] = list[0].WithSymbol(b.to)
		b.to = ""
	}
	b.out = append(b.out, list...)
}

func (b *builder) label(name string) {
	if b.to != "" { // two labels for one place
		b.add(asm.Mov.Reg(asm.R0, asm.R0))
	}
	b.to = name
}

// point makes a register an address on the stack.
func (b *builder) point(r asm.Register, at int16) {
	b.add(asm.Mov.Reg(r, asm.RFP), asm.Add.Imm(r, int32(at)))
}

// read copies size bytes of the process, from the address in a register (not r1 or r2)
// and plus bytes, to the stack. Where that cannot be read it goes on at failed.
func (b *builder) read(at int16, size int32, from asm.Register, plus uint64, failed string) {
	b.add(asm.Mov.Reg(asm.R3, from), asm.Add.Imm(asm.R3, int32(plus)))
	b.point(asm.R1, at)
	b.add(asm.Mov.Imm(asm.R2, size), asm.FnProbeReadUser.Call(), asm.JNE.Imm(asm.R0, 0, failed))
}

// load fetches a word from the stack.
func (b *builder) load(r asm.Register, at int16) {
	b.add(asm.LoadMem(r, asm.RFP, at, asm.DWord))
}

func (b *builder) store(at int16, r asm.Register) {
	b.add(asm.StoreMem(asm.RFP, at, r, asm.DWord))
}

// flag sets a bit of the record.
func (b *builder) flag(bit int32) {
	b.add(asm.LoadMem(asm.R1, asm.R8, offFlags, asm.Word), asm.Or.Imm(asm.R1, bit), asm.StoreMem(asm.R8, offFlags, asm.R1, asm.Word))
}

// look finds the entry of a map with the key on the stack.
func (b *builder) look(fd int, none string) {
	b.add(asm.LoadMapPtr(asm.R1, fd))
	b.point(asm.R2, atKey)
	b.add(asm.FnMapLookupElem.Call(), asm.JEq.Imm(asm.R0, 0, none))
}

// space is the numbers by which the kernel knows a process of its pid namespace.
type space struct{ dev, ino, pid uint64 }

// program builds what runs at a fault of the process.
func program(t Target, s space, m *maps, frames int32) (*ebpf.ProgramSpec, error) {
	address, err := eventAddress()
	if err != nil {
		return nil, err
	}
	b := &builder{places: t.Places, frames: frames}
	b.begin(s, m, address)
	b.thread(m)
	b.context()
	b.walk()
	b.end(m)
	return &ebpf.ProgramSpec{
		Name: "culprit_faults", Type: ebpf.PerfEvent, Instructions: b.out,
		License: "Dual MIT/GPL", // the kernel lends bpf_probe_read_user to such programs only
	}, nil
}

// begin leaves at once at a fault of another process, and fills the head of the record.
func (b *builder) begin(s space, m *maps, address int16) {
	b.store(atEvent, asm.R1)
	b.add(asm.LoadImm(asm.R1, int64(s.dev), asm.DWord), asm.LoadImm(asm.R2, int64(s.ino), asm.DWord))
	b.point(asm.R3, atIDs)
	b.add(asm.Mov.Imm(asm.R4, 8), asm.FnGetNsCurrentPidTgid.Call(), asm.JNE.Imm(asm.R0, 0, "exit"))
	b.add(asm.LoadMem(asm.R1, asm.RFP, atIDs+4, asm.Word), asm.JNE.Imm(asm.R1, int32(s.pid), "exit"))
	b.add(asm.StoreImm(asm.RFP, atKey, 0, asm.Word))
	b.look(m.scratch.FD(), "exit")
	b.add(asm.Mov.Reg(asm.R8, asm.R0), asm.Mov.Imm(asm.R9, 0))
	b.load(asm.R1, atEvent)
	b.add(asm.LoadMem(asm.R1, asm.R1, address, asm.DWord), asm.StoreMem(asm.R8, offAddress, asm.R1, asm.DWord))
	b.add(asm.LoadMem(asm.R6, asm.RFP, atIDs, asm.Word), asm.StoreMem(asm.R8, offTID, asm.R6, asm.Word))
	b.add(asm.StoreImm(asm.R8, offFlags, 0, asm.Word), asm.Mov.Imm(asm.R1, 0))
	b.add(asm.StoreMem(asm.R8, offThread, asm.R1, asm.DWord), asm.StoreMem(asm.R8, offCount, asm.R1, asm.DWord))
}

// thread finds Ruby's own struct of the thread that faulted: it is the one that has Ruby's
// lock, or one of the list of those that are known. In both cases the struct has to name
// the number of this very thread. The lock's holder comes first: the kernel's thread of one
// that has ended serves the next, and the list may still have the struct of the former.
func (b *builder) thread(m *maps) {
	if b.places.Running != 0 {
		b.add(asm.LoadImm(asm.R7, int64(b.places.Running), asm.DWord))
		b.read(atWord, 8, asm.R7, 0, "known")
		b.load(asm.R7, atWord)
		if !b.places.Owner {
			b.read(atWord, 8, asm.R7, b.places.Thread, "known")
			b.load(asm.R7, atWord)
		}
		b.own("known")
		b.add(asm.Ja.Label("found"))
		b.label("known")
	}
	b.add(asm.StoreMem(asm.RFP, atKey, asm.R6, asm.Word))
	b.look(m.threads.FD(), "emit")
	b.add(asm.LoadMem(asm.R7, asm.R0, 0, asm.DWord))
	b.own("emit")
	b.label("found")
	b.add(asm.StoreMem(asm.R8, offThread, asm.R7, asm.DWord))
}

// own goes on at other unless the thread in r7 has the number in r6.
func (b *builder) own(other string) {
	from := asm.R7
	for i, o := range b.places.TID {
		if i == len(b.places.TID)-1 {
			b.read(atWord, 4, from, o, other)
			break
		}
		b.read(atWord, 8, from, o, other)
		b.load(asm.R4, atWord)
		from = asm.R4
	}
	b.add(asm.LoadMem(asm.R1, asm.RFP, atWord, asm.Word), asm.JNE.Reg(asm.R1, asm.R6, other))
}

// context reads the execution context: who has the lock, and where its stack ends
// (vm_core.h, rb_execution_context_t: vm_stack, vm_stack_size, cfp).
func (b *builder) context() {
	b.read(atEC, 8, asm.R7, b.places.Context, "cut")
	if len(b.places.Lock) == 2 {
		b.read(atWord, 8, asm.R7, b.places.Lock[0], "stack")
		b.load(asm.R4, atWord)
		b.read(atWord, 8, asm.R4, b.places.Lock[1], "stack")
		b.flag(bitLockKnown)
		b.load(asm.R1, atWord)
		b.load(asm.R2, atEC)
		if b.places.Owner {
			b.add(asm.Mov.Reg(asm.R2, asm.R7))
		}
		b.add(asm.JNE.Reg(asm.R1, asm.R2, "stack"))
		b.flag(bitLocked)
	}
	b.label("stack")
	b.load(asm.R7, atEC)
	b.read(atEnv, 24, asm.R7, 0, "cut")
	b.load(asm.R1, atEnv)
	b.load(asm.R2, atEnv+8)
	b.load(asm.R7, atEnv+16)
	b.add(asm.JLT.Reg(asm.R7, asm.R1, "cut"), asm.LSh.Imm(asm.R2, 3), asm.Add.Reg(asm.R1, asm.R2))
	// The outermost control frame is no call's.
	b.add(asm.Sub.Imm(asm.R1, int32(2*b.places.Frame)))
	b.store(atLast, asm.R1)
}

// walk copies control frames, the innermost first.
func (b *builder) walk() {
	b.label("frame")
	b.load(asm.R1, atLast)
	b.add(asm.JGT.Reg(asm.R7, asm.R1, "emit"))
	b.read(atFrame, 40, asm.R7, 0, "cut")
	b.load(asm.R1, atFrame+32)
	b.store(atEP, asm.R1)
	b.add(asm.Mov.Imm(asm.R1, 0))
	b.store(atEntry, asm.R1)
	b.store(atHead, asm.R1)
	for level := range levels {
		b.level(level)
	}
	b.label("keep")
	b.add(asm.Mov.Reg(asm.R4, asm.R9), asm.Mul.Imm(asm.R4, recordFrame), asm.Add.Reg(asm.R4, asm.R8))
	b.load(asm.R1, atFrame)
	b.load(asm.R2, atFrame+16)
	b.add(asm.JNE.Imm(asm.R2, 0, "ruby"))
	b.load(asm.R1, atHead)
	b.label("ruby")
	b.load(asm.R3, atEntry)
	for i, r := range []asm.Register{asm.R1, asm.R2, asm.R3} {
		b.add(asm.StoreMem(asm.R4, recordHead+8*int16(i), r, asm.DWord))
	}
	b.add(asm.Add.Imm(asm.R9, 1), asm.Add.Imm(asm.R7, int32(b.places.Frame)), asm.JLT.Imm(asm.R9, b.frames, "frame"))
	b.label("cut")
	b.flag(bitCut)
}

// level looks at one environment for what leads to the method (vm_insnhelper.c,
// rb_vm_frame_method_entry): the outermost one's word is taken whatever it is, as the
// special variables may stand between; that of a block only if it is a method entry.
func (b *builder) level(n int) {
	b.load(asm.R4, atEP)
	b.add(asm.Sub.Imm(asm.R4, 16))
	b.read(atEnv, 24, asm.R4, 0, "keep")
	b.load(asm.R1, atEnv+16)
	if n == 0 {
		b.store(atHead, asm.R1)
	}
	next, local, take := fmt.Sprint("next", n), fmt.Sprint("block", n), fmt.Sprint("take", n)
	b.load(asm.R4, atEnv)
	b.add(asm.And.Imm(asm.R1, envLocal), asm.JEq.Imm(asm.R1, 0, local), asm.Ja.Label(take))
	b.label(local)
	b.add(asm.JEq.Imm(asm.R4, 0, next))
	b.read(atWord, 8, asm.R4, 0, next)
	b.load(asm.R1, atWord)
	b.add(asm.And.Imm(asm.R1, 0xf<<imemoBits|typeMask), asm.JNE.Imm(asm.R1, imemoMent<<imemoBits|typeImemo, next))
	b.label(take)
	b.load(asm.R4, atEnv)
	b.store(atEntry, asm.R4)
	b.add(asm.Ja.Label("keep"))
	b.label(next)
	b.load(asm.R1, atEnv+8)
	b.add(asm.And.Imm(asm.R1, ^3))
	b.store(atEP, asm.R1)
}

// end hands the record over, and counts those that found no room.
func (b *builder) end(m *maps) {
	b.label("emit")
	b.add(asm.StoreMem(asm.R8, offCount, asm.R9, asm.DWord))
	b.add(asm.Mov.Reg(asm.R3, asm.R9), asm.Mul.Imm(asm.R3, recordFrame), asm.Add.Imm(asm.R3, recordHead))
	b.add(asm.LoadMapPtr(asm.R1, m.ring.FD()), asm.Mov.Reg(asm.R2, asm.R8))
	const noWakeup = 1 // BPF_RB_NO_WAKEUP: the reader comes by itself
	b.add(asm.Mov.Imm(asm.R4, noWakeup), asm.FnRingbufOutput.Call(), asm.JEq.Imm(asm.R0, 0, "exit"))
	b.add(asm.StoreImm(asm.RFP, atKey, 0, asm.Word))
	b.look(m.lost.FD(), "exit")
	b.add(asm.LoadMem(asm.R1, asm.R0, 0, asm.DWord), asm.Add.Imm(asm.R1, 1), asm.StoreMem(asm.R0, 0, asm.R1, asm.DWord))
	b.label("exit")
	b.add(asm.Mov.Imm(asm.R0, 0), asm.Return())
}
