package ingest

import (
	"bytes"
	"math/bits"
	"strings"
)

// maxValues is the number of different values of one parameter of one endpoint
// that are told apart. A parameter with more is free text or an identifier: its
// values name people and things, not shapes of work.
const maxValues = 64

// maxValueLen is the longest value that can be an enumerated one.
const maxValueLen = 40

// skippedKeys are parameters that never describe the shape of the work.
var skippedKeys = map[string]bool{
	"controller": true, "action": true, "authenticity_token": true, "utf8": true,
	"commit": true, "_method": true, "password": true, "token": true, "query": true,
	"operationName": true, "operation_name": true, "callback": true, "_": true,
}

// foldValue gives the shape of a parameter's value, or "" when the value says
// nothing about shape. Numbers up to 1,000 stay (page sizes, flags); larger
// ones become powers of two; identifiers vanish.
func foldValue(key, value []byte) string {
	if isIDKey(key) || skippedKeys[string(key)] {
		return ""
	}
	v := value
	if len(v) == 0 {
		return "(blank)"
	}
	if n, ok := smallNumber(v); ok {
		if n <= 1000 {
			return string(v)
		}
		return "about 2^" + itoa(bits.Len64(n))
	}
	if len(v) > maxValueLen || v[0] == '{' {
		return ""
	}
	if v[0] == '[' {
		return foldList(v)
	}
	if looksPersonal(v) {
		return ""
	}
	return string(v)
}

func isIDKey(key []byte) bool {
	k := string(key)
	if i := strings.LastIndexByte(k, '.'); i >= 0 {
		k = k[i+1:]
	}
	return k == "id" || k == "ids" || k == "uuid" || k == "email" || k == "user" || k == "login" || k == "name" ||
		strings.HasSuffix(k, "_id") || strings.HasSuffix(k, "_ids") || strings.HasSuffix(k, "_token") ||
		strings.HasSuffix(k, "_email") || strings.HasSuffix(k, "Id") || strings.HasSuffix(k, "password") ||
		strings.HasSuffix(k, "_password_confirmation")
}

func smallNumber(v []byte) (uint64, bool) {
	if len(v) > 18 {
		return 0, false
	}
	var n uint64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// foldList gives a list's length as a power of two: one item and a thousand are
// different work.
func foldList(v []byte) string {
	if string(v) == "[]" {
		return "(no items)"
	}
	n := uint64(1)
	for _, c := range v {
		if c == ',' {
			n++
		}
	}
	return "about 2^" + itoa(bits.Len64(n)) + " items"
}

// looksPersonal holds for e-mail addresses, IP addresses, tokens and long runs
// of digits.
func looksPersonal(v []byte) bool {
	digits, dots := 0, 0
	for i, c := range v {
		switch {
		case c == '@' || (c == '%' && bytes.HasPrefix(v[i:], []byte("%40"))):
			return true
		case c >= '0' && c <= '9':
			digits++
		case c == '.' || c == ':':
			dots++
		}
	}
	return digits >= 7 || (dots >= 3 && digits >= 4)
}

func itoa(n int) string {
	if n >= 10 {
		return string([]byte{byte('0' + n/10), byte('0' + n%10)})
	}
	return string([]byte{byte('0' + n)})
}
