package lint

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// called says whether the word at i names a function that is called there: name (…), bare or of
// pg_catalog.
func (u *unit) called(i int) bool {
	if u.kind(i) != sqlfile.KindWord || !u.is(i+1, "(") {
		return false
	}
	if u.is(i-1, ".") {
		return u.is(i-2, "pg_catalog")
	}
	// Names that a statement or a WITH clause gives, with the list of columns behind them.
	if u.any(i-1, "INTO", "TABLE", "FUNCTION", "VIEW", "EXISTS", "REFERENCES", "AS", "JOIN") || i == u.name {
		return false
	}
	end := u.close(i+1) + 1
	return !(u.is(end, "AS", "(") || u.is(end, "AS", "MATERIALIZED") || u.is(end, "AS", "NOT"))
}

// checkCalls refuses functions by name.
func checkCalls(names ...string) func(*unit, func(int, string)) {
	return func(u *unit, found func(int, string)) {
		for i := range u.tokens {
			if u.called(i) && slices.Contains(names, u.word(i)) {
				found(i, u.word(i)+"()")
			}
		}
	}
}

// missing are PostgreSQL's functions that Redshift lacks or gives another meaning, those with rules
// of their own apart.
var missing = []string{
	"ARRAY_AGG", "ARRAY_APPEND", "ARRAY_LENGTH", "ARRAY_POSITION", "ARRAY_REMOVE",
	"ARRAY_TO_STRING", "BIT_LENGTH", "CARDINALITY", "CONCAT_WS",
	"CONVERT", "CONVERT_FROM", "CONVERT_TO", "CORR", "COVAR_POP", "COVAR_SAMP", "DATE_BIN",
	"DECODE", "DIV", "ENCODE", "EVERY",
	"FORMAT", "GENERATE_SUBSCRIPTS", "GEN_RANDOM_UUID", "JSON_AGG", "JSON_ARRAY_ELEMENTS",
	"JSON_BUILD_ARRAY", "JSON_BUILD_OBJECT",
	"JSON_EACH", "JSON_OBJECT_AGG", "JSONB_AGG", "JSONB_ARRAY_ELEMENTS", "JSONB_BUILD_ARRAY",
	"JSONB_BUILD_OBJECT", "JSONB_EACH",
	"JSONB_OBJECT_AGG", "JSONB_SET", "JUSTIFY_DAYS", "JUSTIFY_HOURS", "JUSTIFY_INTERVAL",
	"MAKE_DATE", "MAKE_INTERVAL", "MAKE_TIME",
	"MAKE_TIMESTAMP", "MAKE_TIMESTAMPTZ", "MODE", "NORMALIZE", "NUM_NONNULLS", "NUM_NULLS",
	"OVERLAY", "PG_SLEEP", "PLAINTO_TSQUERY",
	"QUOTE_NULLABLE", "REGEXP_LIKE", "REGEXP_MATCH", "REGEXP_MATCHES", "REGEXP_REPLACE",
	"REGEXP_SPLIT_TO_ARRAY", "REGEXP_SPLIT_TO_TABLE", "REGR_AVGX", "REGR_AVGY",
	"REGR_COUNT", "REGR_INTERCEPT", "REGR_R2", "REGR_SLOPE", "REGR_SXX", "REGR_SXY", "REGR_SYY",
	"ROW_TO_JSON", "SETSEED", "SHA224",
	"SHA256", "SHA384", "SHA512", "STARTS_WITH", "STRING_AGG", "STRING_TO_ARRAY", "STRING_TO_TABLE",
	"SUBSTR", "TO_JSON", "TO_JSONB",
	"TO_TSQUERY", "TO_TSVECTOR", "TXID_CURRENT", "UNISTR", "UNNEST", "WIDTH_BUCKET", "XMLAGG",
}

