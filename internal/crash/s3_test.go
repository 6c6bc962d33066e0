package crash_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// storage breaks transfers of objects off, replaces objects at bad moments and lets the credentials
// expire.
func (w *world) storage(t *testing.T) {
	const key = "log_data/2018/11/2018-11-05-events.json"
	body, err := os.ReadFile(filepath.Join(w.dir, filepath.FromSlash(key)))
	if err != nil {
		t.Fatal(err)
	}
	rewritten := slices.Concat(body, []byte("\n"+strings.Replace(refused1, `"soon"`, "1541121934796", 1)))

	type fault struct {
		name string
		// intercept makes what the proxy does with the n-th request for the object.
		intercept func(s *dwhtest.S3Server, n int64, w http.ResponseWriter, r *http.Request, next http.Handler)
		code      int
		says      string
		left      bool // the object is left for the next run
		reject    bool // with a reject of line 0
	}
	half := int64(len(body) / 2)
	for _, f := range []fault{
		{
			name: "cut once", says: "s_songplay_event",
			intercept: func(_ *dwhtest.S3Server, n int64, w http.ResponseWriter, r *http.Request, next http.Handler) {
				if n == 1 {
					w = dwhtest.CutBody(w, half)
				}
				next.ServeHTTP(w, r)
			},
		},
		{
			name: "cut for good", says: "cannot be read", left: true, reject: true,
			intercept: func(_ *dwhtest.S3Server, n int64, w http.ResponseWriter, r *http.Request, next http.Handler) {
				if n == 1 {
					w = dwhtest.CutBody(w, half)
				} else {
					w = dwhtest.CutBody(w, 0)
				}
				next.ServeHTTP(w, r)
			},
		},
		{
			name: "replaced after the listing", says: "changed while dwh read it", left: true,
			intercept: func(s *dwhtest.S3Server, n int64, w http.ResponseWriter, r *http.Request, next http.Handler) {
				if n == 1 {
					s.Put(key, rewritten)
				}
				next.ServeHTTP(w, r)
			},
		},
		{
			name: "replaced while it is read", says: "changed while dwh read it", left: true,
			intercept: func(s *dwhtest.S3Server, n int64, w http.ResponseWriter, r *http.Request, next http.Handler) {
				if n == 1 {
					w = dwhtest.CutBody(w, half)
				} else if n == 2 {
					s.Put(key, rewritten)
				}
				next.ServeHTTP(w, r)
			},
		},
		{
			name: "credentials expire", code: 1, says: "hint: renew them", left: true,
			intercept: func(_ *dwhtest.S3Server, _ int64, w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				w.Header().Set("Content-Type", "application/xml")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprint(
					w,
					`<?xml version="1.0"?><Error><Code>ExpiredToken</Code><Message>The provided `+
						`token has expired.</Message></Error>`,
				)
			},
		},
		{
			name: "deleted after the listing", says: "cannot be read", left: true, reject: true,
			intercept: func(s *dwhtest.S3Server, n int64, w http.ResponseWriter, r *http.Request, next http.Handler) {
				if n == 1 {
					s.Delete(key)
				}
				next.ServeHTTP(w, r)
				if n == 1 {
					s.Put(key, rewritten)
				}
			},
		},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := dwhtest.S3(t)
			s.PutDir(w.dir, "")
			var requests atomic.Int64
			endpoint := s.Proxy(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, key) {
					f.intercept(s, requests.Add(1), w, r, next)
					return
				}
				next.ServeHTTP(w, r)
			})
			run := append([]string{"run", "--no-full-check"}, sourceIn("s3://"+s.Bucket)...)
			dsn := w.database(t, "migrated")
			before := snapshot(t, dsn)
			ended := call{
				dsn: dsn, home: w.home, args: run,
				env: append(s.Env(), "AWS_ENDPOINT_URL_S3="+endpoint),
			}.process(t)
			if ended.code != f.code || !strings.Contains(ended.stderr, f.says) {
				t.Errorf("got %s, want exit code %d and %q", ended, f.code, f.says)
			}
			if requests.Load() == 0 {
				t.Error("the object was not asked for")
			}
			between := snapshot(t, dsn)
			if f.code != 0 {
				whole(t, "after the fault", between, before, before, true)
			}
			got := dwhtest.Query(
				t, dsn,
				"SELECT (SELECT count(*) FROM s_object WHERE url LIKE '%/"+key+
					"'), (SELECT count(*) FROM s_reject WHERE line = 0 AND url LIKE '%/"+key+"')",
			)[0]
			want := map[bool]string{true: "1", false: "0"}
			if got[0] != want[!f.left] || got[1] != want[f.reject] {
				t.Errorf(
					"got %s ledger rows and %s rejects of line 0, want %s and %s", got[0], got[1],
					want[!f.left], want[f.reject],
				)
			}
			undisturbed := w.database(t, "migrated")
			for _, dsn := range []string{dsn, undisturbed} {
				if again := (call{dsn: dsn, home: w.home, args: run, env: s.Env()}).process(t); again.code != 0 {
					t.Fatalf("the next run: %s", again)
				}
			}
			same(t, "after the next run", snapshot(t, dsn), snapshot(t, undisturbed))
		})
	}
}
