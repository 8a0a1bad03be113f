package input

import (
	"path/filepath"
	"regexp"
	"strings"
)

// hostFolders is how many folders above a file may name its host.
const hostFolders = 3

// HostFromName reads the host that a log belongs to out of its file name, or
// else out of the folders it lies in: "web3.production.log",
// "production-web3.log", "web1.example.org.access.log",
// "logs/web-3/production.log.1.gz". It returns "" when the names say only
// generic things. It is conservative, because a wrong host separates calls
// from their memory series: a host has a digit, or is an address. Folder names
// must also begin like servers do ("web3", not "release42").
func HostFromName(path string) string {
	dir, base := filepath.Split(filepath.ToSlash(path))
	if m := containerLog.FindStringSubmatch(base); m != nil {
		return m[1]
	}
	if h := hostInFile(base); h != "" {
		return h
	}
	parts := strings.Split(strings.Trim(dir, "/"), "/")
	for i := 0; i < hostFolders && i < len(parts); i++ {
		at := len(parts) - 1 - i
		if at > 0 && personalFolders[strings.ToLower(parts[at-1])] {
			return "" // /home/USER, /tmp/x1: never a server
		}
		if h := hostInFolder(parts[at]); h != "" {
			return h
		}
	}
	return ""
}

// HostFromRegexp returns the group named "host" of the first match in path,
// else the first group, else the whole match, "" when nothing matches.
func HostFromRegexp(re *regexp.Regexp, path string) string {
	m := re.FindStringSubmatch(path)
	if m == nil {
		return ""
	}
	if i := re.SubexpIndex("host"); i >= 0 && m[i] != "" {
		return m[i]
	}
	if len(m) > 1 && m[1] != "" {
		return m[1]
	}
	return m[0]
}

// containerLog is a file under /var/log/containers of a Kubernetes node:
// POD_NAMESPACE_CONTAINER-ID.log (kubernetes/kubernetes pkg/kubelet/kuberuntime/legacy.go).
var containerLog = regexp.MustCompile(`^([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)_[a-z0-9-]+_[a-z0-9-]+-[0-9a-f]{64}\.log`)

// podFolder is a folder under /var/log/pods: NAMESPACE_POD_UID.
var podFolder = regexp.MustCompile(`^[a-z0-9-]+_([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)_[0-9a-f-]{32,36}$`)

var (
	addressName = regexp.MustCompile(`^(?:\d{1,3}\.){3}\d{1,3}$`)
	addressIn   = regexp.MustCompile(`(?:^|[-_.])((?:\d{1,3}\.){3}\d{1,3})(?:[-_.]|$)`)
	cloudName   = regexp.MustCompile(`^(?:ip(?:-\d{1,3}){4}|i-[0-9a-f]{8,17})$`)
	hostWord    = regexp.MustCompile(`^[A-Za-z](?:-?(?:[A-Za-z]+|\d{1,4}))*$`)
	stemOf      = regexp.MustCompile(`^([A-Za-z]+)\d`)
	podName     = regexp.MustCompile(`^[a-z][a-z0-9-]*-[a-f0-9]{6,10}-[a-z0-9]{5}$`)
	allDigits   = regexp.MustCompile(`^\d+$`)
	anyDate     = regexp.MustCompile(`(?:19|20)\d{2}[-_.]?\d{2}[-_.]?\d{2}(?:[T_.-]?\d{2,6})?`)
)

func hostInFile(base string) string {
	name := trimCompression(base)
	name = rotatedTail.ReplaceAllString(name, "")
	name = strings.Trim(anyDate.ReplaceAllString(name, ""), "-_.")
	if m := addressIn.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	labels := trimWords(strings.Split(name, "."), genericWords)
	for i, label := range labels {
		if host := hostInLabel(label); host != "" {
			if label == host || strings.HasSuffix(label, host) {
				return withDomain(host, labels[i+1:])
			}
			return host
		}
		// A dyno or process number: web.1
		if serverStems[strings.ToLower(label)] && i+1 < len(labels) && allDigits.MatchString(labels[i+1]) {
			return label + "." + labels[i+1]
		}
	}
	return ""
}

func hostInFolder(name string) string {
	if m := podFolder.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	if addressName.MatchString(name) || cloudName.MatchString(name) {
		return name
	}
	if anyDate.MatchString(name) {
		return ""
	}
	labels := trimWords(strings.Split(name, "."), genericWords)
	if len(labels) == 0 {
		return ""
	}
	host := hostInLabel(labels[0])
	if host == "" || !strings.HasSuffix(labels[0], host) {
		return ""
	}
	words := strings.FieldsFunc(host, func(r rune) bool { return r == '-' || r == '_' })
	for _, w := range words {
		if serverStems[strings.ToLower(strings.TrimRight(w, "0123456789"))] {
			return withDomain(host, labels[1:])
		}
	}
	return ""
}

// hostInLabel finds the host in one dot-free part of a name, "" when there is
// none: "production-web3" has "web3", "prod-web3" is a name of its own.
func hostInLabel(label string) string {
	if cloudName.MatchString(label) || podName.MatchString(label) {
		return label
	}
	for part := range strings.SplitSeq(label, "_") {
		words := trimWords(strings.Split(part, "-"), hyphenWords)
		host := strings.Join(words, "-")
		if podName.MatchString(host) || cloudName.MatchString(host) {
			return host
		}
		if hostWord.MatchString(host) && numberedServer(words) {
			return host
		}
	}
	return ""
}

// numberedServer tells whether the numbers in words count servers, and not
// versions, parts or environments: "web3" and "ds-web-03", but not "ruby3",
// "part-2", "production2" or "my-app-v12".
func numberedServer(words []string) bool {
	numbers := 0
	for i, w := range words {
		if !strings.ContainsAny(w, "0123456789") {
			continue
		}
		stem := ""
		switch m := stemOf.FindStringSubmatch(w); {
		case m != nil:
			stem = m[1]
		case i > 0 && allDigits.MatchString(w):
			stem = words[i-1]
		}
		stem = strings.ToLower(stem)
		if stem == "" || notServers[stem] || genericWords[stem] && !serverStems[stem] {
			return false
		}
		numbers++
	}
	return numbers > 0
}

// withDomain adds the rest of a full name: two more labels, or one that is
// known to end private names.
func withDomain(host string, rest []string) string {
	switch {
	case len(rest) == 0:
		return host
	case len(rest) >= 2 && isTop(rest[len(rest)-1]), len(rest) == 1 && privateTops[rest[0]]:
		return host + "." + strings.Join(rest, ".")
	}
	return host
}

func isTop(label string) bool {
	if privateTops[label] || len(label) == 2 || len(label) == 3 {
		return !strings.ContainsAny(label, "0123456789-_")
	}
	return publicTops[label]
}

// trimWords takes generic words and long numbers off both ends.
func trimWords(words []string, generic map[string]bool) []string {
	drop := func(w string) bool {
		return w == "" || generic[strings.ToLower(w)] || len(w) > 4 && allDigits.MatchString(w)
	}
	for len(words) > 0 && drop(words[0]) && (len(words) < 2 || !allDigits.MatchString(words[1])) {
		words = words[1:]
	}
	for len(words) > 0 && drop(words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	return words
}
