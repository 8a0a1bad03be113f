package logs

import "bytes"

// takeDockerLogs reads what the command lines of containers put before a line:
//
//	2026-06-10T21:00:00.123456789Z text       docker logs --timestamps
//	[pod/shop-7d9f/app] text                  kubectl logs --prefix
//	[pod/shop-7d9f/app] 2026-06-10T21:00:00.123456789Z text
//
// Nine digits tell their stamps from those that applications write themselves.
func takeDockerLogs(w *wrapper, b []byte, m *meta) ([]byte, bool) {
	taken := false
	if hasPrefix(b, "[pod/") {
		i := bytes.Index(b[:min(len(b), 256)], []byte("] "))
		j := bytes.IndexByte(b[5:max(i, 5)], '/')
		if i < 0 || j < 1 {
			return nil, false
		}
		m.host, m.prog = b[5:5+j], b[5+j+1:i]
		b, taken = b[i+2:], true
	}
	const n = len("2026-06-10T21:00:00.123456789Z")
	if len(b) > n && b[n-1] == 'Z' && b[n] == ' ' && b[10] == 'T' && digitsOnly(b[20:n-1]) {
		if at, k := w.clock.iso(b); k > 0 {
			m.at, b, taken = at, b[n+1:], true
		}
	}
	return b, taken
}
