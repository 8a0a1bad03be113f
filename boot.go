package culprit

// BootSchema is the name and version of the JSON form of Boot, documented in
// docs/format/boot.md.
const BootSchema = "culprit.boot/1"

// Boot is what booting an app costs in memory and time, by require.
type Boot struct {
	Schema string `json:"schema"`
	Tool   string `json:"tool"`
	Mode   string `json:"mode"` // "mem" or "objects"
	App    string `json:"app"`
	Ruby   string `json:"ruby"`  // version and platform as Ruby tells them
	Env    string `json:"env"`   // RAILS_ENV
	Entry  string `json:"entry"` // what was required: "groups default, production", "config/environment, eager loaded"
	// TotalBytes is the growth of the resident set from the first require to the
	// end; in mode "objects" the bytes of retained objects.
	TotalBytes Bytes `json:"total_bytes"`
	PSSBytes   Bytes `json:"pss_bytes"`  // growth of the proportional set, Unknown
	BaseBytes  Bytes `json:"base_bytes"` // resident before the first require
	// AllocatedBytes and the objects: mode "objects" only, else Unknown.
	AllocatedBytes   Bytes   `json:"allocated_bytes"`
	AllocatedObjects int64   `json:"allocated_objects"`
	RetainedBytes    Bytes   `json:"retained_bytes"`
	RetainedObjects  int64   `json:"retained_objects"`
	TimeMS           float64 `json:"time_ms"`
	// PlainTimeMS is a boot without measuring, Unknown when it was not made.
	PlainTimeMS float64 `json:"plain_time_ms"`
	// Overhead is the time of a measured boot over that of a plain one, Unknown
	// without the latter.
	Overhead float64 `json:"overhead"`
	// Coverage is the tree's sum over the real growth: 1 when all is accounted for.
	Coverage float64    `json:"coverage"`
	Runs     []BootRun  `json:"runs"` // one per repetition; figures above are of the median run
	Tree     []BootNode `json:"tree"` // largest first
	Gems     []BootGem  `json:"gems"` // largest first
	// Files, Locations and Classes: largest first, mode "objects" only but Files.
	Files     []BootGroup `json:"files"`
	Locations []BootGroup `json:"locations"`
	Classes   []BootGroup `json:"classes"`
	// Fork is what a forked worker shares, nil when it was not measured.
	Fork          *BootFork      `json:"fork"`
	Budget        *BootBudget    `json:"budget"` // nil without --baseline
	Circumstances []Circumstance `json:"circumstances"`
	Warnings      []string       `json:"warnings"`
}

// BootRun is one repetition.
type BootRun struct {
	TotalBytes Bytes   `json:"total_bytes"`
	TimeMS     float64 `json:"time_ms"`
}

// BootNode is one require, with those inside it. Amounts that were not measured
// are Unknown; a negative difference is a real one (pages given back).
type BootNode struct {
	Name       string `json:"name"` // as required: "active_record", "config/environment"
	File       string `json:"file"` // the feature's path, "" when none was loaded
	Gem        string `json:"gem"`  // "" when of the app, "ruby" when of the standard library
	OwnBytes   Bytes  `json:"own_bytes"`
	TotalBytes Bytes  `json:"total_bytes"`
	PSSBytes   Bytes  `json:"pss_bytes"` // with children
	// Objects and bytes on the Ruby heap, with children; mode "objects" only.
	AllocatedBytes   Bytes      `json:"allocated_bytes"`
	AllocatedObjects int64      `json:"allocated_objects"`
	RetainedBytes    Bytes      `json:"retained_bytes"`
	RetainedObjects  int64      `json:"retained_objects"`
	TimeMS           float64    `json:"time_ms"` // with children
	OwnTimeMS        float64    `json:"own_time_ms"`
	AlsoBy           []string   `json:"also_by"` // who required it again
	Children         []BootNode `json:"children"`
}

// BootGem is one gem's sum over its own files.
type BootGem struct {
	Name            string  `json:"name"` // "app" for the app, "ruby" for the standard library
	Version         string  `json:"version"`
	Bytes           Bytes   `json:"bytes"`
	RetainedBytes   Bytes   `json:"retained_bytes"`   // Unknown in mode "mem"
	RetainedObjects int64   `json:"retained_objects"` // Unknown in mode "mem"
	TimeMS          float64 `json:"time_ms"`
	Files           int     `json:"files"`
}

// BootGroup is a sum by file, allocation site or class.
type BootGroup struct {
	Key     string `json:"key"`
	Gem     string `json:"gem"`
	Bytes   Bytes  `json:"bytes"`
	Objects int64  `json:"objects"`
}

// BootFork is what a worker forked after the boot has in common with its master.
type BootFork struct {
	MasterBytes Bytes `json:"master_bytes"` // RSS of the booted master
	// SharedBytes is shared right after fork; UnsharedBytes of these become the
	// worker's own once it collects garbage.
	SharedBytes   Bytes `json:"shared_bytes"`
	UnsharedBytes Bytes `json:"unshared_bytes"`
	// PreloadSavesBytes is saved per worker by booting before fork (preload_app!).
	PreloadSavesBytes Bytes `json:"preload_saves_bytes"`
}

// BootBudget is the comparison with an earlier boot.
type BootBudget struct {
	Baseline      string      `json:"baseline"` // the file
	BaselineBytes Bytes       `json:"baseline_bytes"`
	GrewBytes     Bytes       `json:"grew_bytes"`
	BudgetBytes   Bytes       `json:"budget_bytes"` // allowed growth
	Exceeded      bool        `json:"exceeded"`
	Changes       []BootGroup `json:"changes"` // by gem, largest growth first
}
