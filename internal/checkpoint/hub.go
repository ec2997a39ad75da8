package checkpoint

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"olmoeval/internal/fetch/hub"
	"olmoeval/internal/fetch/web"
	"olmoeval/internal/nearest"
	"olmoeval/internal/weights"
)

// hubSource is a commit of a repository of the hub.
type hubSource struct {
	client *hub.Client
	snap   *hub.Snapshot
	folder string // of the repository, "" or with a slash at the end
	file   string // relative to the folder
}

var _ source = (*hubSource)(nil)

func openHub(ctx context.Context, ref Ref, o Options) (source, error) {
	client, err := o.Access.Hub(web.New(o.HTTP, o.Retry), hub.Models, o.Log)
	if err != nil {
		return nil, err
	}
	snap, err := client.Snapshot(ctx, ref.Path, ref.Revision)
	if err != nil {
		return nil, err
	}
	s := &hubSource{client: client, snap: snap}
	switch {
	case path.Ext(ref.File) == ".gguf":
		s.folder, s.file = path.Split(ref.File)
	case ref.File != "":
		s.folder = ref.File + "/"
		if len(s.files()) == 0 {
			return nil, fmt.Errorf("no folder %s in revision %s%s", ref.File, snap.Commit, nearest.Hint(ref.File, folders(snap.Files)))
		}
	}
	return s, nil
}

func folders(files []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, f := range files {
		if d := path.Dir(f); d != "." && !seen[d] {
			seen[d] = true
			out = append(out, d)
		}
	}
	return out
}

func (s *hubSource) files() []weights.File {
	var out []weights.File
	for _, f := range s.snap.Files {
		if rest, ok := strings.CutPrefix(f, s.folder); ok {
			size := int64(-1)
			if d, ok := s.snap.Details[f]; ok {
				size = d.Size
			}
			out = append(out, weights.File{Name: rest, Size: size})
		}
	}
	return out
}

func (s *hubSource) one() string          { return s.file }
func (s *hubSource) settle(_, _ []string) {}
func (s *hubSource) partial() bool        { return s.snap.Partial }
func (s *hubSource) revision() string     { return s.snap.Commit }

func (s *hubSource) source() string {
	return Ref{Place: Hub, Path: s.snap.ID, Revision: s.snap.Commit, File: strings.TrimSuffix(s.folder+s.file, "/")}.String()
}

func (s *hubSource) dir() string {
	return filepath.Join(s.client.Root(s.snap), filepath.FromSlash(s.folder))
}

func (s *hubSource) space() string { return s.client.Dir }

func (s *hubSource) here(f weights.File) int64 {
	if s.client.Here(s.snap, s.folder+f.Name) != "" {
		return f.Size
	}
	return s.client.Begun(s.snap, s.folder+f.Name)
}

// open has nothing to do: every file has a lock of its own.
func (s *hubSource) open(context.Context) (bool, func(), error) { return false, func() {}, nil }

func (s *hubSource) get(ctx context.Context, name string, have func(int64)) error {
	c := *s.client
	c.Progress = func(_ string, n int64) { have(n) }
	_, err := c.File(ctx, s.snap, s.folder+name)
	return err
}

func (s *hubSource) finish() error { return nil }
