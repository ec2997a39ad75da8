package engine

import "sync"

// hands are the workers of a run: as many as are wanted at the time.
type hands struct {
	mu     sync.Mutex
	wanted int // 0 until the first Resize: Concurrency holds
	have   int
	start  func() // starts one worker; nil while there is no work
}

// Resize lets n instances be in flight from now on, at least 1. It may be
// called before, during and after Execute by any goroutine. More workers begin
// at once; what is too many ends with the instance that it carries.
func (e *Engine) Resize(n int) {
	h := &e.hands
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wanted = max(1, n)
	h.fill()
}

// begin starts the workers; each of them asks spare after every instance and
// ends when it is.
func (h *hands) begin(n int, start func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wanted == 0 {
		h.wanted = max(1, n)
	}
	h.start = start
	h.fill()
}

// close starts no more workers: there is nothing left to hand out.
func (h *hands) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.start, h.have = nil, 0
}

func (h *hands) fill() {
	for h.start != nil && h.have < h.wanted {
		h.have++
		h.start()
	}
}

// spare reports that the worker who asks is one too many; it must end then.
func (h *hands) spare() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.start == nil || h.have <= h.wanted {
		return false
	}
	h.have--
	return true
}
