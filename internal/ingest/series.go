package ingest

import (
	"slices"
	"sync"

	"culprit"
	"culprit/internal/casefile"
)

// track is one memory series as it was read.
type track struct {
	culprit.Series
	points []casefile.Point
	pids   int // processes written into one another, when Collapsed
}

// seriesBook collects the memory series of all files.
type seriesBook struct {
	mu     sync.Mutex
	tracks []*track
	index  map[culprit.Series]int
}

func newSeriesBook() *seriesBook { return &seriesBook{index: map[culprit.Series]int{}} }

func (b *seriesBook) track(s culprit.Series) int {
	s.Collapsed = false
	if i, ok := b.index[s]; ok {
		return i
	}
	b.tracks = append(b.tracks, &track{Series: s})
	b.index[s] = len(b.tracks) - 1
	return len(b.tracks) - 1
}

func (b *seriesBook) add(s culprit.Series, at, mem int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tracks[b.track(s)]
	t.points = append(t.points, casefile.Point{At: at, Mem: mem})
}

// ear listens to one metrics file on behalf of the book.
type ear struct {
	book *seriesBook
	host string // the file's host, when the series tells none
}

// Series numbers a series, with the file's host where it has none.
func (e *ear) Series(s culprit.Series) int {
	if s.Host == "" {
		s.Host = e.host
	}
	e.book.mu.Lock()
	defer e.book.mu.Unlock()
	i := e.book.track(s)
	if s.Collapsed {
		e.book.tracks[i].Collapsed = true
	}
	return i
}

// Sample keeps one reading.
func (e *ear) Sample(series int, at, v int64) {
	e.book.mu.Lock()
	t := e.book.tracks[series]
	t.points = append(t.points, casefile.Point{At: at, Mem: v})
	e.book.mu.Unlock()
}

// Collapsed marks a series that several processes were written into.
func (e *ear) Collapsed(series, pids int) {
	e.book.mu.Lock()
	e.book.tracks[series].Collapsed = true
	e.book.tracks[series].pids = pids
	e.book.mu.Unlock()
}

// settle sorts every series and drops readings of the same instant.
func (b *seriesBook) settle() {
	for _, t := range b.tracks {
		slices.SortStableFunc(t.points, func(x, y casefile.Point) int {
			switch {
			case x.At < y.At:
				return -1
			case x.At > y.At:
				return 1
			}
			return 0
		})
		t.points = slices.CompactFunc(t.points, func(x, y casefile.Point) bool { return x.At == y.At })
	}
}

// samples counts the readings of all series.
func (b *seriesBook) samples() int64 {
	var n int64
	for _, t := range b.tracks {
		n += int64(len(t.points))
	}
	return n
}

// interval is the median time between readings, in microseconds, 0 without any.
func interval(points []casefile.Point) int64 {
	if len(points) < 2 {
		return 0
	}
	gaps := make([]int64, 0, min(len(points)-1, 4096))
	for i := 1; i < len(points) && len(gaps) < 4096; i++ {
		gaps = append(gaps, points[i].At-points[i-1].At)
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}
