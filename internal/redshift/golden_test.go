package redshift_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/nativecopy"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/transforms"
)

// What Redshift gets of every migration and transform, reviewed like code. go test
// ./internal/redshift -run Rendering -update writes it.
func TestRenderings(t *testing.T) {
	t.Parallel()
	dwh := on(t, "")
	var names []string
	for dir, files := range map[string]interface {
		ReadDir(name string) ([]os.DirEntry, error)
	}{"bookkeeping": bookkept{}, "migrations": migrations.FS, "transforms": transforms.FS} {
		entries, err := files.ReadDir(".")
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), ".sql") {
				names = append(names, dir+"/"+entry.Name())
			}
		}
	}
	flags := append(
		[]string{
			"--engine", "redshift", "--region", "us-west-2", "--iam-role",
			"arn:aws:iam::123456789012:role/dwh-copy",
		},
		sources("s3://sparkify")...,
	)
	want := map[string]bool{}
	for _, name := range names {
		got, _ := dwh.must(append([]string{"render", name}, flags...)...)
		golden(t, strings.ReplaceAll(name, "/", "."), got)
		want[strings.ReplaceAll(name, "/", ".")] = true
	}
	// The COPY as it is sent, by its manifest.
	for _, file := range []string{"010_s_song.sql", "020_s_songplay_event.sql", "030_s_name.sql"} {
		text, err := transforms.FS.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := sqlfile.Parse(file, string(text))
		if err != nil {
			t.Fatal(err)
		}
		expanded, err := copystmt.Bind(parsed.Statements(sqlfile.Redshift)[0], map[string]string{
			"song_data": "s3://sparkify/song_data", "log_data": "s3://sparkify/log_data",
			"log_jsonpaths": "s3://sparkify/log_json_path.json", "names": "s3://sparkify/names",
		})
		if err != nil {
			t.Fatal(err)
		}
		statement, err := copystmt.Parse(expanded)
		if err != nil {
			t.Fatal(err)
		}
		statement.From, statement.Manifest = "s3://sparkify-work/dwh/20181130T000000.000000Z-0123abcd/1-"+statement.Name+".manifest", true
		golden(t, "copy."+file, statement.SQL(sqlfile.Redshift)+"\n")
		want["copy."+file] = true
	}
	golden(
		t, "manifest.json",
		string(
			nativecopy.Manifest(
				[]objectstore.Object{
					{URL: "s3://sparkify/log_data/2018/11/2018-11-01-events.json", ETag: "0", Size: 6718},
				},
			),
		)+"\n",
	)
	want["manifest.json"] = true
	entries, err := os.ReadDir(filepath.Join("testdata", "golden"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !want[entry.Name()] {
			t.Errorf("testdata/golden/%s: got a golden file of nothing, want it deleted", entry.Name())
		}
	}
}

// bookkept lists the migrations of dwh's own tables.
type bookkept struct{}

func (bookkept) ReadDir(name string) ([]os.DirEntry, error) {
	return fs.ReadDir(bookkeeping.FS(), name)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	at := filepath.Join("testdata", "golden", name)
	if *update {
		write(t, at, []byte(got))
		return
	}
	want, err := os.ReadFile(at)
	if err != nil {
		t.Errorf("%v; see what it says with -update", err)
		return
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", at, got, want)
	}
}
