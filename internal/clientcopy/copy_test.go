package clientcopy_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// fixture is a database with a table t, a folder and a store.
type fixture struct {
	t     *testing.T
	dsn   string
	dir   string
	store *objectstore.Store
}

func newFixture(t *testing.T, table string) *fixture {
	t.Helper()
	f := &fixture{t: t, dsn: dwhtest.Database(t), dir: t.TempDir(), store: objectstore.New(objectstore.Options{})}
	exec(t, connect(t, f.dsn), "CREATE TABLE t ("+table+")")
	return f
}

func (f *fixture) write(name, body string) { writeFile(f.t, f.dir, name, []byte(body)) }

func (f *fixture) objects() []objectstore.Object { return list(f.t, f.store, f.dir) }

// copy runs a COPY of objects in a transaction, which it commits on success.
func (f *fixture) copy(options string, objects []objectstore.Object, o clientcopy.Options) (clientcopy.Result, error) {
	f.t.Helper()
	ctx := context.Background()
	conn := connect(f.t, f.dsn)
	tx, err := conn.Begin(ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	result, err := clientcopy.Copy(
		ctx, conn, f.store, parse(f.t, "COPY t FROM '"+f.dir+"' IAM_ROLE default "+options),
		objects, o,
	)
	if err != nil {
		if rollback := tx.Rollback(ctx); rollback != nil && !conn.IsClosed() {
			f.t.Fatal(rollback)
		}
		return result, err
	}
	if err := tx.Commit(ctx); err != nil {
		f.t.Fatal(err)
	}
	return result, nil
}

func (f *fixture) rows(sql string) string {
	f.t.Helper()
	return strings.Join(rows(f.t, connect(f.t, f.dsn), sql), "\n")
}

const jsonAuto = "FORMAT AS JSON 'auto'"

// TestWorkers: the result is the same whatever the number of workers and the size of the buffers,
// and so is the failure at MAXERROR.
func TestWorkers(t *testing.T) {
	f := newFixture(t, "id INTEGER, v VARCHAR(100)")
	for i := range 200 {
		var b strings.Builder
		for k := range 1 + (i*7919)%40 {
			fmt.Fprintf(&b, "{\"id\":%d,\"v\":\"%s\"}\n", i*100+k, strings.Repeat("x", (i*k)%90))
			if (i+k)%97 == 0 {
				fmt.Fprintf(&b, "{\"id\":\"bad %d %d\"}\n", i, k)
			}
		}
		f.write(fmt.Sprintf("%03d.json", i), b.String())
	}
	var large strings.Builder
	for i := range 60000 {
		fmt.Fprintf(&large, "{\"id\":%d,\"v\":\"%s\"}\n", 1000000+i, strings.Repeat("y", i%90))
	}
	f.write("0large.json", large.String())
	objects := f.objects()

	variants := []clientcopy.Options{
		{Workers: 1}, {Workers: 2}, {Workers: 7, BufferBytes: 1 << 20},
		{Workers: 64, BufferBytes: 128 << 10}, {Workers: 32},
	}
	var wantRows string
	var want clientcopy.Result
	for i, o := range variants {
		got, err := f.copy(jsonAuto+" MAXERROR 1000", objects, o)
		if err != nil {
			t.Fatalf("%+v: got error %v, want none", o, err)
		}
		gotRows := f.rows("SELECT count(*), sum(id), md5(string_agg(id || v, '' ORDER BY id)) FROM t")
		exec(t, connect(t, f.dsn), "DELETE FROM t")
		if i == 0 {
			wantRows, want = gotRows, got
			if len(got.Rejects) == 0 || got.Rows < 60000 {
				t.Fatalf("got %d rows and %d rejects, want some", got.Rows, len(got.Rejects))
			}
		}
		if gotRows != wantRows {
			t.Errorf("%+v: got rows %s, want %s", o, gotRows, wantRows)
		}
		if diff := cmp.Diff(
			want, got,
			cmp.Comparer(func(a, b error) bool { return fmt.Sprint(a) == fmt.Sprint(b) }),
		); diff != "" {
			t.Errorf("%+v: result differs (-want +got):\n%s", o, diff)
		}
	}
	for _, limit := range []int{1, 3, 11} {
		for _, o := range variants {
			_, err := f.copy(fmt.Sprintf("%s MAXERROR %d", jsonAuto, limit), objects, o)
			var maxError *clientcopy.MaxErrorError
			if !errors.As(err, &maxError) {
				t.Fatalf("MAXERROR %d, %+v: got error %v, want *MaxErrorError", limit, o, err)
			}
			if diff := cmp.Diff(want.Rejects[:limit], maxError.Result.Rejects); diff != "" {
				t.Errorf("MAXERROR %d, %+v: rejects differ (-want +got):\n%s", limit, o, diff)
			}
		}
	}
	if got := f.rows("SELECT count(*) FROM t"); got != "0" {
		t.Errorf("after failed loads: got %s rows, want 0", got)
	}
}

// TestUnreadable: a small object that cannot be read adds nothing; of a large one some rows have
// gone out, so the caller repeats.
func TestUnreadable(t *testing.T) {
	var plain bytes.Buffer
	for i := range 400000 {
		fmt.Fprintf(&plain, "{\"id\":%d}\n", i)
	}
	compress := func(b []byte) string {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return z.String()
	}
	good := compress([]byte("{\"id\":1}\n{\"id\":2}\n"))
	small := compress(plain.Bytes()[:20000])
	large := compress(plain.Bytes())

	f := newFixture(t, "id INTEGER")
	f.write("a", good)
	f.write("b", small[:len(small)-10])
	result, err := f.copy(jsonAuto+" GZIP MAXERROR 2", f.objects(), clientcopy.Options{})
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	if got := f.rows("SELECT count(*) FROM t"); got != "2" || result.Rows != 2 {
		t.Errorf("got %s rows and Result.Rows %d, want 2", got, result.Rows)
	}
	if b := result.Objects[1]; b.Err == nil || b.Rows != 0 || b.Rejects != 1 || b.Changed {
		t.Errorf("got %+v, want an error, no rows, one reject", b)
	}
	if len(result.Rejects) != 1 || result.Rejects[0].Line != 0 || result.Rejects[0].Object != f.objects()[1].URL {
		t.Errorf("got rejects %+v, want one of line 0", result.Rejects)
	}

	f.write("b", large[:len(large)-10])
	_, err = f.copy(jsonAuto+" GZIP MAXERROR 2", f.objects(), clientcopy.Options{BufferBytes: 1 << 20})
	var unreadable *clientcopy.UnreadableError
	if !errors.As(err, &unreadable) || len(unreadable.Objects) != 1 || !strings.HasSuffix(
		string(unreadable.Objects[0].Object.URL), "/b",
	) {
		t.Fatalf("got error %v, want an *UnreadableError of b", err)
	}
	if got := f.rows("SELECT count(*) FROM t"); got != "2" {
		t.Errorf("after the rollback: got %s rows, want 2", got)
	}
}

// TestChanged: an object that is not the one that was listed is left for the next load, and is no
// reject.
func TestChanged(t *testing.T) {
	f := newFixture(t, "id INTEGER")
	f.write("a", "{\"id\":1}")
	f.write("b", "{\"id\":2}")
	objects := f.objects()
	f.write("b", "{\"id\":2}{\"id\":3}")
	result, err := f.copy(jsonAuto, objects, clientcopy.Options{})
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	if b := result.Objects[1]; !b.Changed || !errors.Is(b.Err, objectstore.ErrChanged) || b.Rejects != 0 {
		t.Errorf("got %+v, want Changed", b)
	}
	if got := f.rows("SELECT id FROM t"); got != "1" || len(result.Rejects) != 0 {
		t.Errorf("got rows %s, rejects %v; want 1 and none", got, result.Rejects)
	}
}

// TestServerError: the server's own refusal comes through as a PgError.
func TestServerError(t *testing.T) {
	f := newFixture(t, "id INTEGER CHECK (id < 5000)")
	var b strings.Builder
	for i := range 100000 {
		fmt.Fprintf(&b, "{\"id\":%d}\n", i)
	}
	f.write("a", b.String())
	_, err := f.copy(jsonAuto, f.objects(), clientcopy.Options{BufferBytes: 1 << 20})
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "23514" {
		t.Fatalf("got error %v, want a *pgconn.PgError 23514", err)
	}
}

// TestCanceled: a cancelled context ends the COPY with its error.
func TestCanceled(t *testing.T) {
	f := newFixture(t, "id INTEGER")
	var b strings.Builder
	for i := range 200000 {
		fmt.Fprintf(&b, "{\"id\":%d}\n", i)
	}
	f.write("a", b.String())
	f.write("b", b.String())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := clientcopy.Copy(ctx, connect(t, f.dsn), f.store, parse(
		t, "COPY t FROM '"+f.dir+"' "+jsonAuto,
	), f.objects(),
		clientcopy.Options{Workers: 1, Progress: func(clientcopy.Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got error %v, want context.Canceled", err)
	}
}

// TestProgress: the last report is the whole.
func TestProgress(t *testing.T) {
	f := newFixture(t, "id INTEGER")
	f.write("a", "{\"id\":1}")
	f.write("b", "{\"id\":2}{\"id\":\"x\"}")
	var last clientcopy.Progress
	result, err := f.copy(
		jsonAuto+" MAXERROR 2", f.objects(),
		clientcopy.Options{Progress: func(p clientcopy.Progress) { last = p }},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := clientcopy.Progress{Objects: 2, Bytes: 26, Rows: 2, Rejects: 1}
	if last != want || result.Rows != 2 {
		t.Errorf("got %+v, want %+v", last, want)
	}
}

// TestRaw: what a reject keeps of its record is text that can be stored, and bounded.
func TestRaw(t *testing.T) {
	f := newFixture(t, "id INTEGER, v VARCHAR(10)")
	f.write("a", "{\"id\":1,\"v\":\"\xff\"}\n{\"id\":2,\"v\":\""+strings.Repeat("x", 100<<10)+"\"}\n")
	result, err := f.copy(jsonAuto+" MAXERROR 3", f.objects(), clientcopy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	first, second := result.Rejects[0], result.Rejects[1]
	if want := "{\"id\":1,\"v\":\"\uFFFD\"}"; first.Raw != want {
		t.Errorf("got raw text %q, want %q", first.Raw, want)
	}
	if len(second.Raw) != 64<<10 || len(second.Value) != 1024 {
		t.Errorf(
			"got %d bytes of raw text, %d of the value; want %d and 1024", len(second.Raw),
			len(second.Value), 64<<10,
		)
	}
	if got, want := first.Error(), "file://"+filepath.Join(
		f.dir, "a",
	)+":1: column v: byte 0xff at position 1 is not valid UTF-8"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestZip: the files of names inside a .zip are parts of it.
func TestZip(t *testing.T) {
	f := newFixture(t, "name VARCHAR(20), sex VARCHAR(1), births INTEGER")
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, entry := range [][2]string{
		{"NationalReadMe.pdf", "%PDF"}, {"yob1880.txt", "Mary,F,7065\r\nAnna,F,2604\r\n"},
		{"names/yob1881.TXT", "Mary,F,many\n"}, {"__MACOSX/._yob1880.txt", "x"},
	} {
		w, err := z.Create(entry[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(entry[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	f.write("names.zip", b.String())
	f.write("other.zip", "no archive")
	result, err := f.copy("FORMAT AS CSV MAXERROR 5", f.objects(), clientcopy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.rows("SELECT * FROM t ORDER BY 1"), "Anna|F|2604\nMary|F|7065"; got != want {
		t.Errorf("got rows %s, want %s", got, want)
	}
	want := "file://" + f.dir + `/names.zip/names/yob1881.TXT:1: column births: "many" is not an integer`
	if len(result.Rejects) != 2 || result.Rejects[0].Error() != want {
		t.Errorf("got rejects %+v, want %s and one of other.zip", result.Rejects, want)
	}
}

// TestZipOfOtherFiles: an archive in which nothing is loaded is refused as an object; files of
// another that are not loaded are named.
func TestZipOfOtherFiles(t *testing.T) {
	f := newFixture(t, "id INTEGER")
	archive := func(names ...string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range names {
			w, err := z.Create(name)
			if err == nil && !strings.HasSuffix(name, "/") {
				_, err = w.Write([]byte("1\n"))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	f.write("a.zip", archive("x.tsv", "y.csv.gz", "part-00000"))
	f.write("b.zip", archive())
	f.write("c.zip", archive("x.csv", "y.tsv", "part-00000", "read me.pdf", "__MACOSX/._x.csv", ".x"))
	f.write("d.zip", archive("x.csv", "folder/", "read me.PDF"))
	result, err := f.copy("CSV MAXERROR 9", f.objects(), clientcopy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if result.Rows != 2 || len(result.Rejects) != 2 {
		t.Fatalf("got %d rows and rejects %v, want 2 rows and 2 rejects", result.Rows, result.Rejects)
	}
	for i, object := range result.Objects {
		var wrong *clientcopy.FormatError
		if refused := errors.As(object.Err, &wrong); refused != (i < 2) {
			t.Errorf("%s: got error %v, want a FormatError: %t", object.Object.URL, object.Err, i < 2)
		}
		var want []string
		if i == 2 {
			want = []string{"y.tsv", "part-00000"}
		}
		if diff := cmp.Diff(want, object.Left); diff != "" {
			t.Errorf("%s: files left differ (-want +got):\n%s", object.Object.URL, diff)
		}
	}
}

// TestManifest covers the rows on MANIFEST.
func TestManifest(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "a", []byte("x"))
	store := objectstore.New(objectstore.Options{})
	entry := func(name string, more string) string { return fmt.Sprintf(`{"url":"file://%s/%s"%s}`, dir, name, more) }
	tests := []struct {
		row, name, manifest, want string // names, blank separated, or error: and a part of it
	}{
		{
			"5", "entries in order, unknown keys ignored",
			`{"entries":[` + entry("a", `,"mandatory":true,"meta":{"content_length":1},"x":[]`) + `],"y":1}`,
			"a",
		},
		{
			"6", "absent and not mandatory",
			`{"entries":[` + entry("b", "") + "," + entry("a", `,"mandatory":false`) + `]}`, "a",
		},
		{
			"6", "absent and mandatory",
			`{"entries":[` + entry("a", "") + "," + entry("b", `,"mandatory":true`) + `]}`,
			"error: does not exist",
		},
		{"6", "nothing left", `{"entries":[` + entry("b", "") + `]}`, "error: none of its 1 objects exists"},
		{"7", "an entry twice", `{"entries":[` + entry("a", "") + "," + entry("a", "") + `]}`, "a a"},
		{"8", "malformed", `{"entries":[`, "error: unexpected end"},
		{"8", "no entries", `{}`, "error: no entries"},
		{"8", "compressed", "\x1f\x8b\x08", "error: invalid character"},
		{"5", "no URL", `{"entries":[{"mandatory":true}]}`, "error: not the URL"},
	}
	for _, test := range tests {
		t.Run(test.row+" "+test.name, func(t *testing.T) {
			path := writeFile(t, t.TempDir(), "manifest", []byte(test.manifest))
			objects, err := clientcopy.Manifest(
				t.Context(), store,
				parse(t, "COPY t FROM '"+path+"' MANIFEST FORMAT AS JSON 'auto' GZIP"),
			)
			var names []string
			for _, o := range objects {
				names = append(names, filepath.Base(string(o.URL)))
			}
			got := strings.Join(names, " ")
			if err != nil {
				got = "error: " + err.Error()
			}
			if part, failing := strings.CutPrefix(
				test.want, "error: ",
			); failing && (err == nil || !strings.Contains(err.Error(), part)) || !failing && got != test.want {
				t.Errorf("%s: got %s, want %s", test.manifest, got, test.want)
			}
		})
	}
	if _, err := clientcopy.Manifest(
		t.Context(), store, parse(t, "COPY t FROM '"+dir+"/none' MANIFEST FORMAT AS JSON 'auto'"),
	); !errors.Is(err, objectstore.ErrNotExist) {
		t.Errorf("absent manifest: got error %v, want ErrNotExist", err)
	}
}

// TestRefusalHasPosition: an option that is not supported is refused at its place, before the table
// or an object is looked at.
func TestRefusalHasPosition(t *testing.T) {
	sql := "COPY absent FROM '/nowhere'\nFORMAT AS JSON 'auto'\n  LZOP"
	_, err := clientcopy.Copy(t.Context(), nil, nil, parse(t, sql), nil, clientcopy.Options{})
	var at *sqlfile.Error
	if !errors.As(err, &at) || at.Line != 3 || at.Column != 3 || at.Hint == "" || !strings.Contains(at.Msg, "LZOP") {
		t.Fatalf("%s: got error %#v, want an *sqlfile.Error about LZOP at 3:3 with a hint", sql, err)
	}
}

// TestS3 loads the same objects from a folder and from an S3 server.
func TestS3(t *testing.T) {
	f := newFixture(t, "id INTEGER, v VARCHAR(100)")
	for i := range 300 {
		f.write(fmt.Sprintf("p/%03d.json", i), fmt.Sprintf("{\"id\":%d,\"v\":\"%d\"}", i, i*i))
	}
	if _, err := f.copy(jsonAuto, f.objects(), clientcopy.Options{}); err != nil {
		t.Fatal(err)
	}
	const all = "SELECT count(*), md5(string_agg(id || v, ',' ORDER BY id)) FROM t"
	want := f.rows(all)
	exec(t, connect(t, f.dsn), "DELETE FROM t")

	server := dwhtest.S3(t)
	server.PutDir(f.dir, "data")
	server.Setenv(t)
	f.store = objectstore.New(objectstore.Options{})
	objects := list(t, f.store, "s3://"+server.Bucket+"/data/")
	result, err := f.copy(jsonAuto, objects, clientcopy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.rows(all); got != want || result.Rows != 300 {
		t.Errorf("from S3: got %s, want %s", got, want)
	}
}
