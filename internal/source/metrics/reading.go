package metrics

import (
	"math/bits"

	"culprit"
)

// slot is one quantity of a reading as sources tell it, before derivation.
type slot uint8

const (
	slotNone slot = iota
	slotPID
	slotRSS
	slotPSS
	slotUSS
	slotPrivateClean
	slotPrivateDirty
	slotAnonymous
	slotSwap
	slotUsed
	slotFree
	slotBuffers
	slotCached
	slotReclaimable
	slotTotal
	slotAvailable
	slotUsage
	slotWorking
	slotInactiveFile
	slotCgroupRSS
	slotCgroupCache
	slotGroupRSS
	slotLiveSlots
	slotFreeSlots
	slotUnknown
	slotCount
)

// reading is what one origin told for one instant, bytes (slotPID a number,
// slots counts).
type reading struct {
	have uint32
	v    [slotCount]int64
}

func (r *reading) reset()                   { r.have = 0 }
func (r *reading) set(s slot, v int64)      { r.have |= 1 << s; r.v[s] = v }
func (r *reading) has(s slot) bool          { return r.have&(1<<s) != 0 }
func (r *reading) empty() bool              { return r.have&^(1<<slotPID) == 0 }
func (r *reading) get(s slot) (int64, bool) { return r.v[s], r.has(s) }

// direct are the slots that are a kind of their own; the others serve to derive.
var direct = [slotCount]culprit.MemoryKind{
	slotRSS:         culprit.RSS,
	slotPSS:         culprit.PSS,
	slotUSS:         culprit.USS,
	slotAnonymous:   culprit.Anonymous,
	slotSwap:        culprit.Swap,
	slotTotal:       culprit.HostTotal,
	slotAvailable:   culprit.HostAvailable,
	slotUsage:       culprit.CgroupUsage,
	slotWorking:     culprit.CgroupWorking,
	slotCgroupRSS:   culprit.CgroupRSS,
	slotCgroupCache: culprit.CgroupCache,
	slotGroupRSS:    culprit.GroupRSS,
	slotLiveSlots:   culprit.HeapLiveSlots,
	slotFreeSlots:   culprit.HeapFreeSlots,
	slotUnknown:     culprit.MemoryUnknown,
}

const (
	onlyDerives = 1<<slotPID | 1<<slotPrivateClean | 1<<slotPrivateDirty | 1<<slotUsed | 1<<slotFree |
		1<<slotBuffers | 1<<slotCached | 1<<slotReclaimable | 1<<slotInactiveFile
	derives = onlyDerives&^(1<<slotPID) | 1<<slotTotal | 1<<slotAvailable | 1<<slotUsage
)

// kinds yields every kind that the reading tells, derived ones included:
//
//   - HostUsed: as told, else total - free - buffers - cached (free(1) before
//     procps 4.0), else total - available;
//   - HostCached: page cache with buffers;
//   - USS: private clean + private dirty, when both are there;
//   - CgroupWorking: usage - inactive file, as the kubelet and cAdvisor count it
//     (google/cadvisor container/libcontainer/handler.go).
func (r *reading) kinds(yield func(culprit.MemoryKind, int64)) {
	for m := r.have &^ onlyDerives; m != 0; m &= m - 1 {
		s := bits.TrailingZeros32(m)
		yield(direct[s], r.v[s])
	}
	if r.have&derives != 0 {
		r.derive(yield)
	}
}

func (r *reading) derive(yield func(culprit.MemoryKind, int64)) {
	if r.has(slotPrivateClean) && r.has(slotPrivateDirty) && !r.has(slotUSS) {
		yield(culprit.USS, r.v[slotPrivateClean]+r.v[slotPrivateDirty])
	}
	if used, ok := r.used(); ok {
		yield(culprit.HostUsed, used)
	}
	if r.has(slotCached) {
		cached := r.v[slotCached]
		if r.has(slotBuffers) {
			cached += r.v[slotBuffers]
		}
		yield(culprit.HostCached, cached)
	}
	if r.has(slotUsage) && r.has(slotInactiveFile) && !r.has(slotWorking) {
		yield(culprit.CgroupWorking, max(0, r.v[slotUsage]-r.v[slotInactiveFile]))
	}
}

func (r *reading) used() (int64, bool) {
	switch {
	case r.has(slotUsed):
		return r.v[slotUsed], true
	case r.has(slotTotal) && r.has(slotFree) && r.has(slotBuffers) && r.has(slotCached):
		used := r.v[slotTotal] - r.v[slotFree] - r.v[slotBuffers] - r.v[slotCached]
		if r.has(slotReclaimable) {
			used -= r.v[slotReclaimable]
		}
		return used, used >= 0
	case r.has(slotTotal) && r.has(slotAvailable):
		used := r.v[slotTotal] - r.v[slotAvailable]
		return used, used >= 0
	}
	return 0, false
}
