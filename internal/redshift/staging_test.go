package redshift_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

// TestErase: records are erased by what the loads declare, and by columns of any type; the models
// follow.
func TestErase(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	n.bucket.Put(
		"log/a.json",
		[]byte(event("1", 7, 0, "1541000000000")+event("1", 8, 1, "1541000001000")+event("2", 7, 0, "1541000002000")+
			event("1", 9, 0, `"soon"`)),
	)
	n.bucket.Put("names/yob1999.txt", []byte("Ada,F,3\nAda,F,30\nBob,M,3\n"))
	n.must(append(n.args, "--names", n.bucket.URL("names"))...)
	n.want("SELECT COUNT(*) FROM f_songplay", "3")
	stdout, _ := n.must(
		"staging",
		"delete",
		"--table",
		"s_songplay_event",
		"--match",
		"session_id=07",
		"--match",
		"length=200.50",
		"--match",
		"user_id=2",
	)
	if !strings.Contains(stdout, "1 row in s_songplay_event; refused records with the same value: 0\n") {
		t.Errorf("got %s, want one row", stdout)
	}
	n.want("SELECT COUNT(*) FROM s_songplay_event", "3")
	n.must(
		"staging",
		"delete",
		"--table",
		"s_songplay_event",
		"--match",
		"session_id=07",
		"--match",
		"length=200.50",
		"--match",
		"user_id=2",
		"--yes",
	)
	n.want("SELECT COUNT(*) FROM f_songplay", "2")
	n.must("staging", "delete", "--table", "s_name", "--match", "name=Ada ", "--match", "births=3", "--yes")
	n.want("SELECT COUNT(*) FROM s_name", "2")
	stdout, _ = n.must("staging", "delete", "--user-id", "1", "--yes")
	if !strings.Contains(stdout, "2 rows in s_songplay_event; refused records with the same value: 1\n") {
		t.Errorf("got %s, want two rows and a refused record", stdout)
	}
	n.want("SELECT COUNT(*) FROM f_songplay", "0")
	n.want("SELECT COALESCE(raw_text, reason) FROM s_reject", "erased")
	n.want("SELECT COUNT(*) FROM dwh_run WHERE command = 'staging delete --user-id xxxxx --yes'", "1")
}
