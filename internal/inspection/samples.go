package inspection

import (
	"errors"

	"culprit/internal/heapfacts"
	"culprit/internal/source/rubymem"
)

// Samples is a tree of the stacks that a live process was seen in.
type Samples struct {
	Count, Torn int

	target *Target
	tree   tree
}

// NewSamples begins to count. name says of what, in the files.
func NewSamples(t *Target, tool, name string) *Samples {
	return &Samples{target: t, tree: newTree(heapfacts.Flame{Dump: name, Tool: tool, Samples: true})}
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
		s.tree.add(Thread(th), 1, 1)
	}
	return nil
}

// Tree is what was counted.
func (s *Samples) Tree() heapfacts.Flame { return s.tree.flame }
