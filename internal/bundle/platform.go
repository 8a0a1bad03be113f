package bundle

import (
	"regexp"
	"strings"
)

// RubyPlatform is the platform of a gem that holds source: pure Ruby, or C that
// is compiled on this machine.
const RubyPlatform = "ruby"

// Precompiled tells whether a gem of this platform brings its native code
// compiled. One of "ruby" (or "", as a lockfile writes it) may hold C too, and is
// then compiled where it is installed: the platform alone does not tell.
func Precompiled(platform string) bool { return platform != "" && platform != RubyPlatform }

// PlatformWord says in words what the platform of a locked gem tells.
func PlatformWord(platform string) string {
	switch {
	case !Precompiled(platform):
		return "source, native parts compiled here if it has any"
	case platform == "java" || platform == "jruby" || strings.Contains(platform, "-java"):
		return "for JRuby (" + platform + ")"
	}
	return "precompiled for " + platform
}

// platformForm is how Gem::Platform#to_s writes what is not "ruby": a processor
// with a system, or a system alone (rubygems/rubygems lib/rubygems/platform.rb).
// It has to be known, because names of gems hold dashes as well.
var platformForm = regexp.MustCompile(`^(?i:` +
	`(?:x86|x64|x86_64|amd64|i[3-6]86|universal|arm|armv[0-9]+l?|arm64|aarch64|ppc|ppc64|ppc64le|powerpc|s390x?|` +
	`riscv64|loongarch64|mips(?:64)?(?:el)?|sparc|wasm32)` +
	`(?:-(?:linux|darwin|macosx|mingw|mswin|mingw32|mswin32|mswin64|mingw-ucrt|freebsd|openbsd|netbsdelf|netbsd|bitrig|solaris|` +
	`aix|hpux|cygwin|java|dalvik|dotnet|android|wasi)[0-9]*(?:-[a-z]+[a-z0-9]*|[-.]?[0-9]+(?:\.[0-9]+)*)?)?` +
	`|java|jruby|ruby|mswin[0-9]*|mingw[0-9]*|dalvik[0-9]*|dotnet[0-9]*|linux|darwin[0-9]*)$`)

// SplitPlatform cuts the full name of a gem, as folders and gem files have it:
// "nokogiri-1.15.4-x86_64-linux-gnu". The platform is "ruby" when none is
// written; ok is false when no part reads as a version.
func SplitPlatform(full string) (name, version, platform string, ok bool) {
	for i := 1; i < len(full)-1; i++ {
		if full[i] != '-' || !digit(full[i+1]) {
			continue
		}
		version, platform, more := strings.Cut(full[i+1:], "-")
		if more && !platformForm.MatchString(platform) || !wellFormed(version) {
			continue // the name goes on
		}
		if !more {
			platform = RubyPlatform
		}
		return full[:i], version, platform, true
	}
	return "", "", "", false
}

// CutPlatform cuts what a lockfile writes between parentheses after a gem:
// "1.15.4-x86_64-linux". A locked version holds no dash, so that everything
// after the first one is the platform.
func CutPlatform(s string) (version, platform string) {
	version, platform, ok := strings.Cut(s, "-")
	if !ok {
		platform = RubyPlatform
	}
	return version, platform
}
