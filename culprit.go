// Package culprit holds the words of the house: what a process, a memory
// sample, a call, a happening and a report are. Every other package speaks in
// them.
//
// It owns names and shapes only. It refuses to read files, look at clocks, log,
// or decide anything: it imports the standard library's data types and nothing
// else. Instants inside the machine room are int64 microseconds since the Unix
// epoch (UTC); in a report they are time.Time in UTC.
package culprit

// Schema is the name and version of the report's JSON form, documented in
// docs/format/report.md.
const Schema = "culprit.report/1"

// Unknown marks a count or size that nobody measured. It is never a valid
// measurement, so that a zero always means zero.
const Unknown = -1
