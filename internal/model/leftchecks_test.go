package model_test

import (
	"testing"

	"github.com/sparkify/dwh/internal/sqlfile"
)

const leftTables = `
CREATE TABLE s_a (grp VARCHAR(4), ts INTEGER, id INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE s_b (grp VARCHAR(4), label VARCHAR(4), code INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE c (id INTEGER PRIMARY KEY, label VARCHAR(4), title VARCHAR(4));
CREATE TABLE d_a (grp VARCHAR(4) PRIMARY KEY, ts INTEGER, id INTEGER, label VARCHAR(4), code INTEGER);`

// compileLeft compiles d_a, which has b as a lookup of left joins:, with that SELECT.
func compileLeft(t *testing.T, query string) error {
	t.Helper()
	_, err := inlineProject(t, leftTables, map[string]string{
		"101_a": "-- a: rows.\n-- from: s_a\nSELECT TRIM(grp) AS grp, ts, id FROM s_a;\n",
		"102_b": "-- b: one row per grp.\n-- key: grp\n-- pick: label, code\n-- from: s_b\n" +
			"SELECT TRIM(grp) AS grp, label, code FROM s_b WHERE grp IS NOT NULL;\n",
		"103_z": "-- z: rows.\n-- from: c\nSELECT id, label, title FROM c;\n",
		"210_d_a": "-- d_a: one row per grp.\n-- key: grp\n-- pick: ts DESC, id\n-- from: a\n" +
			"-- left joins: b by grp\n-- joins: z\n" + query + ";\n",
	}).compile(sqlfile.Postgres)
	return err
}

const (
	leftItems = "SELECT a.grp, a.ts, a.id, b.label, b.code FROM a LEFT JOIN b ON b.grp = a.grp "
	leftBelow = "(SELECT a.grp, a.ts, a.id, b.label, b.code, z.title FROM a LEFT JOIN b ON b.grp = a.grp " +
		"LEFT JOIN z ON z.id = a.id)"
	leftAbove = "SELECT q.grp, q.ts, q.id, q.label, q.code FROM "
	leftWith  = "WITH q AS " + leftBelow + " " + leftAbove + "q "
	leftZ     = "LEFT JOIN z ON z.id = a.id "
)

