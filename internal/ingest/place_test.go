package ingest

import (
	"testing"

	"culprit"
	"culprit/internal/casefile"
)

func placerOf(procs []proc, hosts ...string) *placer {
	var units []casefile.Unit
	for _, h := range hosts {
		units = append(units, casefile.Unit{
			Process: culprit.Process{Host: h}, Points: []casefile.Point{{At: 0}, {At: 100}},
		})
	}
	p := newPlacer(units, culprit.LevelHost)
	p.align(procs, nil)
	return p
}

// Hosts have other names in a log than in a series, or the log names what
// stands in front of them; their calls must still find their memory.
func TestHostsOfLogsMeetThoseOfSeries(t *testing.T) {
	for _, c := range []struct {
		name string
		log  proc
		want string
	}{
		{"full name", proc{host: "web2.example.org"}, "web2"},
		{"with a port", proc{host: "web2:3000"}, "web2"},
		{"dyno", proc{host: "web.2"}, "web2"},
		{"container", proc{host: "web-2"}, "web2"},
		{"server behind a balancer", proc{host: "lb1", other: "web2"}, "web2"},
		{"container in the folder of its machine", proc{host: "app-1", other: "web2"}, "web2"},
		{"the line goes before the folder", proc{host: "web2", other: "web1"}, "web2"},
		{"unknown", proc{host: "shop"}, ""},
	} {
		p := placerOf([]proc{c.log}, "web1", "web2", "web3")
		u := p.unit(c.log, 50)
		got := ""
		if u >= 0 {
			got = p.units[u].Process.Host
		}
		if got != c.want {
			t.Errorf("%s: %+v stands on %q, want %q", c.name, c.log, got, c.want)
		}
	}
}

// Dynos are told apart by their number.
func TestDynosAreNotOneHost(t *testing.T) {
	logged := []proc{{host: "web.1"}, {host: "web.2"}, {host: "worker.1"}}
	p := placerOf(logged, "web.1", "web.2", "worker.1")
	for _, q := range logged {
		if got, _ := p.hostOf(q); got != q.host {
			t.Errorf("%s stands on %q", q.host, got)
		}
	}
}
