package rubyboot

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"culprit"
)

// ErrTimeout means that a boot did not end in time.
var ErrTimeout = errors.New("the boot did not end")

// explain says why a boot failed and what can be done, nil when it did not.
func (s *Session) explain(c *child, end ending, told story, rec culprit.BootRecording) error {
	switch {
	case end.cancelled != nil:
		return fmt.Errorf("boot stopped: %w", end.cancelled)
	case told.engine != "" && told.engine != "ruby":
		return fmt.Errorf("this is %s: only Ruby itself can be measured; hint: --ruby PATH names another interpreter", clean(told.engine, 40))
	case end.timedOut:
		return s.endless(told)
	case end.tooLarge:
		return fmt.Errorf("the app allocated more than %d GB%s while the collector was held back; hint: culprit boot mem needs no such thing", mostHeap>>30, s.during(told))
	case told.failure != nil:
		return s.failed(c, told.failure, rec)
	case end.stage == finished:
		return nil
	case end.stage == started:
		return fmt.Errorf("Ruby %s before it could load anything%s; hint: try %s -v by hand, or name another interpreter with --ruby PATH", //nolint:staticcheck // a name
			signalled(c.cmd.ProcessState), said(c), s.ruby)
	}
	hint := "boot the app by hand to see the same"
	if c.cmd.ProcessState.ExitCode() == 0 {
		hint = "does it go into the background, or end itself? A boot must stay"
	}
	return fmt.Errorf("Ruby %s%s%s; hint: %s", signalled(c.cmd.ProcessState), s.during(told), said(c), hint) //nolint:staticcheck // a name
}

func (s *Session) endless(told story) error {
	at := ""
	for _, line := range told.where {
		if p := place(s.app, line); at == "" || s.own(line) {
			at = p
			if s.own(line) {
				break
			}
		}
	}
	if at != "" {
		at = ", at " + at
	}
	if n := len(told.rec.Denied); n > 0 {
		d := told.rec.Denied[n-1]
		at += "; it wanted to connect to " + clean(d.Address, 120) + from(s.app, d.From) + ", and culprit lets a boot connect to nothing"
	}
	return fmt.Errorf("%w within %s%s%s; hint: look at that line, or give it longer with --timeout", ErrTimeout, s.cfg.Timeout, s.during(told), at)
}

// during names what was being required, and by whom.
func (s *Session) during(told story) string {
	open := told.open()
	if len(open) == 0 {
		return ""
	}
	last := len(open) - 1
	text := " while it was requiring " + s.short(open[last])
	if last > 0 {
		text += " (for " + s.short(open[last-1]) + ")"
	}
	return text
}

func (s *Session) short(path string) string { return clean(strings.TrimPrefix(path, s.app+"/"), 120) }

// own tells a line of the app from one of a gem within its folder.
func (s *Session) own(line string) bool {
	return strings.HasPrefix(line, s.app+"/") && !strings.HasPrefix(line, s.app+"/vendor/")
}

// failed tells an exception with the nearest line of the app.
func (s *Session) failed(c *child, f *failure, rec culprit.BootRecording) error {
	at := ""
	for _, line := range f.backtrace {
		if s.own(line) {
			at = place(s.app, line)
			break
		}
	}
	if at == "" && len(f.backtrace) > 0 {
		at = place(s.app, f.backtrace[0])
	}
	if at != "" {
		at = " (" + at + ")"
	}
	text := fmt.Sprintf("the boot failed with %s%s: %s", clean(f.class, 80), at, clean(f.message, 400))
	if f.class == "SystemExit" {
		text = "the app ended the boot by itself" + at + said(c)
	}
	if f.causeClass != "" && f.causeMessage != f.message {
		text += "; because of " + clean(f.causeClass, 80) + ": " + clean(f.causeMessage, 200)
	}
	if len(rec.Denied) == 0 {
		return fmt.Errorf("%s; hint: %s", text, s.hint(c, f))
	}
	d := rec.Denied[len(rec.Denied)-1]
	if ofConnection.MatchString(f.class+" "+f.causeClass) || strings.Contains(f.message+f.causeMessage, d.Address) {
		return fmt.Errorf("the app needs %s to boot%s, and culprit lets a boot connect to nothing; it failed with %s: %s; hint: %s",
			clean(d.Address, 120), from(s.app, d.From), clean(f.class, 80), clean(f.message, 400), s.wayOut(d))
	}
	return fmt.Errorf("%s; before, it wanted to connect to %s%s, and culprit lets a boot connect to nothing; hint: %s, and if that is what it lacked, %s",
		text, clean(d.Address, 120), from(s.app, d.From), s.hint(c, f), s.wayOut(d))
}

