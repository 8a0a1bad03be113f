package culprit

// HeapSchema and HeapDiffSchema are the JSON forms of docs/format/heap.md.
const (
	HeapSchema     = "culprit.heap/1"
	HeapDiffSchema = "culprit.heapdiff/1"
)

// Heap is what a dump of a Ruby heap holds, and what holds it.
type Heap struct {
	Schema       string        `json:"schema"`
	Tool         string        `json:"tool"`
	Dump         string        `json:"dump"` // the file
	Totals       HeapTotals    `json:"totals"`
	ByClass      []HeapGroup   `json:"by_class"`
	ByType       []HeapGroup   `json:"by_type"`
	ByLocation   []HeapGroup   `json:"by_location"`
	ByGem        []HeapGroup   `json:"by_gem"`
	ByGeneration []HeapGroup   `json:"by_generation"` // oldest first, "not traced" last
	ByKind       []HeapGroup   `json:"by_kind"`       // classes and modules alone: named, anonymous, singleton, inclusion
	Unreachable  []HeapGroup   `json:"unreachable"`   // by class, most bytes first
	Suspects     []HeapSuspect `json:"suspects"`
	Duplicates   []HeapString  `json:"duplicates"` // of one text, most wasted first
	BigStrings   []HeapString  `json:"big_strings"`
	Shapes       []HeapShapes  `json:"shapes"` // Ruby 3.2 and later, most first
	Warnings     []string      `json:"warnings"`
}

// HeapTotals are sums over a whole dump.
type HeapTotals struct {
	Objects            int64 `json:"objects"`
	Bytes              Bytes `json:"bytes"`
	UnreachableObjects int64 `json:"unreachable_objects"` // garbage not collected yet
	UnreachableBytes   Bytes `json:"unreachable_bytes"`
	Lines              int64 `json:"lines"`
	Understood         int64 `json:"understood"`
}

// HeapGroup is a sum over objects; Retained is what would be freed if all went.
type HeapGroup struct {
	Key      string `json:"key"`
	Objects  int64  `json:"objects"`
	Bytes    Bytes  `json:"bytes"`
	Retained Bytes  `json:"retained"`
}

// HeapNode is one object, named for a reader.
type HeapNode struct {
	Describe string `json:"describe"`
	Address  string `json:"address"`
	Class    string `json:"class"`
}

// HeapString is a text of which there are several copies, or that is large.
type HeapString struct {
	Address  string `json:"address"` // of the first
	Copies   int64  `json:"copies"`
	Bytes    Bytes  `json:"bytes"`    // of all copies
	Wasted   Bytes  `json:"wasted"`   // of all but the largest
	Location string `json:"location"` // that made most of them, "" not traced
	Value    string `json:"value"`    // "" unless asked for: it may be a secret
}

// HeapShapes tells how many sets of instance variables objects of one class have.
type HeapShapes struct {
	Class   string `json:"class"`
	Shapes  int64  `json:"shapes"`
	Objects int64  `json:"objects"`
}

// HeapSuspect is an object that holds much, with the way from the machine to it.
type HeapSuspect struct {
	HeapNode
	Retained Bytes      `json:"retained"`
	Share    float64    `json:"share"` // of all bytes, 0..1
	Path     []HeapNode `json:"path"`
}

// HeapDiff is what came and stayed between dumps of one process.
type HeapDiff struct {
	Schema   string          `json:"schema"`
	Tool     string          `json:"tool"`
	Dumps    []string        `json:"dumps"`
	Retained HeapTally       `json:"retained"` // of two dumps: new in the second
	Gone     HeapTally       `json:"gone"`     // in the first, and not in the second
	Groups   []HeapDiffGroup `json:"groups"`   // largest first
	Warnings []string        `json:"warnings"`
}

// HeapTally counts objects.
type HeapTally struct {
	Objects int64 `json:"objects"`
	Bytes   Bytes `json:"bytes"`
}

// HeapDiffGroup are retained objects of one class made at one place.
type HeapDiffGroup struct {
	Location string      `json:"location"` // "" not traced
	Class    string      `json:"class"`
	Gem      string      `json:"gem"`
	Objects  int64       `json:"objects"`
	Bytes    Bytes       `json:"bytes"`
	Holder   *HeapHolder `json:"holder"` // dominates nine tenths of them, nil for the machine
}

// HeapHolder is who keeps a group alive.
type HeapHolder struct {
	HeapNode
	Path []HeapNode `json:"path"`
}

// HeapEvidence is what dumps of one process say about the suspects of a report.
type HeapEvidence struct {
	Dumps    []string      `json:"dumps"`
	Bytes    Bytes         `json:"bytes"`  // what stayed between them; all, of one dump
	Traced   float64       `json:"traced"` // share of it whose place is known, 0..1
	Opinions []HeapOpinion `json:"opinions"`
}

// HeapOpinion is what dumps say about one suspect.
type HeapOpinion struct {
	Suspect string  `json:"suspect"`
	Finding string  `json:"finding"` // "confirms", "contradicts" or "silent"
	Because string  `json:"because"`
	Share   float64 `json:"share"` // of HeapEvidence.Bytes, 0..1
}
