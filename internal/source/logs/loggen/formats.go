package loggen

import (
	"fmt"
	"time"
)

// concurrent is how many requests the Rails log interleaves.
const concurrent = 8

// rails writes one line of a tagged log at debug level.
func (g *generator) rails(b []byte) []byte {
	for len(g.open) < concurrent {
		g.open = append(g.open, g.request())
	}
	g.tick()
	i := g.rng.IntN(len(g.open))
	r := g.open[i]
	b, done := r.railsLine(b, g)
	if done {
		g.open[i] = g.request()
	}
	return b
}

func (r *request) railsLine(b []byte, g *generator) ([]byte, bool) {
	prefix := func(level string) {
		b = append(b, level[0], ',', ' ', '[')
		b = g.now.AppendFormat(b, "2006-01-02T15:04:05.000000")
		b = fmt.Appendf(b, " #%d] %5s -- : [%s] ", r.pid, level, r.id)
	}
	r.step++
	switch {
	case r.step == 1:
		r.start = g.now
		prefix("INFO")
		b = fmt.Appendf(b, "Started %s \"%s?page=%d&locale=fr\" for %s at %s +0000\n", r.method, r.path, g.rng.IntN(50), r.ip, g.now.Format("2006-01-02 15:04:05"))
	case r.step == 2:
		prefix("INFO")
		b = fmt.Appendf(b, "Processing by %s#%s as %s\n", r.controller, r.action, r.format)
	case r.step == 3:
		prefix("INFO")
		b = fmt.Appendf(b, "  Parameters: {\"page\"=>\"%d\", \"locale\"=>\"fr\", \"filter\"=>{\"state\"=>\"open\", \"sort\"=>\"created_at\"}, \"id\"=>\"%d\"}\n", g.rng.IntN(50), g.rng.IntN(90000))
	case r.sql > 0:
		r.sql--
		prefix("DEBUG")
		b = fmt.Appendf(b, "  \x1b[1m\x1b[36mUser Load (%.1fms)\x1b[0m  \x1b[1m\x1b[34mSELECT \"users\".* FROM \"users\" WHERE \"users\".\"id\" = $1 LIMIT $2\x1b[0m  [[\"id\", %d], [\"LIMIT\", 1]]\n", g.rng.Float64()*3, g.rng.IntN(90000))
	default:
		prefix("INFO")
		b = fmt.Appendf(b, "Completed %d %s in %dms (Views: %.1fms | ActiveRecord: %.1fms | Allocations: %d)\n",
			r.status, "OK", g.now.Sub(r.start).Milliseconds(), g.rng.Float64()*20, g.rng.Float64()*9, g.rng.IntN(400000))
		return b, true
	}
	return b, false
}

// lograge writes one key=value line with a Ruby-like set of options.
func (g *generator) lograge(b []byte) []byte {
	g.tick()
	r := g.request()
	return fmt.Appendf(b, "method=%s path=%s format=%s controller=%s action=%s status=%d allocations=%d duration=%.2f view=%.2f db=%.2f time=%s request_id=%s pid=%d host=web%d user_id=%d remote_ip=%s user_agent=\"%s\"\n",
		r.method, r.path, r.format, r.controller, r.action, r.status, g.rng.IntN(400000), ms(r.took), ms(r.took)/3, ms(r.took)/5,
		g.now.Format("2006-01-02T15:04:05.000Z07:00"), r.id, r.pid, 1+g.rng.IntN(4), g.rng.IntN(5000), r.ip, "curl/8.5.0")
}

// json writes one line of lograge's logstash formatter with params and tags.
func (g *generator) json(b []byte) []byte {
	g.tick()
	r := g.request()
	return fmt.Appendf(b, `{"method":"%s","path":"%s","format":"%s","controller":"%s","action":"%s","status":%d,"allocations":%d,"duration":%.2f,"view":%.2f,"db":%.2f,"request_id":"%s","process":{"pid":%d},"host":"web%d","user_id":%d,"remote_ip":"%s","user_agent":"%s","params":{"page":"%d","locale":"fr","filter":{"state":"open"}},"tags":["request"],"@timestamp":"%s","@version":"1","message":"[%d] %s %s (%s#%s)"}`+"\n",
		r.method, r.path, r.format, r.controller, r.action, r.status, g.rng.IntN(400000), ms(r.took), ms(r.took)/3, ms(r.took)/5,
		r.id, r.pid, 1+g.rng.IntN(4), g.rng.IntN(5000), r.ip, agents[g.rng.IntN(len(agents))], g.rng.IntN(50),
		g.now.Format("2006-01-02T15:04:05.000Z"), r.status, r.method, r.path, r.controller, r.action)
}

// nginx writes one combined line with time, upstream and request id.
func (g *generator) nginx(b []byte) []byte {
	g.tick()
	r := g.request()
	secs := r.took.Seconds()
	b = append(b, r.ip...)
	b = append(b, " - - ["...)
	b = g.now.In(time.UTC).AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	return fmt.Appendf(b, "] \"%s %s?page=%d HTTP/1.1\" %d %d \"https://example.org/\" \"%s\" %.3f 10.0.0.%d:3000 %.3f %s\n",
		r.method, r.path, g.rng.IntN(50), r.status, g.rng.IntN(90000), agents[g.rng.IntN(len(agents))], secs, 1+g.rng.IntN(4), secs, r.id)
}
