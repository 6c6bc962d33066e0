package redshiftstandin

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/sqlfile"
)

const (
	pageFeatures = "dg/c_unsupported-postgresql-features"
	pageNoCalls  = "dg/c_unsupported-postgresql-functions"
	pageLeader   = "dg/c_SQL_functions_leader_node_only"
	pageWindow   = "dg/c_Window_functions"
	pageSelect   = "dg/r_SELECT_synopsis"
	pageNames    = "dg/r_names"
)

// reserved are the words of dg/r_pg_keywords that PostgreSQL would take as names.
var reserved = words(
	`AES128 AES256 ALLOWOVERWRITE AZ64 BACKUP BINARY BLANKSASNULL BYTEDICT BZIP2 CREDENTIALS CURRENT_USER_ID DEFLATE DEFRAG
	DELTA DELTA32K DISABLE EMPTYASNULL ENABLE ENCODE ENCRYPT ENCRYPTION EXPLICIT FREEZE GLOBALDICT256 GLOBALDICT64K GZIP IDENTITY IGNORE ILIKE ISNULL
	LUN LUNS LZO LZOP MINUS MOSTLY13 MOSTLY16 MOSTLY32 MOSTLY8 NATURAL NEW NOTNULL NULLS OFF OFFLINE OLD OPEN OVERLAPS PARALLEL PARTITION PERCENT
	PERMISSIONS RAW READRATIO RECOVER REJECTLOG RESORT RESPECT RESTORE SNAPSHOT SYSDATE SYSTEM TAG TDES TEXT255 TEXT32K TIMESTAMP TOP
	TRUNCATECOLUMNS WALLET WITHOUT`,
)

// inPlace are reserved words that have a place in the subset.
var inPlace = words(
	"ILIKE ISNULL NOTNULL NULLS OVERLAPS PARTITION SYSDATE TIMESTAMP WITHOUT IGNORE RESPECT IDENTITY MINUS NATURAL",
)

func words(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(text) {
		out[w] = true
	}
	return out
}

// A phraseRule refuses a run of words.
type phraseRule struct {
	words, page, why string
}

// phraseRules are grammar that PostgreSQL has and Redshift has not.
var phraseRules = []phraseRule{
	{"ON CONFLICT", "dg/r_INSERT_30", "INSERT has no ON CONFLICT"},
	{"DISTINCT ON", pageSelect, "DISTINCT ON is not supported"},
	{"LATERAL", "dg/r_FROM_clause30", "LATERAL is not supported"},
	{"RETURNING", "dg/r_INSERT_30", "RETURNING is not supported"},
	{"FILTER (", "dg/c_Aggregate_Functions", "aggregates have no FILTER"},
	{"ARRAY [", pageNoTypes, "array constructors are not supported"},
	{"( VALUES", pageFeatures, "VALUES lists used as constant tables are not supported"},
	{"IS DISTINCT FROM", pageNoCalls, "IS DISTINCT FROM is not supported"},
	{"IS NOT DISTINCT FROM", pageNoCalls, "IS DISTINCT FROM is not supported"},
	{"FOR UPDATE", pageSelect, "rows cannot be locked"},
	{"FOR SHARE", pageSelect, "rows cannot be locked"},
	{"FOR NO KEY UPDATE", pageSelect, "rows cannot be locked"},
	{"FOR KEY SHARE", pageSelect, "rows cannot be locked"},
	{"FETCH FIRST", "dg/r_ORDER_BY_clause", "rows are limited by LIMIT alone"},
	{"FETCH NEXT", "dg/r_ORDER_BY_clause", "rows are limited by LIMIT alone"},
	{"TABLESAMPLE", "dg/r_FROM_clause30", "TABLESAMPLE is not supported"},
	{"AS MATERIALIZED", "dg/r_WITH_clause", "WITH has no MATERIALIZED"},
	{"AS NOT MATERIALIZED", "dg/r_WITH_clause", "WITH has no MATERIALIZED"},
	{"EXCEPT ALL", "dg/r_UNION", "EXCEPT ALL is not supported"},
	{"INTERSECT ALL", "dg/r_UNION", "INTERSECT ALL is not supported"},
	{"GROUPING SETS", "dg/r_GROUP_BY_clause", "not in the subset"},
	{"WHERE CURRENT OF", "dg/r_UPDATE", "WHERE CURRENT OF is not supported"},
	{"WITH ORDINALITY", pageFeatures, "table functions are not supported"},
	{"AT TIME ZONE", "dg/r_AT_TIME_ZONE", "not in the subset"},
	{"SIMILAR TO", "dg/pattern-matching-conditions-similar-to", "not in the subset"},
	{"COLLATE", "dg/c_collation_sequences", "collations are not supported: strings compare by bytes"},
	{"NATURAL", "dg/r_FROM_clause30", "not in the subset"},
	{"MINUS", "dg/r_UNION", "PostgreSQL has EXCEPT alone"},
	{"QUALIFY", "dg/r_QUALIFY_clause", "PostgreSQL has no QUALIFY"},
}

