package objectstore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"
	"time"
)

// DefaultConcurrency is the number of objects that a Store is prepared to read
// at once. At the 20 to 30 ms that S3 takes for a small object it gives 3,000 to
// 5,000 a second, near the 5,500 that a prefix is good for before S3 asks to slow
// down (docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html);
// a near server is busy with 32 and neither faster nor slower with more.
const DefaultConcurrency = 96

// Object is one object as it was listed.
type Object struct {
	URL URL // where it is: an s3:// or file:// URL
	// S3: the entity tag without quotes; local file: "size-mtime", mtime in nanoseconds since 1970
	ETag string
	Size int64 // bytes
	// LastModified is S3's time in whole seconds, or a local file's modification time.
	LastModified time.Time
}

// Options configure a Store. The zero value works.
type Options struct {
	Region    string // AWS region; empty: environment, profile, the bucket's own
	Anonymous bool   // unsigned requests, for public buckets
	// objects read at once, which sizes the connection pool; 0: DefaultConcurrency
	Concurrency int
	Logger      *slog.Logger // nil: none
}

// Store reads and writes objects by URL. It is safe for concurrent use.
type Store struct {
	s3     *bucketStore
	folder *folderStore
}

// backend is what a kind of store can do. URLs are canonical and of its own
// scheme; every error is an *Error; ctx errors are wrapped.
type backend interface {
	// list yields what lies behind after in order of keys, by bytes, and stops at the first error.
	list(ctx context.Context, prefix, after URL) iter.Seq2[Object, error]
	// stat fails with ErrNotExist for a missing object and for a folder.
	stat(ctx context.Context, u URL) (Object, error)
	// open returns what was opened beside its bytes. An o without ETag is not
	// compared with a listing, but is still read from one version only.
	open(ctx context.Context, o Object) (io.ReadCloser, Object, error)
	// write replaces the object as a whole: a reader sees the old or the new one.
	write(ctx context.Context, u URL, body []byte) error
	// remove succeeds when the object is not there.
	remove(ctx context.Context, u URL) error
}

// New returns a Store. Nothing is read, looked up or contacted before the first
// use of an S3 URL.
func New(o Options) *Store {
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Store{s3: newBucketStore(o), folder: &folderStore{system: host(), ahead: walkAhead, logger: o.Logger}}
}

// backend chooses by scheme.
func (s *Store) backend(op string, u URL) (backend, error) {
	switch u.Scheme() {
	case SchemeS3:
		return s.s3, nil
	case SchemeFile:
		return s.folder, nil
	}
	return nil, &Error{
		Op: op, URL: URL(redact(string(u))),
		Err: &fault{msg: "not an s3:// or file:// URL", kind: ErrURL},
	}
}

// List yields what lies under prefix in byte order of the keys. Breaking off is
// allowed at any time.
//
// For S3 it is every object whose key begins with the prefix (COPY's rule:
// docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-source-s3.html),
// save the empty "folder/" objects that consoles make. For a local path it is
// that file, or every regular file of the tree under that folder, symbolic
// links followed; files and folders whose name begins with "." (.DS_Store,
// .git) are left out.
//
// An existing bucket or folder without objects yields nothing; an absent one
// yields an *Error that wraps ErrNotExist. An error is the last thing yielded.
func (s *Store) List(ctx context.Context, prefix URL) iter.Seq2[Object, error] {
	return s.ListAfter(ctx, prefix, "")
}

// ListAfter is List from the first URL behind after in byte order; "" is before all. On S3 what
// lies before costs nothing (docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html,
// start-after); a folder is walked as a whole.
func (s *Store) ListAfter(ctx context.Context, prefix, after URL) iter.Seq2[Object, error] {
	b, err := s.backend("list", prefix)
	if err != nil {
		return func(yield func(Object, error) bool) { yield(Object{}, err) }
	}
	return b.list(ctx, prefix, after)
}

// Beside reports whether o, listed under an S3 prefix, lies beside the folder
// that the prefix seems to name: s3://b/orders also matches
// s3://b/orders_old/1.json and s3://b/orders.bak, as COPY does. It is never
// true for a prefix that ends in a slash, for a whole bucket or a local folder.
func (s *Store) Beside(prefix URL, o Object) bool {
	key := prefix.Key()
	if prefix.Scheme() != SchemeS3 || prefix.Bucket() != o.URL.Bucket() || key == "" || strings.HasSuffix(key, "/") {
		return false
	}
	rest, matches := strings.CutPrefix(o.URL.Key(), key)
	return matches && rest != "" && rest[0] != '/'
}

// Stat looks one object up. A missing one, and a folder, is ErrNotExist.
func (s *Store) Stat(ctx context.Context, u URL) (Object, error) {
	b, err := s.backend("find", u)
	if err != nil {
		return Object{}, err
	}
	return b.stat(ctx, u)
}

// Open returns the bytes of exactly the listed object, for the caller to close.
// Opening or reading one that has been replaced or rewritten since fails with
// ErrChanged, for a local file at the latest in place of io.EOF, so rows must not be trusted
// before the end was reached. A broken transfer from S3 is resumed where it
// broke off, a few times, from the same version. An o without ETag is opened as
// it is now. ctx governs the reading too.
func (s *Store) Open(ctx context.Context, o Object) (io.ReadCloser, error) {
	b, err := s.backend("open", o.URL)
	if err != nil {
		return nil, err
	}
	body, _, err := b.open(ctx, o)
	return body, err
}

// ReadAll returns the whole of one object of at most limit bytes, such as a
// manifest or a JSONPaths file.
func (s *Store) ReadAll(ctx context.Context, u URL, limit int64) ([]byte, Object, error) {
	b, err := s.backend("read", u)
	if err != nil {
		return nil, Object{}, err
	}
	body, o, err := b.open(ctx, Object{URL: u})
	if err != nil {
		return nil, Object{}, err
	}
	defer body.Close()
	var data bytes.Buffer
	if o.Size > 0 && o.Size <= limit {
		data.Grow(int(o.Size) + bytes.MinRead)
	}
	n, err := data.ReadFrom(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, Object{}, err
	}
	if n > limit {
		return nil, Object{}, &Error{Op: "read", URL: u, Err: fmt.Errorf("larger than %d bytes", limit)}
	}
	return data.Bytes(), o, nil
}

// Write stores body under u, replacing what was there as a whole. Missing local
// folders are made.
func (s *Store) Write(ctx context.Context, u URL, body []byte) error {
	b, err := s.backend("write", u)
	if err != nil {
		return err
	}
	return b.write(ctx, u, body)
}

// Delete removes one object or file; that it is not there is no error.
func (s *Store) Delete(ctx context.Context, u URL) error {
	b, err := s.backend("delete", u)
	if err != nil {
		return err
	}
	return b.remove(ctx, u)
}
