package model_test

import (
	"strings"
	"testing"
)

const refusalTables = `CREATE TABLE s_a (k INTEGER, g INTEGER, t VARCHAR(20),
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE s_l (g INTEGER, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
`

// refusals are rows that a model may not have. Behind the first rows the models are right.
var refusals = map[string]struct {
	migration   string
	transforms  map[string]string
	first, then string
	want        string
	build       bool // only a build tells, in these words
}{
	"a key of NULL, row by row": {
		"CREATE TABLE d_a (k INTEGER PRIMARY KEY, g INTEGER);",
		map[string]string{"110_d_a": `-- d_a: one per k.
-- key: k
-- pick: g
-- from: s_a
SELECT k, g FROM s_a;`},
		"INSERT INTO s_a (k, g) VALUES (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (NULL, 2)",
		"a row has NULL in its key",
		false,
	},
	"a key of NULL beside a column that is not stored": {
		"CREATE TABLE d_a (k INTEGER PRIMARY KEY);",
		map[string]string{"110_d_a": `-- d_a: one per k.
-- key: k
-- pick: g
-- from: s_a
SELECT k, g FROM s_a;`},
		"INSERT INTO s_a (k, g) VALUES (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (NULL, 2)",
		"a row has NULL in its key",
		false,
	},
	"a NULL where the table allows none": {
		"CREATE TABLE d_a (k INTEGER PRIMARY KEY, g INTEGER NOT NULL, t VARCHAR(9));",
		map[string]string{"110_d_a": `-- d_a: one per k.
-- key: k
-- pick: g
-- from: s_a
SELECT k, g, t FROM s_a WHERE k IS NOT NULL;`},
		"INSERT INTO s_a (k, g) VALUES (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (2, NULL)",
		"a row has NULL in a column that table d_a declares NOT NULL (g)",
		true, // the server tells an increment
	},
	"a key of NULL in a helper": {
		"CREATE TABLE d_a (k INTEGER PRIMARY KEY, g INTEGER);",
		map[string]string{
			"101_a":   "-- a: one per k.\n-- key: k\n-- pick: g\n-- from: s_a\nSELECT k, g FROM s_a;",
			"110_d_a": "-- d_a: one per k.\n-- key: k\n-- from: a\nSELECT k, g FROM a WHERE k > 0;",
		},
		"INSERT INTO s_a (k, g) VALUES (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (NULL, 2)",
		"a row has NULL in its key",
		false,
	},
	"a key of NULL through a lookup": {
		"CREATE TABLE d_a (v INTEGER PRIMARY KEY, k INTEGER);",
		map[string]string{"110_d_a": `-- d_a: one per v.
-- key: v
-- pick: k
-- from: s_a
-- joins: s_l by g
SELECT l.v, s_a.k FROM s_a INNER JOIN s_l AS l ON l.g = s_a.g;`},
		"INSERT INTO s_a (k, g) VALUES (1, 1)",
		"INSERT INTO s_l (g, v) VALUES (1, NULL)",
		"a row has NULL in its key",
		false,
	},
	"a group of NULL": {
		"CREATE TABLE f_g (g INTEGER PRIMARY KEY, n INTEGER);",
		map[string]string{"110_f_g": `-- f_g: one per g.
-- key: g
-- from: s_a by g
SELECT g, COUNT(*) AS n FROM s_a GROUP BY g;`},
		"INSERT INTO s_a (k, g) VALUES (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (1, NULL)",
		"a row has NULL in its key",
		false,
	},
	"a group of NULL through a lookup": {
		"CREATE TABLE f_g (g INTEGER PRIMARY KEY, n INTEGER);",
		map[string]string{"110_f_g": `-- f_g: one per g.
-- key: g
-- from: s_a by g
-- joins: s_l by g = k
SELECT s_a.g, COUNT(*) AS n FROM s_a INNER JOIN s_l ON s_l.g = s_a.k GROUP BY s_a.g;`},
		"INSERT INTO s_a (k, g) VALUES (1, 1), (2, NULL)",
		"INSERT INTO s_l (g, v) VALUES (2, 1)",
		"a row has NULL in its key",
		false,
	},
	"two rows of a key in one delivery": {
		"CREATE TABLE d_a (k INTEGER PRIMARY KEY, g INTEGER);",
		map[string]string{"110_d_a": `-- d_a: one per k.
-- key: k
-- from: s_a
SELECT k, g FROM s_a WHERE k IS NOT NULL;`},
		"INSERT INTO s_a (k, g) VALUES (1, 1), (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (2, 2), (2, 3)",
		"several different rows have the same key (k)",
		false,
	},
	"two rows of a key in two deliveries": {
		"CREATE TABLE d_a (k INTEGER PRIMARY KEY, g INTEGER);",
		map[string]string{"110_d_a": `-- d_a: one per k.
-- key: k
-- from: s_a
SELECT k, g FROM s_a WHERE k IS NOT NULL;`},
		"INSERT INTO s_a (k, g) VALUES (1, 1), (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (1, 1), (1, NULL)",
		"several different rows have the same key (k)",
		false,
	},
	"two rows of a key in a helper": {
		"CREATE TABLE d_a (k INTEGER PRIMARY KEY, n INTEGER);",
		map[string]string{
			"101_a":   "-- a: one per k.\n-- key: k\n-- from: s_a\nSELECT k, g FROM s_a WHERE k IS NOT NULL;",
			"110_d_a": "-- d_a: one per k.\n-- key: k\n-- from: a by k\nSELECT k, COUNT(*) AS n FROM a GROUP BY k;",
		},
		"INSERT INTO s_a (k, g) VALUES (1, 1), (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (1, 2)",
		"several different rows have the same key (k)",
		false,
	},
	"two rows of a key through a lookup": {
		"CREATE TABLE d_a (k INTEGER PRIMARY KEY, v INTEGER);",
		map[string]string{
			"101_a": `-- a: one per k.
-- key: k
-- pick: g
-- from: s_a
SELECT k, g FROM s_a WHERE k IS NOT NULL;`,
			"110_d_a": `-- d_a: one per k.
-- key: k
-- from: a
-- left joins: s_l by g
SELECT a.k, s_l.v FROM a LEFT JOIN s_l ON s_l.g = a.g;`,
		},
		"INSERT INTO s_a (k, g) VALUES (1, 1), (1, 1); INSERT INTO s_l (g, v) VALUES (1, 7)",
		"INSERT INTO s_l (g, v) VALUES (1, 7), (1, 8)",
		"several different rows have the same key (k)",
		false,
	},
	"two rows of a key in a model that is computed whole": {
		"CREATE TABLE d_a (k INTEGER PRIMARY KEY, g INTEGER);",
		map[string]string{"110_d_a": "-- d_a: one per k.\n-- key: k\nSELECT k, g FROM s_a WHERE k IS NOT NULL;"},
		"INSERT INTO s_a (k, g) VALUES (1, 1), (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (1, 2)",
		"several different rows have the same key (k)",
		false,
	},
	"two rows of a key in a group": {
		"CREATE TABLE f_g (g INTEGER PRIMARY KEY, k INTEGER);",
		map[string]string{"110_f_g": `-- f_g: one per g.
-- key: g
-- from: s_a by g
SELECT g, k FROM s_a WHERE g IS NOT NULL GROUP BY g, k;`},
		"INSERT INTO s_a (k, g) VALUES (1, 1), (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (2, 1)",
		"several different rows have the same key (g)",
		false,
	},
	"a key in two groups": {
		"CREATE TABLE f_k (k INTEGER PRIMARY KEY, g INTEGER, n INTEGER);",
		map[string]string{"110_f_k": `-- f_k: one per k.
-- key: k
-- pick: n DESC
-- from: s_a by g
SELECT k, g, COUNT(*) AS n FROM s_a WHERE g IS NOT NULL AND k IS NOT NULL GROUP BY k, g;`},
		"INSERT INTO s_a (k, g) VALUES (1, 1), (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (1, 2)",
		"are in several groups by g",
		false,
	},
	"a key in two groups of a helper": {
		"CREATE TABLE f_n (n INTEGER PRIMARY KEY, ks INTEGER);",
		map[string]string{
			"101_k": `-- k: one per k.
-- key: k
-- pick: n
-- from: s_a by g
SELECT k, g, COUNT(*) AS n FROM s_a WHERE g IS NOT NULL AND k IS NOT NULL GROUP BY k, g;`,
			"110_f_n": `-- f_n: one per n.
-- key: n
-- from: k by n
SELECT n, COUNT(*) AS ks FROM k WHERE n IS NOT NULL GROUP BY n;`,
		},
		"INSERT INTO s_a (k, g) VALUES (1, 1), (1, 1)",
		"INSERT INTO s_a (k, g) VALUES (1, 2)",
		"are in several groups by g",
		false,
	},
	"a key in two groups of a helper that keys and more tell apart": {
		"CREATE TABLE f_g (g INTEGER PRIMARY KEY);",
		map[string]string{
			"101_k": `-- k: one per k.
-- key: k
-- pick: t
-- from: s_a by k, g
SELECT k, g, MIN(t) AS t FROM s_a WHERE k IS NOT NULL AND g IS NOT NULL GROUP BY k, g;`,
			"110_f_g": "-- f_g: one per g.\n-- key: g\n-- from: k\nSELECT g FROM k;",
		},
		"INSERT INTO s_a (k, g, t) VALUES (1, 1, 'e')",
		"INSERT INTO s_a (k, g, t) VALUES (1, 2, 'c')",
		"are in several groups by k, g",
		false,
	},
	"a key in two groups of a helper, through a lookup": {
		"CREATE TABLE f_n (n INTEGER PRIMARY KEY, ks INTEGER);",
		map[string]string{
			"101_k": `-- k: one per k and v.
-- key: k, v
-- pick: n
-- from: s_a by g
-- joins: s_l by g = k
SELECT s_a.k, l.v, s_a.g, COUNT(*) AS n FROM s_a INNER JOIN s_l AS l ON l.g = s_a.k
WHERE s_a.g IS NOT NULL AND l.v IS NOT NULL GROUP BY s_a.k, l.v, s_a.g;`,
			"110_f_n": "-- f_n: one per n.\n-- key: n\n-- from: k by n\nSELECT n, COUNT(*) AS ks FROM k GROUP BY n;",
		},
		"INSERT INTO s_a (k, g) VALUES (1, 1), (2, 2); INSERT INTO s_l (g, v) VALUES (1, 5), (2, 5)",
		"INSERT INTO s_a (k, g) VALUES (1, 2)",
		"are in several groups by g",
		false,
	},
	"a text that is too long": {
		"CREATE TABLE d_a (k INTEGER PRIMARY KEY, t VARCHAR(3));",
		map[string]string{"110_d_a": `-- d_a: one per k.
-- key: k
-- pick: t
-- from: s_a
SELECT k, t FROM s_a WHERE k IS NOT NULL;`},
		"INSERT INTO s_a (k, t) VALUES (1, 'äbc      ')",
		"INSERT INTO s_a (k, t) VALUES (2, 'äbcd')",
		"a text of column t is too long for character varying(3)",
		false,
	},
	"a key that is too long": {
		"CREATE TABLE d_t (t VARCHAR(3) PRIMARY KEY, n INTEGER);",
		map[string]string{
			"101_a": "-- a: trimmed.\n-- from: s_a\nSELECT RTRIM(t) AS t FROM s_a;",
			"110_d_t": `-- d_t: one per t.
-- key: t
-- from: a by t
SELECT t, COUNT(*) AS n FROM a WHERE t IS NOT NULL GROUP BY t;`,
		},
		"INSERT INTO s_a (t) VALUES ('abc     ')",
		"INSERT INTO s_a (t) VALUES ('abcd')",
		"a text of column t is too long for character varying(3)",
		false,
	},
}

// TestRefusals delivers rows that a model may not have: an increment says what a build says, and
// leaves nothing behind.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, refusal := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, inlineProject(t, refusalTables+refusal.migration, refusal.transforms))
			s.first()
			s.exec(refusal.first)
			if _, err := s.increment(); err != nil {
				t.Fatal(err)
			}
			s.same(nil)
			before := s.live()
			s.exec(refusal.then)
			_, err := s.increment()
			_, built := s.built()
			told := map[string]error{"increment": err, "build": built}
			if refusal.build {
				delete(told, "increment")
			}
			for what, err := range told {
				if err == nil || !strings.Contains(err.Error(), refusal.want) {
					t.Errorf("%s: got %v, want an error with %q", what, err, refusal.want)
				}
			}
			if !refusal.build {
				s.equal(s.live(), before, nil)
			}
		})
	}
}
