package model_test

import (
	"slices"
	"testing"
)

// TestTextIsOrderedByBytes: pick, and the ORDER BY of a LIMIT, order text by bytes, whatever
// collation its columns have.
func TestTextIsOrderedByBytes(t *testing.T) {
	t.Parallel()
	s := newStore(t, inlineProject(t, `CREATE TABLE s_a (
			k INTEGER, t VARCHAR(9) COLLATE "und-x-icu", processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, t VARCHAR(9) COLLATE "und-x-icu");
		CREATE TABLE d_first (k INTEGER PRIMARY KEY, t VARCHAR(9) COLLATE "und-x-icu");
		CREATE TABLE d_part (k INTEGER PRIMARY KEY);`,
		map[string]string{
			"110_d_a": `-- d_a: one per k.
-- key: k
-- pick: t
-- from: s_a
SELECT k, t FROM s_a WHERE k IS NOT NULL;`,
			"120_d_first": `-- d_first: the first.
-- key: k
SELECT d.k, d.t AS t FROM d_a AS d ORDER BY t DESC, d.k LIMIT 1;`,
			"130_d_part": `-- d_part: the first below.
-- key: k
SELECT first.k FROM (SELECT d.k FROM d_a AS d ORDER BY d.t, LENGTH(d.t), d.k LIMIT 1) AS first;`,
		}))
	s.first()
	// ICU puts a before B, and bytes put B before a.
	s.exec("INSERT INTO s_a (k, t) VALUES (1, 'a'), (1, 'B'), (2, 'a'), (3, 'C')")
	if _, err := s.increment(); err != nil {
		t.Fatal(err)
	}
	s.same(nil)
	want := map[string][]string{"d_a": {"1|B", "2|a", "3|C"}, "d_first": {"2|a"}, "d_part": {"1"}}
	for name, rows := range s.live() {
		if !slices.Equal(rows, want[name]) {
			t.Errorf("%s: got %v, want %v", name, rows, want[name])
		}
	}
}
