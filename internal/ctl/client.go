package ctl

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"
)

// Client speaks to one live run. It is for one goroutine.
type Client struct {
	id    string
	conn  net.Conn
	lines *bufio.Scanner
}

// Dial connects to the run with an id that [Live] lists.
func Dial(ctx context.Context, dir, id string) (*Client, error) {
	path, err := socket(dir, id)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("run %s is not live on this machine: %w", id, err)
	}
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	return &Client{id: id, conn: conn, lines: lines}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// patience is how long a run may take to reply.
const patience = 30 * time.Second

// Do asks for something and returns the state after it.
func (c *Client) Do(ctx context.Context, r Request) (Status, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	_ = c.conn.SetDeadline(time.Now().Add(patience))
	if ctx.Err() != nil {
		return Status{}, ctx.Err()
	}
	r.Version = Version
	if err := json.NewEncoder(c.conn).Encode(r); err != nil {
		return Status{}, fmt.Errorf("run %s: %w", c.id, err)
	}
	if !c.lines.Scan() {
		err := c.lines.Err()
		switch {
		case ctx.Err() != nil:
			err = ctx.Err()
		case err == nil:
			err = errors.New("it ended before it replied")
		}
		return Status{}, fmt.Errorf("run %s: %w", c.id, err)
	}
	var reply Reply
	if err := json.Unmarshal(c.lines.Bytes(), &reply); err != nil {
		return Status{}, fmt.Errorf("run %s: the reply cannot be read: %w", c.id, err)
	}
	switch {
	case reply.Error != "":
		return Status{}, fmt.Errorf("run %s: %s", c.id, reply.Error)
	case reply.Status == nil:
		return Status{}, fmt.Errorf("run %s: the reply has no status", c.id)
	}
	return *reply.Status, nil
}
