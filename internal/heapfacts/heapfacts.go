// Package heapfacts has the words for stacks of what a heap holds.
//
// It owns their shape. It refuses to read, to reckon and to print.
package heapfacts

// Flame is a tree of frames over all that is reachable: the bytes and objects of its
// nodes add up to the heap's.
type Flame struct {
	Dump   string
	Tool   string
	Frames []Frame
	// Samples is set for stacks of a live process: Bytes count how often each was seen.
	Samples bool
	// Growth is set for stacks that touched new memory: Bytes are estimated from as many
	// faults as Objects says.
	Growth bool
	Nodes  []FlameNode // [0] is the machine, of no frame; parents stand before children
}

// Frame is a name on a stack.
type Frame struct {
	Name string
	File string // "" not traced
	Line int64  // 0 not told
}

// FlameNode are objects with the same frames above them.
type FlameNode struct {
	Parent  int32
	Frame   int32 // index into Frames
	Objects int64 // its own, those of nodes below not counted
	Bytes   int64
	// Total is Bytes with those of all nodes below.
	Total int64
}
