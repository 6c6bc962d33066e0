package objectstore_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/objectstore"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

// useS3 points this process's AWS settings at the test server and nothing else.
func useS3(t *testing.T) *dwhtest.S3Server {
	t.Helper()
	server := dwhtest.S3(t)
	isolate(t)
	server.Setenv(t)
	return server
}

// isolate hides the AWS settings of whoever runs the tests.
func isolate(t *testing.T) {
	t.Helper()
	for _, setting := range os.Environ() {
		if name, _, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // so that it is restored
			os.Unsetenv(name)
		}
	}
	nowhere := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", nowhere)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
}

// location is one implementation under the contract: a place to put objects and
// the URL of that place.
type location struct {
	root objectstore.URL // without a trailing slash
	put  func(key string, body []byte)
	open func(objectstore.Options) *objectstore.Store
	// absent is the URL of a bucket or folder that does not exist.
	absent objectstore.URL
}

func folderLocation(t *testing.T) location {
	dir := t.TempDir()
	root, err := objectstore.ParseURL(dir)
	if err != nil {
		t.Fatal(err)
	}
	return location{
		root: root, open: objectstore.New, absent: root + "/absent/folder",
		put: func(key string, body []byte) {
			t.Helper()
			path := filepath.Join(dir, filepath.FromSlash(key))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, body, 0o644); err != nil {
				t.Fatal(err)
			}
		}}
}

func portableLocation(t *testing.T) location {
	at := folderLocation(t)
	at.open = func(o objectstore.Options) *objectstore.Store { return objectstore.NewPortable(o, 1) }
	return at
}

func s3Location(t *testing.T) location {
	server := useS3(t)
	return location{root: objectstore.URL(
		"s3://" + server.Bucket + "/root",
	), open: objectstore.New, absent: "s3://no-such-bucket-here/x", put: func(key string, body []byte) {
		t.Helper()
		server.Put("root/"+key, body)
	}}
}

func TestFolder(t *testing.T) { exercise(t, folderLocation) }

// TestPortable: package os gives what the system's own calls give.
func TestPortable(t *testing.T) { exercise(t, portableLocation) }

func TestS3(t *testing.T) { exercise(t, s3Location) }

