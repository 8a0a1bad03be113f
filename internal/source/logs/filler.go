package logs

import "bytes"

// peel takes a Ruby Logger's prefix off a line, and tags off a line whose rest
// is JSON or key=value. What they told goes to m; a wrapper's stamp has a zone
// and stands.
func peel(b []byte, m *meta, c *clock) []byte {
	if p, ok := loggerPrefix(b, c); ok {
		if m.at == 0 {
			m.at, m.zoneless = p.at, true
		}
		if p.pid != 0 {
			m.pid = p.pid
		}
		b = b[p.len:]
	}
	if len(b) == 0 || b[0] != '[' {
		return b
	}
	t, n := readTags(b)
	if n < len(b) && (b[n] == '{' || hasPrefix(b[n:], "method=")) {
		m.id = t.id
		if t.pid != 0 {
			m.pid = t.pid
		}
		return b[n:]
	}
	return b
}

// isFiller reports whether a line that no parser claimed is a known part of a
// Ruby application's log: blank, indented or coloured (SQL, rendering, a
// pretty-printed value), a backtrace, a query that went over several lines.
func isFiller(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	switch b[0] {
	case ' ', '\t', 0x1b:
		return true
	case '{':
		return isMessageJSON(b)
	case '#':
		return hasPrefix(b, "# Logfile created on ")
	}
	return isBacktrace(b) || isSQL(b)
}

// isMessageJSON recognises an application's message as a JSON object.
func isMessageJSON(b []byte) bool {
	if b[len(b)-1] != '}' {
		return false
	}
	for _, k := range [...]string{`"message":`, `"msg":`, `"level":`, `"severity":`, `"event":`} {
		if bytes.Contains(b, []byte(k)) {
			return true
		}
	}
	return false
}

// isBacktrace recognises "app/models/user.rb:12:in `x'" and "from /x.rb:3:in".
func isBacktrace(b []byte) bool {
	i := bytes.Index(b[:min(len(b), 512)], []byte(":in "))
	if i < 2 || !digit(b[i-1]) {
		return false
	}
	for i > 0 && digit(b[i-1]) {
		i--
	}
	return i > 1 && b[i-1] == ':'
}

// isSQL recognises the later lines of a query that was logged with newlines.
func isSQL(b []byte) bool {
	for _, w := range [...]string{"SELECT ", "FROM ", "WHERE ", "AND ", "OR ", "INNER JOIN ", "LEFT ", "JOIN ", "ORDER BY ", "GROUP BY ", "LIMIT ", "UNION", "HAVING ", "VALUES", "RETURNING ", "SET ", "WITH "} {
		if hasPrefix(b, w) {
			return true
		}
	}
	return b[0] == ')' && len(b) < 200
}
