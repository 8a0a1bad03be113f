package style

import "strings"

// Paint colours text for a terminal, or leaves it alone. Colour only ever
// repeats what the words say.
type Paint struct{ On bool }

// Bold makes s stand out.
func (p Paint) Bold(s string) string { return p.wrap("1", s) }

// Dim makes s step back.
func (p Paint) Dim(s string) string { return p.wrap("2", s) }

// Red marks guilt.
func (p Paint) Red(s string) string { return p.wrap("1;31", s) }

// Yellow marks suspicion and doubt.
func (p Paint) Yellow(s string) string { return p.wrap("33", s) }

// Green marks innocence.
func (p Paint) Green(s string) string { return p.wrap("32", s) }

// Cyan marks what can be typed.
func (p Paint) Cyan(s string) string { return p.wrap("36", s) }

func (p Paint) wrap(code, s string) string {
	if !p.On || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Colour decides whether to colour: NO_COLOR (any value) forbids, CLICOLOR_FORCE
// (not "0") demands, TERM=dumb or CLICOLOR=0 forbids, else whether the output is
// a terminal. env is os.Getenv or a stand-in.
func Colour(env func(string) string, terminal bool) bool {
	if env("NO_COLOR") != "" {
		return false
	}
	if force := env("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	if env("TERM") == "dumb" || env("CLICOLOR") == "0" {
		return false
	}
	return terminal
}

// Plain decides whether only ASCII can be shown: a dumb terminal, or a locale
// that is not UTF-8.
func Plain(env func(string) string) bool {
	if env("TERM") == "dumb" {
		return true
	}
	for _, name := range [...]string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := env(name); v != "" {
			v = strings.ToUpper(v)
			return !strings.Contains(v, "UTF-8") && !strings.Contains(v, "UTF8")
		}
	}
	return true
}

// Bar draws a share of one as a bar of width columns.
func Bar(share float64, width int, plain bool) string {
	full, empty := "\u2588", "\u2591"
	if plain {
		full, empty = "#", "-"
	}
	n := int(share*float64(width) + 0.5)
	if share > 0 {
		n = max(n, 1)
	}
	n = min(max(n, 0), width)
	return strings.Repeat(full, n) + strings.Repeat(empty, width-n)
}
