// Package ingest is the hall: the only place that joins sources. It reads every
// file through the doors, aligns host names and clocks, drops calls that two
// logs tell twice, puts calls on processes, and lays out the case for the study.
//
// It owns identity: which host, which process, which endpoint, which request.
// It refuses to estimate, to test and to accuse.
package ingest
