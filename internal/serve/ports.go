package serve

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"

	"olmoeval/internal/serve/lock"
)

// leasePort finds a port that nobody listens on and that no other pool of the
// machine has: between our look and the server's binding another program could
// still take it, which then ends the server and brings us here again. The lock
// matters since vLLM lets several processes share a port, and so answer each
// other's requests.
func leasePort(dir, what string) (int, *lock.Lock, error) {
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, nil, fmt.Errorf("port: %w", err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		held, err := lock.Try(portFile(dir, port), what)
		_ = l.Close()
		var other *lock.HeldError
		if errors.As(err, &other) {
			continue
		}
		return port, held, err
	}
	return 0, nil, errors.New("port: none is free")
}

// internalPorts are the ranges that vLLM's own processes take their ports from,
// upwards from VLLM_PORT: below those that the system gives out.
const (
	firstInternal = 20000
	lastInternal  = 32000
	internalRange = 32
)

// leaseInternal finds a range that no other pool of the machine has.
func leaseInternal(dir, what string) (int, *lock.Lock, error) {
	n := (lastInternal - firstInternal) / internalRange
	first := rand.IntN(n)
	for i := range n {
		port := firstInternal + (first+i)%n*internalRange
		held, err := lock.Try(portFile(dir, port), what)
		var other *lock.HeldError
		if errors.As(err, &other) {
			continue
		}
		return port, held, err
	}
	return 0, nil, errors.New("port: no range is free for VLLM_PORT")
}

func portFile(dir string, port int) string {
	return filepath.Join(dir, "ports", fmt.Sprintf("%d.lock", port))
}
