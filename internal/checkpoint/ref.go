package checkpoint

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Place is where a checkpoint is.
type Place string

// Places.
const (
	Local Place = "local"
	Hub   Place = "hf"
	S3    Place = "s3"
	GCS   Place = "gs"
)

// Ref names a checkpoint.
type Ref struct {
	Place Place
	// Path is a local path, ORG/NAME on the hub, or BUCKET/PREFIX.
	Path string
	// Revision is a branch, tag or commit of the hub; of an object store what
	// [Checkpoint.Revision] was once, or its beginning. "" is the present state.
	Revision string
	// File is a sub-folder or a .gguf file of a hub repository, "" for its top.
	File string
}

var (
	hubName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)
	oneWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	pin     = regexp.MustCompile(`^(.+)@([0-9a-f]{8,64})$`)
	pullRef = regexp.MustCompile(`^refs/[^/]+/[^/]+`)
)

// ParseRef reads PATH, hf:ORG/NAME[/FILE][@REVISION] or hf://…, a bare
// ORG/NAME, an address of a page of huggingface.co, s3://BUCKET/PREFIX or
// gs://BUCKET/PREFIX, each with @REVISION at the end if wanted. revision is what
// was said apart from the text. A path that exists comes before a hub id.
func ParseRef(text, revision string) (Ref, error) {
	r, err := parse(text)
	if err != nil {
		return Ref{}, err
	}
	switch {
	case revision == "":
	case r.Place == Local:
		return Ref{}, fmt.Errorf("checkpoint %q is a path and has no revision %q; leave the revision out", text, revision)
	case r.Revision != "" && r.Revision != revision:
		return Ref{}, fmt.Errorf("checkpoint %q: two revisions, %q and %q", text, r.Revision, revision)
	default:
		r.Revision = revision
	}
	return r, nil
}

func parse(text string) (Ref, error) {
	scheme, rest, full := strings.Cut(text, "://")
	switch {
	case text == "":
		return Ref{}, fmt.Errorf("checkpoint without a name: want a path, hf:ORG/NAME, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX")
	case full && (scheme == "s3" || scheme == "gs"):
		return parseStore(Place(scheme), rest)
	case full && scheme == "hf":
		return parseHub(text, strings.TrimPrefix(rest, "models/"))
	case full && scheme == "file":
		return Ref{Place: Local, Path: rest}, nil
	case full && (scheme == "https" || scheme == "http"):
		return parsePage(text)
	case full:
		return Ref{}, fmt.Errorf("checkpoint %q: %s:// is not read; want a path, hf:ORG/NAME, s3://… or gs://…", text, scheme)
	}
	if rest, ok := strings.CutPrefix(text, "hf:"); ok {
		return parseHub(text, rest)
	}
	if rest, ok := strings.CutPrefix(text, "file:"); ok {
		return Ref{Place: Local, Path: rest}, nil
	}
	if filepath.IsAbs(text) || strings.HasPrefix(text, ".") || strings.HasPrefix(text, "~") {
		return Ref{Place: Local, Path: text}, nil
	}
	if _, err := os.Stat(text); err == nil {
		return Ref{Place: Local, Path: text}, nil
	}
	id, _, _ := strings.Cut(text, "@")
	if hubName.MatchString(id) || strings.Count(id, "/") > 1 && path.Ext(text) == ".gguf" {
		return parseHub(text, text)
	}
	if strings.Contains(text, "/") || path.Ext(text) == ".gguf" {
		return Ref{Place: Local, Path: text}, nil
	}
	return Ref{}, fmt.Errorf("checkpoint %q is no path that exists, and no hub id: want ORG/NAME (or hf:%s for a name of one word)", text, text)
}

// parseHub reads ORG/NAME[@REVISION][/FILE] and ORG/NAME[/FILE][@REVISION].
func parseHub(text, rest string) (Ref, error) {
	r := Ref{Place: Hub}
	id, after, at := strings.Cut(rest, "@")
	if parts := strings.SplitN(id, "/", 3); len(parts) == 3 {
		id, r.File = parts[0]+"/"+parts[1], parts[2]
	}
	r.Path, r.Revision = id, after
	if r.File == "" && after != "" {
		// A slash ends the revision, but for names such as refs/pr/1.
		rev := pullRef.FindString(after)
		if rev == "" {
			rev, _, _ = strings.Cut(after, "/")
		}
		r.Revision, r.File = rev, strings.TrimPrefix(strings.TrimPrefix(after, rev), "/")
	}
	r.File = strings.Trim(r.File, "/")
	if plain, err := url.PathUnescape(r.Revision); err == nil {
		r.Revision = plain
	}
	if at && r.Revision == "" || strings.Contains(r.File, "@") {
		return Ref{}, fmt.Errorf("checkpoint %q: want a revision behind @, and no other @", text)
	}
	if !hubName.MatchString(r.Path) && (!oneWord.MatchString(r.Path) || r.File != "") {
		return Ref{}, fmt.Errorf("checkpoint %q: want hf:ORG/NAME[@REVISION]", text)
	}
	if r.File != "" && !filepath.IsLocal(filepath.FromSlash(r.File)) {
		return Ref{}, fmt.Errorf("checkpoint %q: %q is outside the repository", text, r.File)
	}
	return r, nil
}

// parsePage reads the address of a model's page.
func parsePage(text string) (Ref, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host != "huggingface.co" && u.Host != "hf.co" {
		return Ref{}, fmt.Errorf("checkpoint: web addresses other than huggingface.co/ORG/NAME are not read; want a path, hf:ORG/NAME, s3://… or gs://…")
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch {
	case len(parts) == 2:
		return parseHub(text, strings.Join(parts, "/"))
	case len(parts) >= 4 && (parts[2] == "tree" || parts[2] == "blob" || parts[2] == "resolve"):
		return parseHub(text, parts[0]+"/"+parts[1]+"@"+strings.Join(parts[3:], "/"))
	}
	return Ref{}, fmt.Errorf("checkpoint %q is no page of a model; want hf:ORG/NAME[@REVISION]", text)
}

func parseStore(place Place, rest string) (Ref, error) {
	r := Ref{Place: place, Path: strings.TrimRight(rest, "/")}
	if m := pin.FindStringSubmatch(r.Path); m != nil {
		r.Path, r.Revision = strings.TrimRight(m[1], "/"), m[2]
	}
	if r.Path == "" || strings.HasPrefix(r.Path, "/") {
		return Ref{}, fmt.Errorf("checkpoint %s://%s: want %s://BUCKET/PREFIX", place, rest, place)
	}
	return r, nil
}

// String is the reference as ParseRef reads it.
func (r Ref) String() string {
	text := r.Path
	switch r.Place {
	case Local:
		return text
	case Hub:
		text = "hf:" + text
	default:
		text = string(r.Place) + "://" + text
	}
	if r.Revision != "" {
		text += "@" + url.PathEscape(r.Revision)
	}
	if r.File != "" {
		text += "/" + r.File
	}
	return text
}
