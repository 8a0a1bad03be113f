package nativemem_test

import (
	"testing"

	"culprit/internal/source/nativemem"
)

// TestLeaks finds blocks that nothing points to, and no other.
func TestLeaks(t *testing.T) {
	c := start(t, compile(t, "leaks"))
	c.until(t, "end")
	m, registers := c.mirror(t)
	r, err := nativemem.Leaks(m, registers)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d blocks, %d of %d bytes, %d unread", r.Blocks, r.Considered, r.Bytes, r.ConsideredBytes, r.Unread)
	found, large, other := int64(0), int64(0), int64(0)
	for _, g := range r.Groups {
		t.Logf("%d of %d bytes: %s %x", g.Count, g.Size, g.Signature, g.Sample[:1])
		if g.Size == 1008 && g.Signature == "text" {
			found += g.Count
		} else if g.Size > 300000 && g.Size < 400000 {
			large += g.Count
		} else {
			other += g.Count
		}
	}
	if r.Considered < 40000 {
		t.Errorf("%d blocks considered", r.Considered)
	}
	if found < 29970 || found > 30000 || large != 3 || other != 0 {
		t.Errorf("%d of 30000 found, %d of 3 large ones, and %d others", found, large, other)
	}
}
