package heapquery

import "testing"

// TestFromLine: fields are found in the line itself, not in what it holds, whatever
// bytes stand there.
func TestFromLine(t *testing.T) {
	line := []byte(`{"address":"0x1", "a":{"value":"no"}, "b":["value", "}"], "value":"\"value\":\"no\"", "n": 12 , "bad":"\xff\q", "t":true}`)
	for key, want := range map[string]string{"value": `"value":"no"`, "n": "12", "bad": `\xff\q`, "t": "true", "address": "0x1"} {
		if got, ok := fromLine(line, key); got != want || !ok {
			t.Errorf("%s is %q (%v), want %q", key, got, ok, want)
		}
	}
	if got, ok := fromLine(line, "none"); ok {
		t.Errorf("what is not there is %q", got)
	}
	for i := range line {
		fromLine(line[:i], "none")
		fromLine(line[i:], "t")
	}
}
