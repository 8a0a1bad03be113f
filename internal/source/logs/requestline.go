package logs

import (
	"bytes"

	"culprit"
)

// requestLine reads "GET /path?query HTTP/1.1" or with an absolute address into
// method, path and parameters. It reports false for what is no request.
func requestLine(c *culprit.Call, line []byte) bool {
	method, rest, ok := cut(line, ' ')
	if !ok || !isMethod(method) {
		return false
	}
	target, _ := nextField(rest)
	c.Method = method
	requestTarget(c, target)
	return len(c.Path) > 0
}

// isMethod accepts upper-case words.
func isMethod(b []byte) bool {
	if len(b) < 3 || len(b) > 20 {
		return false
	}
	for _, ch := range b {
		if (ch < 'A' || ch > 'Z') && ch != '-' {
			return false
		}
	}
	return true
}

// requestTarget splits "/path?a=b" or "https://host:443/path?a=b".
func requestTarget(c *culprit.Call, target []byte) {
	if i := bytes.Index(target[:min(len(target), 10)], []byte("://")); i > 0 {
		target = target[i+3:]
		j := bytes.IndexByte(target, '/')
		if j < 0 {
			target = []byte("/")
		} else {
			target = target[j:]
		}
	}
	path, parameters, _ := cut(target, '?')
	c.Path = path
	query(c, parameters)
}

// withoutPort cuts ":1234" off an address. Addresses in brackets lose those too.
func withoutPort(b []byte) []byte {
	if i := bytes.LastIndexByte(b, ':'); i > 0 {
		if _, ok := whole(b[i+1:]); ok {
			b = b[:i]
		}
	}
	if len(b) > 2 && b[0] == '[' && b[len(b)-1] == ']' {
		b = b[1 : len(b)-1]
	}
	return b
}
