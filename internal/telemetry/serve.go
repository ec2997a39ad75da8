package telemetry

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// Server answers Prometheus.
type Server struct {
	// URL is where; Token what a bearer must show.
	URL, Token string

	http *http.Server
	done chan error
}

// Serve answers GET /metrics at addr, an address of this machine's loopback
// (127.0.0.1:9464; port 0 takes any), to those who bear the token; "" makes one.
func Serve(r *Recorder, addr, token string) (*Server, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: want 127.0.0.1:PORT", addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("address %q is not of this machine's loopback: want 127.0.0.1:PORT; others reach it through a tunnel (ssh -L)", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("prometheus endpoint: %w; choose another port", err)
	}
	if token == "" {
		token = random(16)
	}
	s := &Server{URL: "http://" + l.Addr().String() + "/metrics", Token: token, done: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, req *http.Request) {
		if !s.knows(req.Header.Get("Authorization")) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a bearer token is needed: the run printed it when it started", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = r.WritePrometheus(w) // the connection is gone
	})
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() { s.done <- s.http.Serve(l) }()
	return s, nil
}

// knows compares in constant time.
func (s *Server) knows(header string) bool {
	token, ok := strings.CutPrefix(header, "Bearer ")
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.Token))
	return ok && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// Close ends the server; answers under way get a second.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	if serr := <-s.done; err == nil && !errors.Is(serr, http.ErrServerClosed) {
		err = serr
	}
	return err
}
