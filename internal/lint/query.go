package lint

import (
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// checkPhrases refuses sequences of words.
func checkPhrases(phrases ...string) func(*unit, func(int, string)) {
	words := make([][]string, len(phrases))
	for n, phrase := range phrases {
		words[n] = strings.Fields(phrase)
	}
	return func(u *unit, found func(int, string)) {
		for i := range u.tokens {
			for n, phrase := range phrases {
				if u.keyword(i, words[n]...) {
					found(i, phrase)
				}
			}
		}
	}
}

func checkOnConflict(u *unit, found func(int, string)) {
	if u.verb == "INSERT" {
		checkPhrases("ON CONFLICT")(u, found)
	}
}

func checkReturning(u *unit, found func(int, string)) {
	if u.verb == "INSERT" || u.verb == "UPDATE" || u.verb == "DELETE" {
		checkPhrases("RETURNING")(u, found)
	}
}

func checkFilter(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if u.is(i, ")", "FILTER", "(", "WHERE") {
			found(i+1, "FILTER (WHERE …)")
		}
	}
}

var comparisons = []string{"=", "<>", "!=", "<", ">", "<=", ">=", "~", "!~", "~~", "LIKE", "ILIKE"}

func checkArray(u *unit, found func(int, string)) {
	for i := range u.tokens {
		switch {
		case u.any(i, "ARRAY", "[") && u.marked(i): // Redshift's SUPER
		case u.is(i, "ARRAY", "[") || u.is(i, "ARRAY", "("):
			found(i, "ARRAY constructor")
		case u.is(i, "[") && !u.is(i-1, "ARRAY") && !u.is(i-1, "]"):
			found(i, "subscript or array type")
		case u.any(i, "ANY", "SOME", "ALL") && u.is(i+1, "(") && u.any(i-1, comparisons...) && !u.subquery(i+1):
			found(i, u.word(i-1)+opText(u, i-1)+" "+u.word(i)+" (…)")
		}
	}
}

// subquery says whether the bracket at i holds a query, and not the value of an expression.
func (u *unit) subquery(i int) bool {
	for u.is(i, "(") {
		i++
	}
	return u.any(i, "SELECT", "WITH")
}

func opText(u *unit, i int) string {
	if u.kind(i) == sqlfile.KindOp {
		return u.tokens[i].Text
	}
	return ""
}

func checkRow(u *unit, found func(int, string)) {
	for i := range u.tokens {
		switch {
		case u.is(i, "ROW", "(") && u.called(i):
			found(i, "ROW (…)")
		case !u.is(i, "(") || u.any(i+1, "SELECT", "WITH") || len(u.items(i, u.close(i))) < 2:
		case !u.any(i-1, "WHERE", "AND", "OR", "ON", "NOT", "WHEN", "SET", "HAVING", "THEN", ",", "("):
		case u.is(i-1, ",") && u.verb == "INSERT" && u.up[i] < 0:
		default:
			end := u.close(i) + 1
			if u.any(end, "=", "<>", "!=", "<", ">", "<=", ">=", "IN") || u.is(end, "NOT", "IN") {
				found(i, u.text(i, end))
			}
		}
	}
}

func checkValues(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if !u.is(
			i, "VALUES", "(",
		) || u.verb == "MERGE" || u.verb == "INSERT" && u.up[i] == u.up[u.verbAt] || u.is(i-1, ".") {
			continue
		}
		found(i, "VALUES as a table")
	}
}

func checkInsertSubquery(u *unit, found func(int, string)) {
	if u.verb != "INSERT" {
		return
	}
	at := u.next(u.verbAt, len(u.tokens), "VALUES")
	if at < 0 || !u.is(at+1, "(") {
		return
	}
	several := u.is(u.close(at+1)+1, ",")
	for i := at + 1; several && i < len(u.tokens); i++ {
		if u.is(i, "(", "SELECT") {
			found(i+1, "subquery in VALUES")
		}
	}
}

// clauses end a FROM clause.
var clauses = []string{
	"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH", "UNION", "EXCEPT", "INTERSECT",
	"WINDOW", "FOR", "SET", "RETURNING", "QUALIFY", "SELECT",
}

