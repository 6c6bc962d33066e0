package model_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestTypesWithoutMaximum picks and groups by columns of types that have an order, but no MIN or
// MAX, in builds that rank only the best rows of each key, and in increments.
func TestTypesWithoutMaximum(t *testing.T) {
	t.Parallel()
	for sqlType, values := range map[string][2]string{
		"BOOLEAN": {"FALSE", "TRUE"},
		"UUID":    {"'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'"},
		"BYTEA":   {`'\x01'`, `'\x02'`},
		"BIT(3)":  {"B'001'", "B'010'"},
		"JSONB":   {`'{"a": 1}'`, `'{"a": 2}'`},
	} {
		t.Run(sqlType, func(t *testing.T) {
			t.Parallel()
			migration := strings.ReplaceAll(`
CREATE TABLE s_a (k INTEGER, v @, n INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE d_best (k INTEGER PRIMARY KEY, v @, n INTEGER);
CREATE TABLE d_group (k INTEGER PRIMARY KEY, v @ NOT NULL, n BIGINT);
CREATE TABLE d_computed (k INTEGER PRIMARY KEY, w @ NOT NULL, n BIGINT);`, "@", sqlType)
			s := newStore(t, inlineProject(t, migration, map[string]string{
				"101_a": "-- a: one row per k and n.\n-- key: k, n\n-- pick: v\n-- from: s_a\n" +
					"SELECT k, v, n FROM s_a;",
				"110_d_best": "-- d_best: one row per k.\n-- key: k\n-- pick: v DESC, n\n-- from: a\n" +
					"SELECT k, v, n FROM a;",
				"120_d_group": "-- d_group: one row per k.\n-- key: k\n-- from: a by v\n" +
					"SELECT MIN(k) AS k, v, SUM(n) AS n FROM a GROUP BY v;",
				"130_d_computed": "-- d_computed: one row per k.\n-- key: k\n-- from: a by v as w\n" +
					"SELECT MIN(k) AS k, v AS w, SUM(n) AS n FROM a GROUP BY v;",
			}))
			s.large = 1
			insert := func(k, value, n int) {
				s.exec(fmt.Sprintf("INSERT INTO s_a (k, v, n) VALUES (%d, %s, %d)", k, values[value], n))
			}
			insert(1, 0, 1)
			insert(2, 1, 1)
			s.first()
			s.same(nil)
			insert(3, 1, 2)
			insert(2, 0, 3)
			insert(3, 1, 1)
			if _, err := s.increment(); err != nil {
				t.Fatal(err)
			}
			s.same(nil)
			insert(1, 1, 5)
			if _, err := s.increment(); err == nil || !strings.Contains(err.Error(), "are in several groups") {
				t.Errorf("got %v, want an error about a key in several groups", err)
			}
			if _, err := s.built(); err == nil || !strings.Contains(err.Error(), "have the same key (k)") {
				t.Errorf("a build: got %v, want an error about a key of several rows", err)
			}
		})
	}
}
