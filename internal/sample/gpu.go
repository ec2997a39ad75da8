package sample

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

var gpuFields = []string{"index", "uuid", "name", "utilization.gpu", "memory.used", "memory.total", "power.draw", "temperature.gpu"}

// gpus asks nvidia-smi, which must answer within five seconds.
func gpus(ctx context.Context, command string) ([]GPU, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, command, "--query-gpu="+strings.Join(gpuFields, ","), "--format=csv,noheader,nounits")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	return parseGPUs(strings.NewReader(string(out)))
}

// parseGPUs reads the table that nvidia-smi prints, without heading and units.
// What it cannot tell it prints as [N/A] or the like.
func parseGPUs(r io.Reader) ([]GPU, error) {
	c := csv.NewReader(r)
	c.TrimLeadingSpace = true
	c.FieldsPerRecord = len(gpuFields)
	rows, err := c.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("nvidia-smi: %w", err)
	}
	out := make([]GPU, len(rows))
	for i, row := range rows {
		index, err := strconv.Atoi(strings.TrimSpace(row[0]))
		if err != nil {
			return nil, fmt.Errorf("nvidia-smi: line %d: %q is no index", i+1, row[0])
		}
		out[i] = GPU{Index: index, UUID: strings.TrimSpace(row[1]), Name: strings.TrimSpace(row[2]), Utilization: reading(row[3]),
			MemoryUsed: reading(row[4]), MemoryTotal: reading(row[5]), Power: reading(row[6]), Temperature: reading(row[7])}
	}
	return out, nil
}

func reading(s string) *float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || v != v || v > 1e12 || v < -1e12 {
		return nil
	}
	return &v
}