func checkFunction(u *unit, found func(int, string)) {
	for i := range u.tokens {
		// In a marker these are Redshift's own.
		if u.any(i, "DECODE", "CONVERT", "REGEXP_REPLACE") && u.marked(i) {
			continue
		}
		if u.called(i) && slices.Contains(missing, u.word(i)) {
			found(i, u.word(i)+"()")
		}
	}
}

func checkConcat(u *unit, found func(int, string)) {
	checkCalls("CONCAT")(u, func(at int, what string) {
		if !u.marked(at) {
			found(at, what)
		}
	})
}

func checkGenerateSeries(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if u.is(i, "GENERATE_SERIES", "(") {
			found(i, "GENERATE_SERIES()")
		}
	}
}

func checkNow(u *unit, found func(int, string)) {
	for i := range u.tokens {
		switch word := u.word(i); word {
		case "CURRENT_TIMESTAMP", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP":
			if !u.is(i-1, ".") && !u.is(i-1, "AS") {
				found(i, word)
			}
		case "NOW", "AGE", "CLOCK_TIMESTAMP", "STATEMENT_TIMESTAMP", "TRANSACTION_TIMESTAMP", "TIMEOFDAY":
			if u.called(i) {
				found(i, word+"()")
			}
		}
	}
}

func checkToTimestamp(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if u.is(i, "TO_TIMESTAMP") && u.called(i) && len(u.items(i+1, u.close(i+1))) == 1 {
			found(i, "TO_TIMESTAMP() of a number")
		}
	}
}

// redshiftFunctions are Redshift's functions that PostgreSQL 15 lacks.
var redshiftFunctions = []string{
	"ADD_MONTHS", "ANY_VALUE", "CHARINDEX", "CONVERT_TIMEZONE", "CRC32", "DATEADD", "DATEDIFF",
	"DATE_CMP", "DATE_PART_YEAR", "FARMFINGERPRINT64",
	"FUNC_SHA1", "GETDATE", "HLL", "IS_VALID_JSON", "JSON_EXTRACT_ARRAY_ELEMENT_TEXT", "JSON_PARSE",
	"JSON_SERIALIZE", "LAST_DAY", "LEN",
	"LISTAGG", "MEDIAN", "MONTHS_BETWEEN", "NEXT_DAY", "NVL", "NVL2", "RATIO_TO_REPORT", "SHA",
	"SHA1", "SHA2", "STRTOL", "TEXTLEN", "TRY_CAST",
}

func checkRedshiftOnly(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if u.kind(i) != sqlfile.KindWord || u.marked(i) || u.is(i-1, ".") && !u.is(i-2, "pg_catalog") {
			continue
		}
		table := u.verb == "CREATE TABLE" || u.verb == "ALTER TABLE"
		word := u.word(i)
		switch {
		case slices.Contains(redshiftFunctions, word) && u.called(i):
			found(i, word+"()")
		case table && u.up[i] < 0 && u.any(i, "DISTSTYLE", "DISTKEY", "SORTKEY"),
			table && u.any(i, "DISTKEY", "SORTKEY") && u.any(
				i+1, ",", ")", "NOT", "ENCODE", "SORTKEY", "DISTKEY",
			) && !u.any(i-1, ",", "("),
			table && u.is(i, "ENCODE") && u.kind(i+1) == sqlfile.KindWord && !u.any(i-1, ",", "("),
			table && u.is(i, "IDENTITY", "(") && !u.any(i-1, "AS", ",", "("),
			u.is(i, "QUALIFY") && u.qualifies(i),
			u.is(i, "MINUS") && u.any(i+1, "SELECT", "(", "ALL"),
			u.is(i, "TOP") && u.any(i-1, "SELECT", "DISTINCT") && u.kind(i+1) == sqlfile.KindNumber,
			u.is(i, "SYSDATE") && !u.is(i-1, "AS"),
			u.is(i, "APPROXIMATE", "COUNT"):
			found(i, word)
		case u.is(i, "WITH", "NO", "SCHEMA", "BINDING"):
			found(i, "WITH NO SCHEMA BINDING")
		}
	}
}

