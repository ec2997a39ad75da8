package ctl

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"time"
)

// Serve lets a run be steered until the returned function is called, which
// waits for what is being answered and removes the socket. dir is [Dir]'s. It
// takes the place of a socket that a dead process left.
func Serve(ctx context.Context, dir, id string, c Control) (closing func(), err error) {
	path, err := socket(dir, id)
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(path); err == nil && !stale(ctx, path) {
		return nil, fmt.Errorf("another process already answers for run %s", id)
	}
	l, err := listen(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("the control socket of run %s: %w", id, err)
	}
	s := &server{control: c, conns: map[net.Conn]bool{}}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.wg.Go(func() { s.accept(ctx, l) })
	return sync.OnceFunc(func() {
		cancel()
		_ = os.Remove(path)
		_ = l.Close()
		s.hangUp()
		s.wg.Wait()
	}), nil
}

// listen makes a socket that is found under its name only once it answers: one
// that does not is taken for a dead process's.
func listen(ctx context.Context, path string) (net.Listener, error) {
	fresh := path + newSuffix
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", fresh)
	if err != nil {
		return nil, err
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	if err := os.Rename(fresh, path); err != nil {
		_ = l.Close()
		_ = os.Remove(fresh)
		return nil, err
	}
	return l, nil
}

type server struct {
	control Control
	wg      sync.WaitGroup
	mu      sync.Mutex
	conns   map[net.Conn]bool
	closed  bool
}

func (s *server) accept(ctx context.Context, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			// Too many open files, say: there may be room later.
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
			}
			continue
		}
		if s.keep(conn) {
			s.wg.Go(func() {
				s.talk(ctx, conn)
				s.drop(conn)
			})
		}
	}
}

func (s *server) keep(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close()
		return false
	}
	s.conns[conn] = true
	return true
}

func (s *server) drop(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	_ = conn.Close()
}

// hangUp ends the reading of all connections; a reply under way is still sent.
func (s *server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for conn := range s.conns {
		_ = conn.SetReadDeadline(time.Unix(1, 0))
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	}
}

// talk answers the lines of one connection.
func (s *server) talk(ctx context.Context, conn net.Conn) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	enc := json.NewEncoder(conn)
	for lines.Scan() {
		reply := Reply{Version: Version}
		r, err := parse(lines.Bytes())
		if err == nil {
			err = act(ctx, s.control, r)
		}
		if err != nil {
			reply.Error = err.Error()
		} else {
			status := s.control.Status()
			reply.Status = &status
		}
		if enc.Encode(reply) != nil {
			return
		}
	}
}