// operators are those that both engines have with one meaning.
var operators = map[string]bool{
	"(": true, ")": true, ",": true, ".": true, "::": true, "+": true, "-": true, "*": true,
	"/": true, "%": true, "^": true, "||": true,
	"=": true, "<>": true, "!=": true, "<": true, ">": true, "<=": true, ">=": true, "~": true, "!~": true,
}

// functions are those of the guide's reference that PostgreSQL, or the stand-in's own schema, has
// with one meaning. A call of another function is refused, but for user-defined ones, f_….
var functions = words(`COUNT SUM MIN MAX COALESCE NULLIF NVL GREATEST LEAST BOOL_AND BOOL_OR LISTAGG
	ROW_NUMBER RANK DENSE_RANK LAG LEAD FIRST_VALUE LAST_VALUE NTH_VALUE NTILE PERCENT_RANK CUME_DIST
	ABS CEIL CEILING FLOOR ROUND TRUNC MOD SIGN SQRT POWER EXP LN
	RTRIM LTRIM TRIM BTRIM UPPER LOWER LENGTH LEN CHAR_LENGTH CHARACTER_LENGTH OCTET_LENGTH SUBSTRING LEFT RIGHT REPLACE POSITION STRPOS LPAD RPAD
	REPEAT REVERSE INITCAP CHR SPLIT_PART TRANSLATE MD5 SHA2 GETDATE DATE_TRUNC EXTRACT TO_CHAR TO_DATE CAST
	CURRENT_SCHEMA CURRENT_DATABASE VERSION PG_LAST_COPY_COUNT PG_LAST_COPY_ID PG_BACKEND_PID CURRENT_SETTING
	HAS_TABLE_PRIVILEGE HAS_SCHEMA_PRIVILEGE HAS_DATABASE_PRIVILEGE NOW`)

// refusedFunctions are those whose refusal has a reason of its own.
var refusedFunctions = map[string][3]string{
	"AVG": {
		"0A000", "dg/r_AVG",
		"AVG of integers is a whole number on Redshift and a fraction on PostgreSQL",
	},
	"CONCAT": {
		"0A000", "dg/r_CONCAT",
		"CONCAT takes two arguments and is NULL where one is; PostgreSQL's is not",
	},
	"GENERATE_SERIES": {"0A000", pageLeader, "GENERATE_SERIES runs on the leader node alone"},
	"TO_TIMESTAMP": {
		"0A000", "dg/r_TO_TIMESTAMP",
		"TO_TIMESTAMP takes a string and a format, and is not in the subset",
	},
	"DATE_PART":  {"0A000", "dg/r_DATE_PART_function", "DATE_PART takes a bare word too; EXTRACT is in the subset"},
	"STRING_AGG": {"42883", pageNoCalls, "function string_agg does not exist"},
	"ARRAY_AGG":  {"42883", pageNoCalls, "function array_agg does not exist"},
	"UNNEST":     {"42883", pageNoCalls, "function unnest does not exist"},
	"SUBSTR":     {"42883", pageNoCalls, "function substr is not documented: SUBSTRING"},
	"AGE":        {"0A000", pageLeader, "AGE runs on the leader node alone"},
	"ROW":        {"0A000", pageFeatures, "row constructors are not supported"},
}

