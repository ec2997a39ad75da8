package cli

import (
	"os"
	"path/filepath"

	"olmoeval/eval"
	"olmoeval/internal/config"
	"olmoeval/internal/modelspec"
	"olmoeval/internal/perf"
)

// priced is what a model's tokens cost and who says so.
type priced struct {
	perf.Price
	known bool
	// reports says that the endpoint tells the cost of each request.
	reports bool
	from    string
}

// price finds what a model's tokens cost: what -m or a preset says, then the
// user's files, then the table that comes with the program.
func (a *app) price(m *modelspec.Config) (priced, error) {
	switch {
	case m.Price != nil:
		return priced{Price: perf.Price{Prompt: m.Price.Prompt, Cached: m.Price.Cached, Completion: m.Price.Completion}, known: true, from: firstOf(m.Origins["price"], "-m")}, nil
	case m.Kind == modelspec.Mock:
		return priced{known: true, from: "a mock is free"}, nil
	}
	table, err := perf.Builtin()
	if err != nil {
		return priced{}, err
	}
	own, err := a.ownPrices()
	if err != nil {
		return priced{}, err
	}
	table = table.With(own)
	for _, base := range endpoints(m) {
		if p, ok := table.Of(base, m.Model); ok {
			return priced{Price: p, known: true, from: "the table of prices"}, nil
		}
		if perf.Reports(base) {
			return priced{reports: true, from: "the endpoint"}, nil
		}
	}
	return priced{}, nil
}

// ownPrices are those of the user's .yaml files.
func (a *app) ownPrices() (perf.Prices, error) {
	out := perf.Prices{}
	files, err := a.userFiles(".yaml")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if filepath.Base(file) == config.ProjectName {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, asUsage(err)
		}
		var pf presetFile
		if err := config.Strict(file, b, &pf); err != nil {
			return nil, asUsage(err)
		}
		for host, models := range pf.Prices {
			for model, p := range models {
				if p.Prompt < 0 || p.Completion < 0 || p.Cached != nil && *p.Cached < 0 {
					return nil, usage("%s: prices.%s.%s: a price is below 0", file, host, model)
				}
			}
		}
		out = out.With(pf.Prices)
	}
	return out, nil
}

// endpoints are the URLs at which a model is asked, as far as they are known
// before it is.
func endpoints(m *modelspec.Config) []string {
	if len(m.BaseURL) > 0 {
		return m.BaseURL
	}
	switch m.Kind {
	case modelspec.Anthropic:
		return []string{"https://api.anthropic.com"}
	case modelspec.Gemini:
		return []string{"https://generativelanguage.googleapis.com"}
	}
	return nil
}

// withPrice puts the price next to the provider, where there is one.
func withPrice(p priced, api eval.Responder) eval.Responder {
	if !p.known || p.Price == (perf.Price{}) {
		return api
	}
	return &perf.Priced{Next: api, Price: p.Price}
}

// affordable refuses a bound on costs that nobody can count.
func (f *measureFlags) affordable(m *modelspec.Config, p priced) error {
	if f.maxCost > 0 && !p.known && !p.reports {
		return usage("--max-cost: the price of model %q is unknown; say what a million tokens cost: -m '%s,price={prompt: 3, completion: 15}'", m.Name, m.Name)
	}
	return nil
}

// event is what the run's events say of the price.
func (p priced) event() map[string]any {
	switch {
	case p.reports:
		return map[string]any{"from": p.from, "reported": true}
	case !p.known:
		return map[string]any{"unknown": true}
	}
	return map[string]any{"prompt": p.Prompt, "cached": p.Cached, "completion": p.Completion, "as_of": p.AsOf, "from": p.from}
}
