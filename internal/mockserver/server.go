package mockserver

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"olmoeval/internal/provider/mock"
	"olmoeval/internal/provider/wire"
)

// Config is what a server answers with.
type Config struct {
	Model *mock.Model
	// Lookup finds the request of a prompt; nil knows none. [Index.Lookup] is
	// one.
	Lookup func(Query) (Match, bool)
	// Names are the model ids served; none means the mock's SPEC and any other.
	Names []string
	// MaxModelLen is the context window in tokens; 0 means 1,048,576.
	MaxModelLen int
	// Key is wanted under /v1 as "Authorization: Bearer KEY", as vLLM does; ""
	// wants none.
	Key string
}

// Server is the handler.
type Server struct {
	cfg    Config
	counts counter

	running             atomic.Int64
	requests            atomic.Int64
	prompted, generated atomic.Int64
}

var _ http.Handler = (*Server)(nil)

// New makes a server.
func New(cfg Config) *Server {
	if cfg.MaxModelLen <= 0 {
		cfg.MaxModelLen = 1 << 20
	}
	if cfg.Lookup == nil {
		cfg.Lookup = func(Query) (Match, bool) { return Match{}, false }
	}
	if len(cfg.Names) == 0 {
		cfg.Names = []string{cfg.Model.Spec(), "*"}
	}
	return &Server{cfg: cfg}
}

// exchange is one request with its answer in the making.
type exchange struct {
	*Server
	w    http.ResponseWriter
	r    *http.Request
	body bytes.Buffer
	out  []byte
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// maxBody bounds what is read of a request.
const maxBody = 256 << 20

// ServeHTTP routes by path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchanges.Get().(*exchange)
	x.Server, x.w, x.r = s, w, r
	x.body.Reset()
	x.out = x.out[:0]
	defer func() {
		x.w, x.r = nil, nil
		if x.body.Cap()+cap(x.out) < 1<<20 {
			exchanges.Put(x)
		}
	}()
	if r.Method == http.MethodPost {
		if _, err := x.body.ReadFrom(io.LimitReader(r.Body, maxBody)); err != nil {
			x.refuse(http.StatusBadRequest, "the body could not be read")
			return
		}
	}
	route, method := x.route()
	switch {
	case s.cfg.Key != "" && strings.HasPrefix(r.URL.Path, "/v1/") && r.Header.Get("Authorization") != "Bearer "+s.cfg.Key:
		x.refuse(http.StatusUnauthorized, "wrong key")
	case route == nil:
		x.refuse(http.StatusNotFound, "no such path: "+r.URL.Path)
	case r.Method != method:
		x.refuse(http.StatusMethodNotAllowed, "want "+method)
	default:
		route()
	}
}

func (x *exchange) route() (serve func(), method string) {
	switch x.r.URL.Path {
	case "/v1/completions":
		return x.completions, http.MethodPost
	case "/v1/chat/completions":
		return x.chat, http.MethodPost
	case "/tokenize", "/v1/tokenize":
		return x.tokenize, http.MethodPost
	case "/detokenize", "/v1/detokenize":
		return x.detokenize, http.MethodPost
	case "/v1/models":
		return x.models, http.MethodGet
	case "/health", "/ping":
		return func() { x.w.WriteHeader(http.StatusOK) }, http.MethodGet
	case "/version":
		return func() { x.json(map[string]string{"version": "mock"}) }, http.MethodGet
	case "/metrics":
		return x.metrics, http.MethodGet
	case "/calls":
		return func() { x.json(x.Calls()) }, http.MethodGet
	}
	return nil, ""
}

// enter counts a call, waits as long as the mock does and lets its fate
// strike. ok is false when the answer has been given, or never will.
func (x *exchange) enter(k key, m Match) (done func(answered bool), ok bool) {
	x.requests.Add(1)
	x.running.Add(1)
	attempt := x.counts.begin(k, m)
	done = func(answered bool) {
		x.running.Add(-1)
		if answered {
			x.counts.answered(k)
		}
	}
	if d := x.cfg.Model.Latency(); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-x.r.Context().Done():
			done(false)
			return nil, false
		}
	}
	fate := x.cfg.Model.Fate(digest(k, m), attempt)
	if m.Request == nil && x.cfg.Lookup != nil {
		// A question that always fails is one of those told of, not a probe.
		fate = x.cfg.Model.Passing(digest(k, m), attempt)
	}
	if !x.survives(fate) {
		done(false)
		return nil, false
	}
	return done, true
}

// digest is the item's, or stands in for it.
func digest(k key, m Match) string {
	if m.Request != nil && m.Request.Origin != nil {
		return m.Request.Origin.Digest
	}
	return strconv.FormatUint(k[0], 16)
}

// survives gives the answer of an unlucky fate.
func (x *exchange) survives(f mock.Fate) bool {
	switch f {
	case mock.Failed:
		x.refuse(http.StatusInternalServerError, "the mock fails as asked")
	case mock.RateLimited:
		h := x.w.Header()
		h.Set("Retry-After", "1")
		h.Set("Retry-After-Ms", strconv.FormatInt(mock.RetryAfter.Milliseconds(), 10))
		x.refuse(http.StatusTooManyRequests, "the mock limits the rate as asked")
	case mock.Hung:
		<-x.r.Context().Done()
	case mock.Reset:
		reset(x.w)
	case mock.Garbled:
		x.send("text/html", []byte("<html><body>The mock sends garbage as asked.</body>"))
	case mock.NotANumber:
		x.send("application/json", []byte(`{"id":"mock","choices":[{"index":0,"text":"4","message":{"role":"assistant","content":"4"},`+
			`"logprobs":{"tokens":["4"],"token_logprobs":[NaN]},"prompt_logprobs":[null,{"1":{"logprob":NaN}}],"finish_reason":"stop"}]}`))
	default:
		return true
	}
	return false
}

// reset breaks the connection off without an answer.
func reset(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
		return
	}
	panic(http.ErrAbortHandler) // HTTP/2: the stream is reset
}

// send gives an answer with status 200.
func (x *exchange) send(kind string, body []byte) {
	h := x.w.Header()
	h["Content-Type"] = []string{kind}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	x.w.Write(body)
}

// refuse gives an error in the API's shape.
func (x *exchange) refuse(code int, message string) {
	b := append(x.out[:0], `{"error":{"message":`...)
	b = wire.AppendString(b, message)
	b = append(b, `,"type":`...)
	b = wire.AppendString(b, http.StatusText(code))
	b = append(b, `,"param":null,"code":`...)
	b = strconv.AppendInt(b, int64(code), 10)
	b = append(b, "}}"...)
	h := x.w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(b))}
	x.w.WriteHeader(code)
	x.w.Write(b)
	x.out = b
}

// knows reports whether the model asked for is served.
func (x *exchange) knows(name string) bool {
	for _, n := range x.cfg.Names {
		if n == name || n == "*" {
			return true
		}
	}
	x.refuse(http.StatusNotFound, "the model "+strconv.Quote(name)+" does not exist")
	return false
}
