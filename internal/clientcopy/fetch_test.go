package clientcopy_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/objectstore"
)

// place is where a test's objects are.
type place struct {
	root   string // ends in a slash
	put    func(key string, body []byte)
	remove func(key string)
}

// TestFetch: objects that are fetched as a whole and those that are streamed load alike, whatever
// the number of workers and the budget; so do those that changed or went since they were listed.
func TestFetch(t *testing.T) {
	t.Run("S3", func(t *testing.T) {
		server := dwhtest.S3(t)
		server.Setenv(t)
		testFetch(t, place{
			root:   server.URL(""),
			put:    func(key string, body []byte) { server.Put(key, body) },
			remove: func(key string) { server.Delete(key) },
		})
	})
	t.Run("folder", func(t *testing.T) {
		dir := t.TempDir()
		testFetch(t, place{
			root: "file://" + filepath.ToSlash(dir) + "/",
			put: func(key string, body []byte) {
				t.Helper()
				path := filepath.Join(dir, key)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, body, 0o644); err != nil {
					t.Fatal(err)
				}
			},
			remove: func(key string) {
				t.Helper()
				if err := os.Remove(filepath.Join(dir, key)); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}

func testFetch(t *testing.T, at place) {
	f := newFixture(t, "id INTEGER, v VARCHAR(65535)")
	f.store = objectstore.New(objectstore.Options{})
	record := func(i, length int) string {
		return fmt.Sprintf("{\"id\":%d,\"v\":\"%s\"}\n", i, strings.Repeat(string(rune('a'+i%26)), length))
	}
	zipped := func(s string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for i := range 40 {
		body := record(i, i)
		if i%10 == 3 { // more than is fetched as a whole
			body = strings.Repeat(record(i, 30_000), 12)
		}
		at.put(fmt.Sprintf("plain/%02d.json", i), []byte(body))
		at.put(fmt.Sprintf("gzip/%02d.json.gz", i), zipped(body))
	}
	for _, form := range []string{"plain", "gzip"} {
		objects := list(t, f.store, at.root+form)
		for _, i := range []int{5, 13} { // a small and a large one
			at.put(strings.TrimPrefix(string(objects[i].URL), at.root), []byte("other"))
		}
		at.remove(strings.TrimPrefix(string(objects[7].URL), at.root))
		options := jsonAuto + " MAXERROR 5"
		if form == "gzip" {
			options += " GZIP"
		}
		// Ids 0 to 39 without 5, 7 and 13; of 3, 23 and 33 there are 12 rows of 30,000 letters, of
		// any other one of as many as its id says.
		want := fmt.Sprintf("37|%d|%d|37", 34+3*12, 39*40/2-(5+7+13)-(3+23+33)+3*12*30_000)
		for _, o := range []clientcopy.Options{
			{}, {Workers: 1}, {Workers: 3, BufferBytes: 1 << 20},
			{Workers: 200, BufferBytes: 4 << 20},
		} {
			exec(t, connect(t, f.dsn), "DELETE FROM t")
			result, err := f.copy(options, objects, o)
			if err != nil {
				t.Fatalf("%s, %+v: %v", form, o, err)
			}
			if got := f.rows(
				"SELECT count(DISTINCT id) || '|' || count(*) || '|' || sum(length(v)) || '|' || " +
					"count(DISTINCT v) FROM t",
			); got != want {
				t.Errorf("%s, %+v: got rows %s, want %s", form, o, got, want)
			}
			for i, r := range result.Objects {
				switch i {
				case 5, 13:
					if !r.Changed {
						t.Errorf("%s, %+v: object %d: got %+v, want it changed", form, o, i, r)
					}
				case 7:
					if !errors.Is(r.Err, objectstore.ErrNotExist) || r.Rejects != 1 {
						t.Errorf("%s, %+v: object %d: got %+v, want it absent", form, o, i, r)
					}
				default:
					if r.Err != nil || r.Rows != 1 && r.Rows != 12 {
						t.Errorf("%s, %+v: object %d: got %+v, want its rows", form, o, i, r)
					}
				}
			}
		}
	}
}
