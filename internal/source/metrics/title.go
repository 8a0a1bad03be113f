package metrics

import (
	"regexp"
	"strconv"
	"strings"

	"culprit"
)

// columnMeaning is what a column title tells.
type columnMeaning struct {
	base  culprit.Series
	slot  slot // slotUnknown: bytes of a kind to be guessed
	mul   float64
	guess bool
}

// seriesTitle reads the title of a value column: what Grafana makes of a
// series (getFieldDisplayName in grafana/grafana
// packages/grafana-data/src/field/fieldState.ts), an alias that somebody chose,
// or a plain name such as "rss_kb". ports tells that the numbers behind host
// names are ports.
func seriesTitle(title string, ports bool) columnMeaning {
	title = strings.TrimSpace(title)
	rest, mul, _ := unitOfTitle(title)
	if i := strings.IndexByte(title, '{'); i >= 0 && strings.HasSuffix(rest, "}") {
		return labelledTitle(rest, mul)
	}
	if s, ok := titleSlots[normal(title)]; ok && mul == 1 {
		return columnMeaning{slot: s, mul: 1}
	}
	if s, ok := titleSlots[normal(rest)]; ok {
		return columnMeaning{slot: s, mul: mul}
	}
	if m, ok := dottedTitle(title, nil); ok {
		m.mul = mul
		return m
	}
	if s, sure := metricSlot(title, nil); sure == known {
		return columnMeaning{slot: s, mul: 1, base: culprit.Series{Name: title}}
	}
	m := freeTitle(rest, ports)
	m.mul = mul
	return m
}

// titleSlots are plain column names, normalised.
var titleSlots = map[string]slot{
	"rss": slotRSS, "resident": slotRSS, "resident memory": slotRSS, "memory rss": slotRSS, "rss bytes": slotRSS, "vmrss": slotRSS,
	"resident size": slotRSS, "res": slotRSS, "rsz": slotRSS, "process memory": slotRSS,
	"pss": slotPSS, "memory pss": slotPSS, "uss": slotUSS, "memory uss": slotUSS, "anonymous": slotAnonymous, "memory anonymous": slotAnonymous, "anon": slotAnonymous, "rssanon": slotAnonymous,
	"swap": slotSwap, "vmswap": slotSwap, "memory swap": slotSwap,
	"used": slotUsed, "mem used": slotUsed, "memory used": slotUsed, "used memory": slotUsed, "host used": slotUsed, "used bytes": slotUsed,
	"cached": slotCached, "cache": slotCached, "buffers": slotBuffers, "buffered": slotBuffers, "page cache": slotCached,
	"total": slotTotal, "mem total": slotTotal, "memory total": slotTotal, "memtotal": slotTotal,
	"available": slotAvailable, "mem available": slotAvailable, "memavailable": slotAvailable, "memory available": slotAvailable,
	"free": slotFree, "memfree": slotFree, "working set": slotWorking, "memory working set": slotWorking,
	"memory usage": slotUnknown, "usage": slotUnknown,
	"bytes": slotUnknown, "memory": slotUnknown, "mem": slotUnknown, "value": slotUnknown, "mem bytes": slotUnknown, "memory bytes": slotUnknown, "size": slotUnknown,
	"heap live slots": slotLiveSlots, "live slots": slotLiveSlots, "heap free slots": slotFreeSlots, "free slots": slotFreeSlots,
	"cgroup usage": slotUsage, "memory current": slotUsage,
}

// normal makes titles comparable.
func normal(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return r == ' ' || r == '_' || r == '-' || r == '.' || r == '\t'
	}), " ")
}

// labelledTitle reads `procstat.memory_rss {host: web1, pid: 123}` and
// `{host="web1", pid="77"}`.
func labelledTitle(title string, mul float64) columnMeaning {
	i := strings.IndexByte(title, '{')
	name := strings.TrimSpace(title[:i])
	labels := titleLabels(title[i+1 : len(title)-1])
	if labels["__name__"] != "" {
		name = labels["__name__"]
	}
	if f := labels["_field"]; f != "" { // Flux
		name = strings.TrimPrefix(labels["_measurement"]+"."+f, ".")
	}
	if m, ok := dottedTitle(name, labels); ok {
		m.mul = mul
		return m
	}
	s, sure := metricSlot(name, labels)
	if sure != known {
		if t, ok := titleSlots[normal(name)]; ok {
			s = t
		} else if sure == notMemoryAtAll && name != "_value" {
			return columnMeaning{slot: slotNone, base: culprit.Series{Name: name}}
		} else if s == slotNone {
			s = slotUnknown
		}
	}
	m := columnMeaning{base: labelledSeries(name, labels), slot: s, mul: mul}
	if s == slotUnknown {
		m.slot, m.guess = fillKind(m.base, labels), true
	}
	return m
}

// titleLabels splits "host: web1, pid: 123" and `host="web1",pid="77"`.
func titleLabels(s string) map[string]string {
	labels := map[string]string{}
	for len(s) > 0 {
		i := strings.IndexAny(s, ":=")
		if i < 0 {
			break
		}
		key := strings.Trim(s[:i], " ,")
		s = strings.TrimLeft(s[i+1:], " ")
		var value string
		if strings.HasPrefix(s, `"`) {
			end := strings.IndexByte(s[1:], '"')
			if end < 0 {
				end = len(s) - 1
			}
			value, s = s[1:1+end], s[min(len(s), end+2):]
		} else {
			end := strings.IndexByte(s, ',')
			if end < 0 {
				end = len(s)
			}
			value, s = strings.TrimSpace(s[:end]), s[end:]
		}
		labels[key] = value
	}
	return labels
}

