package proof_test

import (
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// seeds bounds how many seeds a wrong header may need.
const seeds = 6

// TestWrongHeadersAreFound proves the shop with one header that is wrong and that no static check
// refuses, each in a folder of testdata/wrong that is called after the mistake. The proof names the line
// that has the comment "wrong" in the file's last line.
func TestWrongHeadersAreFound(t *testing.T) {
	t.Parallel()
	cases, err := os.ReadDir("testdata/wrong")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range cases {
		t.Run(one.Name(), func(t *testing.T) {
			t.Parallel()
			w := shop(t, "testdata/wrong/"+one.Name())
			want := wrongLine(t, "testdata/wrong/"+one.Name())
			for range seeds {
				seed := rand.Uint64N(1 << 32)
				result := w.prove(proof.Options{Increments: 20, Seed: seed})
				d := result.Difference
				if d == nil {
					t.Logf("seed %d finds nothing", seed)
					continue
				}
				t.Logf("seed %d, %s, %d increments agreed: %+v", seed, result.Duration, result.Increments, *d)
				if !d.Found || !slices.ContainsFunc(d.Lines, func(l proof.Line) bool { return path.Base(l.File)+": "+l.Text == want }) {
					t.Errorf("seed %d: got the lines %+v, want %q among them", seed, d.Lines, want)
				}
				again := w.prove(proof.Options{Increments: 20, Seed: seed})
				if diff := cmp.Diff(again.Difference, d); diff != "" {
					t.Errorf("seed %d gives another difference the second time:\n%s", seed, diff)
				}
				return
			}
			t.Errorf("got no difference by %d seeds, want one", seeds)
		})
	}
}

// wrongLine is the line that a case's file says is wrong, with the file's name.
func wrongLine(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(path.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if _, line, found := strings.Cut(string(text), "-- wrong: "); found {
			return entry.Name() + ": " + strings.TrimSpace(line)
		}
	}
	t.Fatalf("%s: no file says which line is wrong", dir)
	return ""
}
