package redshift_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

// Everything that the program does, on Redshift's SQL, with rows sent by INSERTs from a folder: the
// tables equal PostgreSQL's.
func TestWholeByInsert(t *testing.T) {
	folder := writeSample(t, 60, 800)
	server := redshiftstandin.Start(t, redshiftstandin.Options{WithTLS: true})
	dwh := on(t, server.DSN)
	args := append([]string{"run"}, sources(folder)...)
	_, stderr := dwh.must(args...)
	for _, want := range []string{
		"target: Redshift 1.0.", "loading s_song by INSERTs: Redshift cannot read a local folder",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("got\n%s\nwant %q in it", stderr, want)
		}
	}
	want := onPostgres(t, folder)
	same(t, contents(t, server.Backing), want)
	for _, statement := range server.Statements() {
		if strings.HasPrefix(strings.TrimSpace(statement), "COPY") {
			t.Errorf("got a COPY, want INSERTs: %.200s", statement)
		}
	}
	everything(t, dwh, args, func() { same(t, contents(t, server.Backing), want) })
}

// The same by Redshift's own COPY from S3, whose tables equal those of a folder on PostgreSQL.
func TestWholeByCopy(t *testing.T) {
	folder := writeSample(t, 60, 800)
	bucket := dwhtest.S3(t)
	bucket.Setenv(t)
	bucket.PutDir(folder, "data")
	server := redshiftstandin.Start(t, redshiftstandin.Options{WithTLS: true, S3: bucket.Client()})
	dwh := on(t, server.DSN, append(bucket.Env(), "DWH_LOAD_METHOD=copy", "DWH_WORK_PREFIX="+bucket.URL("work"))...)
	args := append([]string{"run"}, sources(bucket.URL("data"))...)
	dwh.must(args...)
	want := onPostgres(t, folder)
	same(t, contents(t, server.Backing), want)
	copies := 0
	for _, statement := range server.Statements() {
		if strings.HasPrefix(strings.TrimSpace(statement), "COPY") {
			copies++
			if !strings.Contains(statement, "MANIFEST") || !strings.Contains(
				statement, "IAM_ROLE default",
			) || strings.Contains(statement, bucket.SecretKey) {
				t.Errorf("got %s, want a MANIFEST, a role and no key", statement)
			}
		}
	}
	if copies != 3 {
		t.Errorf("got %d COPYs, want one for each table", copies)
	}
	if left := keys(t, bucket, "work"); len(left) > 0 {
		t.Errorf("got %q left under the work prefix, want nothing", left)
	}
	if got := one(t, server.Backing, "SELECT COUNT(*) FROM s_object WHERE rejects IS NULL"); got != "0" {
		t.Errorf("got %s objects whose rejects are not counted, want none", got)
	}
	counted := 0
	for _, table := range []string{"s_song", "s_songplay_event", "s_name"} {
		// Some objects are pretty-printed: of the COPY of such an object nobody knows the rows of
		// each. What is told has to be right.
		if one(
			t,
			server.Backing,
			"SELECT COUNT(*) FROM s_object WHERE rows IS NULL AND table_name = '"+table+"'",
		) != "0" {
			continue
		}
		counted++
		if got, want := one(t, server.Backing, "SELECT SUM(rows) FROM s_object WHERE table_name = '"+table+"'"),
			one(t, server.Backing, "SELECT COUNT(*) FROM "+table); got != want {
			t.Errorf("got %s rows of %s in the ledger, want %s as in the table", got, table, want)
		}
	}
	if counted == 0 {
		t.Error("got no table whose rows are counted, want s_name at least")
	}
	everything(t, dwh, args, func() { same(t, contents(t, server.Backing), want) })
}

// everything runs the other commands on a loaded warehouse; unchanged is called when nothing may
// have changed.
func everything(t *testing.T, dwh program, run []string, unchanged func()) {
	t.Helper()
	dwh.must(run...) // nothing is new
	unchanged()
	dwh.must("transform", "--replay")
	unchanged()
	dwh.must("verify")
	dwh.must("check")
	dwh.must("migrate", "status")
	dwh.must("history")
	dwh.must("reject", "list")
	for _, report := range []string{
		"songplays-by-level", "songplays-by-location", "top-artists", "top-songs",
		"top-artists-by-gender", "gender-breakdown", "songplays-by-hour",
		"songplays-by-weekday", "daily-activity",
	} {
		if out, _ := dwh.must("report", report, "--format", "json"); !strings.HasPrefix(out, "[") {
			t.Errorf("report %s: got %s, want JSON", report, out)
		}
	}
	dwh.must("report", "artist-locations", "--artist", "nobody")
	dwh.must("migrate", "redo")
	dwh.must(run...)
	unchanged()
	dwh.must("migrate", "down-to", "3") // the flag goes
	dwh.must("migrate", "up")           // and is made anew: a replay is due
	dwh.must(run...)
	unchanged()
}
