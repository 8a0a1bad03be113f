package metrics

import (
	"fmt"
	"math"
	"strconv"

	"culprit"
)

// What sar -r tells, in KiB (sysstat/sysstat man/sar.in, rd_stats.c). Until
// sysstat 11.5 "kbmemused" was total - free and included page cache and
// buffers; since then it leaves them out. "%memused" gives the total and so
// tells which.
var sarColumns = map[string]string{
	"kbmemfree": "free", "kbavail": "avail", "kbmemused": "used", "%memused": "percent", "kbbuffers": "buffers", "kbcached": "cached",
	"memfree": "free", "avail": "avail", "memused": "used", "memused-percent": "percent", "buffers": "buffers", "cached": "cached",
}

// sarReading makes a reading of one row; values in KiB.
func sarReading(v map[string]float64) (rd reading, ok bool) {
	used, ok := v["used"]
	if !ok {
		return rd, false
	}
	set := func(s slot, kib float64) {
		if n, missing, good := bytesFloat(kib * 1024); good && !missing {
			rd.set(s, n)
		}
	}
	cache := v["buffers"] + v["cached"]
	if p := v["percent"]; p > 0 {
		total := used * 100 / p
		// Two decimals of a percent give the total to some hundredths: enough to
		// see whether used and free are all of it, or lack the caches.
		if old := v["free"] + used; math.Abs(old-total) < math.Abs(old+cache-total) {
			total = old
			used -= cache
		}
		set(slotTotal, total)
	}
	set(slotUsed, max(0, used))
	if _, have := v["cached"]; have {
		set(slotCached, v["cached"])
		set(slotBuffers, v["buffers"])
	}
	if a, have := v["avail"]; have {
		set(slotAvailable, a)
	}
	return rd, true
}

// hostBook keeps one target per host.
type hostBook struct {
	o     *out
	hosts map[string]*target
}

func newHostBook(o *out) *hostBook { return &hostBook{o: o, hosts: map[string]*target{}} }

func (h *hostBook) target(host string) *target {
	t := h.hosts[host]
	if t == nil {
		t = h.o.target(culprit.Series{Host: host})
		if len(h.hosts) < maxTagSets {
			h.hosts[host] = t
		}
	}
	return t
}

func sarNumber(s []byte) (float64, bool) { return number(s, true) }

func valueText(host, at string) []byte {
	return fmt.Appendf(nil, "statistics of %s at %s", strconv.Quote(host), at)
}
