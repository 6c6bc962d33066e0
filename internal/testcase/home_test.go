package testcase_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/transforms"
)

const leftovers = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'dwh%'"

// project makes a folder of files by name.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestKilled: the schema of a dwh that was killed goes with the next run, that of one that works
// stays.
func TestKilled(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	env := []string{"DATABASE_URL=" + dsn}
	// As many cases as there are take some seconds.
	victim := dwhtest.StartProgram(t, env, "test")
	dwhtest.Await(t, func() string {
		if len(dwhtest.Query(t, dsn, leftovers)) == 0 {
			return "there is no schema of the cases"
		}
		return ""
	})
	name := dwhtest.Query(t, dsn, leftovers)[0][0]
	if code, stdout, stderr := dwh(t, dsn, "test", "d_song_plain"); code != 0 {
		t.Fatalf("beside another one: got exit code %d, want 0\n%s%s", code, stdout, stderr)
	}
	if got := dwhtest.Query(t, dsn, leftovers); len(got) != 1 || got[0][0] != name {
		t.Fatalf("beside another one: got schemas %v, want just that of the other", got)
	}
	victim.Signal(os.Kill)
	dwhtest.Await(t, func() string {
		if code, stdout, stderr := dwh(t, dsn, "test", "d_song_plain"); code != 0 {
			t.Fatalf("got exit code %d, want 0\n%s%s", code, stdout, stderr)
		}
		if left := dwhtest.Query(t, dsn, leftovers); len(left) > 0 {
			return "the schema of the killed one is there: " + left[0][0]
		}
		return ""
	})
	if left := dwhtest.Query(t, dsn,
		"SELECT relname FROM pg_class WHERE relname LIKE 's\\_%' OR relname LIKE 'goose%'"); len(left) > 0 {
		t.Errorf("got %v outside the schemas of the cases, want nothing", left)
	}
}

// TestInterrupted: Ctrl-C takes the schema away.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	p := dwhtest.StartProgram(t, []string{"DATABASE_URL=" + dsn}, "test")
	dwhtest.Await(t, func() string {
		if len(dwhtest.Query(t, dsn, leftovers)) == 0 {
			return "there is no schema of the cases"
		}
		return ""
	})
	p.Signal(os.Interrupt)
	if code := p.Wait(); code != 130 {
		t.Errorf("got exit code %d, want 130", code)
	}
	if left := dwhtest.Query(t, dsn, leftovers); len(left) > 0 {
		t.Errorf("got schemas %v, want none", left)
	}
}

// TestOrdinaryUser: a user who may do nothing in the database but make schemas runs cases, and one
// who may not even do that is told what is missing.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	database := strings.TrimPrefix(u.Path, "/")
	role := database + "_tester"
	dwhtest.Query(t, dsn, "CREATE ROLE "+role+" LOGIN PASSWORD 'secret'")
	t.Cleanup(func() {
		dwhtest.Query(t, dwhtest.Admin(t, dsn), "DROP OWNED BY "+role)
		dwhtest.Query(t, dwhtest.Admin(t, dsn), "DROP ROLE "+role)
	})
	dwhtest.Query(t, dsn, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
	u.User = url.UserPassword(role, "secret")
	code, _, stderr := dwh(t, u.String(), "test", "d_song_plain")
	if code != 1 || !strings.Contains(stderr, "make a schema for the test cases: ") || !strings.Contains(stderr,
		"hint: the user needs GRANT CREATE ON DATABASE") {
		t.Errorf("got exit code %d, want 1 and what is missing\n%s", code, stderr)
	}
	dwhtest.Query(t, dsn, "GRANT CREATE ON DATABASE "+database+" TO "+role)
	if code, stdout, stderr := dwh(t, u.String(), "test", "d_song_plain", "f_songplay_plain"); code != 0 {
		t.Errorf("got exit code %d, want 0\n%s%s", code, stdout, stderr)
	}
}

