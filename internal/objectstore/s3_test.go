package objectstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/objectstore"
)

// proxy stands before the test server and lets handle act first; handle returns
// true when it answered itself.
func proxy(t *testing.T, server *dwhtest.S3Server, handle func(http.ResponseWriter, *http.Request, http.Handler) bool) {
	t.Helper()
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // part of the signature
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !handle(w, r, forward) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	t.Setenv("AWS_ENDPOINT_URL_S3", front.URL)
}

// cut answers the request in part: the headers, then n bytes, then the end of
// the connection.
func cut(w http.ResponseWriter, r *http.Request, forward http.Handler, n int) {
	whole := httptest.NewRecorder()
	forward.ServeHTTP(whole, r)
	for name, values := range whole.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(whole.Code)
	w.Write(whole.Body.Bytes()[:min(n, whole.Body.Len())])
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
	panic(http.ErrAbortHandler)
}

func isGet(r *http.Request, key string) bool {
	return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, key)
}

func TestS3ResumesCutTransfer(t *testing.T) {
	server := useS3(t)
	content := bytes.Repeat([]byte("0123456789\n"), 30_000)
	server.Put("big.json", content)
	var gets atomic.Int32
	var ranges []string // written by one request after the other
	proxy(t, server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		if !isGet(r, "/big.json") {
			return false
		}
		ranges = append(ranges, r.Header.Get("Range"))
		if r.Header.Get("If-Match") == "" {
			t.Error("got a GetObject without If-Match, want the listed etag in it")
		}
		if gets.Add(1) <= 2 {
			cut(w, r, forward, 100_000)
		}
		return false
	})
	store := objectstore.New(objectstore.Options{})
	o := collect(t, store, objectstore.URL("s3://"+server.Bucket+"/big"))[0]
	if got := read(t, store, o); sum(got) != sum(content) {
		t.Errorf("resumed: got %d bytes that differ, want the %d written", len(got), len(content))
	}
	if want := "[ bytes=100000- bytes=200000-]"; fmt.Sprint(ranges) != want {
		t.Errorf("ranges: got %v, want %s", ranges, want)
	}
}

func TestS3ResumesWhereRangesAreUnknown(t *testing.T) {
	server := useS3(t)
	content := bytes.Repeat([]byte("abcdefghij\n"), 30_000)
	server.Put("big.json", content)
	var gets atomic.Int32
	proxy(t, server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		if !isGet(r, "/big.json") {
			return false
		}
		if gets.Add(1) == 1 {
			cut(w, r, forward, 100_000)
		}
		w.Header().Set("ETag", r.Header.Get("If-Match"))
		w.Write(content)
		return true
	})
	store := objectstore.New(objectstore.Options{})
	o := collect(t, store, objectstore.URL("s3://"+server.Bucket+"/big"))[0]
	if got := read(t, store, o); sum(got) != sum(content) {
		t.Errorf("resumed: got %d bytes that differ, want the %d written", len(got), len(content))
	}
}

func TestS3GivesUpOnPermanentCuts(t *testing.T) {
	server := useS3(t)
	server.Put("big.json", bytes.Repeat([]byte("x"), 50_000))
	var gets atomic.Int32
	proxy(t, server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		if isGet(r, "/big.json") {
			gets.Add(1)
			cut(w, r, forward, 1000)
		}
		return false
	})
	store := objectstore.New(objectstore.Options{})
	o := collect(t, store, objectstore.URL("s3://"+server.Bucket+"/big"))[0]
	body, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	got, err := io.ReadAll(body)
	var e *objectstore.Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "broke off after 6000 of 50000 bytes") || e.Hint() == "" {
		t.Errorf("got %d bytes and error %v, want one that says where it broke off", len(got), err)
	}
	if gets.Load() != 6 {
		t.Errorf("got %d requests, want the first and five resumptions", gets.Load())
	}
	if _, again := body.Read(make([]byte, 1)); again == nil {
		t.Error("read after the error: got nil, want the error again")
	}
}

func TestS3ReplacedWhileBroken(t *testing.T) {
	server := useS3(t)
	server.Put("big.json", bytes.Repeat([]byte("x"), 50_000))
	var gets atomic.Int32
	proxy(t, server, func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		if isGet(r, "/big.json") && gets.Add(1) == 1 {
			defer server.Put("big.json", bytes.Repeat([]byte("y"), 50_000))
			cut(w, r, forward, 1000)
		}
		return false
	})
	store := objectstore.New(objectstore.Options{})
	o := collect(t, store, objectstore.URL("s3://"+server.Bucket+"/big"))[0]
	body, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	_, err = io.ReadAll(body)
	wantError(t, "read", err, objectstore.ErrChanged, o.URL)
}