// dottedTitle reads measurement.field of InfluxDB, as in "mem.used" and
// "procstat.mean".
func dottedTitle(name string, labels map[string]string) (columnMeaning, bool) {
	measurement, field, ok := strings.Cut(name, ".")
	if !ok || strings.ContainsAny(name, " /") {
		return columnMeaning{}, false
	}
	f := familyOf(measurement)
	if f == familyProcess && !strings.HasPrefix(measurement, "procstat") && processFields[field] == slotNone {
		return columnMeaning{}, false
	}
	if f == familyOther {
		return columnMeaning{slot: slotNone, base: culprit.Series{Name: name}}, true
	}
	base, _ := telegrafSeries(f, measurement, labels)
	if base.Host == "" {
		base.Host = hostLabel(labels)
	}
	if role, _, _ := roleOf(firstOf(labels, "cmdline", "process_name")); role != "" {
		base.Role = role
	}
	s, _ := fieldSlot(f, measurement, field)
	guess := false
	if s == slotNone && aggregates[field] {
		s, guess = map[family]slot{familyProcess: slotRSS, familyHost: slotUsed, familyCgroup: slotUsage, familyContainer: slotWorking}[f], true
	}
	if s == slotPID {
		s = slotNone
	}
	return columnMeaning{base: base, slot: s, guess: guess}, true
}

var (
	titleSplit  = regexp.MustCompile(`[\s,/|()\[\]=;]+|\s-\s|:\s|:$`)
	hostToken   = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$`)
	portSuffix  = regexp.MustCompile(`^(.+[A-Za-z0-9\]]):(\d{2,7})$`)
	hasDigit    = regexp.MustCompile(`\d`)
	hasLetter   = regexp.MustCompile(`[A-Za-z]`)
	pidToken    = regexp.MustCompile(`^#?(\d{1,7})$`)
	pidPrefixed = regexp.MustCompile(`(?i)\bpid[\s:=#]*(\d{1,7})\b`)
)

// plainWords are no hosts.
var plainWords = words(`value mean max min last avg average median sum count total memory mem used usage rss pss uss
	anonymous resident swap bytes puma ruby rails sidekiq unicorn nginx worker workers master cluster process processes
	pid host server of the in by per and app a-series b-series series container pod dyno free cached available buffers
	buffered cache working set live slots heap`)

// freeTitle reads an alias: "web1", "web1 12345", "web1:12345", "web3 puma RSS".
func freeTitle(title string, ports bool) columnMeaning {
	m := columnMeaning{slot: slotUnknown, mul: 1}
	if role, _, maybe := roleOf(title); role != "" || maybe {
		m.base.Role, m.slot = role, slotRSS
		m.base.Name = processName(title)
		title = pumaWorker.ReplaceAllString(title, " ")
		if i := strings.Index(title, " ("); i >= 0 && maybe {
			return m
		}
	}
	if p := pidPrefixed.FindStringSubmatch(title); p != nil {
		m.base.PID, _ = strconv.Atoi(p[1]) // at most seven digits
		title = strings.Replace(title, p[0], " ", 1)
	}
	var others []string
	for _, token := range titleSplit.Split(title, -1) {
		if hasDigit.MatchString(token) || hasLetter.MatchString(token) {
			others = m.token(token, others, ports)
		}
	}
	m.rest(others, title)
	return m
}

// token takes one word of an alias.
func (m *columnMeaning) token(token string, others []string, ports bool) []string {
	if p := portSuffix.FindStringSubmatch(token); p != nil {
		token = p[1]
		if !ports && m.base.PID == 0 {
			m.base.PID, _ = strconv.Atoi(p[2]) // at most seven digits
		}
	}
	lower := strings.ToLower(token)
	if s, ok := titleSlots[lower]; ok && s != slotUnknown {
		m.slot = s
		return others
	}
	switch p := pidToken.FindStringSubmatch(token); {
	case plainWords[lower]:
		if processWords[lower] {
			m.base.Name = strings.TrimSpace(m.base.Name + " " + token)
		}
	case p != nil && m.base.PID == 0 && len(p[1]) > 1:
		m.base.PID, _ = strconv.Atoi(p[1]) // at most seven digits
	case m.base.Host == "" && hostToken.MatchString(token) && hasDigit.MatchString(token) && hasLetter.MatchString(token),
		m.base.Host == "" && strings.Count(token, ".") >= 2 && hostToken.MatchString(token):
		m.base.Host = token
	default:
		others = append(others, token)
	}
	return others
}

// rest decides about words that are neither hosts nor pids: a single one is
// the host when nothing else is.
func (m *columnMeaning) rest(others []string, title string) {
	if m.base.Host == "" && len(others) == 1 && m.base.Name == "" && hostToken.MatchString(others[0]) {
		m.base.Host = others[0]
		others = nil
	}
	if m.base.Name == "" {
		m.base.Name = strings.Join(others, " ")
	}
	if m.slot != slotUnknown {
		return
	}
	m.guess = true
	switch {
	case m.base.PID > 0, m.base.Role != "", processWords[strings.ToLower(m.base.Name)]:
		m.slot = slotRSS
	case m.base.Host != "", title == "":
		m.slot = slotUsed
	}
}

// processWords name programs.
var processWords = words(`puma ruby rails sidekiq unicorn worker master nginx`)