// TestLeftLookupThatFills compiles SELECTs whose lookup of left joins: only fills columns.
func TestLeftLookupThatFills(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		leftItems + leftZ + "WHERE a.grp IS NOT NULL AND z.label = 'L'",
		leftAbove + leftBelow + " AS q WHERE q.grp IS NOT NULL AND q.title <> 'L'",
		leftWith + "WHERE q.grp IS NOT NULL AND title <> 'L'",
		"WITH q (grp, ts, id, code, label, other) AS " + leftBelow + " " + leftAbove +
			"q WHERE grp IS NOT NULL AND other = 'L'",
		leftItems + "INNER JOIN z ON z.id = a.id WHERE a.grp IS NOT NULL AND z.label = 'L'",
		leftItems + "INNER JOIN z USING (id) WHERE a.grp IS NOT NULL",
		"SELECT grp, a.ts, a.id, b.label, b.code FROM a LEFT JOIN b USING (grp) " + leftZ + "WHERE grp IS NOT NULL",
		"SELECT grp, a.ts, a.id, b.label, b.code FROM a LEFT JOIN b USING (grp) " +
			"INNER JOIN (SELECT label AS grp FROM z) AS y USING (grp) WHERE grp IS NOT NULL",
		"SELECT q.grp, q.ts, q.id, q.label, q.code FROM (SELECT * FROM a LEFT JOIN b USING (grp)) AS q " +
			"INNER JOIN z ON z.id = q.id WHERE q.grp IS NOT NULL",
		leftItems + "NATURAL LEFT JOIN (SELECT label, title FROM z) AS y WHERE a.grp IS NOT NULL",
		leftItems + leftZ + "WHERE a.grp IS NOT NULL AND EXISTS (SELECT 1 FROM (SELECT 'M' AS label) AS b " +
			"WHERE b.label = 'M')",
		leftItems + leftZ + "WHERE a.grp IS NOT NULL AND EXISTS (SELECT 1 FROM (SELECT 'M' AS label) AS y " +
			"WHERE label = 'M')",
		"SELECT a.grp, a.ts, a.id, (SELECT UPPER(b.label)) AS label, b.code FROM a LEFT JOIN b ON b.grp = a.grp " +
			leftZ + "WHERE a.grp IS NOT NULL",
		"SELECT a.grp, a.ts, a.id, (SELECT MAX(z.title) FROM z WHERE z.label = b.label) AS label, b.code " +
			"FROM a LEFT JOIN b ON b.grp = a.grp WHERE a.grp IS NOT NULL",
		"SELECT a.grp, a.ts, a.id, y.label, b.code FROM a LEFT JOIN b ON b.grp = a.grp " +
			"CROSS JOIN LATERAL (SELECT UPPER(b.label) AS label) AS y " + leftZ + "WHERE a.grp IS NOT NULL",
		"SELECT a.grp, a.ts, a.id, y.label, b.code FROM a LEFT JOIN b ON b.grp = a.grp CROSS JOIN LATERAL " +
			"(SELECT UPPER(b.label) AS label, a.ts + 1 AS n) AS y " + leftZ + "WHERE a.grp IS NOT NULL AND y.n > 1",
		"SELECT a.grp, a.ts, a.id, z.title AS label, b.code FROM a LEFT JOIN b ON b.grp = a.grp " +
			"LEFT JOIN z ON z.label = b.label WHERE a.grp IS NOT NULL",
	} {
		if err := compileLeft(t, query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// TestLeftLookupThatDecides compiles SELECTs whose lookup of left joins: decides which rows exist,
// one step away.
func TestLeftLookupThatDecides(t *testing.T) {
	t.Parallel()
	used := "b is named by left joins:, but it is used in "
	for _, wrong := range []struct{ query, want string }{
		{leftAbove + leftBelow + " AS q WHERE q.grp IS NOT NULL AND q.label <> 'L'",
			"210_d_a.sql:7:197: " + used + "WHERE"},
		{leftAbove + leftBelow + " AS q WHERE q.grp IS NOT NULL AND label <> 'L'", used + "WHERE"},
		{leftWith + "WHERE q.grp IS NOT NULL AND q.label <> 'L'", used + "WHERE"},
		{"WITH p AS " + leftBelow + ", q AS (SELECT p.*, UPPER(label) || 'x' AS more FROM p) " + leftAbove +
			"q WHERE q.more = 'Lx'", used + "WHERE"},
		{leftAbove + "(SELECT * FROM " + leftBelow + " AS p) AS q WHERE q.label = 'L'", used + "WHERE"},
		{"WITH q (grp, ts, id, code, label) AS (SELECT a.grp, a.ts, a.id, b.label, a.ts FROM a LEFT JOIN b " +
			"ON b.grp = a.grp " + leftZ + ") " + leftAbove + "q WHERE code = 'L'", used + "WHERE"},
		{leftAbove + leftBelow + " AS q INNER JOIN (SELECT 'M' AS m) AS y ON y.m = q.label",
			used + "the condition of another join"},
		{leftAbove + leftBelow + " AS q INNER JOIN (SELECT 'M' AS label) AS y USING (label)",
			used + "the columns of another join"},
		{"SELECT q.label AS grp, q.ts, q.id, q.label, q.code FROM " + leftBelow + " AS q",
			used + "column grp of the key or pick"},
		{"SELECT q.grp, q.code AS ts, q.id, q.label, q.code FROM " + leftBelow + " AS q",
			used + "column ts of the key or pick"},
		{leftItems + leftZ + "INNER JOIN (SELECT 'M' AS code) AS y USING (code)", used + "the columns of another join"},
		{leftItems + leftZ + "NATURAL JOIN (SELECT 'M' AS code) AS y", used + "the columns of another join"},
		{leftItems + "INNER JOIN z ON z.label = b.label", used + "the condition of another join"},
		{leftItems + "INNER JOIN z ON EXISTS (SELECT 1 WHERE z.label = b.label)",
			used + "the condition of another join"},
		{leftItems + leftZ + "WHERE a.grp IS NOT NULL AND EXISTS (SELECT 1 WHERE b.label = 'M')",
			"210_d_a.sql:7:157: " + used + "WHERE"},
		{leftItems + leftZ + "WHERE EXISTS (SELECT 1 WHERE EXISTS (SELECT code))", used + "WHERE"},
		{leftItems + leftZ + "WHERE 'M' IN (SELECT b.label)", used + "WHERE"},
		{leftItems + leftZ + "WHERE b IS NOT NULL", used + "WHERE"},
		{leftItems + leftZ + "WHERE (SELECT b) IS NOT NULL", used + "WHERE"},
		{leftItems + "LEFT JOIN z ON z.label = b.label WHERE z.title = 'M'", used + "WHERE"},
		{leftItems + leftZ + "CROSS JOIN LATERAL (SELECT 1 AS n WHERE b.label = 'M') AS y", used + "WHERE"},
		{leftItems + leftZ + "CROSS JOIN LATERAL (SELECT UPPER(b.label) AS n) AS y WHERE y.n = 'M'", used + "WHERE"},
		{leftItems + leftZ + "EXCEPT SELECT 'a', 1, 2, 'b', 3", used + "EXCEPT"},
	} {
		wantRefused(t, wrong.query, wrong.want, compileLeft(t, wrong.query))
	}
}
