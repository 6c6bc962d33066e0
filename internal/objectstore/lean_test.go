package objectstore_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/objectstore"
)

// isLean tells a request that was made without the SDK.
func isLean(r *http.Request) bool { return r.Header.Get("User-Agent") == "dwh" }

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>No.</Message></Error>`, code)
}

// A server that takes only the SDK's requests gets them, and after a few refusals no others.
func TestS3LeavesToSDK(t *testing.T) {
	server := useS3(t)
	for i := range 10 {
		server.Put(fmt.Sprintf("%d.json", i), []byte("x"))
	}
	var lean atomic.Int32
	proxy(t, server, func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !isLean(r) {
			return false
		}
		lean.Add(1)
		refuse(w, http.StatusForbidden, "RequestTimeTooSkewed")
		return true
	})
	store := objectstore.New(objectstore.Options{})
	for _, o := range collect(t, store, objectstore.URL(server.URL(""))) {
		if got := string(read(t, store, o)); got != "x" {
			t.Errorf("%s: got %q, want x", o.URL, got)
		}
	}
	if got := lean.Load(); got != objectstore.MaxOutdone {
		t.Errorf("got %d requests without the SDK, want %d", got, objectstore.MaxOutdone)
	}
}

// Requests go without the SDK as a rule, and are signed alike: keys of all kinds, conditions and
// ranges arrive.
func TestS3GoesWithoutSDK(t *testing.T) {
	server := useS3(t)
	keys := []string{
		"plain.json", "a b+c%41=&?#.json", "é/ü.json", "x;y@z:!*'().json", "~tilde.json",
		"back\\slash", "q\"uote",
	}
	for _, key := range keys {
		server.Put("in/"+key, []byte(key))
	}
	proxy(t, server, func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !isLean(r) {
			t.Errorf("got a request of the SDK for %s, want none", r.URL.Path)
		}
		return false
	})
	store := objectstore.New(objectstore.Options{})
	objects := collect(t, store, objectstore.URL(server.URL("in/")))
	if len(objects) != len(keys) {
		t.Errorf("got %d objects, want %d", len(objects), len(keys))
	}
	for _, o := range objects {
		if got := "in/" + string(read(t, store, o)); got != o.URL.Key() {
			t.Errorf("%s: got the object of %q", o.URL, got)
		}
	}
}

// Segments that something on the way might resolve go by the SDK.
func TestS3UnusualKeys(t *testing.T) {
	var keys []string // written by one request after the other
	useS3(t)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isLean(r) {
			keys = append(keys, r.URL.Path)
		}
		w.Header().Set("ETag", `"e"`)
		io.WriteString(w, "x")
	}))
	defer endpoint.Close()
	t.Setenv("AWS_ENDPOINT_URL_S3", endpoint.URL)
	store := objectstore.New(objectstore.Options{})
	for _, key := range []string{"/leading", "a//b", "a/../b", "./a", "a/.hidden"} {
		body, err := store.Open(
			context.Background(),
			objectstore.Object{URL: objectstore.URL("s3://bucket/" + key), ETag: "e", Size: 1},
		)
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		body.Close()
	}
	if len(keys) > 0 {
		t.Errorf("got %q without the SDK, want none", keys)
	}
}

// A server that asks to slow down is asked again, and the objects come.
func TestS3SlowDown(t *testing.T) {
	server := useS3(t)
	for i := range 20 {
		server.Put(fmt.Sprintf("%02d.json", i), []byte("x"))
	}
	var asked atomic.Int32
	proxy(t, server, func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if strings.HasSuffix(r.URL.Path, ".json") && asked.Add(1)%3 != 0 {
			refuse(w, http.StatusServiceUnavailable, "SlowDown")
			return true
		}
		return false
	})
	store := objectstore.New(objectstore.Options{})
	objects := collect(t, store, objectstore.URL(server.URL("")))
	var group errgroup.Group
	for _, o := range objects {
		group.Go(func() error {
			body, err := store.Open(context.Background(), o)
			if err != nil {
				return err
			}
			defer body.Close()
			_, err = io.ReadAll(body)
			return err
		})
	}
	if err := group.Wait(); err != nil || len(objects) != 20 {
		t.Errorf("got %d objects and error %v, want 20", len(objects), err)
	}
}

// A failure that stays is told in the SDK's words.
func TestS3KeepsFailing(t *testing.T) {
	server := useS3(t)
	server.Put("a.json", []byte("x"))
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	proxy(t, server, func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if isGet(r, "/a.json") {
			refuse(w, http.StatusInternalServerError, "InternalError")
			return true
		}
		return false
	})
	store := objectstore.New(objectstore.Options{})
	_, err := store.Open(context.Background(), collect(t, store, objectstore.URL(server.URL("")))[0])
	var e *objectstore.Error
	if !errors.As(err, &e) || !strings.Contains(
		err.Error(), "the server failed",
	) || !strings.Contains(err.Error(), "InternalError") {
		t.Errorf("got error %v, want that the server failed", err)
	}
}

// Temporary credentials send their token.
func TestS3SessionToken(t *testing.T) {
	server := useS3(t)
	t.Setenv("AWS_SESSION_TOKEN", "verysecrettoken")
	var token atomic.Value
	proxy(t, server, func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		token.Store(r.Header.Get("X-Amz-Security-Token"))
		w.Header().Set("ETag", `"e"`)
		io.WriteString(w, "x")
		return true
	})
	store := objectstore.New(objectstore.Options{})
	read(t, store, objectstore.Object{URL: objectstore.URL(server.URL("a")), ETag: "e", Size: 1})
	if token.Load() != "verysecrettoken" {
		t.Errorf("got token %v, want the one of the environment", token.Load())
	}
}

// An object's bytes are what is stored, whatever its Content-Encoding says.
func TestS3ContentEncoding(t *testing.T) {
	server := useS3(t)
	stored := []byte("\x1f\x8b\x08 not even gzip")
	server.Put("a.json.gz", stored)
	proxy(t, server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		if isGet(r, ".gz") {
			if got := r.Header.Get("Accept-Encoding"); got != "identity" {
				t.Errorf("got Accept-Encoding %q, want identity", got)
			}
			w.Header().Set("Content-Encoding", "gzip")
		}
		return false
	})
	store := objectstore.New(objectstore.Options{})
	if got := read(t, store, collect(t, store, objectstore.URL(server.URL("")))[0]); !bytes.Equal(got, stored) {
		t.Errorf("got %q, want %q", got, stored)
	}
}

// A certificate authority of one's own counts without the SDK too.
func TestS3CABundle(t *testing.T) {
	server := useS3(t)
	server.Put("a.json", []byte("x"))
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	var lean atomic.Int32
	front := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		if isLean(r.In) {
			lean.Add(1)
		}
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}})
	defer front.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(
		bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}),
		0o600,
	); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", front.URL)
	t.Setenv("AWS_CA_BUNDLE", bundle)
	store := objectstore.New(objectstore.Options{})
	read(t, store, collect(t, store, objectstore.URL(server.URL("")))[0])
	if lean.Load() != 2 {
		t.Errorf("got %d requests without the SDK, want 2", lean.Load())
	}
}

// Addresses are those of the SDK; what is unusual is left to it.
func TestS3Address(t *testing.T) {
	for _, test := range []struct{ env, bucket, want string }{
		{"", "my-bucket", "https://my-bucket.s3.eu-west-1.amazonaws.com"},
		{"", "my.bucket", "https://s3.eu-west-1.amazonaws.com/my.bucket"},
		{"AWS_ENDPOINT_URL_S3=http://127.0.0.1:9000/s3/", "my-bucket", "http://127.0.0.1:9000/s3/my-bucket"},
		{"AWS_ENDPOINT_URL=https://store.example", "my-bucket", "https://store.example/my-bucket"},
		{"AWS_USE_DUALSTACK_ENDPOINT=true", "my-bucket", ""},
		{"AWS_USE_FIPS_ENDPOINT=true", "my-bucket", ""},
		{"", "mine--usw2-az1--x-s3", ""},
	} {
		t.Run(test.env+" "+test.bucket, func(t *testing.T) {
			isolate(t)
			t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "example")
			if name, value, set := strings.Cut(test.env, "="); set {
				t.Setenv(name, value)
			}
			got, err := objectstore.New(objectstore.Options{}).Address(context.Background(), test.bucket, "eu-west-1")
			if err != nil || got != test.want {
				t.Errorf("got %q and error %v, want %q", got, err, test.want)
			}
		})
	}
}

// pagesServer answers listings with pages of two objects each, whose tokens count up; after the
// last page it fails if so told.
func pagesServer(t *testing.T, pages int, fails bool) (asked *atomic.Int32) {
	t.Helper()
	useS3(t)
	asked = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("continuation-token")) // none is 0, the first page
		asked.Add(1)
		if n == pages {
			refuse(w, http.StatusForbidden, "AccessDenied")
			return
		}
		io.WriteString(w, "<ListBucketResult><EncodingType>url</EncodingType>")
		for i := range 2 {
			fmt.Fprintf(
				w,
				"<Contents><Key>%04d</Key><LastModified>2018-11-01T00:00:00Z</LastModified><ETag>e</ETag><Size>1</Size></Contents>",
				2*n+i,
			)
		}
		if n+1 < pages || fails {
			fmt.Fprintf(w, "<IsTruncated>true</IsTruncated><NextContinuationToken>%d</NextContinuationToken>", n+1)
		}
		io.WriteString(w, "</ListBucketResult>")
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
	return asked
}

// A listing runs ahead of its reader, in order, so far and no further.
func TestS3ListAhead(t *testing.T) {
	t.Run("whole", func(t *testing.T) {
		asked := pagesServer(t, 25, false)
		objects := collect(t, objectstore.New(objectstore.Options{}), "s3://bucket/")
		for i, o := range objects {
			if want := objectstore.URL(fmt.Sprintf("s3://bucket/%04d", i)); o.URL != want {
				t.Fatalf("object %d: got %s, want %s", i, o.URL, want)
			}
		}
		if len(objects) != 50 || asked.Load() != 25 {
			t.Errorf("got %d objects in %d pages, want 50 in 25", len(objects), asked.Load())
		}
	})
	t.Run("broken off", func(t *testing.T) {
		asked := pagesServer(t, 1000, false)
		n := 0
		for _, err := range objectstore.New(objectstore.Options{}).List(context.Background(), "s3://bucket/") {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 5 {
				break
			}
		}
		// The page read first, the two read from, those ahead, and the one waiting for room.
		if most := int32(objectstore.ListAhead + 4); asked.Load() > most {
			t.Errorf("got %d pages, want %d at most", asked.Load(), most)
		}
	})
	t.Run("failure", func(t *testing.T) {
		pagesServer(t, 5, true)
		n := 0
		var last error
		for _, err := range objectstore.New(objectstore.Options{}).List(context.Background(), "s3://bucket/") {
			if last = err; err == nil {
				n++
			}
		}
		if n != 10 {
			t.Errorf("got %d objects before the failure, want 10", n)
		}
		wantError(t, "list", last, objectstore.ErrAccess, "s3://bucket/")
	})
	t.Run("interrupted", func(t *testing.T) {
		pagesServer(t, 1000, false)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var last error
		for _, err := range objectstore.New(objectstore.Options{}).List(ctx, "s3://bucket/") {
			cancel()
			last = err
		}
		if !errors.Is(last, context.Canceled) {
			t.Errorf("got error %v, want context.Canceled", last)
		}
	})
}
