package model_test

import (
	"fmt"
	"testing"

	"github.com/sparkify/dwh/internal/model"
)

// TestNewKeysThatAreThere: rows of new keys are written without a look at what is stored. A key
// that is stored all the same, as after a run with --only, is found by the server, and its row is
// replaced.
func TestNewKeysThatAreThere(t *testing.T) {
	t.Parallel()
	for _, large := range []int64{1, 100_000} {
		t.Run(fmt.Sprint(large), func(t *testing.T) {
			t.Parallel()
			s := newStore(t, inlineProject(t, `CREATE TABLE s_a (
				k INTEGER, v INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
			CREATE TABLE f_a (k INTEGER PRIMARY KEY, v INTEGER, w INTEGER);`,
				map[string]string{
					"101_a": `-- a: one per k.
-- key: k
-- pick: v DESC
-- from: s_a by k
SELECT k, v FROM s_a WHERE k IS NOT NULL;`,
					"210_f_a": `-- f_a: one per k.
-- key: k
-- pick: v
-- from: a
SELECT k, v, v + 1 AS w FROM a;`,
				}))
			s.large = large
			s.first()
			increment := func(want model.Change) {
				t.Helper()
				changes, err := s.increment()
				if err != nil {
					t.Fatal(err)
				}
				if got := changes["f_a"]; got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
				s.same(nil)
			}
			s.exec("INSERT INTO s_a (k, v) VALUES (1, 1), (2, 2), (2, 3), (3, 3)")
			increment(model.Change{Added: 3})
			// Some of these keys are stored, one of them as it will be.
			s.exec("INSERT INTO f_a VALUES (4, 0, 0), (5, 5, 6)")
			s.exec("INSERT INTO s_a (k, v) VALUES (4, 4), (5, 5), (6, 6), (6, 6)")
			increment(model.Change{Added: 1, Changed: 1})
		})
	}
}
