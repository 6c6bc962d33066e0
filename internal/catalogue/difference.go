package catalogue

import (
	"fmt"
	"slices"
	"strconv"
)

// SameRows is a query of whether live and built have equally many rows, and the hashes of their
// rows have the same sum; and of how many built has. Then they hold the same rows, each as often,
// but for a chance of about one in 2^60. built is what a FROM names, a table or a query in
// brackets, with the columns of live. seed is a number that nobody can foresee, so that nobody can
// choose rows with the hashes of others. It is for PostgreSQL, and takes a fifth of the time of a
// join.
func SameRows(live Table, built string, seed int64) string {
	side := func(from string) string {
		return "(SELECT COUNT(*) AS held, SUM(" + hashRow("r.", live, seed) + ") AS hashes FROM " + from + " AS r)"
	}
	return "SELECT live.held = built.held AND live.hashes IS NOT DISTINCT FROM built.hashes, built.held FROM " +
		side(live.SQL()) + " AS live CROSS JOIN " + side(built) + " AS built"
}

// hashRow is a hash of all values of a row, a BIGINT. Each text is hashed with the hash of the
// values before it as the seed, so that two texts in each other's places give another hash. NULL
// counts as the digits of the seed, which no text can foresee.
//
// All other values are hashed by the bytes that RECORD_SEND gives. That takes ten times as long for
// each value. But PostgreSQL folds the two halves of a BIGINT or a TIMESTAMP into one before it
// hashes them, whatever the seed (hashint8 in hashfunc.c).
func hashRow(prefix string, t Table, seed int64) string {
	others := slices.DeleteFunc(slices.Clone(t.Columns), t.isText)
	hash := fmt.Sprintf("CAST('%d' AS BIGINT)", seed)
	if len(others) > 0 {
		hash = fmt.Sprintf("HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(%s))), '%d')", list(prefix, others), seed)
	}
	for _, name := range t.Columns {
		if t.isText(name) {
			hash = fmt.Sprintf(`HASHTEXTEXTENDED(COALESCE(%s, '%d') COLLATE "C", %s)`, prefix+name.SQL(), seed, hash)
		}
	}
	return hash
}

// isText tells whether a column holds texts.
func (t Table) isText(column Name) bool { return slices.Contains(t.Texts, column) }

// CreateDifference makes a table of the keys whose rows differ between live and built: how many
// rows of the key only the live table has, and how many only the built one has. Rows are compared
// whole and counted, so that NULLs are equal to each other and a row that stands twice, which
// Redshift's unenforced keys allow, is a difference too.
func CreateDifference(into, live, built Table) string {
	columns := live.Columns
	return "CREATE TABLE " + into.SQL() + " AS SELECT " + list("different.", live.Key) +
		", SUM(different.dwh_live) AS dwh_live, SUM(different.dwh_built) AS dwh_built FROM (" +
		"SELECT " + list(
		"side.", columns,
	) + ", SUM(side.dwh_live) AS dwh_live, SUM(side.dwh_built) AS dwh_built FROM (" +
		"SELECT " + list("live.", columns) + ", 1 AS dwh_live, 0 AS dwh_built FROM " + live.SQL() + " AS live" +
		" UNION ALL " +
		"SELECT " + list("built.", columns) + ", 0 AS dwh_live, 1 AS dwh_built FROM " + built.SQL() + " AS built" +
		") AS side GROUP BY " + list("side.", columns) + " HAVING SUM(side.dwh_live) <> SUM(side.dwh_built)" +
		") AS different GROUP BY " + list("different.", live.Key)
}

// CountDifference counts a difference's keys: those that only the built table has, those that both
// have, and those that only the live one has.
func CountDifference(difference Table) string {
	return "SELECT COALESCE(SUM(CASE WHEN dwh_live = 0 THEN 1 ELSE 0 END), 0)" +
		", COALESCE(SUM(CASE WHEN dwh_live > 0 AND dwh_built > 0 THEN 1 ELSE 0 END), 0)" +
		", COALESCE(SUM(CASE WHEN dwh_built = 0 THEN 1 ELSE 0 END), 0) FROM " + difference.SQL()
}

// DeleteDifferent deletes the live rows of the keys that differ.
func DeleteDifferent(live, difference Table) string {
	return "DELETE FROM " + live.SQL() + " USING " + difference.SQL() +
		" WHERE " + equal(live.SQL(), difference.SQL(), live.Key)
}

// InsertDifferent inserts the built rows of the keys that differ.
func InsertDifferent(live, built, difference Table) string {
	return "INSERT INTO " + live.SQL() + " (" + list("", live.Columns) + ") SELECT " + list("built.", live.Columns) +
		" FROM " + difference.SQL() + " AS different INNER JOIN " + built.SQL() + " AS built ON " + equal(
		"built", "different", live.Key,
	)
}

// ReadDifferent reads the rows of a table that have one of the first keys of a difference.
func ReadDifferent(table, difference Table, keys int) string {
	return "SELECT " + list("r.", table.Columns) + " FROM (SELECT " + list("d.", table.Key) + " FROM " +
		difference.SQL() + " AS d ORDER BY " + list("d.", table.Key) + " LIMIT " + strconv.Itoa(keys) +
		") AS different INNER JOIN " + table.SQL() + " AS r ON " + equal("r", "different", table.Key)
}
