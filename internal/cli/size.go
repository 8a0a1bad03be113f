package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"culprit"
)

// parseSize reads an amount of memory as people type it: "5MB", "300 kB",
// "1.5GiB", "1234" (bytes). K, M and G are powers of 1000, Ki, Mi and Gi of 1024.
func parseSize(s string) (culprit.Bytes, error) {
	text := strings.TrimSpace(s)
	end := strings.LastIndexAny(text, "0123456789.") + 1
	n, err := strconv.ParseFloat(strings.TrimSpace(text[:end]), 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) || n < 0 {
		return 0, fmt.Errorf("%q is no amount of memory", s)
	}
	unit := strings.ToLower(strings.TrimSpace(text[end:]))
	factors := map[string]float64{
		"": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9,
		"ki": 1 << 10, "kib": 1 << 10, "mi": 1 << 20, "mib": 1 << 20, "gi": 1 << 30, "gib": 1 << 30,
	}
	factor, ok := factors[unit]
	if !ok || n*factor > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q is no amount of memory", s)
	}
	return culprit.Bytes(math.Round(n * factor)), nil
}