// A region that S3 corrects in its answer is used from then on.
func TestS3FollowsRegion(t *testing.T) {
	server := useS3(t)
	server.Put("a.json", []byte("a"))
	server.Put("b.json", []byte("b"))
	var redirects atomic.Int32
	proxy(t, server, func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/s3/") {
			return false
		}
		redirects.Add(1)
		w.Header().Set("X-Amz-Bucket-Region", "us-east-1")
		w.WriteHeader(http.StatusMovedPermanently)
		io.WriteString(
			w,
			`<?xml version="1.0" `+
				`encoding="UTF-8"?><Error><Code>PermanentRedirect</Code><Message>The bucket must `+
				`be addressed elsewhere.</Message></Error>`,
		)
		return true
	})
	store := objectstore.New(objectstore.Options{Region: "eu-west-1"})
	objects := collect(t, store, objectstore.URL("s3://"+server.Bucket+"/"))
	if len(objects) != 2 {
		t.Fatalf("got %v, want two objects", objects)
	}
	for _, o := range objects {
		read(t, store, o)
	}
	if redirects.Load() != 1 {
		t.Errorf("got %d redirects, want 1", redirects.Load())
	}
}

// Without a region, an S3-compatible server gets us-east-1.
func TestS3DefaultRegion(t *testing.T) {
	server := useS3(t)
	os.Unsetenv("AWS_REGION")
	os.Unsetenv("AWS_DEFAULT_REGION")
	server.Put("a.json", []byte("a"))
	var scope atomic.Value
	proxy(t, server, func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		scope.Store(r.Header.Get("Authorization"))
		return false
	})
	collect(t, objectstore.New(objectstore.Options{}), objectstore.URL("s3://"+server.Bucket+"/"))
	if got := fmt.Sprint(scope.Load()); !strings.Contains(got, "/us-east-1/s3/") {
		t.Errorf("got a request signed %q, want region us-east-1", got)
	}
}

func TestS3Anonymous(t *testing.T) {
	server := useS3(t)
	os.Unsetenv("AWS_ACCESS_KEY_ID")
	os.Unsetenv("AWS_SECRET_ACCESS_KEY")
	server.Put("a.json", []byte("a"))
	var signed atomic.Int32
	proxy(t, server, func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.Header.Get("Authorization") != "" {
			signed.Add(1)
		}
		return false
	})
	prefix := objectstore.URL("s3://" + server.Bucket + "/")
	n := 0
	for _, err := range objectstore.New(objectstore.Options{Anonymous: true}).List(context.Background(), prefix) {
		n++
		wantError(t, "list", err, objectstore.ErrAccess, prefix) // the bucket is not public
		wantHint(t, err, "leave out --anonymous")
	}
	if n != 1 {
		t.Errorf("private bucket: got %d results, want 1 refusal", n)
	}
	server.MakePublic()
	store := objectstore.New(objectstore.Options{Anonymous: true})
	objects := collect(t, store, prefix)
	if len(objects) != 1 || string(read(t, store, objects[0])) != "a" {
		t.Errorf("public bucket: got %v, want a.json", objects)
	}
	if signed.Load() != 0 {
		t.Errorf("got %d signed requests, want none", signed.Load())
	}
}

func TestS3NoCredentials(t *testing.T) {
	isolate(t)
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
	// No machine role either: nothing answers there.
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
	const prefix = objectstore.URL("s3://bucket/x")
	for _, err := range objectstore.New(objectstore.Options{}).List(context.Background(), prefix) {
		wantError(t, "list", err, objectstore.ErrCredentials, prefix)
		wantHint(t, err, "--anonymous")
		if want := "list s3://bucket/x: no AWS credentials found"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, err := range objectstore.New(objectstore.Options{}).List(context.Background(), prefix) {
		wantError(t, "list", err, objectstore.ErrCredentials, prefix)
	}
	t.Setenv("AWS_PROFILE", "nobody")
	for _, err := range objectstore.New(objectstore.Options{}).List(context.Background(), prefix) {
		if err == nil || !strings.Contains(err.Error(), "nobody") {
			t.Errorf("unknown profile: got %v, want it named", err)
		}
		wantHint(t, err, "AWS_PROFILE")
	}
}

// What a credential process prints is secret, even when it is malformed.
func TestS3CredentialProcessStaysSecret(t *testing.T) {
	isolate(t)
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(
		file,
		[]byte("[default]\nregion = us-east-1\ncredential_process = echo {\"SecretAccessKey\": verysecret\n"),
		0o600,
	); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	const prefix = objectstore.URL("s3://bucket/x")
	for _, err := range objectstore.New(objectstore.Options{}).List(context.Background(), prefix) {
		wantError(t, "list", err, objectstore.ErrCredentials, prefix)
		if strings.Contains(err.Error(), "verysecret") {
			t.Errorf("got %q, want no secret in it", err)
		}
	}
}

func TestS3WrongCredentials(t *testing.T) {
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "AKIAWRONG", "AWS_SECRET_ACCESS_KEY": "verywrong"} {
		t.Run(name, func(t *testing.T) {
			server := useS3(t)
			t.Setenv(name, value)
			prefix := objectstore.URL("s3://" + server.Bucket + "/")
			for _, err := range objectstore.New(objectstore.Options{}).List(context.Background(), prefix) {
				wantError(t, "list", err, objectstore.ErrCredentials, prefix)
				wantHint(t, err, "AWS_ACCESS_KEY_ID")
				if strings.Contains(err.Error(), value) {
					t.Errorf("got %q, want no credentials in it", err)
				}
			}
		})
	}
}

