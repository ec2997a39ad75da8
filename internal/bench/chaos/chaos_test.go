package chaos

import (
	"context"
	"testing"
	"time"
)

// Of all attempts a tenth is refused, two in a hundred are reset, one hangs;
// everything is answered, with few attempts more than needed, and the places
// come back. The same with 100,000 requests is part of make bench.
func TestNothingIsLostInChaos(t *testing.T) {
	const n = 5000
	rep, err := Run(context.Background(), Plan{Requests: n, Workers: 64, Start: 32, Floor: 12, Attempt: 400 * time.Millisecond, Calm: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(rep)
	if rep.Answered != n || rep.Failed != 0 {
		t.Errorf("%d answered, %d failed of %d: %s", rep.Answered, rep.Failed, n, rep.FirstError)
	}
	// 13 of 100 attempts fail, so 1.15 a request are needed; a crowded machine
	// may add some that ran out of time.
	if rep.Attempts < n*114/100 || rep.Attempts > n*3/2 {
		t.Errorf("%d attempts", rep.Attempts)
	}
	if rep.Refused < n/10 || rep.Resets < n/50 || rep.Hangs < n/100 {
		t.Errorf("not as hard as it should be: %v", rep)
	}
	if rep.Least >= 32 || rep.Back != 32 {
		t.Errorf("places: %v", rep)
	}
}
