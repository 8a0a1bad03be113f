package logs

import "bytes"

// takeCRI reads "2016-10-06T00:17:09.669794202Z stdout F text". A line longer
// than 16 KiB comes in parts (P); each is read alone.
func takeCRI(w *wrapper, b []byte, m *meta) ([]byte, bool) {
	if len(b) < 30 || b[10] != 'T' {
		return nil, false
	}
	at, n := w.clock.iso(b)
	if n == 0 || n >= len(b) || !hasPrefix(b[n:], " std") {
		return nil, false
	}
	b = b[n+1:]
	i := bytes.IndexByte(b, ' ')
	if i != 6 || len(b) < 9 || b[8] != ' ' && b[8] != ':' || b[7] != 'F' && b[7] != 'P' {
		return nil, false
	}
	m.at = at
	_, b, _ = cut(b[7:], ' ')
	return b, true
}

// takeHeroku reads "2021-09-21T20:10:41.038754+00:00 app[web.1]: text".
func takeHeroku(w *wrapper, b []byte, m *meta) ([]byte, bool) {
	if len(b) < 32 || b[10] != 'T' {
		return nil, false
	}
	at, n := w.clock.iso(b)
	if n == 0 || n >= len(b) || b[n] != ' ' {
		return nil, false
	}
	b = b[n+1:]
	i := bytes.Index(b[:min(len(b), 64)], []byte("]: "))
	j := bytes.IndexByte(b[:max(i, 0)], '[')
	if j < 1 || bytes.IndexByte(b[:i], ' ') >= 0 || digitsOnly(b[j+1:i]) {
		return nil, false
	}
	m.at, m.prog = at, b[:i+1]
	if string(b[:j]) == "app" {
		m.host = b[j+1 : i]
	}
	return b[i+3:], true
}

func digitsOnly(b []byte) bool {
	_, ok := whole(b)
	return ok
}

// takeSyslog reads the four notations of a syslog line:
//
//	<13>Jun 15 09:01:55 host tag[123]: text          RFC 3164, journalctl -o short
//	2024-06-15T09:01:55.123456+02:00 host tag[1]: t  rsyslog, journalctl -o short-iso
//	<165>1 2003-10-11T22:14:15.003Z host app 123 ID - text   RFC 5424
func takeSyslog(w *wrapper, b []byte, m *meta) ([]byte, bool) {
	if len(b) < 24 {
		return nil, false
	}
	if b[0] == '<' {
		i := bytes.IndexByte(b[:6], '>')
		if i < 2 || !digitsOnly(b[1:i]) {
			return nil, false
		}
		b = b[i+1:]
		if hasPrefix(b, "1 ") {
			return take5424(w, b[2:], m)
		}
	}
	at, n := w.clock.rfc3164(b)
	if n == 0 && len(b) > 10 && b[10] == 'T' {
		at, n = w.clock.iso(b)
	}
	if n == 0 || n >= len(b)-2 || b[n] != ' ' {
		return nil, false
	}
	host, rest, ok := cut(b[n+1:], ' ')
	if !ok || len(host) == 0 {
		return nil, false
	}
	return tagged(at, host, rest, m)
}

// tagged reads "tag[123]: text".
func tagged(at int64, host, b []byte, m *meta) ([]byte, bool) {
	i := bytes.IndexByte(b[:min(len(b), 80)], ':')
	if i < 1 {
		return nil, false
	}
	tag := b[:i]
	if bytes.IndexByte(tag, ' ') >= 0 {
		return nil, false
	}
	pid := 0
	if j := bytes.IndexByte(tag, '['); j > 0 && tag[i-1] == ']' {
		v, _ := atoi(tag[j+1:])
		pid = int(v)
		if pid != 0 {
			tag = tag[:j]
		}
	}
	m.at, m.host, m.prog, m.pid = at, host, tag, pid
	b = b[i+1:]
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b, true
}

// take5424 reads "2003-10-11T22:14:15.003Z host app procid msgid [data] text".
func take5424(w *wrapper, b []byte, m *meta) ([]byte, bool) {
	at, n := w.clock.iso(b)
	if n == 0 {
		return nil, false
	}
	var f [4][]byte // host, app, procid, msgid
	b = trimLeft(b[n:])
	for i := range f {
		v, rest, ok := cut(b, ' ')
		if !ok {
			return nil, false
		}
		f[i], b = given(v), rest
	}
	switch {
	case len(b) > 0 && b[0] == '-':
		b = trimLeft(b[1:])
	case len(b) > 0 && b[0] == '[':
		i := bytes.Index(b, []byte("] "))
		if i < 0 {
			return nil, false
		}
		b = b[i+2:]
	}
	m.at, m.host, m.prog = at, f[0], f[1]
	if pid, ok := whole(f[2]); ok {
		m.pid = int(pid)
	} else if f[2] != nil {
		// Heroku's drains: the process is the procid
		m.prog, m.host = f[2], f[2]
	}
	return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), true
}

// takeCompose reads "web-1  | text", the prefix of docker compose.
func takeCompose(w *wrapper, b []byte, m *meta) ([]byte, bool) {
	b = uncolour(b)
	i := bytes.IndexByte(b[:min(len(b), 64)], '|')
	if i < 3 || b[i-1] != ' ' || !isNameByte(b[0]) {
		return nil, false
	}
	name := bytes.TrimRight(b[:i], " ")
	for _, c := range name {
		if !isNameByte(c) && c != '-' && c != '.' {
			return nil, false
		}
	}
	m.prog, m.host = name, name
	b = afterBar(b[i+1:])
	// docker compose logs --timestamps
	if at, n := w.clock.iso(b); n > 0 && n < len(b) && b[n] == ' ' && b[n-1] == 'Z' {
		m.at = at
		b = b[n+1:]
	}
	return b, true
}

// afterBar drops the blank, and the colour's end, behind the bar.
func afterBar(b []byte) []byte {
	b = uncolour(b)
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b
}

// uncolour drops escape sequences at the head of b.
func uncolour(b []byte) []byte {
	for len(b) > 2 && b[0] == 0x1b && b[1] == '[' {
		i := bytes.IndexByte(b[:min(len(b), 16)], 'm')
		if i < 0 {
			return b
		}
		b = b[i+1:]
	}
	return b
}

// takeForeman reads "20:03:41 web.1  | text". It has no date: the stamp is left
// to the inner format.
func takeForeman(_ *wrapper, b []byte, m *meta) ([]byte, bool) {
	b = uncolour(b)
	if len(b) < 12 || b[2] != ':' || b[5] != ':' || b[8] != ' ' {
		return nil, false
	}
	if _, ok := timeOfDay(b[:8]); !ok {
		return nil, false
	}
	i := bytes.IndexByte(b[:min(len(b), 64)], '|')
	if i < 11 || b[i-1] != ' ' && b[i-1] != 'm' {
		return nil, false
	}
	m.prog = bytes.TrimRight(b[9:i], " ")
	return afterBar(b[i+1:]), true
}
