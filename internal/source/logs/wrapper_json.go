package logs

import "bytes"

// takeDocker reads {"log":"text\n","stream":"stdout","time":"2020-...Z"}, with
// or without attrs between. A line longer than 16 KiB was cut by the daemon into
// several; its first part is read.
func takeDocker(w *wrapper, b []byte, m *meta) ([]byte, bool) {
	if !hasPrefix(b, `{"log":"`) {
		return nil, false
	}
	text, rest, ok := jsonText(b[8:])
	if !ok {
		return nil, false
	}
	i := bytes.LastIndex(rest, []byte(`"time":"`))
	if i < 0 {
		return nil, false
	}
	m.at, _ = w.clock.iso(rest[i+8:])
	return bytes.TrimRight(w.text(text), "\r\n"), true
}

// jsonText splits the rest of a JSON string from what follows its closing quote.
func jsonText(b []byte) (text, rest []byte, ok bool) {
	i := closing(b)
	if i < 0 {
		return nil, nil, false
	}
	return b[:i], b[i+1:], true
}

// text resolves the escapes of a JSON string. The memory lives as long as the
// block.
func (w *wrapper) text(v []byte) []byte {
	v = bytes.TrimSuffix(v, []byte(`\n`))
	if bytes.IndexByte(v, '\\') < 0 {
		return v
	}
	at := len(w.arena)
	w.arena = appendUnescaped(w.arena, v)
	return w.arena[at:len(w.arena):len(w.arena)]
}

// takeJournaldJSON reads one entry of journalctl -o json. MESSAGE is a string,
// or an array of bytes when the text was not UTF-8 or held control characters
// (coloured SQL).
func takeJournaldJSON(w *wrapper, b []byte, m *meta) ([]byte, bool) {
	if len(b) < 2 || b[0] != '{' || !bytes.Contains(b, []byte(`"__REALTIME_TIMESTAMP"`)) {
		return nil, false
	}
	p := jsonLines{b: b, i: 1}
	var message, ident, comm []byte
	var source int64
	for {
		p.blank()
		if p.i >= len(b) || b[p.i] == '}' {
			break
		}
		if b[p.i] == ',' {
			p.i++
			continue
		}
		key, ok := p.key()
		if !ok {
			return nil, false
		}
		p.blank()
		if p.i >= len(b) {
			return nil, false
		}
		start := p.i
		if b[start] == '"' {
			start++
		}
		v, ok := p.span()
		if !ok {
			return nil, false
		}
		switch string(key) {
		case "MESSAGE":
			message = w.message(v, start > 0 && b[start-1] == '"')
		case "__REALTIME_TIMESTAMP":
			m.at, _ = atoi(v)
		case "_SOURCE_REALTIME_TIMESTAMP":
			source, _ = atoi(v)
		case "_PID":
			n, _ := atoi(v)
			m.pid = int(n)
		case "_HOSTNAME":
			m.host = v
		case "SYSLOG_IDENTIFIER":
			ident = v
		case "_COMM":
			comm = v
		}
	}
	if source != 0 {
		m.at = source
	}
	if m.prog = ident; ident == nil {
		m.prog = comm
	}
	return message, message != nil
}

// message reads the value of MESSAGE.
func (w *wrapper) message(v []byte, isText bool) []byte {
	if isText {
		return w.text(v)
	}
	at := len(w.arena)
	for len(v) > 0 {
		n, k := atoi(v)
		if k > 0 {
			w.arena = append(w.arena, byte(n))
		}
		v = v[max(k, 1):]
	}
	return w.arena[at:len(w.arena):len(w.arena)]
}

// span reads any value: a string without its quotes, anything else as written.
func (p *jsonLines) span() ([]byte, bool) {
	start := p.i
	switch p.b[p.i] {
	case '"':
		return p.quoted()
	case '{', '[':
		ok := p.skip()
		return p.b[start:p.i], ok
	}
	for p.i < len(p.b) && p.b[p.i] != ',' && p.b[p.i] != '}' && p.b[p.i] > ' ' {
		p.i++
	}
	return p.b[start:p.i], p.i > start
}
