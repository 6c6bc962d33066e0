package proof_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/proof"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// TestRightHeadersAgree: with right headers no seed shows a difference.
func TestRightHeadersAgree(t *testing.T) {
	t.Parallel()
	w := shop(t, "")
	for range dwhtest.Rounds(t, 2) {
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

// TestStarAgrees is the same of the embedded project, over sample data.
func TestStarAgrees(t *testing.T) {
	t.Parallel()
	w := star(t)
	for range dwhtest.Rounds(t, 2) {
		seed := rand.Uint64N(1 << 32)
		t.Logf("seed %d", seed)
		agreed(t, w.prove(proof.Options{Increments: 20, Seed: seed, Sample: 150}), 20)
	}
}

// agreed fails the test where a proof found a difference or did nothing.
func agreed(t *testing.T, result proof.Result, increments int) {
	t.Helper()
	if d := result.Difference; d != nil {
		t.Fatalf("seed %d: got a difference, want none:\n%+v", result.Seed, *d)
	}
	if result.Increments != increments || result.Rows == 0 || result.Erased == 0 {
		t.Errorf("seed %d: got %d increments of %d rows, %d erased; want %d",
			result.Seed, result.Increments, result.Rows, result.Erased, increments)
	}
	if result.Refused > 0 {
		t.Errorf("seed %d: got %d deliveries that the models refuse, want none", result.Seed, result.Refused)
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
// refuses, each in a folder of testdata/wrong that is called after the mistake. The proof names the
// line that has the comment "wrong" in the file's last line.
func TestWrongHeadersAreFound(t *testing.T) {
	t.Parallel()
	cases, err := os.ReadDir("testdata/wrong")
	if err != nil {
		t.Fatal(err)
	}
	for _, dirEntry := range cases {
		t.Run(dirEntry.Name(), func(t *testing.T) {
			t.Parallel()
			w := shop(t, "testdata/wrong/"+dirEntry.Name())
			want := wrongLine(t, "testdata/wrong/"+dirEntry.Name())
			for range seeds {
				seed := rand.Uint64N(1 << 32)
				result := w.prove(proof.Options{Increments: 20, Seed: seed})
				d := result.Difference
				if d == nil {
					t.Logf("seed %d finds nothing", seed)
					continue
				}
				t.Logf("seed %d, %s, %d increments agreed: %+v", seed, result.Duration, result.Increments, *d)
				is := func(l proof.Line) bool { return path.Base(l.File)+": "+l.Text == want }
				// What a function reads changes without what the model names.
				found := d.Found || dirEntry.Name() == "joins_hidden_in_function"
				if !found || !slices.ContainsFunc(d.Lines, is) {
					t.Errorf("seed %d: got the lines %+v, want %q among them", seed, d.Lines, want)
				}
				return
			}
			t.Errorf("got no difference by %d seeds, want one", seeds)
		})
	}
}

// TestRefusedHeaders: headers that are wrong in a way that a static check refuses, before any
// delivery, each in a folder of testdata/refused.
func TestRefusedHeaders(t *testing.T) {
	t.Parallel()
	cases, err := os.ReadDir("testdata/refused")
	if err != nil {
		t.Fatal(err)
	}
	for _, dirEntry := range cases {
		t.Run(dirEntry.Name(), func(t *testing.T) {
			t.Parallel()
			file, _, _ := strings.Cut(wrongLine(t, "testdata/refused/"+dirEntry.Name()), ": ")
			_, err := shop(t, "testdata/refused/"+dirEntry.Name()).runner().Prove(
				t.Context(), proof.Options{Increments: 1, Seed: 1},
			)
			var refused *sqlfile.Error
			if !errors.As(err, &refused) || path.Base(refused.File) != file || refused.Line == 0 || refused.Hint == "" {
				t.Errorf("got %v, want an error at a place of %s with a hint", err, file)
			}
		})
	}
}

// TestSeedRepeats: the same seed over the same rows gives the same deliveries, also where they
// stand in another order.
func TestSeedRepeats(t *testing.T) {
	t.Parallel()
	w := shop(t, "testdata/wrong/joins_other_role")
	first := w.prove(proof.Options{Increments: 20, Seed: 1})
	if first.Difference == nil {
		t.Fatal("got no difference by seed 1, want one")
	}
	w.exec(
		"CREATE TABLE kept AS SELECT * FROM s_order; DELETE FROM s_order; INSERT INTO s_order " +
			"SELECT * FROM kept ORDER BY quantity",
	)
	second := w.prove(proof.Options{Increments: 20, Seed: 1})
	if diff := cmp.Diff(second.Difference, first.Difference); diff != "" {
		t.Errorf("seed 1 gives another difference the second time:\n%s", diff)
	}
	other := w.prove(proof.Options{Increments: 20, Seed: 2})
	if cmp.Equal(other.Difference, first.Difference) {
		t.Error("seeds 1 and 2 give the same difference")
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

// TestErrorOfOneSideIsADifference: a wrong header makes an increment fail, where a build of
// everything does not.
func TestErrorOfOneSideIsADifference(t *testing.T) {
	t.Parallel()
	w := shop(t, "testdata/error")
	for range seeds {
		seed := rand.Uint64N(1 << 32)
		result := w.prove(proof.Options{Increments: 20, Seed: seed})
		d := result.Difference
		if d == nil || d.Err == nil { // rows that differ came first
			continue
		}
		t.Logf("seed %d: %+v", seed, *d)
		var refused *pgconn.PgError
		if !errors.As(d.Err, &refused) || refused.Code != "22012" || !strings.Contains(d.Msg, "the increment fails") {
			t.Errorf("seed %d: got %s: %v, want a division by zero in the increment", seed, d.Msg, d.Err)
		}
		const want = "joins: spot by place_id = bill_to"
		if !d.Found || !slices.ContainsFunc(d.Lines, func(l proof.Line) bool { return l.Text == want }) {
			t.Errorf("seed %d: got the lines %+v, want %q among them", seed, d.Lines, want)
		}
		return
	}
	t.Errorf("got no error by %d seeds, want one", seeds)
}

// TestRefusedCopiesStayAway: a model without pick: refuses two rows with one key, in an increment
// and in a build alike. As they are staged, there are none.
func TestRefusedCopiesStayAway(t *testing.T) {
	t.Parallel()
	w := shop(t, "testdata/unique")
	for range dwhtest.Rounds(t, 2) {
		seed := rand.Uint64N(1 << 32)
		t.Logf("seed %d", seed)
		result := w.prove(proof.Options{Increments: 12, Seed: seed})
		if result.Difference != nil {
			t.Errorf("seed %d: got a difference, want none:\n%+v", seed, *result.Difference)
		}
		if result.Refused == 0 || result.Refused > 3 {
			t.Errorf("seed %d: got %d refused deliveries, want 1 to 3", seed, result.Refused)
		}
	}
	w.exec("INSERT INTO s_place (place_id, city) VALUES (1, 'one'), (1, 'two')")
	var refused *proof.RefusedError
	_, err := w.runner().Prove(t.Context(), proof.Options{Increments: 12, Seed: 5})
	if !errors.As(err, &refused) || refused.Seed != 5 || !strings.Contains(err.Error(), "102_place.sql") {
		t.Errorf("got %v, want a *RefusedError about two rows with one key", err)
	}
}

// TestConstraintsOfStaging: keys, checks, identities and generated columns of a staging table hold
// for its copy, too.
func TestConstraintsOfStaging(t *testing.T) {
	t.Parallel()
	w := shop(t, "")
	w.exec(`
		ALTER TABLE s_place ADD COLUMN id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
		ALTER TABLE s_place ADD COLUMN twice INTEGER GENERATED ALWAYS AS (place_id * 2) STORED;
		ALTER TABLE s_place ADD COLUMN smaller INTEGER, ADD COLUMN larger INTEGER, ADD COLUMN extra JSON DEFAULT '{}';
		UPDATE s_place SET smaller = id, larger = id + 1;
		ALTER TABLE s_place ADD CHECK (smaller < larger);
		CREATE UNIQUE INDEX ON s_return (order_id, quantity, reason) WHERE NOT processed AND quantity > 100;
		ALTER TABLE f_order ADD COLUMN number BIGSERIAL`)
	seed := rand.Uint64N(1 << 32)
	t.Logf("seed %d", seed)
	agreed(t, w.prove(proof.Options{Increments: 10, Seed: seed}), 10)
	if got := w.one("SELECT nextval('f_order_number_seq')::text"); got != "1" {
		t.Errorf("got %s from the sequence of a live table, want 1: the proof leaves it alone", got)
	}
}

// TestSampledRowsMatch: of two large tables the sample holds rows that match one another.
func TestSampledRowsMatch(t *testing.T) {
	t.Parallel()
	w := shop(t, "")
	w.exec(`
		DELETE FROM s_order;
		DELETE FROM s_product;
		INSERT INTO s_order (order_id, customer_id, product_id, quantity, ordered_at)
		SELECT n, n % 700, 100000 + n, 1, TIMESTAMP '2018-11-01' + n * INTERVAL '1 minute' FROM generate_series(1, 4000) AS n;
		INSERT INTO s_product (product_id, version, category, price)
		SELECT 104001 - n, 1, 'c' || n, n % 100 FROM generate_series(1, 4000) AS n`)
	// Named seeds: how many rows the last increment erases depends on the seed.
	for seed := uint64(1); seed <= 3; seed++ {
		result := w.prove(proof.Options{Increments: 2, Seed: seed, Sample: 200})
		if result.Difference != nil {
			t.Errorf("seed %d: got a difference, want none: %+v", seed, *result.Difference)
		}
		for _, table := range result.Tables {
			switch {
			case table.Name == "f_order" && (table.Rows < 150 || table.Rows > 300):
				t.Errorf("seed %d: got %d orders, want some 200", seed, table.Rows)
			case table.Name == "category_total" && table.Rows < 15:
				t.Errorf("seed %d: got %d orders whose product is in the sample, want at least 15", seed, table.Rows)
			}
		}
	}
}

// TestNothingStaged: there is nothing to deliver.
func TestNothingStaged(t *testing.T) {
	t.Parallel()
	w := shop(t, "")
	w.exec(
		"DELETE FROM s_order; DELETE FROM s_return; DELETE FROM s_product; DELETE FROM s_customer; DELETE FROM s_place",
	)
	var nothing *proof.NothingStagedError
	if _, err := w.runner().Prove(t.Context(), proof.Options{Increments: 1, Seed: 1}); !errors.As(err, &nothing) {
		t.Errorf("got %v, want a *NothingStagedError", err)
	}
}

// TestScriptsTakePart: a script runs in every increment, on the copies.
func TestScriptsTakePart(t *testing.T) {
	t.Parallel()
	w := shop(t, "testdata/script")
	w.exec("INSERT INTO f_summary (summary, orders, customers) VALUES ('live', 1, 1)")
	seed := rand.Uint64N(1 << 32)
	t.Logf("seed %d", seed)
	agreed(t, w.prove(proof.Options{Increments: 8, Seed: seed}), 8)
	if got := w.one("SELECT string_agg(summary, ',') FROM f_summary"); got != "live" {
		t.Errorf("got %s in the live table, want what stood there", got)
	}
}