// checkTableFunction looks at what stands where a table is expected: behind FROM, JOIN and the
// commas between.
func checkTableFunction(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if !u.fromClause(i) {
			continue
		}
		expected := true
		for j := i + 1; j < u.end(i) && !(u.up[j] == u.up[i] && u.any(j, clauses...)); j++ {
			if u.up[j] != u.up[i] {
				continue
			}
			if u.any(j, "JOIN", ",") {
				expected = true
				continue
			}
			if u.any(j, "ONLY", "LATERAL") {
				continue
			}
			name := u.last(j)
			if expected && u.named(j) && u.is(name+1, "(") && !u.is(name, "GENERATE_SERIES") {
				found(j, u.text(j, name+1)+"(…) as a table")
			}
			expected = false
		}
	}
}

// fromClause says whether token i is the FROM of a query, and not that of EXTRACT (… FROM …) or IS
// DISTINCT FROM.
func (u *unit) fromClause(i int) bool {
	if !u.is(i, "FROM") || u.is(i-1, "DISTINCT") && u.any(i-2, "IS", "NOT") {
		return false
	}
	for j := i - 1; j > u.up[i]; j-- {
		if u.up[j] == u.up[i] && u.any(j, "SELECT", "DELETE", "UPDATE") {
			return true
		}
	}
	return false
}

func checkIsDistinct(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if u.is(i, "IS", "DISTINCT", "FROM") || u.is(i, "IS", "NOT", "DISTINCT", "FROM") {
			found(i, "IS DISTINCT FROM")
		}
	}
}

func checkTablesample(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if u.is(i, "TABLESAMPLE") && u.is(i+2, "(") {
			found(i, "TABLESAMPLE")
		}
	}
}

func checkCTEBeforeInsert(u *unit, found func(int, string)) {
	if u.with && u.verb == "INSERT" {
		found(0, "WITH before INSERT")
	}
}

func checkModifyingCTE(u *unit, found func(int, string)) {
	for i := range u.tokens {
		opens := u.is(i-3, "AS", "NOT", "MATERIALIZED", "(") || u.is(i-2, "AS", "MATERIALIZED") || u.is(i-2, "AS", "(")
		if u.any(i, "INSERT", "UPDATE", "DELETE", "MERGE") && u.is(i-1, "(") && opens {
			found(i, u.word(i)+" in a WITH clause")
		}
	}
}

func checkMaterialized(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if u.is(i, "AS", "MATERIALIZED", "(") || u.is(i, "AS", "NOT", "MATERIALIZED", "(") {
			found(i, "MATERIALIZED in a WITH clause")
		}
	}
}

func checkIsTrue(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if !u.is(i, "IS") {
			continue
		}
		value := i + 1
		if u.is(value, "NOT") {
			value++
		}
		if u.any(value, "TRUE", "FALSE", "UNKNOWN") && u.clause(i) == "SELECT" {
			found(i, u.text(i, value+1)+" in a select list")
		}
	}
}

// clause returns the word that begins the clause in which token i stands. The WHEN of a CASE counts
// as one, since what follows it is a condition.
func (u *unit) clause(i int) string {
	for j := i - 1; j >= 0; j-- {
		if u.any(j, ")", "]") && u.pair[j] >= 0 {
			j = u.pair[j]
			continue
		}
		if u.any(j, "SELECT", "WHERE", "ON", "HAVING", "FROM", "SET", "VALUES", "GROUP", "ORDER", "WHEN", "QUALIFY") {
			return u.word(j)
		}
	}
	return ""
}

func checkUpdateTarget(u *unit, found func(int, string)) {
	if u.verb != "UPDATE" {
		return
	}
	set := u.next(u.verbAt, len(u.tokens), "SET")
	if set < 0 {
		return
	}
	target := true
	for i := set + 1; i < len(u.tokens) && !(u.up[i] == u.up[set] && u.any(i, "FROM", "WHERE", "RETURNING")); i++ {
		if u.up[i] != u.up[set] {
			continue
		}
		if target && u.is(i+1, ".") {
			found(i, "SET "+u.text(i, u.skipName(i)))
		}
		target = u.is(i, ",")
	}
}

func checkDeleteAlias(u *unit, found func(int, string)) {
	if u.verb != "DELETE" {
		return
	}
	i := u.verbAt + 1
	if u.is(i, "FROM") {
		i++
	}
	if u.is(i, "ONLY") {
		i++
	}
	i = u.skipName(i)
	if u.is(i, "AS") || u.named(i) && !u.any(i, "USING", "WHERE", "RETURNING") {
		found(i, "alias in DELETE")
	}
}
