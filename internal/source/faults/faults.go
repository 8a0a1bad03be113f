// Package faults is the door to the page faults of one process, each with the frames of
// Ruby that it happened in, as the kernel saw them at that moment (BPF; Linux 5.8 or later).
//
// It owns the program that runs in the kernel, the counters that start it, the form of its
// records, and saying what a machine lacks for them. It refuses to say what a frame is, to
// know which fault made a process larger, and to give no faults where it could not look.
package faults

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Errors that callers tell apart.
var (
	// ErrUnavailable means that this machine, or this user, cannot see faults as they
	// happen. Its message says what is missing.
	ErrUnavailable = errors.New("page faults cannot be seen as they happen")
	errRecord      = errors.New("a record that is none")
)

// MostFrames is how many frames of a stack are read, the innermost first.
const MostFrames = 192

// Target is what is looked at.
type Target struct {
	PID    int
	Period int // one fault of this many is looked at
	Places Places
}

// Places says where a Ruby keeps what is read at a fault, in bytes from the start of the
// struct.
type Places struct {
	TID     []uint64 // from a thread to its number for the kernel; all but the last lead to a pointer
	Context uint64   // in a thread: its execution context
	Thread  uint64   // in an execution context: its thread
	Frame   uint64   // size of a control frame
	Lock    []uint64 // from a thread to the context that has its lock: in it and in its Ractor; nil not told
	Running uint64   // address of that pointer of the main Ractor, 0 not known
	Owner   bool     // that pointer is to the thread that has the lock, not to its context
}

// Sample is a fault.
type Sample struct {
	Address uint64 // that was touched
	TID     int    // the thread's number, as the process itself has it
	Thread  uint64 // Ruby's own struct of that thread, 0 where it is none of Ruby's
	// Unlocked is set for a thread that has not got Ruby's lock: C code that lets others run.
	Unlocked bool
	Cut      bool // the stack goes on, or could not be read to its end
	Frames   []Frame
}

// Frame is what a control frame held.
type Frame struct {
	PC    uint64 // of a frame without ISeq: the first word of its environment
	ISeq  uint64
	Entry uint64 // the word that leads to its method, 0 where none was found
}

// Of a record: little endian, as on all machines whose Rubies are known.
const (
	recordHead  = 32
	recordFrame = 24

	offAddress = 0
	offTID     = 8
	offFlags   = 12
	offThread  = 16
	offCount   = 24
)

// Bits of a record.
const (
	bitLockKnown = 1 << iota
	bitLocked
	bitCut
)

// decode reads a record into s, whose frames are used again.
func decode(b []byte, s *Sample) error {
	if len(b) < recordHead {
		return fmt.Errorf("%w: %d bytes", errRecord, len(b))
	}
	word := func(o int) uint64 { return binary.LittleEndian.Uint64(b[o:]) }
	n := word(offCount)
	// The kernel fills records up to eight bytes: those of this form end on that already.
	if n > MostFrames || len(b) != recordHead+int(n)*recordFrame {
		return fmt.Errorf("%w: %d frames in %d bytes", errRecord, n, len(b))
	}
	flags := binary.LittleEndian.Uint32(b[offFlags:])
	*s = Sample{
		Address: word(offAddress), TID: int(binary.LittleEndian.Uint32(b[offTID:])), Thread: word(offThread),
		Unlocked: flags&(bitLockKnown|bitLocked) == bitLockKnown, Cut: flags&bitCut != 0, Frames: s.Frames[:0],
	}
	for o := recordHead; o < len(b); o += recordFrame {
		s.Frames = append(s.Frames, Frame{PC: word(o), ISeq: word(o + 8), Entry: word(o + 16)})
	}
	return nil
}
