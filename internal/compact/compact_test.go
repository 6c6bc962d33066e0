package compact_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/compact"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/objectstore"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

// recorder is a Copier that notes what it is given, and fails as often as it is told.
type recorder struct {
	store *objectstore.Store
	fails int
	given [][]objectstore.Object
	read  []string // the packs' texts
}

func (r *recorder) ForRun(string) {}

func (r *recorder) Complete(context.Context, *copystmt.Statement, []objectstore.Object) (clientcopy.Result, error) {
	return clientcopy.Result{}, errors.New("not asked for")
}

func (r *recorder) Copy(
	ctx context.Context, _ *pgx.Conn, statement *copystmt.Statement, objects []objectstore.Object,
	_ func(clientcopy.Progress),
) (clientcopy.Result, error) {
	r.given = append(r.given, objects)
	if r.fails > 0 {
		r.fails--
		return clientcopy.Result{}, errors.New("the connection broke")
	}
	var result clientcopy.Result
	for _, o := range objects {
		body, err := r.store.Open(ctx, o)
		if err != nil {
			return result, err
		}
		plain, done, err := clientcopy.Decompress(statement.Compression, body)
		if err != nil {
			return result, err
		}
		var text strings.Builder
		if _, err := fmt.Fprint(&text, reading{plain}); err != nil {
			return result, err
		}
		done()
		_ = body.Close()
		rows := int64(strings.Count(text.String(), `"id"`))
		r.read = append(r.read, text.String())
		result.Rows += rows
		result.Objects = append(result.Objects, clientcopy.ObjectResult{Object: o, Rows: rows})
	}
	return result, nil
}

// reading prints what a reader has.
type reading struct {
	r interface{ Read([]byte) (int, error) }
}

func (r reading) String() string {
	var out strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := r.r.Read(buf)
		out.Write(buf[:n])
		if err != nil {
			return out.String()
		}
	}
}

// A load that breaks off after packing leaves the pack, and the next try loads it without reading
// the objects again.
func TestPacksAreTakenUp(t *testing.T) {
	bucket := dwhtest.S3(t)
	bucket.Setenv(t)
	store := objectstore.New(objectstore.Options{})
	var objects []objectstore.Object
	for i := range 100 {
		key := fmt.Sprintf("in/%03d.json", i)
		etag := bucket.Put(key, []byte(fmt.Sprintf("{\"id\":%d}", i)))
		objects = append(
			objects,
			objectstore.Object{
				URL: objectstore.URL(bucket.URL(key)), ETag: etag,
				Size: int64(len(fmt.Sprintf("{\"id\":%d}", i))),
			},
		)
	}
	statement, err := copystmt.ParseText("COPY t FROM 's3://b/in/' IAM_ROLE default JSON 'auto'")
	if err != nil {
		t.Fatal(err)
	}
	inner := &recorder{store: store, fails: 1}
	packer := compact.New(compact.Options{Copier: inner, Store: store, WorkPrefix: objectstore.URL(bucket.URL("work"))})
	if _, err := packer.Copy(t.Context(), nil, statement, objects, nil); err == nil {
		t.Fatal("got no error, want the connection's")
	}
	// Were they read again, they would be missing.
	for i := range objects {
		bucket.Delete(objects[i].URL.Key())
	}
	result, err := packer.Copy(t.Context(), nil, statement, objects, nil)
	if err != nil {
		t.Fatal(err)
	}
	if result.Rows != 100 || len(result.Objects) != 100 {
		t.Errorf("got %d rows of %d objects, want 100 of 100", result.Rows, len(result.Objects))
	}
	for i, o := range result.Objects {
		if o.Object != objects[i] || o.Rows != 1 {
			t.Errorf("got %+v, want one row of %+v", o, objects[i])
		}
	}
	if len(inner.given) != 2 || len(inner.given[1]) != 1 || inner.given[0][0].URL != inner.given[1][0].URL {
		t.Errorf("got %v, want the same pack twice", inner.given)
	}
	if want := "{\"id\":0}\n{\"id\":1}\n"; !strings.HasPrefix(inner.read[0], want) {
		t.Errorf("got %.40q, want it to begin with %q", inner.read[0], want)
	}
	for o, err := range store.List(t.Context(), objectstore.URL(bucket.URL("work/"))) {
		t.Errorf("got %s, %v left behind, want nothing", o.URL, err)
	}
}

// What is not JSON objects one after another goes to COPY as it is.
func TestOnlyRecordsArePacked(t *testing.T) {
	bucket := dwhtest.S3(t)
	bucket.Setenv(t)
	store := objectstore.New(objectstore.Options{})
	bodies := []string{
		`{"id":1}`, `{"id":2`, `[{"id":3}]`, `{"id":4}{"id":5}`, `{"id":6},{"id":7}`,
		"\ufeff{\"id\":8}", "", `{"id":"` + strings.Repeat("x", 5<<20) + `"}`,
	}
	var objects []objectstore.Object
	for i, body := range bodies {
		key := fmt.Sprintf("in/%d.json", i)
		etag := bucket.Put(key, []byte(body))
		objects = append(
			objects,
			objectstore.Object{URL: objectstore.URL(bucket.URL(key)), ETag: etag, Size: int64(len(body))},
		)
	}
	statement, err := copystmt.ParseText("COPY t FROM 's3://b/in/' IAM_ROLE default JSON 'auto'")
	if err != nil {
		t.Fatal(err)
	}
	inner := &recorder{store: store}
	packer := compact.New(compact.Options{Copier: inner, Store: store, WorkPrefix: objectstore.URL(bucket.URL("work"))})
	result, err := packer.Copy(t.Context(), nil, statement, objects, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(inner.given) != 2 || len(inner.given[0]) != 1 || len(inner.given[1]) != 6 {
		t.Fatalf("got %v, want one pack and six objects", inner.given)
	}
	if got, want := inner.read[0], "{\"id\":1}\n{\"id\":4}{\"id\":5}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if result.Objects[0].Rows != 1 || result.Objects[3].Rows != 2 {
		t.Errorf("got %d and %d rows, want 1 and 2", result.Objects[0].Rows, result.Objects[3].Rows)
	}
}

// An object that changed since it was listed is left for the next run.
func TestChangedObject(t *testing.T) {
	bucket := dwhtest.S3(t)
	bucket.Setenv(t)
	store := objectstore.New(objectstore.Options{})
	a := bucket.Put("in/a", []byte(`{"id":1}`))
	bucket.Put("in/b", []byte(`{"id":2}`))
	objects := []objectstore.Object{
		{URL: objectstore.URL(bucket.URL("in/a")), ETag: a, Size: 8},
		{URL: objectstore.URL(bucket.URL("in/b")), ETag: "other", Size: 8},
	}
	statement, err := copystmt.ParseText("COPY t FROM 's3://b/in/' IAM_ROLE default JSON 'auto'")
	if err != nil {
		t.Fatal(err)
	}
	packer := compact.New(
		compact.Options{Copier: &recorder{store: store}, Store: store, WorkPrefix: objectstore.URL(bucket.URL("work"))},
	)
	result, err := packer.Copy(t.Context(), nil, statement, objects, nil)
	if err != nil {
		t.Fatal(err)
	}
	if result.Rows != 1 || !result.Objects[1].Changed || len(result.Rejects) != 0 {
		t.Errorf("got %+v, want one row and the other object changed", result)
	}
}
