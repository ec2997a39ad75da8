package mock

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"olmoeval/internal/nearest"
)

// mode is how a mock answers.
type mode uint8

const (
	fixed  mode = iota // the same text whatever is asked
	oracle             // right
	share              // right with probability acc
	random             // a blind guess
)

var keys = []string{"oracle", "random", "acc", "seed", "latency", "fail", "http429", "hang", "garbage", "nan", "reset", "sticky"}

// Parse reads a SPEC: "mock", or "mock" with ":" or "," and settings parted by
// commas: oracle, random or acc=SHARE (else a fixed text), seed=N, latency=20ms,
// and the shares of failing attempts fail, http429, hang, garbage, nan, reset, and
// of failing questions, sticky.
func Parse(spec string) (*Model, error) {
	rest, ok := strings.CutPrefix(spec, "mock")
	if !ok || rest != "" && rest[0] != ':' && rest[0] != ',' {
		return nil, fmt.Errorf("model %q: a mock is written mock, mock:oracle, mock:acc=0.6,seed=1", spec)
	}
	m := &Model{}
	if rest != "" {
		seen := map[string]bool{}
		for field := range strings.SplitSeq(rest[1:], ",") {
			if err := m.set(strings.TrimSpace(field), seen); err != nil {
				return nil, fmt.Errorf("model %q: %w", spec, err)
			}
		}
	}
	if sum := m.fail + m.http429 + m.hang + m.garbage + m.nan + m.reset; sum > 1 {
		return nil, fmt.Errorf("model %q: shares of failing attempts add up to %g, more than 1", spec, sum)
	}
	m.spec = m.canonical()
	m.root = mix(uint64(m.seed) ^ 0x6d6f636b)
	return m, nil
}

func (m *Model) set(field string, seen map[string]bool) error {
	key, value, has := strings.Cut(field, "=")
	if seen[key] {
		return fmt.Errorf("%s is given twice", key)
	}
	seen[key] = true
	var err error
	switch key {
	case "oracle", "random", "acc":
		if m.mode != fixed {
			return fmt.Errorf("give one of oracle, random and acc")
		}
		m.mode = map[string]mode{"oracle": oracle, "random": random, "acc": share}[key]
		if key != "acc" && has {
			return fmt.Errorf("%s takes no value", key)
		}
		if key == "acc" {
			m.acc, err = fraction(key, value)
		}
	case "seed":
		if m.seed, err = strconv.ParseInt(value, 10, 64); err != nil {
			err = fmt.Errorf("seed=%s: want a whole number", value)
		}
	case "latency":
		m.latency, err = time.ParseDuration(value)
		if err != nil || m.latency < 0 {
			err = fmt.Errorf("latency=%s: want a duration such as 20ms", value)
		}
	default:
		p := m.fault(key)
		if p == nil {
			return fmt.Errorf("unknown setting %q%s", key, nearest.Hint(key, keys))
		}
		*p, err = fraction(key, value)
	}
	return err
}

// fault is where the share of a fault is kept, nil for unknown names.
func (m *Model) fault(key string) *float64 {
	switch key {
	case "fail":
		return &m.fail
	case "http429":
		return &m.http429
	case "hang":
		return &m.hang
	case "garbage":
		return &m.garbage
	case "nan":
		return &m.nan
	case "reset":
		return &m.reset
	case "sticky":
		return &m.sticky
	}
	return nil
}

func fraction(key, text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0 && v <= 1) {
		return 0, fmt.Errorf("%s=%s: want a share from 0 to 1", key, text)
	}
	return v, nil
}

// canonical is the SPEC with its settings in one order and defaults left out.
func (m *Model) canonical() string {
	var parts []string
	switch m.mode {
	case oracle:
		parts = append(parts, "oracle")
	case random:
		parts = append(parts, "random")
	case share:
		parts = append(parts, "acc="+strconv.FormatFloat(m.acc, 'g', -1, 64))
	}
	if m.seed != 0 {
		parts = append(parts, "seed="+strconv.FormatInt(m.seed, 10))
	}
	if m.latency != 0 {
		parts = append(parts, "latency="+m.latency.String())
	}
	for _, key := range keys {
		if p := m.fault(key); p != nil && *p != 0 {
			parts = append(parts, key+"="+strconv.FormatFloat(*p, 'g', -1, 64))
		}
	}
	if len(parts) == 0 {
		return "mock"
	}
	return "mock:" + strings.Join(parts, ",")
}
