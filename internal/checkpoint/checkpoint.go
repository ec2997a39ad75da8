// Package checkpoint turns what a model's name says into a checkpoint directory
// on this machine, complete and verified. Call [ParseRef], then [Resolve];
// [Look] says beforehand what that would download. What a directory holds is
// the business of package weights.
package checkpoint

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"olmoeval/internal/fetch/access"
	"olmoeval/internal/fetch/web"
	"olmoeval/internal/weights"
)

// Options say how checkpoints are reached.
type Options struct {
	Access access.Access
	// HTTP is used for all requests; nil means one of our own.
	HTTP *http.Client
	// Retry is the budget of each request; the zero value is a good one.
	Retry web.Retry
	// TokenizerOnly gets tokenizer, templates and configuration, no weights.
	TokenizerOnly bool
	// Accept are the formats that will do: others are refused before anything
	// is downloaded, with what would work. Empty means all.
	Accept []weights.Kind
	// Parallel is how many files are downloaded at the same time, 8 if 0.
	Parallel int
	// Progress is told at most ten times a second, and at the end; never by two
	// goroutines at the same time. May be nil.
	Progress func(Progress)
	// Free is how many bytes a directory's disk has left; nil asks the system.
	Free func(dir string) (int64, error)
	// Now is the clock of Progress; nil is the system's.
	Now func() time.Time
	// Log gets what is downloaded, and warnings; nil drops them.
	Log *slog.Logger
}

// Progress is how far a download is, in bytes. Total is 0 where the sizes are
// not known.
type Progress struct{ Done, Total int64 }

// Checkpoint is a checkpoint on this machine.
type Checkpoint struct {
	// Dir is its directory.
	Dir string `json:"dir"`
	// Info is what it says of itself; Info.Path is what a server is told to
	// load. It is empty for a tokenizer alone.
	Info weights.Info `json:"info"`
	// Files are those that were asked for, relative to Dir, sorted.
	Files []string `json:"files"`
	// Bytes is the size of the weights.
	Bytes int64 `json:"bytes"`
	// Revision is the commit on the hub, or a digest of the listing of an object
	// store; "" for local paths.
	Revision string `json:"revision,omitempty"`
	// Digest identifies the weights, as [weights.Digest] says; "" for a
	// tokenizer alone.
	Digest string `json:"digest,omitempty"`
	// Source is the reference with its revision resolved.
	Source string `json:"source"`
}

// Plan is what [Resolve] would do.
type Plan struct {
	Source, Revision string
	Kind             weights.Kind
	Files            []string
	// Bytes is the size of the files, Download how much of it is not here yet;
	// both 0 where the sizes are not known.
	Bytes, Download int64
}

// Describe says what a checkpoint directory or .gguf file on this machine is.
func Describe(path string) (weights.Info, error) { return weights.Describe(path) }

// Look finds a checkpoint and says what would be downloaded, without doing so.
func Look(ctx context.Context, ref Ref, o Options) (*Plan, error) {
	if ref.Place == Local {
		c, err := resolveLocal(ref, o)
		if err != nil {
			return nil, err
		}
		return &Plan{Source: c.Source, Kind: c.Info.Kind, Files: c.Files, Bytes: c.Bytes}, nil
	}
	s, pick, err := find(ctx, ref, &o)
	if err != nil {
		return nil, err
	}
	total, missing := need(s, pick)
	return &Plan{Source: s.source(), Revision: s.revision(), Kind: pick.kind, Files: pick.names, Bytes: total, Download: missing}, nil
}

// Resolve makes a checkpoint be on this machine. Nothing partial is returned:
// either all files are there, verified as far as their source lets, or there is
// an error. What was downloaded before an error or a kill is taken up by the
// next call, and calls in any number of processes download once.
func Resolve(ctx context.Context, ref Ref, o Options) (*Checkpoint, error) {
	if ref.Place == Local {
		return resolveLocal(ref, o)
	}
	s, pick, err := find(ctx, ref, &o)
	if err != nil {
		return nil, err
	}
	if err := download(ctx, s, pick, o); err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", ref, err)
	}
	c := &Checkpoint{Dir: s.dir(), Files: pick.names, Revision: s.revision(), Source: s.source()}
	if o.TokenizerOnly {
		return c, nil
	}
	at := c.Dir
	if pick.file != "" {
		at = filepath.Join(at, pick.file)
	}
	return c, c.inspect(at, o)
}

// find opens the source and picks the files.
func find(ctx context.Context, ref Ref, o *Options) (source, *selection, error) {
	o.fill()
	var s source
	var err error
	if ref.Place == Hub {
		s, err = openHub(ctx, ref, *o)
	} else {
		s, err = openStore(ctx, ref, *o)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("checkpoint %s: %w", ref, err)
	}
	pick, err := choose(s, *o)
	if err != nil {
		return nil, nil, fmt.Errorf("checkpoint %s: %w", ref, err)
	}
	return s, pick, nil
}

func (o *Options) fill() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Free == nil {
		o.Free = freeBytes
	}
	if o.Parallel <= 0 {
		o.Parallel = 8
	}
}

// inspect fills in what the files say, and refuses what is not whole.
func (c *Checkpoint) inspect(at string, o Options) error {
	var err error
	if c.Info, err = weights.Describe(at); err != nil {
		return fmt.Errorf("checkpoint %s: %w", c.Source, err)
	}
	c.Bytes = c.Info.Bytes
	if err := accept(c.Info, o.Accept); err != nil {
		return err
	}
	if c.Digest, err = weights.Digest(at); err != nil {
		return fmt.Errorf("checkpoint %s: %w", c.Source, err)
	}
	return nil
}

// accept refuses a format that is not wanted, and what is not whole. What an
// unknown format should consist of is not known.
func accept(i weights.Info, kinds []weights.Kind) error {
	wanted := len(kinds) == 0 || slices.Contains(kinds, i.Kind)
	whole := len(i.Choices) == 0 && (i.Kind == weights.Unknown || len(i.Missing) == 0)
	if wanted && whole {
		return nil
	}
	if err := i.Check(); err != nil && (i.Kind != weights.OLMoCore || !wanted) {
		return err
	}
	if i.Kind == weights.OLMoCore {
		return fmt.Errorf("the checkpoint %s is not whole: it lacks %v", i.Path, i.Missing)
	}
	return fmt.Errorf("the checkpoint %s is of format %s, and %v is wanted; hf is for kind=vllm and kind=sglang, gguf for kind=llama-server and kind=llamacpp", i.Path, i.Kind, kinds)
}
