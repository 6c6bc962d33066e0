package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Limits on clients. What streams for longer, such as server-sent events, moves its own deadline
// with http.ResponseController.
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 30 * time.Second
	writeTimeout    = 60 * time.Second
	idleTimeout     = 2 * time.Minute
	maxHeader       = 64 << 10
	shutdownTimeout = 3 * time.Second
)

// Handler serves /healthz, /readyz, /metrics and, at "/", what Options.Home made. It refuses
// foreign Host headers, and without the token everything but /healthz and /readyz.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	open := mux // the probes of an orchestrator carry no token
	inner := http.NewServeMux()
	inner.Handle(
		"GET /metrics",
		promhttp.HandlerFor(
			s.metrics.registry,
			promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelWarn)},
		),
	)
	home := http.Handler(http.HandlerFunc(index))
	if s.Home != nil {
		home = s.Home(s)
	}
	inner.Handle("/", home)
	open.Handle("/", s.withToken(inner))
	return s.withHost(open)
}

// index is the home page where no dashboard is set.
func index(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "dwh serve\n\n/healthz\n/readyz\n/metrics\n")
}

// healthz answers as long as the process lives; what it waits for is no reason to restart it.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	state, _ := s.State()
	s.answer(w, http.StatusOK, map[string]any{"status": "ok", "phase": state.Phase})
}

// readyz answers 200 when the server works, or stands by for the one that does.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	state, _ := s.State()
	code, status := http.StatusOK, "ready"
	if state.Phase != Working && state.Phase != Standby {
		code, status = http.StatusServiceUnavailable, "not ready"
	}
	// Without a token, nothing of what fails is told.
	s.answer(w, code, map[string]any{"status": status, "phase": state.Phase, "waiting": state.Waiting.Objects})
}

func (s *Server) answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // a client that went away
}

// withHost refuses requests whose Host header is neither loopback nor configured: a web page that
// rebinds its name to 127.0.0.1 must not read what only this machine may.
func (s *Server) withHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		allowed := loopback(host) || strings.HasPrefix(s.Listen, socketScheme)
		for _, text := range s.Hosts {
			allowed = allowed || strings.EqualFold(strings.Trim(host, "[]"), strings.Trim(text, "[]"))
		}
		if !allowed {
			http.Error(
				w, fmt.Sprintf("the host name %q is not allowed here; allow it with --host", r.Host),
				http.StatusMisdirectedRequest,
			)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// withToken asks for the token where one is set: as Bearer, or as the password of Basic, which
// browsers ask their users for.
func (s *Server) withToken(next http.Handler) http.Handler {
	if s.Token == "" {
		return next
	}
	want := sha256.Sum256([]byte(s.Token.Reveal()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !bearer {
			_, given, _ = r.BasicAuth()
		}
		got := sha256.Sum256([]byte(given))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="dwh", charset="UTF-8"`)
			http.Error(w, "a token is required: as Bearer token, or as the password", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serveHTTP answers until ctx ends, and then lets the requests at hand end for a moment.
func (s *Server) serveHTTP(ctx context.Context, listener net.Listener) error {
	requests, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	server := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return requests },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	end() // streams end
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		_ = server.Close()
	}
	<-ended
	return nil
}
