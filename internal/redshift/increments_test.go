package redshift_test

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/transforms"
)

// verify --increments speaks Redshift's SQL: no savepoint, no COPY TO, and nothing of it is left.
func TestIncrementsByVerify(t *testing.T) {
	folder := writeSample(t, 60, 300)
	server := redshiftstandin.Start(t, redshiftstandin.Options{WithTLS: true})
	dwh := on(t, server.DSN)
	dwh.must(append([]string{"run"}, sources(folder)...)...)
	want := contents(t, server.Backing)
	seed := strconv.FormatUint(1+rand.Uint64N(1<<32-1), 10)
	t.Logf("seed %s", seed)
	stdout, _ := dwh.must("verify", "--increments", "10", "--seed", seed, "--sample", "100")
	if !strings.Contains(stdout, "10 increments agreed with a complete build: seed "+seed) {
		t.Errorf("got\n%s\nwant 10 increments that agreed", stdout)
	}
	same(t, contents(t, server.Backing), want)
	if got := one(t, server.Backing, "SELECT COUNT(*) FROM pg_namespace WHERE nspname LIKE 'dwh_proof%'"); got != "0" {
		t.Errorf("got %s schemas of the proof, want none left", got)
	}
}

// A wrong header is found on Redshift, too, and a row that a model refuses does not end the proof.
func TestWrongHeaderByVerify(t *testing.T) {
	folder := writeSample(t, 60, 300)
	server := redshiftstandin.Start(t, redshiftstandin.Options{WithTLS: true})
	dwh := on(t, server.DSN)
	dwh.must(append([]string{"run"}, sources(folder)...)...)
	project := t.TempDir()
	entries, err := fs.ReadDir(transforms.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, old, replacement string) {
		t.Helper()
		text, err := fs.ReadFile(transforms.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), old) {
			t.Fatalf("%s: got no %q in it", name, old)
		}
		write(t, filepath.Join(project, "transforms", name), []byte(strings.Replace(string(text), old, replacement, 1)))
	}
	for _, entry := range entries {
		put(entry.Name(), "", "")
	}
	// The line names more than the SELECT joins by.
	const wrong = "-- joins: name_artist by name = artist, artist_id = song"
	edit := func(old, replacement string) {
		t.Helper()
		at := filepath.Join(project, "transforms", "210_f_songplay.sql")
		text, err := os.ReadFile(at)
		if err != nil || !strings.Contains(string(text), old) {
			t.Fatalf("got no %q (%v)", old, err)
		}
		write(t, at, []byte(strings.Replace(string(text), old, replacement, 1)))
	}
	edit("-- joins: name_artist by name = artist", wrong)
	edit("ON by_name.name = play.artist", "ON by_name.name = play.artist AND by_name.artist_id = by_name.artist_id")
	code, stdout, stderr := dwh.run("verify", "--increments", "20", "--seed", "7", "--project", project)
	if code != 3 || !strings.Contains(stdout, "f_songplay (210_f_songplay): ") ||
		!strings.Contains(stdout, "210_f_songplay.sql:7: "+strings.TrimPrefix(wrong, "-- ")) {
		t.Errorf("got exit code %d, want 3 and the header line\n%s%s", code, stdout, stderr)
	}

	put("210_f_songplay.sql", "", "")
	put("110_d_song.sql", "-- pick: year DESC, duration DESC, title, artist_id\n", "")
	code, _, stderr = dwh.run("verify", "--increments", "8", "--seed", "7", "--sample", "60", "--project", project)
	if code != 1 || !strings.Contains(stderr, "a complete build fails too") ||
		!strings.Contains(stderr, "110_d_song.sql:2:1: d_song: several different rows have the same key") {
		t.Errorf("got exit code %d, want 1 and the rows that the model refuses\n%s", code, stderr)
	}
	execute(
		t, server.Backing,
		"DELETE FROM s_song AS a USING s_song AS b WHERE a.song_id = b.song_id AND a.ctid < b.ctid",
	)
	stdout, _ = dwh.must("verify", "--increments", "8", "--seed", "7", "--sample", "60", "--project", project)
	if !strings.Contains(stdout, "the models refused the copies that had a column of another row") {
		t.Errorf("got\n%s\nwant to read that the models refuse copies", stdout)
	}
}

// execute runs statements.
func execute(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
