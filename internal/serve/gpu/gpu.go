// Package gpu finds the GPUs of this machine and shares them out. Call
// [Discover] for what there is, [Visible] for what this process may use,
// [Parallel] for how many a model needs and [Plan] for which model gets which.
package gpu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Device is one GPU.
type Device struct {
	// ID is what CUDA_VISIBLE_DEVICES is to say with
	// CUDA_DEVICE_ORDER=PCI_BUS_ID: the index, or the name of a MIG slice.
	ID   string `json:"id"`
	UUID string `json:"uuid,omitempty"`
	Name string `json:"name,omitempty"`
	// Total and Used are bytes of memory; Total is 0 where it is not known.
	Total  int64  `json:"memory_bytes,omitempty"`
	Used   int64  `json:"-"`
	Driver string `json:"-"`
}

// Key names the device on this machine, whatever the numbering.
func (d Device) Key() string {
	if d.UUID != "" {
		return d.UUID
	}
	return "id-" + d.ID
}

// query are the columns asked of nvidia-smi.
const query = "index,uuid,name,memory.total,memory.used,driver_version"

// patience is how long nvidia-smi may take: a driver in trouble makes it hang.
const patience = 30 * time.Second

// Discover asks nvidia-smi, whose path is smi, in the order of its indexes. A
// machine without the program has no GPUs; one whose driver fails is an error.
func Discover(ctx context.Context, smi string) ([]Device, error) {
	path, err := exec.LookPath(smi)
	if err != nil {
		return nil, nil //nolint:nilerr // no such program: no GPUs
	}
	inner, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(inner, path, "--query-gpu="+query, "--format=csv,noheader,nounits")
	cmd.WaitDelay = time.Second
	var out, errText bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errText
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if inner.Err() != nil {
			err = fmt.Errorf("no answer within %s", patience)
		}
		said := strings.Join(strings.Fields(out.String()+" "+errText.String()), " ")
		if said != "" {
			err = fmt.Errorf("%w: %.200s", err, said)
		}
		return nil, fmt.Errorf("nvidia-smi: %w", err)
	}
	return Parse(out.String())
}

// Parse reads nvidia-smi's rows: index, uuid, name, MiB in all, MiB used and,
// where it was asked for, the driver's version.
func Parse(text string) ([]Device, error) {
	var out []Device
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		cells := strings.Split(line, ",")
		if len(cells) < 5 {
			return nil, fmt.Errorf("nvidia-smi: %.80q: want index, uuid, name, memory.total, memory.used", line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if _, err := strconv.ParseUint(cells[0], 10, 16); err != nil {
			return nil, fmt.Errorf("nvidia-smi: %.80q: want an index first", line)
		}
		d := Device{ID: cells[0], UUID: cells[1], Name: cells[2], Total: mebibytes(cells[3]), Used: mebibytes(cells[4])}
		if len(cells) > 5 {
			d.Driver = cells[5]
		}
		out = append(out, d)
	}
	return out, nil
}

// mebibytes reads a count of MiB as bytes; "[N/A]", as devices with shared
// memory say, is 0.
func mebibytes(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return 0
	}
	return n << 20
}

// Visible are the devices that CUDA_VISIBLE_DEVICES allows, in its order; set
// says whether the variable is there. As in CUDA, the list ends at the first
// entry that is no device. Slices of a GPU (MIG) pass unseen by nvidia-smi's
// query, with unknown memory.
func Visible(all []Device, value string, set bool) []Device {
	if !set {
		return all
	}
	var out []Device
	for entry := range strings.SplitSeq(value, ",") {
		entry = strings.TrimSpace(entry)
		d, ok := find(all, entry)
		switch {
		case ok:
		case strings.HasPrefix(entry, "MIG-"):
			d = Device{ID: entry, UUID: entry}
		default:
			return out
		}
		out = append(out, d)
	}
	return out
}

// find is the device with an index or with (the beginning of) a UUID.
func find(all []Device, id string) (Device, bool) {
	for _, d := range all {
		if d.ID == id || len(id) > 4 && strings.HasPrefix(d.UUID, id) {
			return d, true
		}
	}
	return Device{}, false
}

// Named are the devices with the given ids. Where nothing is known of any
// device, such as without nvidia-smi, the ids are taken as they are.
func Named(visible []Device, ids []string) ([]Device, error) {
	var out []Device
	seen := map[string]bool{}
	for _, id := range ids {
		d, ok := find(visible, id)
		switch {
		case ok:
		case len(visible) == 0 && id != "":
			d = Device{ID: id}
		default:
			return nil, fmt.Errorf("gpus: no gpu %q; have %s", id, IDs(visible))
		}
		if seen[d.ID] {
			return nil, fmt.Errorf("gpus: %q is named twice", id)
		}
		seen[d.ID] = true
		out = append(out, d)
	}
	return out, nil
}

// IDs lists devices for messages and for CUDA_VISIBLE_DEVICES: "0,1".
func IDs(devices []Device) string {
	if len(devices) == 0 {
		return "none"
	}
	ids := make([]string, len(devices))
	for i, d := range devices {
		ids[i] = d.ID
	}
	return strings.Join(ids, ",")
}

// Headroom is how much memory a model takes beside its weights, as a factor.
const Headroom = 1.2

// Parallel is how many GPUs of the given memory one replica needs for weights
// of the given size: the least power of two whose memory holds 1.2 times the
// weights and that divides the attention heads. It is 1 where a size is not
// known (0). An error says what is needed where have GPUs do not do.
func Parallel(weights, memory int64, have, heads int) (int, error) {
	if weights <= 0 || memory <= 0 {
		return 1, nil
	}
	n := 1
	for float64(weights)*Headroom > float64(n)*float64(memory) {
		n *= 2
	}
	if n > have {
		return 0, fmt.Errorf("gpus: weights of %s need %d gpus of %s, have %d; set tensor_parallel_size if you know better",
			size(weights), n, size(memory), have)
	}
	if heads > 0 && heads%n != 0 {
		return 0, fmt.Errorf("gpus: weights of %s need %d gpus of %s, but %d attention heads cannot be cut into %d; set tensor_parallel_size and server_args.pipeline_parallel_size",
			size(weights), n, size(memory), heads, n)
	}
	return n, nil
}

func size(b int64) string { return fmt.Sprintf("%.1f GiB", float64(b)/(1<<30)) }

// ErrNone says that there is no GPU where one is needed.
var ErrNone = errors.New("gpus: none found")
