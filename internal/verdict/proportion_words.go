package verdict

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"culprit"
)

// portion writes a share with two digits where it is small: "0.4 %", "0.006 %".
func portion(x float64) string {
	p := x * 100
	if p >= 10 {
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	}
	s := strconv.FormatFloat(p, 'g', 1, 64)
	if p >= 1 {
		s = strings.TrimSuffix(strconv.FormatFloat(p, 'f', 1, 64), ".0")
	}
	if strings.ContainsRune(s, 'e') {
		return "less than 0.0001 %"
	}
	return s + " %"
}

// amount writes bytes without a needless ".0": "33 GB".
func amount(b float64) string {
	return strings.Replace(size(culprit.Bytes(b)), ".0 ", " ", 1)
}

func day(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

// ending is the last words on a circumstance.
func ending(s culprit.Standing) string {
	switch s {
	case culprit.StandingNotIt:
		return "not it"
	case culprit.StandingMinor:
		return "at most a small part"
	case culprit.StandingToTest:
		return "its size fits, to be tested"
	case culprit.StandingCannotTell:
	}
	return "cannot tell"
}

// sayAmount compares an amount with the growth.
func (in *incident) sayAmount(c Charge, most, share float64, standing culprit.Standing) string {
	grew := "+" + amount(in.growth)
	if c.Cost == nil {
		return fmt.Sprintf("%s: at most %s, %s of the %s: %s", c.Name, amount(most), portion(share), grew, ending(standing))
	}
	switch c.Cost.Per {
	case "process":
		return in.sayOnce(c, most, share, standing)
	case "call":
		s := fmt.Sprintf("%s: %s a call, %s in the window if every request makes one, %s of the %s", c.Name, costs(c.Cost), amount(most), portion(share), grew)
		if share < 1 {
			s += fmt.Sprintf(" (it would take %s calls a request)", round(1/share))
		}
		return s + ": " + ending(standing)
	}
	n, _ := in.times(c.Cost.Per)
	return fmt.Sprintf("%s: %s a %s, %s times at most: %s, %s of the %s: %s", c.Name, costs(c.Cost), c.Cost.Per, round(n), amount(most), portion(share), grew, ending(standing))
}

// sayOnce is about what a process pays once, as the boot is.
func (in *incident) sayOnce(c Charge, most, share float64, standing culprit.Standing) string {
	one := float64(c.Cost.High)
	s := fmt.Sprintf("%s %s is %s of the +%s", c.Name, costs(c.Cost), portion(one/in.growth), amount(in.growth))
	if n := in.r.Coverage.Processes; n > 1 {
		s += fmt.Sprintf(" (%s, %s, if all %d processes pay it)", amount(most), portion(share), n)
	}
	if standing == culprit.StandingNotIt && share >= shareNotIt {
		s += ", and was paid before the growth began"
	}
	return s + ": " + ending(standing)
}

// sayNoCost is about what nobody measured.
func (in *incident) sayNoCost(c Charge) string {
	s := c.Name + ": what it costs is not known"
	if c.Cost != nil {
		s = fmt.Sprintf("%s: %s a %s, and the report does not say how often that was", c.Name, costs(c.Cost), c.Cost.Per)
	}
	switch c.Kind {
	case "retention", "native_leak", "agent_buffers":
		if in.jumpy {
			s += fmt.Sprintf("; a leak adds evenly, and this growth came in %d jumps of up to %s, which speaks against it", in.steps, size(in.step))
		}
	}
	return s
}

func sayInCode(name string, e culprit.Evidence, s culprit.Suspect) string {
	word := "suspected"
	if s.Finding == culprit.Convicted {
		word = "convicted"
	}
	return fmt.Sprintf("%s: %s:%d is in the code of %s, which is %s here: test it first", name, e.File, e.Line, s.Name, word)
}

func sayInClearedCode(name string, cleared map[string]bool) string {
	var who []string
	for n := range cleared {
		who = append(who, n)
	}
	slices.Sort(who)
	return name + ": its lines are only in the code of " + join(who) + ", acquitted here: not it"
}

// costs writes a cost: "280 bytes", "200 to 400 bytes".
func costs(c *culprit.Cost) string {
	if c.Low == c.High || c.Low < 0 {
		return size(c.High)
	}
	return size(c.Low) + " to " + size(c.High)
}

// round writes a large number with two digits that count: "16,000".
func round(x float64) string {
	if x < 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	n := 1.0
	for x/n >= 100 {
		n *= 10
	}
	s := strconv.FormatFloat(float64(int64(x/n+0.5))*n, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
