package serve

import "net"

// track counts a connection as this life's.
func (l *life) track(c net.Conn) net.Conn {
	t := &conn{Conn: c, life: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[t] = struct{}{}
	if l.finished {
		_ = c.Close()
	}
	return t
}

// hangUp ends all connections, so that no request waits for a server that is
// gone.
func (l *life) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finished = true
	for c := range l.conns {
		_ = c.Conn.Close()
	}
}

// conn is a connection of the client to a life.
type conn struct {
	net.Conn
	life *life
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.life.reads.Add(1)
	}
	return n, err
}

func (c *conn) Close() error {
	c.life.mu.Lock()
	delete(c.life.conns, c)
	c.life.mu.Unlock()
	return c.Conn.Close()
}
