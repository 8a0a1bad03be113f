package appdir

import (
	"path"
	"regexp"
	"strings"

	"culprit/internal/app"
)

var (
	assignment = regexp.MustCompile(`(?:^|[\s;"'])([A-Z][A-Z0-9_]*)=("[^"]*"|'[^']*'|[^\s"';&|]*)`)
	envLine    = regexp.MustCompile(`^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$`)
	dockerEnv  = regexp.MustCompile(`(?i)^\s*ENV\s+(.*)$`)
	dockerPair = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)\s+([^=].*)$`)
	procLine   = regexp.MustCompile(`^[A-Za-z0-9_-]+:\s*(.*)$`)
	yamlPair   = regexp.MustCompile(`^\s*(?:-\s*)?["']?([A-Z][A-Z0-9_]{2,})["']?\s*[:=]\s*(.*)$`)
	yamlKey    = regexp.MustCompile(`^\s*-\s*(?:key|name):\s*["']?([A-Z][A-Z0-9_]+)["']?\s*$`)
	yamlValue  = regexp.MustCompile(`^\s*value:\s*(.*)$`)
	unitLine   = regexp.MustCompile(`^\s*Environment=(.*)$`)
	// elsewhere are files for tests, for developers, or to be copied.
	elsewhere = regexp.MustCompile(`^\.env\.(.*\.)?(test|development|dev|example|sample|template|dist)\b`)
	jsonPair  = regexp.MustCompile(`"([A-Z][A-Z0-9_]{2,})"\s*:\s*"([^"]*)"`)
)

// env finds environment variables that files of the app set for its processes.
func (r *reader) env() {
	for _, name := range r.list(
		"Procfile*", "Dockerfile*", "docker/Dockerfile*", "docker-compose*.y*ml", "compose*.y*ml", ".env*", "app.json", "fly.toml",
		"render.yaml", "*.service", "config/*.service", "deploy/*.service", "config/deploy*.yml", "bin/*", "script/*", "config/puma/*.sh",
	) {
		if elsewhere.MatchString(path.Base(name)) {
			continue
		}
		text := r.text(name)
		if text == "" || strings.IndexByte(text[:min(len(text), 4096)], 0) >= 0 {
			continue
		}
		r.envOf(name, text)
	}
}

func (r *reader) envOf(name, text string) {
	base := path.Base(name)
	all := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	_, blank := kindOf("x.sh")
	code, _ := blank([]byte(strings.Join(all, "\n")))
	coded := strings.Split(string(code), "\n")
	if isRuby(base, all[0]) {
		return
	}
	key := ""
	for i := 0; i < len(coded); i++ {
		line, at := coded[i], i
		for strings.HasSuffix(line, "\\") && i+1 < len(coded) { // a line that goes on
			i++
			line = strings.TrimSuffix(line, "\\") + " " + coded[i]
		}
		set := func(k, v string) {
			v = strings.TrimSpace(v)
			s := app.Setting{Name: k, Value: strings.Trim(v, `"'`), File: name, Line: at + 1, Text: strings.TrimSpace(all[at])}
			s.Dynamic = strings.HasPrefix(s.Value, "$") || strings.Contains(v, "${") || strings.Contains(v, "$(")
			if s.Dynamic {
				s.Value = shellDefault(s.Value)
			}
			r.a.Env = append(r.a.Env, s)
		}
		key = takeLine(base, line, key, set)
	}
}

func isRuby(base, first string) bool {
	return path.Ext(base) == ".rb" || strings.HasPrefix(first, "#!") && strings.Contains(first, "ruby")
}

// shellDefault is what "${X:-2}" means when X is not set, "" when it has none.
func shellDefault(v string) string {
	if _, rest, ok := strings.Cut(v, ":-"); ok && strings.HasPrefix(v, "${") && strings.HasSuffix(rest, "}") {
		return strings.TrimSuffix(rest, "}")
	}
	return ""
}

// takeLine reads the variables of one line in the manner of its file. key is one
// whose value stands on the next line; the new one is returned.
func takeLine(base, line, key string, set func(k, v string)) string {
	switch ext := path.Ext(base); {
	case strings.HasPrefix(base, "Dockerfile"):
		if m := dockerEnv.FindStringSubmatch(line); m != nil {
			if p := dockerPair.FindStringSubmatch(strings.TrimSpace(m[1])); p != nil {
				set(p[1], p[2])
			} else {
				pairs(m[1], set)
			}
		}
	case strings.HasPrefix(base, "Procfile"):
		if m := procLine.FindStringSubmatch(line); m != nil {
			pairs(leading(m[1]), set)
		}
	case strings.HasPrefix(base, ".env") || ext == ".toml":
		if m := envLine.FindStringSubmatch(line); m != nil {
			set(m[1], m[2])
		}
	case ext == ".service":
		if m := unitLine.FindStringSubmatch(line); m != nil {
			pairs(m[1], set)
		}
	case ext == ".json":
		for _, m := range jsonPair.FindAllStringSubmatch(line, -1) {
			set(m[1], m[2])
		}
	case ext == ".yml" || ext == ".yaml":
		if m := yamlKey.FindStringSubmatch(line); m != nil {
			return m[1]
		}
		if m := yamlValue.FindStringSubmatch(line); m != nil && key != "" {
			set(key, m[1])
			return ""
		}
		if m := yamlPair.FindStringSubmatch(line); m != nil && m[2] != "" {
			set(m[1], m[2])
		}
	default: // a shell script
		text := strings.TrimPrefix(strings.TrimSpace(line), "export ")
		pairs(leading(text), set)
	}
	return ""
}

// leading is the part of a command before its first word: assignments only.
func leading(command string) string {
	var out []string
	for f := range strings.FieldsSeq(command) {
		k, _, ok := strings.Cut(f, "=")
		if f == "env" || f == "exec" || f == "export" {
			continue
		}
		if !ok || k == "" || strings.ToUpper(k) != k || strings.ContainsAny(k, `/"'$(`) {
			break
		}
		out = append(out, f)
	}
	return strings.Join(out, " ")
}

func pairs(text string, set func(k, v string)) {
	for _, m := range assignment.FindAllStringSubmatch(text, -1) {
		set(m[1], m[2])
	}
}
