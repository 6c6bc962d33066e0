package model_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/model"
)

// TestGroupsOfAnotherModel: a lookup of one model changes, and the checks then see all records of
// the groups that it matches. They have to see all rows of these groups too, also of a model that
// reads the same helper and has no such lookup.
func TestGroupsOfAnotherModel(t *testing.T) {
	t.Parallel()
	s := newStore(t, inlineProject(t, `CREATE TABLE s_a (
		k INTEGER, g INTEGER, v INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
	CREATE TABLE s_b (v INTEGER, x INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
	CREATE TABLE f_1 (k INTEGER PRIMARY KEY, v INTEGER, x INTEGER);
	CREATE TABLE f_2 (k INTEGER PRIMARY KEY, v INTEGER);`,
		map[string]string{
			"101_a": `-- a: one per k.
-- key: k
-- pick: v
-- from: s_a by g
SELECT k, g, v FROM s_a WHERE k IS NOT NULL AND g IS NOT NULL;`,
			"102_b": `-- b: one per v.
-- key: v
-- pick: x
-- from: s_b by v
SELECT v, x FROM s_b WHERE v IS NOT NULL;`,
			"210_f_1": `-- f_1: one per k.
-- key: k
-- from: a
-- joins: b by v
SELECT a.k, a.v, b.x FROM a LEFT JOIN b ON b.v = a.v;`,
			"220_f_2": `-- f_2: one per k.
-- key: k
-- from: a
SELECT k, v FROM a;`,
		}))
	s.first()
	s.exec("INSERT INTO s_a (k, g, v) VALUES (1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 2, 4)")
	if _, err := s.increment(); err != nil {
		t.Fatal(err)
	}
	looked := map[string][]string{}
	s.ran = func(tx pgx.Tx, x *model.Run) {
		for _, table := range []string{"s_a", "f_1", "f_2"} {
			touched, ok, err := x.Touched(t.Context(), table)
			if err != nil || !ok {
				t.Fatalf("%s: got %t, %v", table, ok, err)
			}
			rows, err := tx.Query(t.Context(), "SELECT CAST(k AS TEXT) FROM "+touched.SQL+" ORDER BY 1")
			if err != nil {
				t.Fatal(err)
			}
			if looked[table], err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.exec("INSERT INTO s_b (v, x) VALUES (2, 20)")
	changes, err := s.increment()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := changes["f_1"], (model.Change{Healed: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for table, got := range looked {
		if want := []string{"1", "2", "3"}; !slices.Equal(got, want) {
			t.Errorf("%s: the checks see %v, want %v", table, got, want)
		}
	}
	s.same(nil)
}
