package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// PullOptions says what to ask a server for.
type PullOptions struct {
	// From and To bound the time asked for. Without To it is the server's now,
	// without From the day before To.
	From, To time.Time
	// Step between values; zero: what was stored (InfluxDB), or the scrape
	// interval (Prometheus).
	Step     time.Duration
	Progress func(n int64) // bytes received since the last call
}

// fill completes the time from the clock of the server, which dates its answers.
func (o *PullOptions) fill(answer *http.Response) error {
	if o.To.IsZero() {
		now, err := http.ParseTime(answer.Header.Get("Date"))
		if err != nil {
			return errors.New("the server does not date its answers: give both --from and --to")
		}
		o.To = now.Add(time.Second) // the header has whole seconds
	}
	if o.From.IsZero() {
		o.From = o.To.Add(-24 * time.Hour)
	}
	return o.ordered()
}

// ordered refuses times the wrong way round, once both are known.
func (o *PullOptions) ordered() error {
	if o.From.IsZero() || o.To.IsZero() || o.From.Before(o.To) {
		return nil
	}
	return fmt.Errorf("the time asked for ends (%s) before it begins (%s)", stampText(o.To), stampText(o.From))
}

func stampText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Errors of pulls that callers tell apart.
var (
	ErrUnreachable  = errors.New("cannot reach the server")
	ErrUnauthorized = errors.New("the server wants other credentials")
)

const (
	pullTimeout  = 5 * time.Minute // for one answer
	maxErrorBody = 4 << 10
)

// server is one endpoint with its credentials, which stay in here: neither
// errors nor results carry them.
type server struct {
	base     *url.URL // scheme, host and path only
	user     string
	password string
	auth     string // value of Authorization, "" for user and password
	hint     string // how to give credentials
	client   *http.Client
	progress func(n int64)
	bytes    int64
	secrets  []string
}

// newServer takes an address apart; what is left of the query is returned.
func newServer(raw, what string, o PullOptions) (*server, url.Values, error) {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		// The parser's own error repeats the address, and so a password in it.
		return nil, nil, fmt.Errorf("%s: not an address; give it as http://HOST:PORT", what)
	}
	q := u.Query()
	s := &server{
		base:   &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")},
		client: &http.Client{Timeout: pullTimeout}, progress: o.Progress,
	}
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	if v := take(q, "u", "user", "username"); v != "" {
		s.user = v
	}
	if v := take(q, "p", "pass", "password"); v != "" {
		s.password = v
	}
	s.keep(s.password)
	return s, q, o.ordered()
}

// take returns the first of several query parameters.
func take(q url.Values, names ...string) string {
	for _, n := range names {
		if v := q.Get(n); v != "" {
			return v
		}
	}
	return ""
}

func (s *server) keep(secret string) {
	if secret != "" {
		s.secrets = append(s.secrets, secret, url.QueryEscape(secret))
	}
}

// clean takes secrets out of what a server or a library says.
func (s *server) clean(text string) string {
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

// String is the address without credentials.
func (s *server) String() string { return s.base.String() }

// get asks for a path; the caller closes the answer's body. Bodies are counted.
func (s *server) get(ctx context.Context, path string, q url.Values) (*http.Response, error) {
	u := *s.base
	u.Path += path
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", s, s.clean(err.Error()))
	}
	return s.do(req)
}

func (s *server) do(req *http.Request) (*http.Response, error) {
	switch {
	case s.auth != "":
		req.Header.Set("Authorization", s.auth)
	case s.user != "":
		req.SetBasicAuth(s.user, s.password)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, s.unreachable(req.Context(), err)
	}
	res.Body = &countedBody{ReadCloser: res.Body, s: s}
	return res, nil
}

func (s *server) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err // the address in it carries the query
	}
	return fmt.Errorf("%s: %w: %s; is it running, and are host and port right?", s, ErrUnreachable, s.clean(err.Error()))
}

// check turns refusals into errors and closes their bodies.
func (s *server) check(res *http.Response, what string) error {
	if res.StatusCode/100 == 2 {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxErrorBody)) // as much as came is told
	_ = res.Body.Close()
	text := strings.Join(strings.Fields(s.clean(strings.ToValidUTF8(string(body), ""))), " ")
	if len(text) > 300 {
		text = text[:300] + "..."
	}
	switch res.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%s: %w (%s): %s; %s", s, ErrUnauthorized, res.Status, text, s.hint)
	case http.StatusNotFound:
		return fmt.Errorf("%s: no %s there (%s): %s; does the address need a path?", s, what, res.Status, text)
	}
	return fmt.Errorf("%s: %w (%s): %s", s, errServer, res.Status, text)
}

type countedBody struct {
	io.ReadCloser
	s *server
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.s.bytes += int64(n)
	if b.s.progress != nil && n > 0 {
		b.s.progress(int64(n))
	}
	return n, err
}

// windows cuts a time span into parts of at most length.
func windows(from, to time.Time, length time.Duration) [][2]time.Time {
	var w [][2]time.Time
	for a := from; a.Before(to); a = a.Add(length) {
		b := a.Add(length)
		if b.After(to) {
			b = to
		}
		w = append(w, [2]time.Time{a, b})
	}
	return w
}

// pullResult closes a pull: counts, and an error when nothing came.
func pullResult(o *out, s *server, format, hint string, opt PullOptions) (Result, error) {
	o.skipped = nil
	err := o.finish(format)
	o.res.Format = format
	o.res.Bytes = s.bytes
	for i, w := range o.res.Warnings {
		o.res.Warnings[i] = s.clean(w)
	}
	o.res.Warnings = slices.Compact(o.res.Warnings)
	if errors.Is(err, ErrNoMemory) {
		err = fmt.Errorf("%s: %w between %s and %s: %s", s, ErrNoMemory, stampText(opt.From), stampText(opt.To), hint)
	}
	return o.res, err
}
