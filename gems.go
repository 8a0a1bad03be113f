package culprit

import "time"

// GemsSchema is the name and version of the JSON form of Gems, documented in
// docs/format/gems.md.
const GemsSchema = "culprit.gems/1"

// Gems is what the bundle and the app's settings say: known causes of growing
// memory, and for each whether this app can meet it.
type Gems struct {
	Schema   string `json:"schema"`
	Tool     string `json:"tool"`
	App      string `json:"app"`      // the folder, "" when only a lockfile was given
	Lockfile string `json:"lockfile"` // as given or found, "" when there is none
	// Knowledge is the date of the newest entry of the knowledge base.
	Knowledge time.Time `json:"knowledge"`
	Checked   int       `json:"checked"` // entries of the knowledge base held against the app
	Locked    int       `json:"locked"`  // gems in the lockfile, one for each name
	Ruby      string    `json:"ruby"`    // "" unknown
	// Findings are those whose gem and version are here: applies first.
	Findings []GemFinding `json:"findings"`
	// Circumstances are the findings in proportion to an incident, when one was given.
	Circumstances []Circumstance `json:"circumstances"`
	Warnings      []string       `json:"warnings"`
}

// GemVerdict says whether this app can meet a known problem.
type GemVerdict string

// The verdicts on a known problem. Applies means that the condition is met
// here, not that it ate the memory.
const (
	Applies      GemVerdict = "applies"
	NotReachable GemVerdict = "not_reachable"
	CannotTell   GemVerdict = "cannot_tell"
)

// GemFinding is one entry of the knowledge base that concerns this app.
type GemFinding struct {
	ID       string `json:"id"`
	Gem      string `json:"gem"`      // the gem, or "ruby", "puma", "glibc", "app"
	Version  string `json:"version"`  // as locked or found, "" unknown
	Platform string `json:"platform"` // of the locked gem: "ruby", "x86_64-linux", ... "" when not a gem
	// Fixed is the first version without the problem, "" when there is none.
	Fixed string `json:"fixed"`
	// Kind: "retention", "native_leak", "bloat", "agent_buffers", "ruby_bug", "configuration".
	Kind      string     `json:"kind"`
	Title     string     `json:"title"`
	Verdict   GemVerdict `json:"verdict"`
	Condition string     `json:"condition"` // when it happens at all, "" always
	Because   string     `json:"because"`   // why the verdict, in a sentence
	Evidence  []Evidence `json:"evidence"`  // lines of the app first, then addresses
	Advice    string     `json:"advice"`
	// Cost is what it takes, when somebody measured it; nil unknown.
	Cost *Cost `json:"cost"`
	// Entered is when this version came into the lockfile (git log), zero unknown.
	Entered time.Time `json:"entered,omitzero"`
}

// Cost is how much memory something takes, and each time what.
type Cost struct {
	// Bytes: between Low and High each time; both at least 0.
	Low  Bytes `json:"low"`
	High Bytes `json:"high"`
	// Per: "call" (of the leaking method), "request", "job", "process" (once in
	// its life), "thread", "hour" (of a process's life).
	Per string `json:"per"`
	// Source says who measured: an address, or "measured".
	Source string `json:"source"`
}
