package proof_test

import (
	"math/rand/v2"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/proof"
)

// TestRightHeadersAgree: with right headers no seed shows a difference.
func TestRightHeadersAgree(t *testing.T) {
	t.Parallel()
	w := shop(t, "")
	for range dwhtest.Rounds(t, 4) {
		seed := rand.Uint64N(1 << 32)
		t.Logf("seed %d", seed)
		result := w.prove(proof.Options{Increments: 20, Seed: seed})
		agreed(t, result, 20)
	}
	for _, schema := range []string{"dwh_proof", "dwh_proof_increment", "dwh_proof_build"} {
		if got := w.one("SELECT COUNT(*)::text FROM pg_namespace WHERE nspname = '" + schema + "'"); got != "0" {
			t.Errorf("got a schema %s, want none left", schema)
		}
	}
}

// agreed fails the test where a proof found a difference or did nothing.
func agreed(t *testing.T, result proof.Result, increments int) {
	t.Helper()
	if d := result.Difference; d != nil {
		t.Fatalf("seed %d: got a difference, want none:\n%+v", result.Seed, *d)
	}
	if result.Increments != increments || result.Rows == 0 || result.Erased == 0 {
		t.Errorf("seed %d: got %d increments of %d rows, %d erased; want %d", result.Seed, result.Increments, result.Rows, result.Erased, increments)
	}
	if result.AsStaged {
		t.Errorf("seed %d: got no copies with a changed column, want some", result.Seed)
	}
	var changes int64
	for _, table := range result.Tables {
		changes += table.Changes
	}
	if changes == 0 {
		t.Errorf("seed %d: got no change in any table, want some", result.Seed)
	}
}
