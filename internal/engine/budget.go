package engine

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"olmoeval/eval"
)

// Budget bounds what runs may use together; zero fields bound nothing. When a
// bound is reached no further instance is begun and those in flight finish, so
// it can be passed by what they use: at most as many instances as the run's
// concurrency. A run that ends so is interrupted and can be resumed; a new
// Budget counts from nothing.
type Budget struct {
	MaxCost   float64       // US dollars
	MaxTokens int64         // of prompts and completions
	MaxTime   time.Duration // from the start of the first run
	// Reported says that costs are known from answers alone: one that used tokens
	// and tells no cost ends the run, for MaxCost could not be kept.
	Reported bool
	// After stands in for time.After in tests.
	After func(time.Duration) <-chan time.Time

	mu     sync.Mutex
	usage  eval.Usage
	timer  <-chan time.Time
	ended  error
	notify []func(error)
}

// BudgetError says which bound ended a run: exit code 3.
type BudgetError struct {
	Flag  string // --max-cost, --max-tokens or --max-time
	Bound string
	Spent string
	// Untold says that the bound was not reached, but could not be kept.
	Untold bool
}

func (e *BudgetError) Error() string {
	if e.Untold {
		return fmt.Sprintf("%s %s cannot be kept: the endpoint does not tell what requests cost; say it with -m …,price={prompt: 3, completion: 15}", e.Flag, e.Bound)
	}
	s := fmt.Sprintf("the budget %s %s is used up", e.Flag, e.Bound)
	if e.Spent != "" {
		s += fmt.Sprintf(" (%s)", e.Spent)
	}
	return s + "; the same command goes on, with a budget that counts from nothing"
}

// Used is the *BudgetError of the bound that was reached, nil while there is
// something left.
func (b *Budget) Used() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended
}

// spend counts usage and ends the runs at a bound.
func (b *Budget) spend(u eval.Usage) {
	b.mu.Lock()
	b.usage = b.usage.Add(u)
	tokens := int64(b.usage.PromptTokens) + int64(b.usage.CompletionTokens)
	var end *BudgetError
	switch {
	case b.MaxCost > 0 && b.Reported && u.Cost == 0 && u.PromptTokens+u.CompletionTokens > 0:
		end = &BudgetError{Flag: "--max-cost", Bound: dollars(b.MaxCost), Untold: true}
	case b.MaxCost > 0 && b.usage.Cost >= b.MaxCost:
		end = &BudgetError{Flag: "--max-cost", Bound: dollars(b.MaxCost), Spent: "spent " + dollars(b.usage.Cost)}
	case b.MaxTokens > 0 && tokens >= b.MaxTokens:
		end = &BudgetError{Flag: "--max-tokens", Bound: strconv.FormatInt(b.MaxTokens, 10), Spent: "used " + strconv.FormatInt(tokens, 10)}
	}
	b.mu.Unlock()
	if end != nil {
		b.end(end)
	}
}

func dollars(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) + " USD" }

func (b *Budget) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended != nil {
		return
	}
	b.ended = err
	for _, stop := range b.notify {
		stop(err)
	}
}

// bound is ctx for beginning instances: it ends, with a *BudgetError as its
// cause, when the budget does. The caller calls done when it begins none any
// more.
func (b *Budget) bound(ctx context.Context) (bounded context.Context, done func()) {
	if b == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	b.mu.Lock()
	if b.ended != nil {
		cancel(b.ended)
	}
	b.notify = append(b.notify, cancel)
	if b.MaxTime > 0 && b.timer == nil {
		after := b.After
		if after == nil {
			after = time.After
		}
		b.timer = after(b.MaxTime)
	}
	timer := b.timer
	b.mu.Unlock()
	quit := make(chan struct{})
	var watching sync.WaitGroup
	if timer != nil {
		watching.Go(func() {
			select {
			case <-timer:
				b.end(&BudgetError{Flag: "--max-time", Bound: b.MaxTime.String()})
			case <-quit:
			}
		})
	}
	return ctx, func() {
		close(quit)
		watching.Wait()
		cancel(nil)
	}
}
