package gpu

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"olmoeval/internal/serve/lock"
)

// Lease is the hold of one device.
type Lease struct {
	Device
	Lock *lock.Lock
}

// Held is a device that another process has leased.
type Held struct {
	Device
	By lock.Holder
}

// Take leases what choose picks of the devices that nobody holds, in one step
// for all processes that use dir: choose is told of the free devices and of the
// held ones, and its error ends it. The leases come in the order chosen.
func Take(ctx context.Context, dir, what string, devices []Device, choose func(free []Device, held []Held) ([]Device, error)) ([]Lease, error) {
	if len(devices) == 0 {
		_, err := choose(nil, nil)
		return nil, err
	}
	// While the choice is made nobody else makes one, so that two that start
	// together do not each take half of what both need.
	gate, err := lock.Wait(ctx, filepath.Join(dir, "plan.lock"), what)
	if err != nil {
		return nil, err
	}
	defer gate.Release()
	locks := map[string]*lock.Lock{}
	release := func() {
		for _, l := range locks {
			l.Release()
		}
	}
	var free []Device
	var held []Held
	for _, d := range devices {
		l, err := lock.Try(filepath.Join(dir, file(d)), what)
		var other *lock.HeldError
		switch {
		case errors.As(err, &other):
			held = append(held, Held{d, other.Holder})
		case err != nil:
			release()
			return nil, err
		default:
			locks[d.Key()] = l
			free = append(free, d)
		}
	}
	chosen, err := choose(free, held)
	if err != nil {
		release()
		return nil, err
	}
	var leases []Lease
	for _, d := range chosen {
		leases = append(leases, Lease{d, locks[d.Key()]})
		delete(locks, d.Key())
	}
	release()
	return leases, nil
}

func file(d Device) string {
	return strings.NewReplacer("/", "_", ":", "_").Replace(d.Key()) + ".lock"
}