// qualifies says whether the QUALIFY at i begins a clause, and is no column of that name.
func (u *unit) qualifies(i int) bool {
	from := u.next(u.up[i]+1, i, "FROM")
	before := u.any(
		i-1, "FROM", "JOIN", "WHERE", "AND", "OR", "NOT", "ON", "BY", "AS", "WHEN", "THEN", "ELSE",
		",", "(",
	)
	behind := u.any(i+1, "IS", "IN", "NOT", "AND", "OR", "LIKE", "BETWEEN", "ASC", "DESC", "NULLS", "ON")
	return from >= 0 && !before && !behind && (u.kind(i-1) != sqlfile.KindOp || u.is(
		i-1, ")",
	)) && (u.named(i+1) || u.is(i+1, "("))
}

func checkAdvisoryLock(u *unit, found func(int, string)) {
	for i := range u.tokens {
		word := u.word(i)
		if u.called(i) && (strings.HasPrefix(word, "PG_ADVISORY") || strings.HasPrefix(word, "PG_TRY_ADVISORY")) {
			found(i, word+"()")
		}
	}
}

func checkDatePart(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if u.any(
			i, "DATE_PART", "DATE_TRUNC",
		) && u.called(i) && u.kind(i+2) == sqlfile.KindWord && u.is(i+3, ",") && !u.marked(i) {
			found(i+2, u.word(i)+"() with the bare word "+u.tokens[i+2].Text)
		}
	}
}

// fractional are the date parts that the two engines count differently.
var fractional = []string{
	"EPOCH", "SECOND", "SECONDS", "SEC", "SECS", "S", "MILLISECOND", "MILLISECONDS", "MSEC",
	"MSECS", "MS", "MICROSECOND", "MICROSECONDS",
	"USEC", "USECS", "US",
}

func checkExtractFraction(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if !u.any(i, "EXTRACT", "DATE_PART") || !u.is(i+1, "(") || u.is(i-1, ".") {
			continue
		}
		part := u.word(i + 2)
		if u.kind(i+2) == sqlfile.KindString {
			part = strings.ToUpper(u.tokens[i+2].Value())
		}
		if slices.Contains(fractional, part) && u.any(i+3, "FROM", ",") && !u.marked(i) {
			found(i, u.word(i)+" of "+strings.ToLower(part))
		}
	}
}

// operators are those that both engines have with one meaning (dg/r_OPERATOR_SYMBOLS,
// dg/r_comparison_condition, dg/r_concat_op, dg/pattern-matching-conditions-posix), and
// punctuation. Any other one is refused, as one of an extension would be too.
var operators = []string{
	"(", ")", ",", ".", ":", "::", "+", "-", "*", "/", "%", "^", "||", "=", "<>", "!=", "<", ">", "<=", ">=", "~",
	"!~", "|/", "||/", "@", "&", "<<", ">>",
}

func checkOperator(u *unit, found func(int, string)) {
	for i, t := range u.tokens {
		if t.Kind != sqlfile.KindOp {
			continue
		}
		switch {
		case t.Text == "~*", t.Text == "!~*": // have a rule of their own
		case t.Text == "[", t.Text == "]": // are an array's, or of Redshift's SUPER
		case !slices.Contains(operators, t.Text):
			found(i, "operator "+t.Text)
		}
	}
}

func checkRegexOperator(u *unit, found func(int, string)) {
	for i, t := range u.tokens {
		if t.Kind == sqlfile.KindOp && (t.Text == "~*" || t.Text == "!~*") {
			found(i, "operator "+t.Text)
		}
	}
}

func checkCollate(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if u.is(i, "COLLATE") && u.named(i+1) && !u.is(i-1, ".") && !u.marked(i) {
			found(i, "COLLATE "+u.text(i+1, u.skipName(i+1)))
		}
	}
}