// leaderFunctions run on the leader node alone and are refused beside a table of the user's or of
// the system's: the list of dg/c_SQL_functions_leader_node_only. VERSION, PG_BACKEND_PID and
// CURRENT_SETTING are not on it.
var leaderFunctions = words(
	`CURRENT_SCHEMA CURRENT_SCHEMAS HAS_DATABASE_PRIVILEGE HAS_SCHEMA_PRIVILEGE HAS_TABLE_PRIVILEGE SUBSTR FACTORIAL LOG
	AGE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP ISFINITE NOW GETBIT GET_BYTE SET_BIT SET_BYTE TO_ASCII`,
)

// catalogue are the relations of PostgreSQL's catalogue that Redshift has
// (dg/c_intro_catalog_views, dg/c_unsupported-postgresql-features).
var catalogue = words(
	`PG_CATALOG PG_CLASS PG_NAMESPACE PG_ATTRIBUTE PG_ATTRDEF PG_CONSTRAINT PG_TYPE PG_DATABASE ` +
		`PG_USER PG_GROUP PG_TABLES PG_VIEWS PG_TABLE_DEF PG_INDEX PG_DESCRIPTION PG_PROC PG_AM PG_LANGUAGE`,
)

// notCalls are words that may stand before a parenthesis without being called.
var notCalls = words(
	`IN AND OR NOT OVER VALUES AS KEY BY ON USING FROM JOIN EXISTS UNION ALL ANY SOME SELECT WHERE WHEN THEN ELSE CASE SORTKEY DISTKEY LIKE UNIQUE DISTINCT
	HAVING EXCEPT INTERSECT BETWEEN IS RETURNS WITH FOREIGN LIMIT SET DEFAULT INTERVAL WITHIN GROUP ILIKE OFFSET ESCAPE
	VARCHAR NVARCHAR CHAR CHARACTER VARYING NUMERIC DECIMAL IDENTITY TIMESTAMP TIME`,
)

var ranking = words("ROW_NUMBER RANK DENSE_RANK NTILE PERCENT_RANK CUME_DIST LAG LEAD")