func TestS3AccessDenied(t *testing.T) {
	server := useS3(t)
	server.Put("a.json", []byte("a"))
	proxy(t, server, func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		w.WriteHeader(http.StatusForbidden)
		if r.Method != http.MethodHead {
			io.WriteString(
				w,
				`<?xml version="1.0" `+
					`encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`,
			)
		}
		return true
	})
	store := objectstore.New(objectstore.Options{})
	u := objectstore.URL("s3://" + server.Bucket + "/a.json")
	for _, err := range store.List(context.Background(), u) {
		wantError(t, "list", err, objectstore.ErrAccess, u)
		wantHint(t, err, "--region")
	}
	_, err := store.Stat(context.Background(), u)
	wantError(t, "find", err, objectstore.ErrAccess, u)
	_, err = store.Open(context.Background(), objectstore.Object{URL: u})
	wantError(t, "open", err, objectstore.ErrAccess, u)
}

func TestS3AbsentBucketIsNamed(t *testing.T) {
	useS3(t)
	for _, err := range objectstore.New(objectstore.Options{}).List(
		context.Background(), "s3://no-such-bucket-here/x",
	) {
		if want := "list s3://no-such-bucket-here/x: bucket no-such-bucket-here does not " +
			"exist"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		wantHint(t, err, "check the name")
	}
	_, err := objectstore.New(objectstore.Options{}).Stat(context.Background(), "s3://no-such-bucket-here/x")
	if err == nil || !strings.Contains(err.Error(), "bucket no-such-bucket-here does not exist") {
		t.Errorf("stat: got %v, want the bucket named", err)
	}
}

func TestS3Unreachable(t *testing.T) {
	useS3(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
	for _, err := range objectstore.New(objectstore.Options{}).List(context.Background(), "s3://bucket/x") {
		if err == nil || !strings.Contains(err.Error(), "cannot reach the server: connection refused") {
			t.Errorf("got %v, want that the server cannot be reached", err)
		}
		wantHint(t, err, "AWS_ENDPOINT_URL_S3")
	}
	for _, endpoint := range []string{"127.0.0.1:9000", "localhost:9000", "ftp://host", "http://user:verysecret@host"} {
		t.Setenv("AWS_ENDPOINT_URL_S3", endpoint)
		for _, err := range objectstore.New(objectstore.Options{}).List(context.Background(), "s3://bucket/x") {
			if err == nil || strings.Contains(err.Error(), "verysecret") {
				t.Errorf("endpoint %s: got %v, want an error without secrets", endpoint, err)
			}
			wantHint(t, err, "AWS_ENDPOINT_URL_S3")
		}
	}
}

// An existing bucket without a key under the prefix yields nothing, and so do
// the markers of empty folders.
func TestS3Empty(t *testing.T) {
	server := useS3(t)
	store := objectstore.New(objectstore.Options{})
	root := objectstore.URL("s3://" + server.Bucket)
	if got := collect(t, store, root+"/nothing/here"); len(got) != 0 {
		t.Errorf("empty prefix: got %v, want nothing", got)
	}
	if err := store.Write(context.Background(), root+"/folder/", nil); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, store, root+"/"); len(got) != 0 {
		t.Errorf("folder marker: got %v, want nothing", got)
	}
}

// Prefixes are COPY's: they match keys beside the folder too.
func TestS3Prefix(t *testing.T) {
	server := useS3(t)
	for _, key := range []string{"log/1.json", "log/2.json", "log.bak", "log_old/1.json", "other/1.json"} {
		server.Put(key, []byte("x"))
	}
	store := objectstore.New(objectstore.Options{})
	prefix := objectstore.URL("s3://" + server.Bucket + "/log")
	objects := collect(t, store, prefix)
	beside := 0
	for _, o := range objects {
		if store.Beside(prefix, o) {
			beside++
		}
	}
	if len(objects) != 4 || beside != 2 {
		t.Errorf("got %d objects, %d beside the folder, want 4 and 2", len(objects), beside)
	}
}

func wantHint(t *testing.T, err error, part string) {
	t.Helper()
	var e *objectstore.Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint(), part) {
		t.Errorf("hint of %v: got %q, want %q in it", err, e.Hint(), part)
	}
}
