package pick

import (
	"fmt"
	"regexp"
	"strconv"

	"olmoeval/dataset/internal/rowio"
)

var shardOf = regexp.MustCompile(`^(.*?)[-_](\d+)[-_]of[-_](\d+)$`)

// complete checks that no shard is missing where names say how many there are.
func complete(files []string) error {
	type set struct{ have, want int }
	sets := map[string]*set{}
	var order []string
	for _, f := range files {
		m := shardOf.FindStringSubmatch(rowio.Stem(f))
		if m == nil {
			continue
		}
		n, err := strconv.Atoi(m[3])
		if err != nil {
			continue // too many digits for a count
		}
		key := m[1] + "*-of-" + m[3]
		if sets[key] == nil {
			sets[key] = &set{want: n}
			order = append(order, key)
		}
		sets[key].have++
	}
	for _, key := range order {
		if s := sets[key]; s.have != s.want {
			return fmt.Errorf("%s: %d of %d shards are there", key, s.have, s.want)
		}
	}
	return nil
}
