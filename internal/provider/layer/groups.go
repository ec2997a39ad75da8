package layer

import (
	"crypto/sha256"
	"strings"
	"sync"
)

// Groups hands out the [Group] of a host and key, so that several models and
// judges on one account share one allowance. Make one for a run, and hand it on
// to whatever makes layers. The zero value is empty and ready.
type Groups struct {
	mu  sync.Mutex
	all map[groupKey]*Group
}

// groupKey keeps a digest, so that no key is held here.
type groupKey [sha256.Size]byte

// Of is the group of a host, such as "api.example.org:443", and a key, "" for
// none. The first caller's settings hold: make is called for a group that is
// not there yet; nil makes one of defaults.
func (g *Groups) Of(host, key string, make func() *Group) *Group {
	id := groupKey(sha256.Sum256([]byte(strings.ToLower(host) + "\x00" + key)))
	g.mu.Lock()
	defer g.mu.Unlock()
	if have, ok := g.all[id]; ok {
		return have
	}
	if g.all == nil {
		g.all = map[groupKey]*Group{}
	}
	fresh := &Group{}
	if make != nil {
		fresh = make()
	}
	g.all[id] = fresh
	return fresh
}
