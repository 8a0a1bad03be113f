package lab

import (
	"fmt"
	"math"
	"math/rand/v2"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/stat"
)

// Firehose is a case too large to keep: its rows are made as they are read, so
// that a judge's throughput can be measured at any size. One rare endpoint, the
// last of the roster, makes its process grow by half a gigabyte, Steps times.
type Firehose struct {
	Rows      int64
	Endpoints int
	Processes int
	Hosts     int
	Span      float64 // seconds
	Every     float64 // seconds between readings
	Steps     int
	Seed      uint64
}

// FullSize is the size that the judge's speed is promised for: 100 million calls
// of 200 endpoints on 50 processes, three days.
func FullSize() Firehose {
	return Firehose{Rows: 1e8, Endpoints: 200, Processes: 50, Hosts: 10, Span: 3 * 86400, Every: 30, Steps: 20, Seed: 1}
}

// step is one planted growth of a firehose.
type step struct {
	unit int32
	at   int64 // begin
	run  int64 // microseconds
}

// hoseBlock is the number of rows made at a time.
const hoseBlock = 4096

// Culprit is the name of the endpoint that does it.
func (f Firehose) Culprit() string { return fmt.Sprintf("Things%dController#index", f.Endpoints-1) }

// Case makes the case. Its rows are the same at every reading.
func (f Firehose) Case() *casefile.Case {
	rng := stat.Rand(f.Seed, 11)
	c := &casefile.Case{
		From: epochMonday, To: epochMonday + micros(f.Span), Level: culprit.LevelProcess,
		Calls: f.Rows, LogLoss: -1, SkewSeconds: 1, Roster: &casefile.Roster{},
	}
	for e := range f.Endpoints {
		c.Roster.Suspects = append(c.Roster.Suspects, casefile.Suspect{
			Name: fmt.Sprintf("Things%dController#index", e), Kind: "endpoint", Parent: -1,
		})
		c.Roster.Labels = append(c.Roster.Labels, []int32{int32(e)})
	}
	steps := make([]step, f.Steps)
	for i := range steps {
		steps[i] = step{
			unit: int32(rng.IntN(f.Processes)), run: micros(40 + 60*rng.Float64()),
			at: c.From + micros(f.Span*(0.05+0.9*(float64(i)+rng.Float64()*0.8)/float64(f.Steps))),
		}
	}
	for u := range f.Processes {
		c.Units = append(c.Units, f.unit(int32(u), steps, rng))
	}
	c.Rows = func(yield func([]casefile.Row) bool) { f.flow(steps, yield) }
	return c
}

// unit is a process that stays level but for its steps.
func (f Firehose) unit(u int32, steps []step, rng *rand.Rand) casefile.Unit {
	unit := casefile.Unit{Kind: culprit.RSS, Fleet: "web"}
	unit.Process = culprit.Process{Host: hostName(int(u) % f.Hosts), PID: 2000 + int(u), Role: "worker"}
	for at := epochMonday; at < epochMonday+micros(f.Span); at += micros(f.Every) {
		mb := 600 + 1.5*rng.NormFloat64()
		for _, s := range steps {
			if s.unit == u {
				mb += 500 * math.Min(1, math.Max(0, float64(at-s.at)/float64(s.run)))
			}
		}
		unit.Points = append(unit.Points, casefile.Point{At: at, Mem: int64(mb*256) * 4096})
	}
	return unit
}

// flow makes the rows block by block in order of time: a pattern of a few blocks
// that is repeated with times moved on and processes changed.
func (f Firehose) flow(steps []step, yield func([]casefile.Row) bool) {
	length := f.Span * 1e6 * hoseBlock / float64(f.Rows)
	pattern := f.pattern(length)
	block := make([]casefile.Row, hoseBlock)
	next := 0
	for k, left := int64(0), f.Rows; left > 0; k++ {
		n := int(min(left, hoseBlock))
		left -= int64(n)
		begin := epochMonday + int64(float64(k)*length)
		from := pattern[int(k)%(len(pattern)/hoseBlock)*hoseBlock:]
		turn := int32(k*7) % int32(f.Processes)
		for i := range n {
			r := from[i]
			r.Start, r.End, r.Offset = r.Start+begin, r.End+begin, (k*hoseBlock+int64(i))*180
			if r.Unit += turn; r.Unit >= int32(f.Processes) {
				r.Unit -= int32(f.Processes)
			}
			block[i] = r
		}
		for i := 0; next < len(steps) && i < n && steps[next].at < begin+int64(length); next, i = next+1, i+1 {
			s := steps[next]
			block[i].Start, block[i].End = s.at, s.at+s.run
			block[i].Unit, block[i].Label = s.unit, uint32(f.Endpoints-1)
		}
		if !yield(block[:n]) {
			return
		}
	}
}

// pattern is 16 blocks of traffic, times from the beginning of each. The culprit
// is called harmlessly there, too, but seldom.
func (f Firehose) pattern(length float64) []casefile.Row {
	rng := stat.Rand(f.Seed, 12)
	weights := zipf(f.Endpoints, 1.05)
	weights[f.Endpoints-1] = 0
	endpoints := newWheel(weights)
	rare := float64(f.Steps) * 20 / math.Max(1, float64(f.Rows))
	rows := make([]casefile.Row, 16*hoseBlock)
	for i := range rows {
		start := int64((float64(i%hoseBlock) + rng.Float64()) / hoseBlock * length)
		r := casefile.Row{Start: start, Unit: int32(rng.IntN(f.Processes)), Status: 200, User: 0}
		r.End = start + micros(logNormal(rng, 0.15, 0.9))
		r.Label = uint32(endpoints.draw(rng))
		if rng.Float64() < rare*float64(hoseBlock) && i%hoseBlock == hoseBlock/2 {
			r.Label = uint32(f.Endpoints - 1)
		}
		rows[i] = r
	}
	return rows
}
