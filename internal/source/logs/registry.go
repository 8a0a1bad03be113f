package logs

// FormatInfo describes a format for the tables of the documentation.
type FormatInfo struct {
	Name     string
	Kind     string // "requests", "jobs", "events", "wrapper"
	Title    string
	Source   string // where the format is defined
	Verified string // "live": a real server's output in tests; "sample": documented lines
}

// formats is every format in the order in which lines are offered to them.
func formats() []format { return append(requestFormats(), workFormats()...) }

// Formats lists what this package reads, wrappers last.
func Formats() []FormatInfo {
	var out []FormatInfo
	for _, f := range formats() {
		out = append(out, FormatInfo{f.name, f.kind, f.title, f.source, f.verified})
	}
	for _, w := range wrapperFormats() {
		out = append(out, FormatInfo{w.name, "wrapper", w.title, w.source, "sample"})
	}
	return out
}
