package cli

import (
	"testing"

	"culprit"
)

func TestParseSize(t *testing.T) {
	for in, want := range map[string]culprit.Bytes{
		"0": 0, "1234": 1234, "5MB": 5_000_000, "0.3 MB": 300_000, " 500kB ": 500_000, "1.5GiB": 1_610_612_736, "2M": 2_000_000, "64KiB": 65_536, "7b": 7,
	} {
		if got, err := parseSize(in); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", in, int64(got), err, int64(want))
		}
	}
	for _, in := range []string{"", "MB", "lots", "-5MB", "5 parsecs", "1e400", "NaN", "Inf", "9999999999GB", "5MB5", "0x10", "5,5MB"} {
		if got, err := parseSize(in); err == nil {
			t.Errorf("%q: %d", in, int64(got))
		}
	}
}
