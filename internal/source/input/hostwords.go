package input

import "strings"

// The vocabulary of HostFromName, lower case.

// genericWords say nothing about a host: environments, kinds of logs,
// programs, file types, metrics.
var genericWords = set(`
	production prod development dev staging stage preprod test testing demo env
	log logs logfile access error errors other ssl vhost vhosts stdout stderr out output
	app application rails ruby rack puma unicorn passenger nginx apache apache2 httpd haproxy
	sidekiq resque delayed delayedjob job jobs goodjob solid queue worker workers cron lograge logstash
	json jsonl ndjson txt csv tsv ltsv lp prom metrics metric mem memory rss procstat ps free sar
	sadf telegraf influx influxdb prometheus grafana export exports series data dump query result results
	var usr opt srv home root tmp mnt shared current releases release system syslog messages kern
	kernel dmesg auth daemon debug info warn main default localhost server servers host hosts all
	request requests req http https api web www rotated archive archives archived old new backup bak
	incident incidents gz zst xz bz2 input inputs fixtures sample samples example examples`)

// hyphenWords are those that people put beside a host with a hyphen. "prod",
// "app" and "web" are not among them: "prod-web3" is how servers are called.
var hyphenWords = set(`
	production development log logs access error errors ssl vhost stdout stderr output rails puma unicorn
	passenger nginx apache apache2 haproxy sidekiq resque lograge logstash json csv prom metrics metric mem
	memory rss procstat ps free sar sadf telegraf influx influxdb prometheus grafana export series
	dump query result results syslog dmesg current rotated archive old backup bak requests`)

// serverStems begin the names of servers.
var serverStems = set(`
	web www app api srv server host node front frontend back backend worker job jobs db sql cache redis
	vm box lb proxy edge gw gateway dyno pod web-app webapp rails prod ip ec admin bg cron
	batch queue task tasks run instance machine site mail`)

// notServers carry numbers without being servers.
var notServers = set(`
	v ver version ruby rails puma rack python php java go log logs access error errors production
	development staging test file part chunk page line step day week month year q quarter jan feb mar
	apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun utf iso sha md http ipv ssl tls x rc
	release releases build rev r pr issue ticket case incident inc run try attempt exp experiment set
	sample example data dump copy backup old new thread tid pid port cpu disk sda eth phase round batch
	sidekiq unicorn mem memory rss metrics series export query result grafana prometheus top first last
	mysql postgres pg pgsql redis es kafka user session tmp`)

var privateTops = set(`internal local lan localdomain corp intra intranet private home cluster consul arpa`)

var publicTops = set(`info name tech cloud online store shop site host example test invalid agency digital systems`)

// personalFolders hold folders named after people or chance.
var personalFolders = set(`home users tmp temp t`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