// TestWrongHeaderDiffers: where the increments give other rows than a replay, the case fails even
// if what it expects is what the increments give.
func TestWrongHeaderDiffers(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"tests/late/1_given/s_songplay_event.csv": "page,user_id,session_id,item_in_session,ts,song,artist\n" +
			"NextSong,7,1,0,1541106106796,One,Muse\n",
		"tests/late/2_given/s_song.csv":   "song_id,title,artist_id,artist_name\nS1,One,A1,Muse\n",
		"tests/late/then/f_songplay.csv":  "user_id,song_id,artist_id\n7,,\n",
		"tests/alone/then/f_songplay.csv": "user_id\n",
	}
	names, err := fs.Glob(transforms.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(transforms.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		files["transforms/"+name] = string(text)
	}
	edit := func(name, old, replacement string) {
		t.Helper()
		if !strings.Contains(files[name], old) {
			t.Fatalf("%s: got no %q in it", name, old)
		}
		files[name] = strings.Replace(files[name], old, replacement, 1)
	}
	// These lines promise equalities that the SELECT does not have.
	fact := "transforms/210_f_songplay.sql"
	edit(fact, "-- joins: song by title = song, artist_name = artist\n",
		"-- joins: song by title = song, artist_name = artist, artist_id = user_id\n")
	edit(fact, "    AND song.artist_id <> ''", "    AND song.artist_id <> '' AND song.artist_id = song.artist_id")
	edit(
		fact, "-- joins: name_artist by name = artist\n",
		"-- joins: name_artist by name = artist, artist_id = user_id\n",
	)
	edit(
		fact, "ON by_name.name = play.artist",
		"ON by_name.name = play.artist AND by_name.artist_id = by_name.artist_id",
	)
	code, stdout, stderr := dwh(t, dwhtest.Database(t), "test", "--project", project(t, files))
	want := "f_songplay: 1 changed (replay and increments give different rows; see dwh verify --increments)"
	if code != 3 || !strings.Contains(stdout, want) || !strings.Contains(stdout,
		"artist_id is NULL, not A1; song_id is NULL, not S1") {
		t.Errorf("got exit code %d, want 3 and that the replay differs\n%s%s", code, stdout, stderr)
	}
	if !strings.Contains(stdout, "ok    alone\n") {
		t.Errorf("got\n%s\nwant that the other case passes", stdout)
	}
}

// TestGlobalSum: a table that holds a row even over nothing holds it in every case.
func TestGlobalSum(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"transforms/010_s_song.sql": "-- s_song: one row per song.\n" +
			"COPY s_song (song_id) FROM :'song_data' IAM_ROLE :'iam_role' FORMAT AS JSON 'auto';\n",
		"transforms/110_d_user.sql": "-- d_user: the one who has heard them all.\n-- key: user_id\n" +
			"SELECT 'all' AS user_id, CAST(COUNT(*) AS VARCHAR(20)) AS first_name, CAST(NULL AS " +
			"VARCHAR(1)) AS last_name,\n" +
			"    CAST(NULL AS VARCHAR(1)) AS gender, CAST(NULL AS VARCHAR(1)) AS level, 0 AS last_ts,\n" +
			"    0 AS last_session_id, 0 AS last_item_in_session\nFROM s_song;\n",
		"tests/nothing/then/d_user.csv":   "user_id,first_name\nall,0\n",
		"tests/some/given/s_song.csv":     "song_id\nS1\nS2\n",
		"tests/some/then/d_user.csv":      "user_id,first_name\nall,2\n",
		"tests/some_more/then/s_song.csv": "song_id\n",
		"tests/zero/then/d_user.csv":      "user_id,first_name\nall,0\n",
	}
	code, stdout, stderr := dwh(t, dwhtest.Database(t), "test", "--project", project(t, files))
	if code != 0 || !strings.Contains(stdout, "tests: 4 ok, 0 failed") {
		t.Errorf("got exit code %d, want 0\n%s%s", code, stdout, stderr)
	}
}

