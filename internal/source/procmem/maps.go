package procmem

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// errTornMaps means that pieces of the list are of different moments.
var errTornMaps = errors.New("mappings that overlap")

// ParseMaps reads /proc/PID/maps. A line that is none is an error: a mapping that is not
// known would look like memory that is not there.
func ParseMaps(r io.Reader) ([]Mapping, error) {
	var list []Mapping
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		m, err := parseMapping(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(list)+1, err)
		}
		if k := len(list); k > 0 && m.From < list[k-1].To {
			return nil, fmt.Errorf("line %d: %w", k+1, errTornMaps)
		}
		list = append(list, m)
	}
	return list, lines.Err()
}

func parseMapping(text string) (m Mapping, err error) {
	head, path, _ := cutFields(text, 5)
	if len(head) < 5 || len(head[1]) < 4 {
		return m, fmt.Errorf("%d fields", len(head))
	}
	from, to, _ := strings.Cut(head[0], "-")
	if m.From, err = strconv.ParseUint(from, 16, 64); err != nil {
		return m, err
	}
	if m.To, err = strconv.ParseUint(to, 16, 64); err != nil {
		return m, err
	}
	if m.To <= m.From {
		return m, fmt.Errorf("it ends at %#x, before it begins", m.To)
	}
	if m.Offset, err = strconv.ParseUint(head[2], 16, 64); err != nil {
		return m, err
	}
	p := head[1]
	m.Read, m.Write, m.Execute, m.Share = p[0] == 'r', p[1] == 'w', p[2] == 'x', p[3] == 's'
	m.Path, m.File = path, strings.HasPrefix(path, "/") && head[4] != "0"
	return m, nil
}

// cutFields cuts n words off a line and gives what is behind them.
func cutFields(text string, n int) (head []string, rest string, ok bool) {
	for range n {
		text = strings.TrimLeft(text, " ")
		word, after, _ := strings.Cut(text, " ")
		if word == "" {
			return head, "", false
		}
		head, text = append(head, word), after
	}
	return head, strings.TrimLeft(text, " "), true
}
