package inspect

import (
	"strconv"

	"culprit/internal/livefacts"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
)

// serves prints the request that a thread serves, or those that it may.
func serves(p *sheet.Sheet, list []livefacts.Request) {
	for i, r := range list {
		head := "serves "
		if len(list) > 1 {
			head = "serves one of " + strconv.Itoa(len(list)) + ": "
			if i > 0 {
				head = "or "
			}
		}
		p.Para("  ", sheet.None, head+request(r), 4, 0)
	}
}

// unplaced prints requests that no thread shows.
func unplaced(p *sheet.Sheet, list []livefacts.Request) {
	if len(list) == 0 {
		return
	}
	p.Blank()
	p.Para("", sheet.None, "The log has not seen these end, and no thread is in them: they wait for a thread, or ended with their process.", 0, 0)
	for _, r := range list {
		p.Para("  ", sheet.None, request(r), 4, 0)
	}
}

func request(r livefacts.Request) string {
	s := style.Clean(r.Method + " " + r.Path)
	if r.Method == "" && r.Path == "" {
		s = style.Clean(r.Action)
	}
	if !r.Began.IsZero() {
		s += ", since " + r.Began.Format("15:04:05")
	}
	if r.RequestID != "" {
		s += ", " + style.Clean(r.RequestID)
	}
	if !r.PIDKnown {
		s += " (the log does not say of which process)"
	}
	return s
}
