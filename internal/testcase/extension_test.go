package testcase_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// TestExtension: a case uses an extension where no table of the warehouse is in reach for it, and
// leaves those that there are alone.
func TestExtension(t *testing.T) {
	t.Parallel()
	const create = "CREATE EXTENSION IF NOT EXISTS citext;\n"
	const installed = "SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace " +
		"WHERE e.extname = 'citext'"
	for _, c := range []struct {
		name, before, sql, path string
		want                    string // of the error, "" for none
		left                    string // the extension's schema afterwards, "" for no extension
	}{
		{"new database", "", create, "", "", ""},
		{"pg_catalog", "CREATE EXTENSION citext SCHEMA pg_catalog", create, "", "", "pg_catalog"},
		{"own schema", "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext", create, "public,ext", "", "ext"},
		{"with tables", "CREATE SCHEMA ext; CREATE TABLE ext.zone (a INT); CREATE EXTENSION citext SCHEMA ext", create,
			"public,ext", "00001_song.sql:2:32: the extension citext is in the schema ext", "ext"},
		{"live schema", "CREATE EXTENSION citext", create, "",
			"00001_song.sql:2:32: the extension citext is in the schema public, which a test case must not see",
			"public"},
		{"not created", "CREATE EXTENSION citext", "", "", "hint: a test case does not see the extension citext",
			"public"},
		{"twice", "CREATE EXTENSION citext", "CREATE EXTENSION citext;\n", "",
			"00001_song.sql:2:18: the database has the extension citext already", "public"},
		{"dropped", "CREATE EXTENSION citext", "DROP EXTENSION IF EXISTS citext CASCADE;\n", "",
			"00001_song.sql:2:26: DROP EXTENSION changes the extension", "public"},
		{"elsewhere", "", "CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;\n", "",
			"00001_song.sql:2:32: a test case cannot create an extension in the schema public", ""},
	} {
		dsn := dwhtest.Database(t)
		for sql := range strings.SplitSeq(c.before, "; ") {
			if sql != "" {
				dwhtest.Query(t, dsn, sql)
			}
		}
		url := dsn
		if c.path != "" {
			separator := "?"
			if strings.Contains(dsn, "?") {
				separator = "&"
			}
			url += separator + "search_path=" + c.path
		}
		files := map[string]string{
			"migrations/00001_song.sql": "-- +goose Up\n" + c.sql +
				"CREATE TABLE s_song (song_id VARCHAR(8), processed BOOLEAN DEFAULT FALSE NOT NULL);\n" +
				"CREATE TABLE d_song (song_id VARCHAR(8) NOT NULL, PRIMARY KEY (song_id));\n" +
				"CREATE TABLE zone (code CITEXT);\nINSERT INTO zone VALUES ('a');\n",
			"transforms/010_s_song.sql": "-- s_song: one row per song.\n" +
				"COPY s_song (song_id) FROM :'song_data' FORMAT AS JSON 'auto';\n",
			"transforms/110_d_song.sql": "-- d_song: one row per song.\n-- key: song_id\n-- from: s_song\n" +
				"SELECT song_id FROM s_song;\n",
			"tests/one/then/d_song.csv": "song_id\n",
			"dwh.yaml":                  "engine: postgres\n",
		}
		if c.name == "dropped" {
			const name = "migrations/00001_song.sql"
			files[name] = strings.Replace(files[name], "CITEXT", "TEXT", 1)
		}
		code, stdout, stderr := dwh(t, url, "test", "--project", project(t, files))
		if (code == 0) != (c.want == "") || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: got exit code %d, want the error %q\n%s%s", c.name, code, c.want, stdout, stderr)
		}
		left := ""
		if rows := dwhtest.Query(t, dsn, installed); len(rows) > 0 {
			left = rows[0][0]
		}
		if left != c.left {
			t.Errorf("%s: got the extension in %q afterwards, want %q", c.name, left, c.left)
		}
	}
}
