package logs

import "slices"

// wrapper takes off what a log collector put around a line. One is used by one
// block at a time.
type wrapper struct {
	name  string
	clock clock
	take  func(w *wrapper, b []byte, m *meta) ([]byte, bool)
	arena []byte // unescaped payloads of the current block
}

// wrapperFormat describes a wrapper. take returns the payload of a line and
// fills m, or reports false for a line that is not wrapped so.
type wrapperFormat struct {
	name, title, source string
	take                func(w *wrapper, b []byte, m *meta) ([]byte, bool)
}

// wrapperFormats lists the wrappers; the first that fits most lines of a file is
// its wrapper.
func wrapperFormats() []wrapperFormat {
	return []wrapperFormat{
		{"docker", "Docker json-file", "moby/moby daemon/logger/jsonfilelog/jsonlog", takeDocker},
		{"journald-json", "journalctl -o json", "systemd man journalctl(1), Journal JSON Format", takeJournaldJSON},
		{"kubernetes", "Kubernetes CRI log", "kubernetes/design-proposals-archive node/kubelet-cri-logging.md", takeCRI},
		{"docker-logs", "docker logs --timestamps, kubectl logs --timestamps, --prefix", "docs.docker.com/reference/cli/docker/container/logs; kubernetes.io/docs/reference/kubectl/generated/kubectl_logs", takeDockerLogs},
		{"heroku", "Heroku (heroku logs, drains to file)", "devcenter.heroku.com/articles/logging", takeHeroku},
		{"syslog", "syslog RFC 3164 and 5424, journalctl -o short and short-iso", "RFC 3164, RFC 5424; systemd man journalctl(1)", takeSyslog},
		{"compose", "docker compose logs", "docker/compose cmd/formatter/logs.go", takeCompose},
		{"foreman", "foreman", "ddollar/foreman lib/foreman/engine/cli.rb", takeForeman},
	}
}

func isWrapper(name string) bool {
	return slices.ContainsFunc(wrapperFormats(), func(f wrapperFormat) bool { return f.name == name })
}

// newWrapper returns the wrapper of that name, nil for none.
func newWrapper(name string, o *Options) *wrapper {
	for _, f := range wrapperFormats() {
		if f.name == name {
			return &wrapper{name: name, clock: newClock(o), take: f.take}
		}
	}
	return nil
}

// reset makes room for the payloads of a block of n bytes. Payloads are never
// longer than their lines, so the memory never moves under them.
func (w *wrapper) reset(n int) {
	if cap(w.arena) < n {
		w.arena = make([]byte, 0, n+n/8)
	}
	w.arena = w.arena[:0]
}

// strip returns the payload of a line; a line that is not wrapped is its own.
func (w *wrapper) strip(b []byte, m *meta) []byte {
	if p, ok := w.take(w, b, m); ok {
		return p
	}
	return b
}

// wrapperOf names the wrapper that fits most lines, "" for none.
func wrapperOf(lines [][]byte, o *Options) string {
	for _, f := range wrapperFormats() {
		w := newWrapper(f.name, o)
		n := 0
		var m meta
		for _, l := range lines {
			m = meta{}
			w.reset(len(l))
			if _, ok := f.take(w, l, &m); ok {
				n++
			}
		}
		if 2*n > len(lines) {
			return f.name
		}
	}
	return ""
}
