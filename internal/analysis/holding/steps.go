package holding

import "culprit/internal/heap"

// Walk goes through the dominator tree, into and out of each reached object.
func (v *View) Walk(enter, leave func(uint32)) { v.walk(enter, leave) }

// Sites number the places at which objects were made, 0 not traced.
func (v *View) Sites() (sites []heap.Site, code func(uint32) uint32) {
	return v.H.Sites, func(i uint32) uint32 { return v.H.Site[i] }
}

// Steps name objects on a way in a few words: the word of object i is words[code(i)].
// A class or module goes by its own name, all else by its class.
func (v *View) Steps() (words []string, code func(uint32) uint32) {
	number := map[string]uint32{}
	of := func(w string) uint32 {
		n, ok := number[w]
		if !ok {
			n = uint32(len(words))
			number[w] = n
			words = append(words, w)
		}
		return n
	}
	classes := make([]uint32, v.ClassKeys())
	for k := range classes {
		if k < len(v.G.Classes) {
			classes[k] = of(v.className(uint32(k)))
		} else {
			classes[k] = of(typeInPlace(v.H.Types[k-len(v.G.Classes)]))
		}
	}
	modules := make(map[uint32]uint32, len(v.H.Modules))
	for i := range v.H.Modules {
		if v.isModule(i) {
			modules[i] = of(v.module(i))
		}
	}
	return words, func(i uint32) uint32 {
		if v.isModule(i) {
			return modules[i]
		}
		return classes[v.ClassKey(i)]
	}
}
