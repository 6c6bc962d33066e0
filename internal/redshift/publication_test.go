package redshift_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// A publication of a table without a replica identity ends a run, with exit code 1 and a fix that
// can be pasted; the doctor says the same.
func TestPublications(t *testing.T) {
	t.Parallel()
	folder, more := writeSample(t, 5, 40), writeSample(t, 6, 60)
	for _, c := range []struct {
		name, make, fix string
		want            []string
	}{
		{
			"of a staging table", `CREATE PUBLICATION "Sub scribers" FOR TABLE s_song, f_songplay`,
			`ALTER PUBLICATION "Sub scribers" DROP TABLE "public"."s_song";`,
			[]string{"publication Sub scribers publishes changes of table s_song, which has no replica identity"},
		},
		{
			"that keeps the table", `CREATE PUBLICATION p FOR TABLE s_song`,
			`ALTER TABLE "public"."s_song" REPLICA IDENTITY FULL;`,
			[]string{"publication p publishes changes of table s_song"},
		},
		{
			"of all tables", `CREATE PUBLICATION everything FOR ALL TABLES`,
			`ALTER PUBLICATION "everything" SET (publish = 'insert');`,
			[]string{"publication everything is FOR ALL TABLES"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dsn := dwhtest.Database(t)
			dwh := on(t, dsn)
			dwh.must(append([]string{"run"}, sources(folder)...)...)
			if got := findings(t, dwh)["publications"]; got[0] != "ok" {
				t.Errorf("without a publication: got %q, want ok", got)
			}
			paste(t, dsn, "CREATE TABLE mine (a INTEGER)")
			paste(t, dsn, "CREATE PUBLICATION mine FOR TABLE mine")
			paste(t, dsn, c.make)
			// A row that the load did not stage itself is flagged by UPDATE.
			paste(
				t,
				dsn,
				"INSERT INTO s_song (song_id, title, artist_id, artist_name, duration, num_songs, year, processed) "+
					"VALUES ('S', 'T', 'A', 'N', 1, 1, 0, FALSE)",
			)
			run := append([]string{"run"}, sources(more)...)
			code, stdout, stderr := dwh.run(run...)
			if code != 1 {
				t.Errorf("got exit code %d, want 1\n%s%s", code, stdout, stderr)
			}
			for _, want := range append(c.want, c.fix) {
				if !strings.Contains(stderr, want) {
					t.Errorf("got\n%s\nwant %q in it", stderr, want)
				}
			}
			got := findings(t, dwh)["publications"]
			if got[0] != "fail" || !strings.Contains(got[1], c.want[0]) || !strings.Contains(got[2], c.fix) ||
				strings.Contains(got[1], "mine") {
				t.Errorf("the doctor: got %q, want %q and %q", got, c.want[0], c.fix)
			}
			paste(t, dsn, c.fix)
			dwh.must(run...)
			if got := findings(t, dwh)["publications"]; got[0] != "ok" {
				t.Errorf("after the fix: got %q, want ok", got)
			}
			dwh.must("verify")
		})
	}
}
