package inspect

import (
	"io"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
)

// Episode prints what was seen of a growth.
func Episode(w io.Writer, d livefacts.Episode, o sheet.Options) error {
	p := sheet.New(o)
	head := "of pid " + strconv.Itoa(d.PID) + " on " + style.Clean(d.Host) + ", " + d.From.Format("15:04:05") + " to " + d.To.Format("15:04:05") + " UTC, " + strconv.Itoa(d.Samples) + " samples"
	p.Para("+"+style.Bytes(d.Bytes)+"  ", p.Paint.Bold, head, 2, 0)
	if d.Samples == 0 || len(d.Who) == 0 {
		p.Para("  ", sheet.None, "nobody was seen while it grew", 2, 0)
	}
	for i, q := range d.Who {
		if i == 3 {
			break
		}
		p.Para("  "+strconv.FormatFloat(100*q.Share, 'f', 0, 64)+" %  ", p.Paint.Bold, style.Clean(q.Name)+inner(q), 4, 0)
	}
	var parts []string
	for _, part := range d.Parts {
		if part.Bytes >= 1<<20 || part.Bytes <= -1<<20 {
			parts = append(parts, signed(part.Bytes)+" "+style.Clean(part.Name))
		}
	}
	if parts != nil {
		p.Para("  ", sheet.None, strings.Join(parts, "; "), 4, 0)
	}
	p.Para("  "+d.Kind+": ", sheet.None, style.Clean(d.Reason), 4, 0)
	warnings(&p, d.Warnings)
	_, err := p.WriteTo(w)
	return err
}

func signed(b culprit.Bytes) string {
	if b < 0 {
		return "-" + style.Bytes(-b)
	}
	return "+" + style.Bytes(b)
}

// inner names the method that most samples were in below the action itself.
func inner(q livefacts.Presence) string {
	most := 0
	for _, h := range q.Hot {
		if h.Method == q.Name {
			most = h.Samples
		}
	}
	for _, h := range q.Hot {
		if own := h.Method; own != q.Name && h.Samples <= most && 2*h.Samples >= most && !strings.Contains(h.Path, "/actionpack") && !strings.Contains(h.Path, "/puma") {
			return " -> " + style.Clean(own)
		}
	}
	return ""
}
