package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"

	"olmoeval/internal/fetch/web"
	"olmoeval/internal/nearest"
)

// ErrNoRevision says that the repository has no such revision.
var ErrNoRevision = errors.New("no such revision")

// explain says what to do about a refusal.
func (c *Client) explain(ctx context.Context, id, revision, file string, err error) error {
	var se *web.StatusError
	if !errors.As(err, &se) {
		return err
	}
	page := c.page(id)
	refused := se.Code == http.StatusUnauthorized || se.Code == http.StatusForbidden
	switch kind := se.Header.Get("X-Error-Code"); {
	case kind == "RevisionNotFound":
		return fmt.Errorf("%w %q of %s%s", ErrNoRevision, revision, page, c.nearestRevision(ctx, id, revision))
	case kind == "EntryNotFound":
		return fmt.Errorf("no file %s in revision %s of %s", file, revision, page)
	case kind == "RepoNotFound" && c.Token == "":
		return fmt.Errorf("no such %s, or it is private: check the name at %s, and set HF_TOKEN if it is private%s", c.Kind.noun(), page, c.nearestName(ctx, id))
	case kind == "RepoNotFound":
		return fmt.Errorf("no such %s, or the token of HF_TOKEN may not see it: %s%s", c.Kind.noun(), page, c.nearestName(ctx, id))
	case refused && c.Token == "":
		return fmt.Errorf("access refused (%d): ask for access at %s, then set HF_TOKEN to a token of that account", se.Code, page)
	case refused:
		return fmt.Errorf("access refused to the token of HF_TOKEN (%d): ask for access at %s with the token's account", se.Code, page)
	case se.Code == http.StatusNotFound:
		return fmt.Errorf("no such %s or revision (%q): %s", c.Kind.noun(), revision, page)
	}
	return err
}

// nearestName asks the hub for models of a similar name; "" where there are
// none or it does not answer. Data sets have names that are known beforehand.
func (c *Client) nearestName(ctx context.Context, id string) string {
	if c.Kind != Models {
		return ""
	}
	var found []struct {
		ID string `json:"id"`
	}
	query := url.Values{"search": {path.Base(id)}, "limit": {"20"}}
	r := web.Request{Method: http.MethodGet, URL: c.address("/api/models?" + query.Encode()), Token: c.Token}
	if _, err := c.Web.JSON(ctx, r, &found); err != nil {
		return ""
	}
	var names []string
	for _, f := range found {
		if path.Base(f.ID) == path.Base(id) {
			return fmt.Sprintf("; did you mean %q?", f.ID)
		}
		names = append(names, f.ID)
	}
	if n, ok := nearest.Name(id, names); ok {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return ""
}

// nearestRevision is the branch or tag that was probably meant.
func (c *Client) nearestRevision(ctx context.Context, id, revision string) string {
	if c.Kind != Models {
		return ""
	}
	type ref struct {
		Name string `json:"name"`
	}
	var refs struct {
		Branches []ref `json:"branches"`
		Tags     []ref `json:"tags"`
	}
	r := web.Request{Method: http.MethodGet, URL: c.api(id) + "/refs", Token: c.Token}
	if _, err := c.Web.JSON(ctx, r, &refs); err != nil {
		return ""
	}
	var names []string
	for _, f := range append(refs.Branches, refs.Tags...) {
		names = append(names, f.Name)
	}
	return nearest.Hint(revision, names)
}
