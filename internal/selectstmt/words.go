package selectstmt

import "strings"

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

var (
	// clauseWords end an expression outside parentheses. They are reserved on both engines.
	clauseWords = words(`FROM WHERE GROUP HAVING WINDOW UNION EXCEPT INTERSECT ORDER LIMIT OFFSET FETCH FOR INTO
		SELECT`)

	// queryEnd may follow a query's SELECT in parentheses.
	queryEnd = words("UNION EXCEPT INTERSECT MINUS ORDER LIMIT OFFSET FETCH FOR")

	joinWords = words("CROSS INNER LEFT RIGHT FULL NATURAL OUTER")

	// reserved words are no name of a table and no alias without AS
	// (https://www.postgresql.org/docs/15/sql-keywords-appendix.html).
	reserved = words(`ALL AND ANY ARRAY AS ASC BETWEEN CASE COLLATE CROSS DESC DISTINCT ELSE END EXCEPT FETCH FOR FROM
		FULL GROUP HAVING ILIKE IN INNER INTERSECT INTO IS JOIN LATERAL LEFT LIKE LIMIT NATURAL NOT NULL OFFSET ON ONLY
		OR ORDER OUTER RIGHT SELECT SIMILAR THEN UNION USING VALUES WHEN WHERE WINDOW WITH`)

	// prefixes stand before an operand.
	prefixes = words(`ALL AND ANY ARRAY AS ASYMMETRIC BETWEEN BOTH CASE DISTINCT ELSE FOR FROM ILIKE IN IS LEADING LIKE
		NOT ON OR PLACING SIMILAR SOME SYMMETRIC THEN TO TRAILING USING VARIADIC WHEN WHERE WITH`)

	// infixes stand behind an operand and before the next one.
	infixes = words(`AND AS BETWEEN DISTINCT ELSE ESCAPE FOR FROM ILIKE IN IS LIKE NOT ON OR OVERLAPS PLACING SIMILAR
		THEN TO USING WHEN WHERE WITH`)

	// postfixes stand behind an operand and are followed by none.
	postfixes = words("ASC DESC END ISNULL NOTNULL")

	literals = words("TRUE FALSE NULL DEFAULT")

	// isWords stand behind IS and are names elsewhere.
	isWords = words("DOCUMENT JSON NORMALIZED UNKNOWN")

	// bareCalls are functions that are written without parentheses.
	bareCalls = words(`CURRENT_CATALOG CURRENT_DATE CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP
		CURRENT_USER LOCALTIME LOCALTIMESTAMP SESSION_USER USER`)

	// partFirst are functions whose first argument may be a bare word such as hour, on Redshift.
	partFirst = words("DATEADD DATEDIFF DATE_ADD DATE_DIFF DATE_PART DATE_TRUNC TIMESTAMPADD TIMESTAMPDIFF PGDATE_PART")

	units = words("YEAR MONTH DAY HOUR MINUTE SECOND")

	// frameWords describe the frame of a window.
	frameWords = words(`AND BETWEEN CURRENT EXCLUDE FOLLOWING GROUP GROUPS NO OTHERS PRECEDING RANGE ROW ROWS TIES
		UNBOUNDED`)
)
