package ingest

import "testing"

// A request's id is found where logs write it, and a token of a path or a
// parameter is never taken for one.
func TestRequestID(t *testing.T) {
	const (
		uuid  = "ecb8e763-55e4-40c7-8d7b-099593fb4251"
		hex   = "f70efd96b55fb579857690d7a2ed048b"
		token = "5f4dcc3b5aa765d61d8327deb882cf99"
	)
	for _, c := range []struct{ line, want string }{
		{"I, [2026-06-10T12:00:00 #13]  INFO -- : [" + uuid + "] Completed 200 OK in 5ms", uuid},
		{"[" + uuid + `] Started GET "/reset/` + token + `" for 10.9.8.7`, uuid},
		{"method=GET path=/reset/" + token + " status=200 request_id=" + hex, hex},
		{`{"path":"/reset/` + token + `","request_id":"` + uuid + `"}`, uuid},
		{`1.2.3.4 - - [x] "GET /items HTTP/1.1" 200 21 "-" "curl" 0.054 127.0.0.1:9292 0.054 ` + hex, hex},
		{`1.2.3.4 - - [x] "GET /reset/` + token + ` HTTP/1.1" 200 21 "-" "curl" 0.054 "` + hex + `"`, hex},
		{`1.2.3.4 - - [x] "GET /reset/` + token + ` HTTP/1.1" 200 21 "https://shop/?t=` + token + `" "curl" 0.054`, ""},
		{`method=GET path=/x params={"token"=>"` + token + `", "list"=>["` + token + `", "` + token + `"]}`, ""},
		{`{"path": "/x", "params": {"token": "` + token + `"}}`, ""},
		{`Processing by X#y as HTML Parameters: {"token" => "` + token + `"}`, ""},
		{"nothing of the kind", ""},
		{"", ""},
	} {
		if got := requestID([]byte(c.line)); got != c.want {
			t.Errorf("%s\n is told as %q, want %q", c.line, got, c.want)
		}
	}
}