// wayOut is what can be done about an app that needs a server to boot.
func (s *Session) wayOut(d culprit.BootDenied) string {
	out := "take that out of the boot"
	if s.entry.kind == "rails" || s.entry.kind == "rack" {
		out += ", measure the gems alone by leaving out --app"
	}
	return out + ", or allow it for this run with --allow-connect " + clean(d.Address, 120)
}

// ofConnection matches what libraries call a server that is not there.
var ofConnection = regexp.MustCompile(`(?i)connect|refused|cantopen|unreachable|nodatabase|sockete?rror|resolution`)

var (
	missingKey  = regexp.MustCompile(`key not found: "([A-Z][A-Z0-9_]+)"`)
	missingFile = regexp.MustCompile(`cannot load such file -- (\S+)`)
)

// hint is what can be done about an exception.
func (s *Session) hint(c *child, f *failure) string {
	message := f.message + "\n" + f.causeMessage
	is := func(names ...string) bool {
		for _, n := range names {
			if f.class == n || f.causeClass == n {
				return true
			}
		}
		return false
	}
	key, file := missingKey.FindStringSubmatch(message), missingFile.FindStringSubmatch(message)
	switch {
	case is("Bundler::GemNotFound", "Bundler::GitError", "Gem::MissingSpecError", "Gem::MissingSpecVersionError"):
		return "the gems of the bundle are not all installed for this Ruby: run bundle install in " + s.app
	case is("Bundler::RubyVersionMismatch"):
		return "name the interpreter that the app runs with: --ruby PATH"
	case file != nil && strings.HasPrefix(file[1], "bundler"):
		return "this Ruby has no Bundler: gem install bundler, or name another interpreter with --ruby PATH"
	case strings.HasPrefix(f.class, "Bundler::") && !is("Bundler::GemRequireError"):
		return "bundle check, run in the app's folder, should say the same"
	case is("Errno::EACCES", "Errno::EROFS", "Errno::EPERM") && c.holds("write"):
		return "culprit lets a boot write nothing; if it must, allow a folder for this run with --allow-write DIR"
	case key != nil:
		return "set it for this run: " + key[1] + "=... culprit boot ..."
	case is("ActiveSupport::EncryptedFile::MissingKeyError"):
		return "give the key for this run: RAILS_MASTER_KEY=... culprit boot ..."
	case file != nil && s.gemfile != "":
		return "is its gem in one of the groups that are loaded? --groups names others"
	case file != nil:
		return "is its gem installed for this Ruby, " + s.ruby + "?"
	case is("Bundler::GemRequireError"):
		return "a gem of the bundle does not load; --groups leaves its group out"
	}
	return "boot the app by hand with RAILS_ENV=" + s.cfg.Env + " to see the same, or see what was loaded until then with --keep-going"
}

// said are the last words of the app.
func said(c *child) string {
	lines := c.output.last(3)
	if len(lines) == 0 {
		return ""
	}
	for i := range lines {
		lines[i] = clean(lines[i], 200)
	}
	return "; its last words: " + strings.Join(lines, " | ")
}

// clean makes one short line of text that somebody else has written.
func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "; hint: ", ", hint: ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