// lexical checks what holds for every kind of statement.
func (st *stmt) lexical() *refusal {
	first := st.word(0)
	for i, t := range st.tokens {
		switch {
		case t.Unclosed:
			return st.refuse(i, "42601", pageNames, "unterminated %s", t.Kind)
		case t.Kind == sqlfile.KindString && t.Text[0] != '\'':
			return st.refuse(i, "42704", pageNoTypes, "type %q does not exist", strings.ToLower(t.Text[:1]))
		case t.Kind == sqlfile.KindString && strings.Contains(t.Text, `\`) && first != "COPY":
			return st.refuse(
				i, "22025", "dg/r_patternmatching_condition_like",
				"a backslash in a literal is an escape character on Redshift alone",
			)
		case t.Kind == sqlfile.KindDollarString && first != "CREATE":
			return st.refuse(
				i, "42601", "dg/r_CREATE_FUNCTION",
				"syntax error at or near %q: dollar quotes stand in CREATE FUNCTION", "$",
			)
		case t.Kind == sqlfile.KindVariable:
			return st.refuse(i, "42601", "dg/r_SELECT_synopsis", "syntax error at or near %q", ":")
		case t.Kind == sqlfile.KindOp && (t.Text == "(" || t.Text == ")") && st.match[i] < 0:
			return st.syntax(i, pageSelect)
		}
	}
	return nil
}

// expressions checks the queries and expressions of the statement and notes what has to be
// rewritten in them.
func (st *stmt) expressions() *refusal {
	for _, check := range []func() *refusal{st.phrases, st.names, st.calls, st.casts, st.windows, st.leaderNode,
		st.correlated} {
		if r := check(); r != nil {
			return r
		}
	}
	st.foldQuoted()
	return nil
}

func (st *stmt) phrases() *refusal {
	for _, rule := range phraseRules {
		if i := st.find(strings.Fields(rule.words)...); i >= 0 && (st.text(i-1) != ".") {
			return st.refuse(i, "42601", rule.page, "syntax error at or near %q: %s", st.text(i), rule.why)
		}
	}
	for i, t := range st.tokens {
		word := st.word(i)
		switch {
		case t.Kind == sqlfile.KindOp && !operators[t.Text]:
			return st.refuse(i, "42883", pageNoCalls, "operator %s does not exist", t.Text)
		case (word == "ANY" || word == "SOME" ||
			word == "ALL" && st.tokens[i-1].Kind == sqlfile.KindOp) && st.text(i+1) == "(" && st.word(i+2) != "SELECT":
			return st.refuse(i, "0A000", pageNoTypes, "%s over an array is not supported", word)
		case word == "IS" && st.clause[i] == "SELECT" && slices.Contains(
			[]string{"TRUE", "FALSE", "UNKNOWN"}, st.word(i+1+btoi(st.word(i+1) == "NOT")),
		):
			return st.refuse(i, "0A000", "dg/r_Boolean_type", "IS TRUE and IS FALSE are not supported in a select list")
		case t.Text == "(" && st.rowConstructor(i):
			return st.refuse(i, "0A000", pageFeatures, "row constructors are not supported")
		}
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rowConstructor says whether (a, b) at token i is a row.
func (st *stmt) rowConstructor(i int) bool {
	if i == 0 {
		return false
	}
	previous := st.word(i - 1)
	if !slices.Contains(
		[]string{"WHERE", "AND", "OR", "ON", "NOT", "WHEN", "HAVING", "SELECT"}, previous,
	) && !slices.Contains([]string{"=", "<>", "<", ">", "<=", ">="}, st.text(i-1)) {
		return false
	}
	if w := st.word(i + 1); w == "SELECT" || w == "WITH" {
		return false
	}
	for k := i + 1; k < st.match[i]; k++ {
		if st.level[k] == i && st.text(k) == "," {
			return true
		}
	}
	return false
}

// names checks identifiers and rewrites those of the catalogue that mean something else here.
func (st *stmt) names() *refusal {
	for i, t := range st.tokens {
		word := st.word(i)
		after := st.text(i-1) == "."
		switch {
		case t.Kind == sqlfile.KindQuotedIdent && len(t.Value()) > 63, word != "" && len(word) > 63:
			return st.refuse(
				i, "42622", pageNames,
				"name is longer than 63 bytes, which is PostgreSQL's limit and not Redshift's 127",
			)
		case word == "" || after:
		case word == "SYSDATE":
			st.replace(i, i, "pg_catalog.getdate()")
		case word == "TIMESTAMP" && st.word(i-1) == "AS" && (st.text(i+1) == "," || st.word(i+1) == "FROM"):
			return st.syntax(i, "dg/r_pg_keywords")
		case reserved[word] && !inPlace[word]:
			return st.syntax(i, "dg/r_pg_keywords")
		case word == "PARTITION" && st.word(
			i+1,
		) != "BY", word == "NULLS" && st.word(i+1) != "FIRST" && st.word(i+1) != "LAST",
			word == "IDENTITY", (word == "IGNORE" || word == "RESPECT") && st.word(i+1) != "NULLS":
			return st.syntax(i, "dg/r_pg_keywords")
		case strings.HasPrefix(word, "PG_") && st.text(i+1) != "(" && !catalogue[word]:
			return st.refuse(i, "42P01", pageFeatures, "relation %q does not exist", strings.ToLower(word))
		case word == "INFORMATION_SCHEMA" && st.text(i+1) == ".":
			// PostgreSQL knows nothing of keys that are not enforced.
			if next := st.word(i + 2); next == "TABLE_CONSTRAINTS" || next == "KEY_COLUMN_USAGE" {
				st.replace(i, i, helperSchema)
			}
		case word == "PG_CATALOG" && st.text(i+1) == "." && st.word(i+2) == "PG_CONSTRAINT":
			st.replace(i, i, helperSchema)
		case word == "PG_CONSTRAINT" && st.text(i+1) != ".":
			st.replace(i, i, helperSchema+".pg_constraint")
		}
	}
	return nil
}

// calls checks every function call against the list.
func (st *stmt) calls() *refusal {
	for paren, t := range st.tokens {
		i := paren - 1
		name, ok := st.name(i)
		if t.Text != "(" || !ok {
			continue
		}
		word := strings.ToUpper(name)
		quoted := st.tokens[i].Kind == sqlfile.KindQuotedIdent
		before := i - 1 // of the name as a whole
		for st.text(before) == "." {
			before -= 2
		}
		previous := st.word(before)
		switch {
		case !quoted && notCalls[word] && st.text(i-1) != ".":
			continue
		// a list of columns
		case previous == "INTO", previous == "TABLE", previous == "VIEW", previous == "EXISTS" && st.ddl:
			continue
		// of a CTE
		case st.word(
			st.match[paren]+1,
		) == "AS" && st.text(st.match[paren]+2) == "(" && (previous == "WITH" || st.text(before) == ","):
			continue
		case previous == "AS" && st.clause[i] == "FROM": // of an alias
			continue
		case previous == "FROM" || previous == "JOIN":
			return st.refuse(i, "0A000", pageFeatures, "table functions are not supported: %s", name)
		case previous == "FUNCTION" || previous == "REFERENCES":
			continue
		}
		if refused, ok := refusedFunctions[word]; ok {
			return st.refuse(i, refused[0], refused[1], "%s", refused[2])
		}
		schema := ""
		if st.text(i-1) == "." {
			schema, _ = st.name(i - 2)
		}
		if strings.HasPrefix(name, "f_") {
			continue
		}
		if !functions[word] || schema != "" && schema != "pg_catalog" {
			return st.refuse(
				i, "42883", "dg/c_SQL_functions",
				"function %s is not in the subset of Redshift's functions that is known here", name,
			)
		}
		if r := st.rewriteCall(i, paren, word); r != nil {
			return r
		}
	}
	return nil
}

// rewriteCall notes how PostgreSQL is asked for what a function of Redshift gives.
func (st *stmt) rewriteCall(i, paren int, word string) *refusal {
	closing := st.match[paren]
	switch word {
	case "VERSION":
		st.replace(i, i, helperSchema+".version")
	case "NVL":
		st.replace(i, i, "COALESCE")
	case "LEN":
		st.replace(i, i, "LENGTH")
	case "EXTRACT":
		// An INTEGER on Redshift, dg/r_EXTRACT_function; a fraction in PostgreSQL, which holds more
		// than the field.
		part := strings.ToLower(st.tokens[paren+1].Value())
		if !slices.Contains([]string{"year", "quarter", "month", "week", "day", "dow", "doy", "hour", "minute"}, part) {
			return st.refuse(paren+1, "0A000", "dg/r_EXTRACT_function", "EXTRACT(%s) differs between the engines", part)
		}
		st.insert(i, "CAST(")
		st.replace(closing, closing, ") AS INTEGER)")
	case "LISTAGG":
		separator := ""
		comma := false
		for k := paren + 1; k < closing; k++ {
			comma = comma || st.level[k] == paren && st.text(k) == ","
		}
		if !comma {
			separator = ", ''"
		}
		st.replace(i, i, "STRING_AGG")
		if st.phrase(closing+1, "WITHIN", "GROUP", "(") {
			st.replace(closing, closing+3, separator+" ")
		} else {
			st.replace(closing, closing, separator+")")
		}
	}
	return nil
}

// casts checks the types of CAST(… AS …) and ::, and gives those without a size the one that
// Redshift gives them.
func (st *stmt) casts() *refusal {
	for i := range st.tokens {
		inCast := st.word(i) == "AS" && st.level[i] > 0 && st.word(st.level[i]-1) == "CAST"
		if !inCast && st.text(i) != "::" {
			continue
		}
		st.i = i + 1
		t, r := st.dataType("")
		if r != nil {
			return r
		}
		st.replace(i+1, st.i-1, t.sql)
	}
	return nil
}

// windows checks OVER clauses.
func (st *stmt) windows() *refusal {
	for i := range st.tokens {
		if st.word(i) == "WINDOW" && st.level[i] == st.level[max(i-1, 0)] && st.word(i+2) == "AS" {
			return st.refuse(i, "42601", pageWindow, "there is no WINDOW clause")
		}
		if st.word(i) != "OVER" {
			continue
		}
		if st.text(i+1) != "(" {
			return st.refuse(i, "42601", pageWindow, "OVER takes a window in parentheses")
		}
		call := i - 1
		if st.word(call) == "NULLS" {
			call -= 2
		}
		function := ""
		if st.text(call) == ")" {
			function = st.word(st.match[call] - 1)
		}
		order, rows := -1, -1
		for k := i + 2; k < st.match[i+1]; k++ {
			if st.level[k] != i+1 {
				continue
			}
			switch st.word(k) {
			case "ORDER":
				order = k
			case "ROWS":
				rows = k
			case "RANGE", "GROUPS", "EXCLUDE":
				if st.text(k-1) != "." {
					return st.refuse(k, "0A000", pageWindow, "only ROWS frames are supported")
				}
			}
		}
		switch {
		case order >= 0 && st.tokens[order+2].Kind == sqlfile.KindNumber,
			order >= 0 && st.tokens[order+2].Kind == sqlfile.KindString:
			return st.refuse(order, "0A000", pageWindow, "window specification's ORDER BY must not be a constant")
		case ranking[function] && rows >= 0:
			return st.refuse(rows, "0A000", pageWindow, "a ranking function takes no frame")
		case !ranking[function] && order >= 0 && rows < 0:
			return st.refuse(
				i, "0A000", pageWindow,
				"Aggregate window functions with an ORDER BY clause require a frame clause",
			)
		}
	}
	return nil
}

// leaderNode refuses functions and catalogue tables of the leader node beside tables of the user's.
func (st *stmt) leaderNode() *refusal {
	user, system, leader, function := false, false, -1, -1
	queries := map[string]bool{} // of WITH
	for i := range st.tokens {
		if name, ok := st.name(i); ok && st.word(
			i+1,
		) == "AS" && st.text(i+2) == "(" && (st.word(i-1) == "WITH" || st.clause[i] == "WITH" && st.text(i-1) == ",") {
			queries[name] = true
		}
	}
	for i := range st.tokens {
		word := st.word(i)
		previous := st.word(i - 1)
		if leaderFunctions[word] && st.text(i-1) != "." && (st.text(i+1) == "(" || strings.HasPrefix(
			word, "CURRENT_TIME",
		) || strings.HasPrefix(word, "LOCALTIME")) {
			function = i
		}
		name, ok := st.name(i)
		starts := st.clause[i] == "FROM" && (previous == "FROM" || previous == "JOIN" || st.text(
			i-1,
		) == ",") || previous == "UPDATE" || previous == "USING" && st.clause[i] == "USING"
		if !ok || !starts {
			continue
		}
		if catalogue[strings.ToUpper(name)] || name == "information_schema" {
			leader = i
		} else if isSystemView(name) {
			system = true
		} else if !queries[name] {
			user = true
		}
	}
	if function >= 0 && (user || system) {
		leader, user = function, true
	}
	if user && leader >= 0 {
		return st.refuse(
			leader, "0A000", pageLeader,
			"Specified types or functions (one per INFO message) not supported on Redshift tables.",
		)
	}
	return nil
}

// correlated refuses the correlated subqueries that Redshift's planner refuses. It shares its
// analysis with lint, as it is no matter of how the stand-in performs a statement.
func (st *stmt) correlated() *refusal {
	selects := 0
	for i := range st.tokens {
		if st.word(i) == "SELECT" {
			selects++
		}
	}
	if first := st.word(0); selects < 2 && (selects < 1 || first != "UPDATE" && first != "DELETE") {
		return nil
	}
	if what, at := lint.RefusedSubquery(st.tokens); at >= 0 {
		return st.refuse(
			at,
			"0A000",
			"dg/r_correlated_subqueries",
			"This type of correlated subquery pattern is not supported yet: %s",
			what,
		)
	}
	return nil
}

func isSystemView(name string) bool {
	for _, prefix := range []string{"stl_", "stv_", "svv_", "svl_", "sys_", "svcs_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
