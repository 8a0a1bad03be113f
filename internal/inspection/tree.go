package inspection

import (
	"fmt"

	"culprit/internal/heapfacts"
	"culprit/internal/livefacts"
)

// tree adds stacks up, the thread of each at the bottom.
type tree struct {
	flame  heapfacts.Flame
	frames map[heapfacts.Frame]int32
	nodes  map[[2]int32]int32
}

func newTree(f heapfacts.Flame) tree {
	f.Nodes = []heapfacts.FlameNode{{}}
	return tree{flame: f, frames: map[heapfacts.Frame]int32{}, nodes: map[[2]int32]int32{}}
}

// add counts one stack.
func (s *tree) add(t livefacts.Thread, samples, bytes int64) {
	name := "thread"
	if t.Name != "" {
		name = t.Name
	} else if t.TID > 0 {
		name = fmt.Sprintf("thread %d", t.TID)
	}
	at := s.below(0, heapfacts.Frame{Name: name})
	for i := len(t.Frames) - 1; i >= 0; i-- {
		f := t.Frames[i]
		label := f.Label
		if f.Method != "" && label == methodOf(f.Method) {
			label = f.Method
		}
		at = s.below(at, heapfacts.Frame{Name: label, File: f.Path, Line: int64(f.Line)})
	}
	s.flame.Nodes[at].Objects += samples
	s.flame.Nodes[at].Bytes += bytes
	for ; at > 0; at = s.flame.Nodes[at].Parent {
		s.flame.Nodes[at].Total += bytes
	}
	s.flame.Nodes[0].Total += bytes
}

func methodOf(qualified string) string { return method(livefacts.Frame{Method: qualified}) }

func (s *tree) below(parent int32, f heapfacts.Frame) int32 {
	frame, ok := s.frames[f]
	if !ok {
		frame = int32(len(s.flame.Frames))
		s.frames[f] = frame
		s.flame.Frames = append(s.flame.Frames, f)
	}
	key := [2]int32{parent, frame}
	node, ok := s.nodes[key]
	if !ok {
		node = int32(len(s.flame.Nodes))
		s.nodes[key] = node
		s.flame.Nodes = append(s.flame.Nodes, heapfacts.FlameNode{Parent: parent, Frame: frame})
	}
	return node
}
