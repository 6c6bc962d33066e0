package catalogue

import (
	"slices"
	"strings"
)

// CountSame counts the live rows, the built rows, and the live rows that stand among the built ones
// as they are. Where live's key is enforced, three equal numbers say that the two hold the same
// rows, each once. For PostgreSQL, which joins by several processes at once, but groups by one: it
// takes a third of the time of CreateDifference.
func CountSame(live, built Table) string {
	var same strings.Builder
	same.WriteString(equal("built", "live", live.Key))
	for _, column := range live.Columns {
		if !slices.Contains(live.Key, column) {
			same.WriteString(" AND built." + column.SQL() + " IS NOT DISTINCT FROM live." + column.SQL())
		}
	}
	return "SELECT (SELECT COUNT(*) FROM " + live.SQL() + "), (SELECT COUNT(*) FROM " +
		built.SQL() + "), (SELECT COUNT(*) FROM " + live.SQL() +
		" AS live WHERE EXISTS (SELECT 1 FROM " + built.SQL() + " AS built WHERE " + same.String() + "))"
}

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
