package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
)

// The policies on what a browser may do with an answer. Pages get along without inline script and
// style; a chart is a document of its own, which holds its style.
const (
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	svgPolicy  = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
	dataPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox"
)

// guard sets what every answer has, refuses every method but GET and HEAD, and turns a panic into a
// page.
func (s *site) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", pagePolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler:
				panic(cause)
			default:
				s.Logger.Error("a page panicked", "path", r.URL.Path, "cause", cause, "stack", string(debug.Stack()))
				s.fail(w, r, fmt.Errorf("a page panicked: %v", cause))
			}
		}()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			s.fail(w, r, &methodError{r.Method})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// answer is what a page's handler found; send writes it.
type answer interface {
	send(s *site, w http.ResponseWriter, r *http.Request) error
}

// page serves what handle returns, or its error as a page.
func (s *site) page(handle func(r *http.Request) (answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// r.URL.Query leaves out what it cannot read: a value would become the default one.
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			s.fail(w, r, &badRequestError{"the values in the address cannot be read: " + err.Error()})
			return
		}
		found, err := handle(r)
		if err == nil {
			err = found.send(s, w, r)
		}
		if err != nil && r.Context().Err() == nil {
			s.fail(w, r, err)
		}
	}
}
