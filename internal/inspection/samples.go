package inspection

import (
	"errors"
	"fmt"

	"culprit/internal/heapfacts"
	"culprit/internal/livefacts"
	"culprit/internal/source/rubymem"
)

// Samples is a tree of the stacks that a live process was seen in.
type Samples struct {
	Count, Torn int

	target *Target
	tree   heapfacts.Flame
	frames map[heapfacts.Frame]int32
	nodes  map[[2]int32]int32
}

// NewSamples begins to count. name says of what, in the files.
func NewSamples(t *Target, tool, name string) *Samples {
	return &Samples{
		target: t, tree: heapfacts.Flame{Dump: name, Tool: tool, Samples: true, Nodes: []heapfacts.FlameNode{{}}},
		frames: map[heapfacts.Frame]int32{}, nodes: map[[2]int32]int32{},
	}
}

// Take reads all stacks once. Threads that wait count too unless only is set: then the
// one with Ruby's lock counts, where Ruby tells.
func (s *Samples) Take(only bool) error {
	threads, torn, err := s.target.Ruby.Sample()
	if err != nil {
		if errors.Is(err, rubymem.ErrTorn) {
			s.Torn++
			return nil
		}
		return err
	}
	s.Count++
	s.Torn += torn
	for _, th := range threads {
		if only && th.RunningKnown && !th.Running {
			continue
		}
		s.add(Thread(th))
	}
	return nil
}

// add counts one stack, its thread at the bottom.
func (s *Samples) add(t livefacts.Thread) {
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
	s.tree.Nodes[at].Objects++
	s.tree.Nodes[at].Bytes++
	for ; at > 0; at = s.tree.Nodes[at].Parent {
		s.tree.Nodes[at].Total++
	}
	s.tree.Nodes[0].Total++
}

func methodOf(qualified string) string { return method(livefacts.Frame{Method: qualified}) }

func (s *Samples) below(parent int32, f heapfacts.Frame) int32 {
	frame, ok := s.frames[f]
	if !ok {
		frame = int32(len(s.tree.Frames))
		s.frames[f] = frame
		s.tree.Frames = append(s.tree.Frames, f)
	}
	key := [2]int32{parent, frame}
	node, ok := s.nodes[key]
	if !ok {
		node = int32(len(s.tree.Nodes))
		s.nodes[key] = node
		s.tree.Nodes = append(s.tree.Nodes, heapfacts.FlameNode{Parent: parent, Frame: frame})
	}
	return node
}

// Tree is what was counted.
func (s *Samples) Tree() heapfacts.Flame { return s.tree }
