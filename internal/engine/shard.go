package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// openShard takes up or makes this process's part of a run whose parts share an
// id. Which id is settled by whoever comes first.
func (r *run) openShard() (*journal.Writer, error) {
	p := r.plan
	id := ""
	if p.Resume != nil {
		id = p.Resume.RunID
	} else {
		fresh, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		if id, err = r.Home.Claim(p.ResumeKey, fresh.String()); err != nil {
			return nil, err
		}
		if id == fresh.String() {
			m := r.manifest(id)
			m.Shard, m.Shards = nil, r.Shard.Of
			w, err := journal.Create(r.Home, m)
			if err != nil {
				return nil, err
			}
			if err := w.Close(func(*journal.Manifest) {}); err != nil {
				return nil, err
			}
		} else if err := awaitFile(filepath.Join(r.Home.Run(id), journal.ManifestName)); err != nil {
			return nil, fmt.Errorf("run %s was begun by another shard but does not appear: %w", id, err)
		}
	}
	dir := r.Home.ShardDir(id, *r.Shard)
	m, err := journal.ReadManifest(dir)
	if errors.Is(err, os.ErrNotExist) {
		return journal.CreateAt(dir, r.manifest(id))
	}
	if err != nil {
		return nil, err
	}
	if m.Sealed {
		return nil, &shardDone{m.Results}
	}
	p.Resume = m
	return journal.Open(dir)
}

// shardDone says that this part is complete already.
type shardDone struct{ res *journal.Result }

func (s *shardDone) Error() string { return "this shard is complete" }

func awaitFile(path string) error {
	var err error
	for range 100 {
		if _, err = os.Stat(path); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// missingShards lists the parts of a run that are not complete.
func missingShards(home journal.Home, id string, of int) []string {
	var out []string
	for i := range of {
		m, err := journal.ReadManifest(home.ShardDir(id, journal.Shard{Index: i, Of: of}))
		switch {
		case err != nil:
			out = append(out, fmt.Sprintf("%d/%d (not begun)", i, of))
		case !m.Sealed:
			out = append(out, fmt.Sprintf("%d/%d (%s)", i, of, m.Status))
		}
	}
	return out
}

// Merge joins the parts of a run. It is an error while parts are missing, and
// does nothing to a run that is merged already.
func Merge(ctx context.Context, home journal.Home, id string, tasks []*Prepared) (*journal.Result, error) {
	m, err := journal.ReadManifest(home.Run(id))
	if err != nil {
		return nil, err
	}
	if m.Sealed {
		return m.Results, nil
	}
	if m.Shards == 0 {
		return nil, refuse("run %s is whole: there is nothing to merge", id)
	}
	if missing := missingShards(home, id, m.Shards); len(missing) > 0 {
		return nil, refuse("run %s: %d of %d shards are not complete: %v", id, len(missing), m.Shards, missing)
	}
	w, err := journal.Open(home.Run(id))
	if err != nil {
		return nil, err
	}
	r := replaying(w, tasks)
	for i := range m.Shards {
		src, err := journal.Load(home.ShardDir(id, journal.Shard{Index: i, Of: m.Shards}))
		if err != nil {
			return nil, err
		}
		if err := r.replay(ctx, src, false); err != nil {
			return r.finish(ctx, err)
		}
	}
	res, err := r.finish(ctx, nil)
	home.Unclaim(m.ResumeKey)
	return res, err
}

// finishShard merges the run if this was its last part.
func (r *run) finishShard(ctx context.Context, part *journal.Result) (*journal.Result, error) {
	id := part.RunID
	if len(missingShards(r.Home, id, r.Shard.Of)) > 0 {
		return part, nil
	}
	whole := make([]*Prepared, len(r.plan.Tasks))
	for i, t := range r.plan.Tasks {
		c := &Prepared{Label: t.Label, Spec: t.Spec, Task: t.Task, N: t.N, Own: t.N, Skipped: t.Skipped, Chance: t.Chance, Leaks: t.Leaks}
		whole[i] = c
	}
	res, err := Merge(ctx, r.Home, id, whole)
	var held *journal.HeldError
	if errors.As(err, &held) {
		return part, nil // another shard ended at the same time and merges
	}
	return res, err
}

// FromManifest makes tasks of a stored run for replaying: known is called for
// each label and gives the task as it is defined now.
func FromManifest(m *journal.Manifest, known func(*journal.Task) (*eval.Task, error)) ([]*Prepared, error) {
	out := make([]*Prepared, len(m.Tasks))
	for i := range m.Tasks {
		t := &m.Tasks[i]
		task, err := known(t)
		if err != nil {
			return nil, err
		}
		out[i] = &Prepared{Label: t.Label, Spec: t.Spec, Task: task, N: t.N, Own: t.N, Skipped: t.SkippedRows,
			Chance: t.Chance, Leaks: t.Leaks, UniqueIDs: t.UniqueIDs, Infos: t.Data}
	}
	return out, nil
}
