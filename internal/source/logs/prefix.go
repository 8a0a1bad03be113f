package logs

import "bytes"

// prefix is what a Ruby Logger wrote in front of a message:
//
//	I, [2023-10-30T08:36:32.791764 #1086842]  INFO -- : message
//
// The stamp is local time without a zone.
// Source: ruby/logger lib/logger/formatter.rb, Format.
type prefix struct {
	at  int64
	pid int
	len int
}

// loggerPrefix reads a Logger's prefix at the head of b.
func loggerPrefix(b []byte, c *clock) (p prefix, ok bool) {
	n, pid := loggerSpan(b)
	if n == 0 {
		return p, false
	}
	at, k := c.iso(b[4:])
	if k == 0 {
		return p, false
	}
	return prefix{at: at, pid: pid, len: n}, true
}

// loggerSpan returns the length of a Logger's prefix without reading its stamp,
// and the pid; 0 when there is none.
func loggerSpan(b []byte) (n, pid int) {
	if len(b) < 40 || b[1] != ',' || b[2] != ' ' || b[3] != '[' || b[14] != 'T' {
		return 0, 0
	}
	i := 24
	for i < 31 && digit(b[i]) {
		i++
	}
	if b[i] == ' ' {
		i++
	}
	if b[i] != '#' {
		return 0, 0
	}
	for i++; i < len(b) && digit(b[i]); i++ {
		pid = pid*10 + int(b[i]-'0')
	}
	// "]  INFO -- : " or "] DEBUG -- progname: "
	if i+13 > len(b) || b[i] != ']' || string(b[i+7:i+11]) != " -- " {
		return 0, 0
	}
	i += 11
	if b[i] == ':' {
		return min(i+2, len(b)), pid
	}
	j := bytes.Index(b[i:min(len(b), i+80)], []byte(": "))
	if j < 0 {
		return 0, 0
	}
	return i + j + 2, pid
}

// tags are the values in brackets that ActiveSupport::TaggedLogging puts before
// a message, as far as they have a meaning here.
type tags struct {
	id     []byte // request id
	tid    []byte
	client []byte
	pid    int
	// An ActiveJob line: its job class and job id follow "[ActiveJob]".
	activeJob bool
	job       []byte
	jobID     []byte
	// before the job's tags there were others
	request bool
}

// readTags reads "[a] [b] " at the head of b and returns the index of the message.
func readTags(b []byte) (t tags, n int) {
	for n < len(b) && b[n] == '[' {
		if r := b[n:]; len(r) > 39 && r[37] == ']' && r[38] == ' ' && r[9] == '-' && r[14] == '-' && !t.activeJob {
			t.setID(r[1:37]) // [uuid], what most sites tag with
			n += 39
			continue
		}
		i := bytes.IndexByte(b[n:min(len(b), n+256)], ']')
		if i < 0 || n+i+1 >= len(b) || b[n+i+1] != ' ' {
			return t, n
		}
		t.take(b[n+1 : n+i])
		n += i + 2
	}
	if n == 0 || n >= len(b) || bytes.IndexByte([]byte("IDWEF"), b[n]) < 0 {
		return t, n
	}
	if k := levelWord(b[n:]); k > 0 { // "[13134] INFO: [id] Started"
		n += k
		if n < len(b) && b[n] == '[' && !t.activeJob {
			more, k := readTags(b[n:])
			t.join(more)
			n += k
		}
	}
	return t, n
}

// join adds the tags behind a level to those before it.
func (t *tags) join(more tags) {
	if t.id == nil {
		t.id = more.id
	}
	if t.tid == nil {
		t.tid = more.tid
	}
	if t.client == nil {
		t.client = more.client
	}
	if t.pid == 0 {
		t.pid = more.pid
	}
	t.activeJob, t.job, t.jobID = more.activeJob, more.job, more.jobID
	t.request = more.request || more.activeJob && t.id != nil
}

// take gives one tag its meaning.
func (t *tags) take(v []byte) {
	if t.activeJob {
		if t.job == nil {
			t.job = v
		} else if t.jobID == nil {
			t.jobID = v
		}
		return
	}
	if len(v) == 36 && v[8] == '-' && v[13] == '-' {
		t.setID(v)
		return
	}
	if string(v) == "ActiveJob" {
		t.activeJob = true
		t.request = t.id != nil
		return
	}
	if i := bytes.IndexAny(v, "=:"); i > 0 && !looksIPv6(v) {
		t.named(v[:i], v[i+1:])
		return
	}
	switch {
	case looksIP(v):
		t.client = v
	case looksID(v):
		t.setID(v)
	case len(v) >= 2 && len(v) <= 7:
		if pid, ok := whole(v); ok && t.pid == 0 {
			t.pid = int(pid)
		}
	}
}

// named takes a tag such as "pid=667", "request_id=..." or "ip:127.0.0.1".
func (t *tags) named(k, v []byte) {
	v = trimLeft(v)
	switch string(k) {
	case "pid", "PID", "process":
		if pid, ok := whole(v); ok {
			t.pid = int(pid)
		}
	case "tid", "TID", "thread":
		t.tid = v
	case "id", "request_id", "req", "req_id", "request-id", "rid", "uuid", "x_request_id":
		t.setID(v)
	case "ip", "remote_ip", "client":
		t.client = v
	default:
		if looksID(v) && t.id == nil && string(k) == "Root" {
			t.setID(v)
		}
		if pid, ok := whole(k); ok && len(k) <= 7 && len(v) > 2 && t.pid == 0 { // [pid:thread]
			t.pid, t.tid = int(pid), v
		}
	}
}

func (t *tags) setID(v []byte) {
	if t.id == nil {
		t.id = v
	}
}

// looksID reports whether a tag is long and odd enough to be a request id: at
// least 16 letters, digits, dashes, with a digit among them.
func looksID(v []byte) bool {
	if len(v) < 16 {
		return false
	}
	var seen, bad uint8
	for _, c := range v {
		k := idBytes[c]
		seen |= k
		bad |= k - 1 // wraps to a high bit for 0, the bytes that no id has
	}
	return seen&idDigit != 0 && bad < 0x80
}

// Classes of the bytes of ids.
const (
	idOther = 1
	idDigit = 2
)

// idBytes is the class of a byte, 0 for one that no id has.
var idBytes = func() (t [256]uint8) {
	for c := range t {
		switch b := byte(c); {
		case digit(b):
			t[c] = idDigit
		case (b|0x20)-'a' < 26, b == '-', b == '_':
			t[c] = idOther
		}
	}
	return t
}()

// looksIP reports whether a tag is an IPv4 or IPv6 address.
func looksIP(v []byte) bool {
	dots := 0
	for _, c := range v {
		if c == '.' {
			dots++
		} else if !digit(c) {
			return looksIPv6(v)
		}
	}
	return dots == 3
}

func looksIPv6(v []byte) bool {
	colons := 0
	for _, c := range v {
		switch {
		case c == ':':
			colons++
		case !hexDigit(c) && c != '.':
			return false
		}
	}
	return colons >= 2
}
