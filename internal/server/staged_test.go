package server_test

import (
	"testing"
)

const countQuarantined = `SELECT count(*) FROM s_object WHERE outcome = 'quarantined'`

// TestStagedRowsAreCorrected: rows that a run has staged fail a check, and the corrected object
// waits. The server loads it, though what is staged comes first.
func TestStagedRowsAreCorrected(t *testing.T) {
	t.Parallel()
	dsn, env := migrated(t)
	f := newFolder(t, 0, 0)
	f.put("log_data/odd.json", []byte(event("99", "platinum", 1)))
	dwh(t, env, 3, append([]string{"run"}, f.flags()...)...)
	s := serve(t, env, f.flags()...)
	s.Says("f-songplay-level")
	f.put("log_data/good.json", []byte(event("1", "free", 1)))
	f.put("log_data/odd.json", []byte(event("99", "paid", 1)))
	awaitOne(t, dsn, countPlays, "2")
	awaitOne(t, dsn, countQuarantined, "0")
	s.Says("working again")
	// From then on all goes as ever.
	f.put("log_data/later.json", []byte(event("2", "free", 2)))
	awaitOne(t, dsn, countPlays, "3")
	s.Stop()
	dwh(t, env, 0, "verify")
}

// TestStagedRowsBlameNoObject: a run beside the server stages rows that fail a check. No object of
// the server is given up for that. One that corrects them is loaded.
func TestStagedRowsBlameNoObject(t *testing.T) {
	t.Parallel()
	dsn, env := migrated(t)
	f, other := newFolder(t, 0, 0), newFolder(t, 0, 0)
	f.put("log_data/first.json", []byte(event("1", "free", 1)))
	s := serve(t, env, f.flags()...)
	awaitOne(t, dsn, countPlays, "1")
	other.put("log_data/odd.json", []byte(event("99", "platinum", 1)))
	dwh(t, env, 3, append([]string{"run"}, other.flags()...)...)
	f.put("log_data/good.json", []byte(event("2", "free", 2)))
	s.Says("rows that are staged already cannot be transformed")
	awaitOne(t, dsn, countQuarantined, "0")
	f.put("log_data/corrects.json", []byte(event("99", "paid", 1)))
	awaitOne(t, dsn, countPlays, "3")
	awaitOne(t, dsn, countQuarantined, "0")
	s.Stop()
	dwh(t, env, 0, "verify")
}
