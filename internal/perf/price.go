package perf

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"net/url"
	"strings"

	"github.com/goccy/go-yaml"

	"olmoeval/eval"
)

// Price is what tokens cost, in US dollars for a million.
type Price struct {
	Prompt     float64  `json:"prompt" yaml:"prompt"`
	Cached     *float64 `json:"cached,omitempty" yaml:"cached"` // nil: as Prompt
	Completion float64  `json:"completion" yaml:"completion"`
	// AsOf is the day on which it was so, "" where nobody said.
	AsOf string `json:"as_of,omitempty" yaml:"as_of"`
}

// Cost is what a request's tokens cost in US dollars. Cached tokens are part of
// the prompt's, reasoning tokens of the completion's.
func (p Price) Cost(u eval.Usage) float64 {
	cached := p.Prompt
	if p.Cached != nil {
		cached = *p.Cached
	}
	fresh := max(0, u.PromptTokens-u.CachedTokens)
	return (float64(fresh)*p.Prompt + float64(u.CachedTokens)*cached + float64(u.CompletionTokens)*p.Completion) / 1e6
}

// Prices are by host of the endpoint and by the model id asked for there: the
// same id elsewhere has another price.
type Prices map[string]map[string]Price

//go:embed prices.yaml
var builtin []byte

// Builtin is the table that comes with the program.
func Builtin() (Prices, error) {
	var p Prices
	if err := yaml.NewDecoder(bytes.NewReader(builtin), yaml.Strict()).Decode(&p); err != nil {
		return nil, fmt.Errorf("the built-in prices: %w", err)
	}
	return p, nil
}

// Of is the price of a model at an endpoint; ok is false where it is unknown.
func (p Prices) Of(baseURL, model string) (price Price, ok bool) {
	u, err := url.Parse(baseURL)
	if err != nil {
		return Price{}, false
	}
	price, ok = p[strings.ToLower(u.Hostname())][model]
	return price, ok
}

// With is the table with another's prices in place of its own.
func (p Prices) With(more Prices) Prices {
	out := Prices{}
	for _, t := range []Prices{p, more} {
		for host, models := range t {
			host = strings.ToLower(host)
			if out[host] == nil {
				out[host] = map[string]Price{}
			}
			maps.Copy(out[host], models)
		}
	}
	return out
}

// Vendor reports whether an endpoint is that of a maker in the table, which
// serves no /metrics.
func (p Prices) Vendor(baseURL string) bool {
	u, err := url.Parse(baseURL)
	return err == nil && p[strings.ToLower(u.Hostname())] != nil
}

// Reports reports whether an endpoint says itself what each request cost.
func Reports(baseURL string) bool {
	u, err := url.Parse(baseURL)
	return err == nil && strings.EqualFold(u.Hostname(), "openrouter.ai")
}
