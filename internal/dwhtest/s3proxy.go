package dwhtest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// Proxy starts a server in front of the S3 server and returns its endpoint. intercept sees every
// request and usually ends in next.ServeHTTP(w, r); it may answer by itself, wait, or cut the
// answer (CutBody). It runs on several goroutines. Signatures stay valid, because the Host header
// goes on unchanged.
func (s *S3Server) Proxy(
	t testing.TB, intercept func(w http.ResponseWriter, r *http.Request, next http.Handler),
) (endpoint string) {
	t.Helper()
	target, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatalf("S3 proxy: %v", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	silent := log.New(io.Discard, "", 0) // cut connections are what the proxy is for
	next := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		Transport: transport,
		ErrorLog:  silent,
	}
	server := httptest.NewUnstartedServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { intercept(w, r, next) }),
	)
	server.Config.ErrorLog = silent
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	return server.URL
}

// CutBody returns a writer that passes n bytes of the answer's body on and then breaks the
// connection.
func CutBody(w http.ResponseWriter, n int64) http.ResponseWriter {
	return &cutBody{ResponseWriter: w, left: n}
}

type cutBody struct {
	http.ResponseWriter
	left int64
}

func (c *cutBody) Write(p []byte) (int, error) {
	if int64(len(p)) <= c.left {
		c.left -= int64(len(p))
		return c.ResponseWriter.Write(p)
	}
	_, _ = c.ResponseWriter.Write(p[:c.left])
	_ = http.NewResponseController(c.ResponseWriter).Flush()
	panic(http.ErrAbortHandler) // how net/http has a handler break its connection
}

// Unwrap serves http.ResponseController.
func (c *cutBody) Unwrap() http.ResponseWriter { return c.ResponseWriter }
