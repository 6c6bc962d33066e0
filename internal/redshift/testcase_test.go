package redshift_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

// dwh test speaks Redshift's SQL, and leaves nothing behind.
func TestCasesByTest(t *testing.T) {
	server := redshiftstandin.Start(t, redshiftstandin.Options{WithTLS: true})
	dwh := on(t, server.DSN)
	stdout, _ := dwh.must("test", "*_plain", "f_songplay_apostrophe", "f_songplay_heal_song")
	if !strings.Contains(stdout, "tests: 7 ok, 0 failed") {
		t.Errorf("got\n%s\nwant 7 cases that pass", stdout)
	}
	if got := one(t, server.Backing, "SELECT COUNT(*) FROM pg_namespace WHERE nspname LIKE 'dwh%'"); got != "0" {
		t.Errorf("got %s schemas of the cases, want none left", got)
	}
	project := t.TempDir()
	write(t, project+"/tests/wrong/given/s_song.csv", []byte("song_id,year,title\nS1,1999,a\\b\nS2,soon,\n"))
	write(t, project+"/tests/wrong/then/d_song.csv", []byte("song_id,title\nS1,a\\b\n"))
	write(t, project+"/tests/right/given/s_song.csv", []byte("song_id,year,title\nS1,1999,a\\b\n"))
	write(t, project+"/tests/right/then/d_song.csv", []byte("song_id,title\nS1,a\\b\n"))
	code, stdout, stderr := dwh.run("test", "--project", project)
	if code != 1 || !strings.Contains(stdout, "given/s_song.csv:3:4: column year: \"soon\" is not a valid integer") ||
		!strings.Contains(stdout, "ok    right") {
		t.Errorf("got exit code %d, want 1 and the value\n%s%s", code, stdout, stderr)
	}
}
