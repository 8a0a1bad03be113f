// Package buildinfo says which culprit this is: version, commit, Go release.
//
// It owns the version number. It refuses to know anything about the machine it
// runs on.
package buildinfo

import (
	"runtime/debug"
	"strings"
)

// Name is the name of the tool.
const Name = "culprit"

// Version is the release this source belongs to.
const Version = "0.1.0"

// Tool is name and version as reports carry it: "culprit 0.1.0".
func Tool() string { return Name + " " + Version }

// Long is version, commit and Go release on one line, as far as the build
// recorded them: "culprit 0.1.0 (f16e5b9, go1.26.1)".
func Long() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Tool()
	}
	return long(info)
}

func long(info *debug.BuildInfo) string {
	var commit, dirty string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value[:min(len(s.Value), 12)]
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+changes"
			}
		}
	}
	var parts []string
	if commit != "" {
		parts = append(parts, commit+dirty)
	}
	if info.GoVersion != "" {
		parts = append(parts, info.GoVersion)
	}
	if len(parts) == 0 {
		return Tool()
	}
	return Tool() + " (" + strings.Join(parts, ", ") + ")"
}