// exercise is the contract of both implementations.
func exercise(t *testing.T, locate func(*testing.T) location) {
	ctx := context.Background()

	t.Run("lists in byte order of the keys, whole trees", func(t *testing.T) {
		at := locate(t)
		keys := []string{
			"a.json", "a/b/c.json", "a/b.json", "a-/x.json", "B.json", "ä b.json", "a+b %41&=.json",
			"z/empty.json", "it's.json",
		}
		for _, key := range keys {
			body := []byte(key)
			if strings.Contains(key, "empty") {
				body = nil
			}
			at.put(key, body)
		}
		slices.Sort(keys)
		store := at.open(objectstore.Options{})
		var got []string
		for o, err := range store.List(ctx, at.root+"/") {
			if err != nil {
				t.Fatal(err)
			}
			key := strings.TrimPrefix(string(o.URL), string(at.root)+"/")
			got = append(got, key)
			want := int64(len(key))
			if strings.Contains(key, "empty") {
				want = 0
			}
			if o.Size != want || o.ETag == "" || strings.Contains(o.ETag, `"`) || time.Since(
				o.LastModified,
			) > time.Hour {
				t.Errorf("list: got %+v, want size %d, a bare etag and a time", o, want)
			}
			statted, err := store.Stat(ctx, o.URL)
			if err != nil || statted.URL != o.URL || statted.Size != o.Size || statted.ETag != o.ETag {
				t.Errorf("stat: got %+v, %v, want %+v", statted, err, o)
			}
			if body := read(t, store, o); string(body) != key && o.Size > 0 {
				t.Errorf("read %s: got %q, want %q", o.URL, body, key)
			}
		}
		if !slices.Equal(got, keys) {
			t.Errorf("list: got %q, want %q", got, keys)
		}
	})

	t.Run("stops when told to", func(t *testing.T) {
		at := locate(t)
		for i := range 5 {
			at.put(fmt.Sprintf("d/%d.json", i), []byte("x"))
		}
		n := 0
		for _, err := range at.open(objectstore.Options{}).List(ctx, at.root) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 2 {
				break
			}
		}
		if n != 2 {
			t.Errorf("list broken off: got %d objects, want 2", n)
		}
	})

	t.Run("one object by its own name", func(t *testing.T) {
		at := locate(t)
		at.put("one.json", []byte("1"))
		got := collect(t, at.open(objectstore.Options{}), at.root+"/one.json")
		if len(got) != 1 || got[0].URL != at.root+"/one.json" {
			t.Errorf("list: got %v, want one.json alone", got)
		}
	})

	t.Run("a long listing", func(t *testing.T) {
		at := locate(t)
		const n = 1234 // more than a page of S3
		for i := range n {
			at.put(fmt.Sprintf("flat/%04d.json", i), []byte("x"))
		}
		got := collect(t, at.open(objectstore.Options{}), at.root+"/flat/")
		for i, o := range got {
			if want := at.root + objectstore.URL(fmt.Sprintf("/flat/%04d.json", i)); o.URL != want {
				t.Fatalf("object %d: got %s, want %s", i, o.URL, want)
			}
		}
		if len(got) != n {
			t.Errorf("list: got %d objects, want %d", len(got), n)
		}
	})

	t.Run("what is absent", func(t *testing.T) {
		at := locate(t)
		at.put("x.json", []byte("x"))
		store := at.open(objectstore.Options{})
		for _, err := range store.List(ctx, at.absent) {
			wantError(t, "list", err, objectstore.ErrNotExist, at.absent)
		}
		_, err := store.Stat(ctx, at.absent)
		wantError(t, "find", err, objectstore.ErrNotExist, at.absent)
		missing := at.root + "/missing.json"
		_, err = store.Stat(ctx, missing)
		wantError(t, "find", err, objectstore.ErrNotExist, missing)
		_, err = store.Open(ctx, objectstore.Object{URL: missing})
		wantError(t, "open", err, objectstore.ErrNotExist, missing)
		_, _, err = store.ReadAll(ctx, missing, 10)
		wantError(t, "read", err, objectstore.ErrNotExist, missing)
	})

	t.Run("an object replaced between list and open", func(t *testing.T) {
		at := locate(t)
		at.put("x.json", []byte("old"))
		store := at.open(objectstore.Options{})
		listed := collect(t, store, at.root)[0]
		at.put("x.json", []byte("new one"))
		body, err := store.Open(ctx, listed)
		if err == nil {
			defer body.Close()
			_, err = io.ReadAll(body)
		}
		wantError(t, "open", err, objectstore.ErrChanged, listed.URL)
		if got := read(t, store, collect(t, store, at.root)[0]); string(got) != "new one" {
			t.Errorf("listed again: got %q, want the new bytes", got)
		}
	})

	t.Run("writes, reads and deletes", func(t *testing.T) {
		at := locate(t)
		at.put("other", []byte("x"))
		store := at.open(objectstore.Options{})
		u := at.root + "/manifests/run 1.json"
		for _, body := range []string{"first", "second, longer", ""} {
			if err := store.Write(ctx, u, []byte(body)); err != nil {
				t.Fatal(err)
			}
			got, o, err := store.ReadAll(ctx, u, 100)
			if err != nil || string(got) != body || o.Size != int64(len(body)) || o.URL != u || o.ETag == "" {
				t.Errorf("read back: got %q, %+v, %v, want %q", got, o, err, body)
			}
		}
		if err := store.Write(ctx, u, []byte("0123456789")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := store.ReadAll(ctx, u, 10); err != nil {
			t.Errorf("read at the limit: got %v, want no error", err)
		}
		if _, _, err := store.ReadAll(ctx, u, 9); err == nil || !strings.Contains(err.Error(), "larger than 9 bytes") {
			t.Errorf("read over the limit: got %v, want an error", err)
		}
		for range 2 { // the second time it is not there
			if err := store.Delete(ctx, u); err != nil {
				t.Errorf("delete: got %v, want no error", err)
			}
		}
		if got := collect(t, store, at.root); len(got) != 1 {
			t.Errorf("after delete: got %v, want the other object alone", got)
		}
	})

	t.Run("readers keep the contract of io.Reader", func(t *testing.T) {
		at := locate(t)
		content := bytes.Repeat([]byte("0123456789abcdef"), 4096)
		at.put("x.json", content)
		store := at.open(objectstore.Options{})
		body, err := store.Open(ctx, collect(t, store, at.root)[0])
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		if err := iotest.TestReader(body, content); err != nil {
			t.Error(err)
		}
	})

	t.Run("a cancelled context", func(t *testing.T) {
		at := locate(t)
		at.put("x.json", []byte("x"))
		store := at.open(objectstore.Options{})
		listed := collect(t, store, at.root)[0]
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		for _, err := range store.List(cancelled, at.root) {
			wantError(t, "list", err, context.Canceled, at.root)
		}
		_, err := store.Stat(cancelled, listed.URL)
		wantError(t, "find", err, context.Canceled, listed.URL)
		_, err = store.Open(cancelled, listed)
		wantError(t, "open", err, context.Canceled, listed.URL)
		wantError(t, "write", store.Write(cancelled, listed.URL, nil), context.Canceled, listed.URL)
		wantError(t, "delete", store.Delete(cancelled, listed.URL), context.Canceled, listed.URL)
	})

	t.Run("many readers at once", func(t *testing.T) {
		at := locate(t)
		for i := range 64 {
			at.put(fmt.Sprintf("%02d", i), fmt.Appendf(nil, "%d", i))
		}
		store := objectstore.New(objectstore.Options{Concurrency: 8})
		objects := collect(t, store, at.root+"/")
		sums := make(chan string, len(objects)) // filled by exactly one send an object
		for i, o := range objects {
			go func() {
				body, _, err := store.ReadAll(ctx, o.URL, 10)
				sums <- fmt.Sprint(i, string(body) == fmt.Sprint(i), err)
			}()
		}
		for range objects {
			if got := <-sums; !strings.HasSuffix(got, "true <nil>") {
				t.Errorf("got %s, want the object's own bytes", got)
			}
		}
		if len(objects) != 64 {
			t.Errorf("got %d objects, want 64", len(objects))
		}
	})
}

