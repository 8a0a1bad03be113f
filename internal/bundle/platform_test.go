package bundle

import (
	"os/exec"
	"strings"
	"testing"
)

func TestSplitPlatform(t *testing.T) {
	for full, want := range map[string]string{
		"rails-7.0.4.3":                              "rails 7.0.4.3 ruby",
		"nokogiri-1.15.4-x86_64-linux-gnu":           "nokogiri 1.15.4 x86_64-linux-gnu",
		"nokogiri-1.15.4-x86_64-linux-musl":          "nokogiri 1.15.4 x86_64-linux-musl",
		"google-protobuf-3.25.1-arm-linux-gnueabihf": "google-protobuf 3.25.1 arm-linux-gnueabihf",
		"ffi-1.15.5-x64-mingw-ucrt":                  "ffi 1.15.5 x64-mingw-ucrt",
		"sqlite3-1.3.6-x86-mswin32-60":               "sqlite3 1.3.6 x86-mswin32-60",
		"jruby-openssl-0.14.2-java":                  "jruby-openssl 0.14.2 java",
		"racc-1.7.1-universal-java-11":               "racc 1.7.1 universal-java-11",
		"sass-embedded-1.77.5-arm64-darwin":          "sass-embedded 1.77.5 arm64-darwin",
		"libv8-node-16.10.0.0-x86_64-darwin-19":      "libv8-node 16.10.0.0 x86_64-darwin-19",
		"net-http2-0.18.5":                           "net-http2 0.18.5 ruby",
		"x-1-2.0":                                    "x-1 2.0 ruby",
		"gem-2-java-1.0":                             "gem-2-java 1.0 ruby",
		"sidekiq-7.0.0.beta1":                        "sidekiq 7.0.0.beta1 ruby",
		"bundler":                                    "",
		"bundler-":                                   "",
		"-1.0":                                       "",
		"":                                           "",
		"rails-edge":                                 "",
	} {
		name, v, platform, ok := SplitPlatform(full)
		got := strings.TrimSpace(name + " " + v + " " + platform)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q (%v), want %q", full, got, ok, want)
		}
	}
}

// TestSplitPlatformInstalled cuts the names of the gems that are installed here,
// for a few platforms, and asks RubyGems which parts they are made of.
func TestSplitPlatformInstalled(t *testing.T) {
	const script = `
platforms = %w[ruby java x86_64-linux x86_64-linux-gnu x86_64-linux-musl aarch64-linux arm-linux-gnueabihf x64-mingw32 x64-mingw-ucrt
  x86-mswin32-60 arm64-darwin-23 universal-darwin x86_64-freebsd-13 x86-solaris-2.10 sparc-solaris2.10 riscv64-linux-gnu universal-java-11
  x86-linux i386-linux dotnet]
Gem::Specification.each do |s|
  platforms.each do |p|
    s.platform = p == "ruby" ? p : Gem::Platform.new(p)
    puts [s.full_name, s.name, s.version, s.platform].join(" ")
  end
end`
	out, err := exec.Command("ruby", "-e", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		full, want, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, v, platform, ok := SplitPlatform(full)
		if got := name + " " + v + " " + platform; got != want || !ok {
			t.Errorf("%q: %q (%v), want %q", full, got, ok, want)
		}
		n++
	}
	if n < 500 {
		t.Errorf("only %d names", n)
	}
}

func TestPlatforms(t *testing.T) {
	for platform, want := range map[string]string{
		"":             "source, native parts compiled here if it has any",
		"ruby":         "source, native parts compiled here if it has any",
		"java":         "for JRuby (java)",
		"x86_64-linux": "precompiled for x86_64-linux",
	} {
		if got := PlatformWord(platform); got != want || Precompiled(platform) == strings.HasPrefix(want, "source") {
			t.Errorf("%q: %q, precompiled %v", platform, got, Precompiled(platform))
		}
	}
	for s, want := range map[string][2]string{"1.15.4": {"1.15.4", "ruby"}, "1.15.4-x86_64-linux-gnu": {"1.15.4", "x86_64-linux-gnu"}, "1-": {"1", ""}} {
		if v, p := CutPlatform(s); v != want[0] || p != want[1] {
			t.Errorf("%q: %q %q", s, v, p)
		}
	}
}

func TestFind(t *testing.T) {
	l := &Lock{Specs: []Spec{{Name: "a", Platform: "ruby"}, {Name: "b"}, {Name: "a", Platform: "java"}}}
	if got := l.Find("a"); len(got) != 2 || got[1].Platform != "java" {
		t.Errorf("found %v", got)
	}
	var none *Lock
	if l.Find("c") != nil || none.Find("a") != nil {
		t.Error("found what is not there")
	}
}
