package transform_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/transform"
)

func TestMaxErrorRollsTheBatchBack(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	strict := changed(t, "010_s_song.sql", "MAXERROR 1000", "MAXERROR 2")
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	s.write(
		"song_data/A/2.json",
		`{"song_id": "S2", "duration": "soon"}`+"\n"+`{"song_id": "S3"}`+"\n"+`{"song_id": "S4", "year": "never"}`+"\n",
	)
	run := func() (transform.Result, error) {
		return w.runner(s.vars(), func(o *transform.Options) { o.Steps = strict }).Run(t.Context(), "test", nil)
	}
	for range 2 { // what a second try leaves behind replaces what the first did
		_, err := run()
		var tooMany *clientcopy.MaxErrorError
		var refused *load.RefusedError
		if !errors.As(err, &tooMany) || !errors.As(err, &refused) {
			t.Fatalf("two rejects with MAXERROR 2: got %v, want *RefusedError of *MaxErrorError", err)
		}
		if got := w.one("SELECT COUNT(*) FROM s_song"); got != "0" {
			t.Errorf("staged songs: got %s, want 0: the batch is atomic", got)
		}
		if got := w.one("SELECT COUNT(*) FROM s_object"); got != "0" {
			t.Errorf("ledger: got %s rows, want 0", got)
		}
		got := fmt.Sprint(w.rows("SELECT line, column_name, outcome, raw_text FROM s_reject ORDER BY line"))
		if want := `[[1 duration failed {"song_id": "S2", "duration": "soon"}] [3 year failed ` +
			`{"song_id": "S4", "year": "never"}]]`; got != want {
			t.Errorf("rejects: got %s, want %s", got, want)
		}
	}
	// Below MAXERROR the good records load and the reject stands beside them.
	s.write("song_data/A/2.json", `{"song_id": "S2", "duration": "soon"}`+"\n"+`{"song_id": "S3"}`+"\n")
	result, err := run()
	if err != nil {
		t.Fatal(err)
	}
	if load := result.Loads[0]; load.Rows != 2 || load.Rejects != 1 || load.Objects != 2 {
		t.Errorf("corrected load: got %+v, want 2 rows and 1 reject of 2 objects", load)
	}
	if got := fmt.Sprint(w.rows("SELECT line, outcome FROM s_reject")); got != "[[1 loaded]]" {
		t.Errorf("rejects: got %s, want line 1 beside a loaded batch", got)
	}
}

func TestUnreadableObjectIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	// A name ending in .gz does not tell COPY anything; a statement with GZIP meets an object that
	// is none.
	zipped := changed(t, "010_s_song.sql", "MAXERROR 1000", "GZIP\nMAXERROR 1000")
	packed := gzipped(t, `{"song_id": "S2", "title": "T", "artist_id": "A2", "artist_name": "B"}`)
	s.write("song_data/A/2.json", packed)
	for try := range 2 {
		result := w.run(s.vars(), func(o *transform.Options) { o.Steps = zipped })
		if load := result.Loads[0]; load.Unreadable != 1 || load.Objects != 1-int64(try) || load.Rows != 1-int64(try) {
			t.Errorf("try %d: got %+v, want one unreadable object and the other loaded once", try, load)
		}
		got := fmt.Sprint(w.rows("SELECT line, outcome, RIGHT(url, 6) FROM s_reject"))
		if got != "[[0 failed 1.json]]" {
			t.Errorf("try %d: rejects: got %s, want line 0 of 1.json once", try, got)
		}
		if got := w.one("SELECT COUNT(*) FROM s_object WHERE url LIKE '%1.json'"); got != "0" {
			t.Errorf("try %d: ledger rows of the unreadable object: got %s, want 0", try, got)
		}
	}
	s.write("song_data/A/1.json", gzipped(t, `{"song_id": "S1", "title": "T", "artist_id": "A1", "artist_name": "B"}`))
	w.run(s.vars(), func(o *transform.Options) { o.Steps = zipped })
	if got := w.one("SELECT COUNT(*) FROM d_song"); got != "2" {
		t.Errorf("songs once the object can be read: got %s, want 2", got)
	}
	if got := w.one("SELECT COUNT(*) FROM s_reject"); got != "0" {
		t.Errorf("rejects once the object can be read: got %s, want 0", got)
	}
}

func TestSkippedObjectIsNotTried(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.write("song_data/A/1.json", "no JSON at all")
	strict := func(o *transform.Options) { o.Steps = changed(t, "010_s_song.sql", "MAXERROR 1000", "MAXERROR 1") }
	if _, err := w.runner(s.vars(), strict).Run(t.Context(), "test", nil); err == nil {
		t.Fatal("a run over a broken object: got no error")
	}
	store := w.runner(s.vars()).Store
	for object, err := range store.List(t.Context(), mustURL(t, filepath.Join(s.dir, "song_data"))) {
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.runner(s.vars()).Skip(t.Context(), "skip", object, []string{"s_song"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if result := w.run(s.vars(), strict); result.Loads[0].Known != 0 || result.Loads[0].GivenUp != 1 {
		t.Errorf("run after skip: got %+v, want the object given up, and none loaded before", result.Loads[0])
	}
	if got := fmt.Sprint(w.rows("SELECT outcome, rows FROM s_object")); got != "[[skipped 0]]" {
		t.Errorf("ledger: got %s, want one skipped object", got)
	}
}

func gzipped(t *testing.T, body string) string {
	t.Helper()
	var out bytes.Buffer
	packer := gzip.NewWriter(&out)
	if _, err := packer.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func mustURL(t *testing.T, path string) objectstore.URL {
	t.Helper()
	u, err := objectstore.ParseURL(path)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestDataCannotSetTheFlag: a COPY without a column list, or with the flag in it, loads nothing.
func TestDataCannotSetTheFlag(t *testing.T) {
	t.Parallel()
	for columns, want := range map[string]string{
		"":                         "transforms/010_s_customer.sql:3:6: COPY has no column list",
		"card_no, name, processed": "transforms/010_s_customer.sql:3:33: COPY may not load the column processed",
	} {
		k := newKiosk(t)
		k.load("010_s_customer", columns, "CSV MAXERROR 100", "--")
		if columns == "" {
			file := k.files["010_s_customer.sql"]
			file.Data = bytes.ReplaceAll(file.Data, []byte(" ()"), nil)
		}
		k.put("s_customer", "1.csv", "39,Ada,t\n")
		_, err := k.runner().Run(t.Context(), "test", nil)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("columns %q: got %v, want %s", columns, err, want)
		}
		k.want("SELECT COUNT(*) FROM s_customer", "0")
	}
}