func TestUnknownScheme(t *testing.T) {
	store := objectstore.New(objectstore.Options{})
	const u = objectstore.URL("gs://bucket/key")
	for _, err := range store.List(context.Background(), u) {
		wantError(t, "list", err, objectstore.ErrURL, u)
	}
	_, err := store.Stat(context.Background(), "")
	wantError(t, "find", err, objectstore.ErrURL, "")
}

func TestBeside(t *testing.T) {
	store := objectstore.New(objectstore.Options{})
	for _, c := range []struct {
		prefix, object objectstore.URL
		want           bool
	}{
		{"s3://b12/log_data", "s3://b12/log_data/1.json", false},
		{"s3://b12/log_data", "s3://b12/log_data_old/1.json", true},
		{"s3://b12/log_data", "s3://b12/log_data.bak", true},
		{"s3://b12/log_data", "s3://b12/log_data", false},
		{"s3://b12/log_data/", "s3://b12/log_data/1.json", false},
		{"s3://b12/", "s3://b12/log_data/1.json", false},
		{"file:///a", "file:///a/b", false},
		{"file:///a", "file:///ab", false},
	} {
		if got := store.Beside(c.prefix, objectstore.Object{URL: c.object}); got != c.want {
			t.Errorf("Beside(%s, %s): got %t, want %t", c.prefix, c.object, got, c.want)
		}
	}
}

// collect lists everything under prefix.
func collect(t *testing.T, store *objectstore.Store, prefix objectstore.URL) []objectstore.Object {
	t.Helper()
	var objects []objectstore.Object
	for o, err := range store.List(context.Background(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	return objects
}

func read(t *testing.T, store *objectstore.Store, o objectstore.Object) []byte {
	t.Helper()
	body, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// wantError insists on the kind, on an *Error and on the URL in its text.
func wantError(t *testing.T, op string, err, kind error, u objectstore.URL) {
	t.Helper()
	var e *objectstore.Error
	if !errors.Is(err, kind) || !errors.As(err, &e) || !strings.Contains(err.Error(), string(u)) {
		t.Errorf("%s %s: got error %v, want an *Error of kind %q that names it", op, u, err, kind)
	}
}

func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }
