package model_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const foundTables = `CREATE TABLE s_a (k INTEGER, g INTEGER, v INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE s_l (g INTEGER, w INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
`

// foundByDeliveries are headers that are wrong, and that nothing but deliveries can tell.
var foundByDeliveries = map[string]struct {
	migration  string
	transforms map[string]string
}{
	"a group that takes in rows of no group": {
		"CREATE TABLE f_g (g INTEGER PRIMARY KEY, n INTEGER);",
		map[string]string{"110_f_g": `-- f_g: per g.
-- key: g
-- from: s_a by g
-- from: s_l by g
SELECT COALESCE(t.g, 0) AS g, COUNT(*) AS n FROM (SELECT g FROM s_a UNION ALL SELECT g FROM s_l) AS t
GROUP BY COALESCE(t.g, 0);`},
	},
	"a lookup by another value than by says": {
		"CREATE TABLE d_a (k INTEGER PRIMARY KEY, w INTEGER);",
		map[string]string{"110_d_a": `-- d_a: per k.
-- key: k
-- pick: w
-- from: s_a
-- joins: s_l by g
SELECT a.k, s_l.w FROM (SELECT k, g + 1 AS h FROM s_a) AS a LEFT JOIN s_l ON s_l.g = a.h WHERE a.k IS NOT NULL;`},
	},
	"a from: by another column than its branch gives": {
		"CREATE TABLE f_g (g INTEGER PRIMARY KEY, n INTEGER);",
		map[string]string{"110_f_g": `-- f_g: per g.
-- key: g
-- from: s_a by k as g
-- from: s_l by g
SELECT g, SUM(n) AS n FROM (SELECT g, v AS n FROM s_a UNION ALL SELECT g, w FROM s_l) AS t
WHERE g IS NOT NULL GROUP BY g;`},
	},
	"rows of other groups in IN": {
		"CREATE TABLE f_k (k INTEGER PRIMARY KEY, n INTEGER);",
		map[string]string{"110_f_k": `-- f_k: per k.
-- key: k
-- from: s_a by k
SELECT k, COUNT(*) AS n FROM s_a
WHERE k IS NOT NULL AND v IN (SELECT MAX(other.v) FROM s_a AS other GROUP BY other.k) GROUP BY k;`},
	},
}

// A recorder is a tester that keeps the first failure.
type recorder struct{ ctx context.Context }

type failure string

func (recorder) Helper()                           {}
func (r recorder) Context() context.Context        { return r.ctx }
func (recorder) Errorf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }
func (recorder) Fatalf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }
func (recorder) Fatal(args ...any)                 { panic(failure(fmt.Sprint(args...))) }

// TestDeliveriesFindWrongHeaders delivers to models whose headers are wrong, and expects a
// difference.
func TestDeliveriesFindWrongHeaders(t *testing.T) {
	t.Parallel()
	for name, foundByDelivery := range foundByDeliveries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := inlineProject(t, foundTables+foundByDelivery.migration, foundByDelivery.transforms)
			s := newStore(t, p).with(recorder{t.Context()})
			found := ""
			for seed := uint64(0); found == "" && seed < 20; seed++ {
				func() {
					defer func() {
						if told, ok := recover().(failure); ok {
							found = string(told)
						}
					}()
					f := &fuzz{store: s, r: rand.New(rand.NewPCG(seed, 4)), makers: anyRows(t, p)}
					f.round(6)
				}()
			}
			if !strings.Contains(found, "got") {
				t.Errorf("got %q, want a difference", found)
			}
		})
	}
}
