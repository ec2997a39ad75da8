// Package mock holds the models for dry runs and tests: they answer in
// process, at no cost, and right as often as their SPEC says. Make one with
// [Parse]; it is an [eval.Provider].
//
// A mock knows the right answer from [eval.Request.Origin]. Every decision is
// drawn from a hash of the seed, the item's digest and what is decided, so that
// it depends on nothing else: not on order, time or the other requests.
package mock
