package input

import (
	"regexp"
	"testing"
)

func TestHostFromName(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"web3.production.log":                               "web3",
		"web3/production.log":                               "web3",
		"logs/web-3/production.log.1.gz":                    "web-3",
		"production-web3.log":                               "web3",
		"web1.example.org.access.log":                       "web1.example.org",
		"web1.prod.example.com.access.log-20200610.gz":      "web1.prod.example.com",
		"production.log.web3":                               "web3",
		"myapp.web3.production.log":                         "web3",
		"prod-web3.log":                                     "prod-web3",
		"ds-web-03.production.log.2.gz":                     "ds-web-03",
		"web3_mem.csv":                                      "web3",
		"metrics-web3.csv":                                  "web3",
		"procstat.web2.lp":                                  "web2",
		"web.1.log":                                         "web.1",
		"web3.internal.log":                                 "web3.internal",
		"10.0.3.17.log":                                     "10.0.3.17",
		"access-10.0.3.17.log":                              "10.0.3.17",
		"ip-10-0-3-17/production.log":                       "ip-10-0-3-17",
		"i-0abcd1234ef567890.log":                           "i-0abcd1234ef567890",
		"web-7d9f8b6c5-x2x9z.log":                           "web-7d9f8b6c5-x2x9z",
		"/data/incident-2020-06-10/web2/log/production.log": "web2",
		"/var/log/web12.example.org/puma/production.log.1":  "web12.example.org",
		"/var/log/pods/default_web-7d9f8b6c5-x2x9z_0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f/web/0.log":             "web-7d9f8b6c5-x2x9z",
		"web-7d9f8b6c5-x2x9z_default_app-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.log": "web-7d9f8b6c5-x2x9z",

		"production.log":                                      "",
		"production.log.1":                                    "",
		"production.log.2.gz":                                 "",
		"production.1.log":                                    "",
		"access.log-20200610":                                 "",
		"production-2020-06-10.log":                           "",
		"/var/log/nginx/access.log":                           "",
		"/srv/app/shared/log/production.log":                  "",
		"/srv/app/current/log/production.log":                 "",
		"/srv/app/releases/20200610120000/log/production.log": "",
		"logs/production.log":                                 "",
		"release42/production.log":                            "",
		"myapp.log":                                           "",
		"www.example.org.access.log":                          "",
		"ruby3.log":                                           "",
		"my-app-v2.log":                                       "",
		"part-2.log":                                          "",
		"production2.log":                                     "",
		"incident42/production.log":                           "",
		"/home/user1/production.log":                          "",
		"/tmp/web1/production.log":                            "",
		"sidekiq2.log":                                        "",
		"http2.log":                                           "",
		"mem.csv":                                             "",
		"-":                                                   "",
		"":                                                    "",
	} {
		if got := HostFromName(path); got != want {
			t.Errorf("HostFromName(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestHostFromRegexp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ re, path, want string }{
		{`/(?P<x>[a-z]+)-(?P<host>s\d+)/`, "a/fr-s1/x.log", "s1"},
		{`/([a-z]+)/`, "a/orion/x.log", "orion"},
		{`orion`, "a/orion/x.log", "orion"},
		{`nope`, "a/orion/x.log", ""},
	} {
		if got := HostFromRegexp(regexp.MustCompile(c.re), c.path); got != c.want {
			t.Errorf("HostFromRegexp(%q, %q) = %q, want %q", c.re, c.path, got, c.want)
		}
	}
}

func FuzzHostFromName(f *testing.F) {
	f.Add("logs/web-3/production.log.1.gz")
	f.Add("..//./-_.-")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = HostFromName(s), rotationOf(s) })
}