// TestNamedSchema: a migration that names the warehouse's schema would write to it, and is refused.
func TestNamedSchema(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"migrations/00001_note.sql": "-- +goose Up\n" +
			"CREATE TABLE s_song (song_id VARCHAR(8), processed BOOLEAN DEFAULT FALSE NOT NULL);\n" +
			"CREATE TABLE public.d_song (song_id VARCHAR(8) NOT NULL, PRIMARY KEY (song_id));\n" +
			"-- +goose Down\nDROP TABLE d_song;\n",
		"transforms/010_s_song.sql": "-- s_song: one row per song.\n" +
			"COPY s_song (song_id) FROM :'song_data' FORMAT AS JSON 'auto';\n",
		"transforms/110_d_song.sql": "-- d_song: one row per song.\n-- key: song_id\n-- from: s_song\n" +
			"SELECT song_id FROM s_song;\n",
		"tests/one/then/d_song.csv": "song_id\n",
	}
	dsn := dwhtest.Database(t)
	code, _, stderr := dwh(t, dsn, "test", "--project", project(t, files))
	if code != 1 || !strings.Contains(stderr, "00001_note.sql:3:14: the SQL names the schema public") {
		t.Errorf("got exit code %d, want 1 and the place\n%s", code, stderr)
	}
	if got := dwhtest.Query(
		t, dsn, "SELECT relname FROM pg_class WHERE relname IN ('s_song', 'd_song')",
	); len(got) > 0 {
		t.Errorf("got tables %v, want none", got)
	}
}

// TestOtherSchema: a migration that changes another schema is refused before anything runs.
func TestOtherSchema(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sql, want string }{
		{"DROP SCHEMA IF EXISTS ref_e CASCADE;\nCREATE SCHEMA ref_e;\nCREATE TABLE ref_e.rate (a BIGINT);\n",
			"00002_other.sql:2:1: DROP SCHEMA reaches outside the schema"},
		{"CREATE TABLE zone (a BIGINT);\nINSERT INTO ref_e.rate VALUES (2);\n",
			"00002_other.sql:3:13: the SQL writes to the schema ref_e"},
		{"DO $$ BEGIN DELETE FROM ref_e.rate; END $$;\n", "00002_other.sql:2:25: the SQL writes to the schema ref_e"},
	} {
		dsn := dwhtest.Database(t)
		dwhtest.Query(t, dsn, "CREATE SCHEMA ref_e")
		dwhtest.Query(t, dsn, "CREATE TABLE ref_e.rate (a BIGINT)")
		dwhtest.Query(t, dsn, "INSERT INTO ref_e.rate VALUES (1)")
		files := map[string]string{
			"migrations/00001_song.sql": "-- +goose Up\n" +
				"CREATE TABLE s_song (song_id VARCHAR(8), processed BOOLEAN DEFAULT FALSE NOT NULL);\n" +
				"CREATE TABLE d_song (song_id VARCHAR(8) NOT NULL, PRIMARY KEY (song_id));\n",
			"migrations/00002_other.sql": "-- +goose Up\n" + c.sql,
			"transforms/010_s_song.sql": "-- s_song: one row per song.\n" +
				"COPY s_song (song_id) FROM :'song_data' FORMAT AS JSON 'auto';\n",
			"transforms/110_d_song.sql": "-- d_song: one row per song.\n-- key: song_id\n-- from: s_song\n" +
				"SELECT song_id FROM s_song;\n",
			"tests/one/then/d_song.csv": "song_id\n",
			"dwh.yaml":                  "engine: postgres\n",
		}
		code, _, stderr := dwh(t, dsn, "test", "--project", project(t, files))
		if code != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("got exit code %d, want 1 and %s\n%s", code, c.want, stderr)
		}
		if got := dwhtest.Query(t, dsn, "SELECT a FROM ref_e.rate"); len(got) != 1 || got[0][0] != "1" {
			t.Errorf("%s: got rows %v of the other schema, want the row 1", c.sql, got)
		}
	}
}
