package culprit

// Picture is what the HTML report draws: binned curves and lanes, small enough
// that a million calls open at once. Times are seconds since the Unix epoch.
type Picture struct {
	From   float64 `json:"from"`
	To     float64 `json:"to"`
	Curves []Curve `json:"curves"`
	Lanes  []Lane  `json:"lanes"`
}

// Curve is one unit's memory. At most about 2,000 points: the minimum and the
// maximum of every bin, in time order, so that steps survive.
type Curve struct {
	Host string    `json:"host"`
	PID  int       `json:"pid"`
	Kind string    `json:"kind"` // what it measures: "rss", "host_used"
	At   []float64 `json:"at"`
	Mem  []float64 `json:"mem"` // bytes
	// Without is the counterfactual at the same instants: memory had the named
	// suspects not run. Empty when nobody is named.
	Without []float64 `json:"without"`
	// Grew tells whether this unit had growth events: drawn first.
	Grew bool `json:"grew"`
}

// Lane is one unit's calls under the curve, on the same time axis.
type Lane struct {
	Host string `json:"host"`
	PID  int    `json:"pid"`
	// BinSeconds is the width of a density bin, From its left end.
	BinSeconds float64 `json:"bin_seconds"`
	// Density is the mean number of calls in flight per bin, all calls.
	Density []float64 `json:"density"`
	// Marks are the calls of named or requested suspects, at most 5,000 in all;
	// beyond that they are merged per bin.
	Marks []Mark `json:"marks"`
}

// Mark is one call, or several merged, of a suspect in a lane.
type Mark struct {
	From    float64 `json:"from"`
	To      float64 `json:"to"`
	Suspect int     `json:"suspect"` // rank in Report.Suspects
	Calls   int     `json:"calls"`
	Open    bool    `json:"open"`
	Label   string  `json:"label"` // "GET /reports/:id, 12.4 s"
}
