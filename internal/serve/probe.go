package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// probe speaks to one server, past the client and its queue.
type probe struct {
	client *http.Client
	base   string // http://127.0.0.1:PORT
	key    string
	model  string
}

func newProbe(port int, key, model string) *probe {
	return &probe{base: fmt.Sprintf("http://127.0.0.1:%d", port), key: key, model: model,
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{}).DialContext}}}
}

// call returns the answer's status and its beginning.
func (p *probe) call(ctx context.Context, method, path, key string, body any) (int, []byte, error) {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.base+path, r)
	if err != nil {
		return 0, nil, err
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, b, err
}

// healthy asks whether the server says that it is well.
func (p *probe) healthy(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	code, _, err := p.call(ctx, http.MethodGet, "/health", p.key, nil)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("/health: %d %s", code, http.StatusText(code))
	}
	return err
}

// tokenPatience is how long the first token may take: some servers compile at
// the first request.
const tokenPatience = 5 * time.Minute

// errStranger says that what answers on our port is not what we started.
var errStranger = errors.New("another program answers on the port")

// ready asks for all that a server must do before it is used: be well, list our
// model, make a token for our key and none for another.
func (p *probe) ready(ctx context.Context, limit time.Duration) error {
	if err := p.healthy(ctx, limit); err != nil {
		return err
	}
	code, b, err := p.call(ctx, http.MethodGet, "/v1/models", p.key, nil)
	if err != nil {
		return err
	}
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if code == http.StatusUnauthorized {
		return fmt.Errorf("%w: it does not take our key", errStranger)
	}
	if code != http.StatusOK || json.Unmarshal(b, &list) != nil {
		return fmt.Errorf("/v1/models: %d %s", code, shorten(string(b)))
	}
	var ids []string
	for _, m := range list.Data {
		ids = append(ids, m.ID)
	}
	if !slices.Contains(ids, p.model) {
		return fmt.Errorf("%w: it serves %s", errStranger, strings.Join(ids, ", "))
	}
	ctx, cancel := context.WithTimeout(ctx, tokenPatience)
	defer cancel()
	if err := p.token(ctx); err != nil {
		return err
	}
	return p.refuses(ctx)
}

// token makes the model compute once.
func (p *probe) token(ctx context.Context) error {
	code, b, err := p.call(ctx, http.MethodPost, "/v1/completions", p.key,
		map[string]any{"model": p.model, "prompt": "One, two,", "max_tokens": 1, "temperature": 0})
	if err != nil {
		return err
	}
	if code == http.StatusBadRequest || code == http.StatusNotFound || code == http.StatusNotImplemented {
		// A model that only chats.
		code, b, err = p.call(ctx, http.MethodPost, "/v1/chat/completions", p.key, map[string]any{"model": p.model, "max_tokens": 1,
			"temperature": 0, "messages": []map[string]string{{"role": "user", "content": "Hello"}}})
		if err != nil {
			return err
		}
	}
	var answer struct {
		Choices []json.RawMessage `json:"choices"`
	}
	if code != http.StatusOK || json.Unmarshal(b, &answer) != nil || len(answer.Choices) == 0 {
		return fmt.Errorf("the first token: %d %s", code, shorten(string(b)))
	}
	return nil
}

// refuses holds that a wrong key is refused: only the server that we gave the
// key to knows which is right.
func (p *probe) refuses(ctx context.Context) error {
	code, _, err := p.call(ctx, http.MethodPost, "/v1/completions", "wrong-"+p.key[:8],
		map[string]any{"model": p.model, "prompt": "One", "max_tokens": 1})
	if err == nil && code != http.StatusUnauthorized && code != http.StatusForbidden {
		err = fmt.Errorf("%w: it takes any key", errStranger)
	}
	return err
}

// version is what the server says of itself, "" if nothing.
func (p *probe) version(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, path := range []string{"/version", "/get_server_info", "/props"} {
		code, b, err := p.call(ctx, http.MethodGet, path, p.key, nil)
		var v struct {
			Version string `json:"version"`
			Build   string `json:"build_info"`
		}
		if err != nil || code != http.StatusOK || json.Unmarshal(b, &v) != nil {
			continue
		}
		if v.Version != "" {
			return v.Version
		}
		if v.Build != "" {
			return v.Build
		}
	}
	return ""
}
