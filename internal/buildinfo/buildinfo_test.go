package buildinfo

import (
	"runtime/debug"
	"testing"
)

func TestLong(t *testing.T) {
	for _, tt := range []struct {
		name string
		info debug.BuildInfo
		want string
	}{
		{"nothing known", debug.BuildInfo{}, Tool()},
		{"no commit", debug.BuildInfo{GoVersion: "go1.26.1"}, Tool() + " (go1.26.1)"},
		{
			"all",
			debug.BuildInfo{GoVersion: "go1.26.1", Settings: []debug.BuildSetting{
				{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "true"},
			}},
			Tool() + " (0123456789ab+changes, go1.26.1)",
		},
		{
			"clean",
			debug.BuildInfo{Settings: []debug.BuildSetting{
				{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "false"},
			}},
			Tool() + " (0123456789ab)",
		},
	} {
		if got := long(&tt.info); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
