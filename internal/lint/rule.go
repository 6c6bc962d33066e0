package lint

// Rule is one thing that the portable subset leaves out, or asks for.
//
// A message reads "what was found: Why [Name]", its hint "Instead (Page)".
type Rule struct {
	Name    string // such as "on-conflict"
	Page    string // page of the Amazon Redshift Database Developer Guide, such as "dg/r_MERGE"
	Why     string // what an engine does with it
	Instead string // what to write in its place

	// Always says that the rule is about PostgreSQL or about dwh itself too, not only about
	// Redshift: it holds in a project for PostgreSQL alone.
	Always bool

	inMarker string   // what to write where it stands in /*redshift … */ already; "" means Instead
	verbs    []string // statements that the rule refuses altogether
	lexical  bool     // it looks at single tokens only, and so holds for COPY too
	check    func(u *unit, found func(at int, what string))
	document func(d *document, found func(line, column int, what string))
}

// Pages that several rules come from.
const (
	pageFeatures  = "dg/c_unsupported-postgresql-features"
	pageFunctions = "dg/c_unsupported-postgresql-functions"
	pageTypes     = "dg/c_unsupported-postgresql-datatypes"
	pageAlter     = "dg/r_ALTER_TABLE"
	pageCreate    = "dg/r_CREATE_TABLE_NEW"
	pageCreateAs  = "dg/r_CREATE_TABLE_AS"
	pageWindow    = "dg/c_Window_functions"
	pageBoth      = "dg/c_redshift-and-postgres-sql"
	pageWith      = "dg/r_WITH_clause"
	pageFrom      = "dg/r_FROM_clause30"
	pageInsert    = "dg/r_INSERT_30"

	pageCorrelated = "dg/r_correlated_subqueries"
)

const postgresOnly = "keep it for PostgreSQL only: /*postgres*/ … /*redshift*/;"

// Rules returns every rule.
//
// What cannot be decided without knowing the tables is no rule: a correlated subquery that Redshift
// refuses (dg/r_correlated_subqueries) and whose reference names no table, joins that an UPDATE …
// FROM cannot do (dg/r_UPDATE), a view over a catalogue beside a user's table, and comparisons in
// which trailing blanks count.
func Rules() []Rule {
	return []Rule{
		// The file.
		{
			Name: "syntax", Always: true, Page: pageBoth,
			Why: "neither engine can parse this rendering of the file",
			Instead: "check the text that each engine gets: without the /*redshift … */ markers, and with them " +
				"instead of the text after /*postgres*/",
			document: checkSyntax,
		},
		{
			Name: "query-text", Always: true, Page: pageBoth,
			Why:      "sqlc reads queries as they stand, and both engines get the same text",
			Instead:  "use only SQL that both engines have, and pass values with sqlc.arg(name)",
			document: checkQueryText,
		},
		{
			Name: "one-select", Always: true, Page: "dg/r_SELECT_synopsis",
			Why:      "a file of a report or check is one SELECT, which runs in a read-only transaction",
			Instead:  "write one SELECT, with a WITH clause for what comes before it",
			document: checkOneSelect,
		},
		{
			Name: "copy", Always: true, Page: "dg/r_COPY",
			Why:     "a load is one COPY, in a transform whose number is 0xx",
			Instead: "put a COPY, and nothing else, into transforms/0NN_s_table.sql",
			verbs:   []string{"COPY", "UNLOAD"}, lexical: true,
			document: checkCopies,
		},
		{
			Name: "statement-size", Page: pageInsert, lexical: true,
			Why:     "a statement on Redshift has at most 16 MB",
			Instead: "load many rows by COPY, or split the statement",
			check:   checkStatementSize,
		},

		// Statements.
		{
			Name: "statement", Page: "dg/c_SQL_commands",
			Why:     "the statement does not mean the same on both engines",
			Instead: "write it inside a marker for the engine that has it, or avoid it",
			inMarker: "of the statements that only Redshift has, a file may use ANALYZE, ALTER SCHEMA, ALTER " +
				"DEFAULT PRIVILEGES and materialized views; run others outside dwh",
			check: checkStatement,
		},
		{
			Name: "merge", Page: "dg/r_MERGE",
			Why:     "Redshift's MERGE has other clauses and limits than PostgreSQL's",
			Instead: "DELETE FROM t USING changed WHERE t.k = changed.k, then INSERT INTO t (…) SELECT … FROM changed",
			verbs:   []string{"MERGE"}, check: checkVerb("MERGE"),
		},
		{
			Name: "truncate", Page: "dg/r_TRUNCATE",
			Why:     "on Redshift it commits the current transaction and cannot be rolled back",
			Instead: "DELETE FROM t",
			verbs:   []string{"TRUNCATE"}, check: checkVerb("TRUNCATE"),
		},
		{
			Name: "vacuum", Always: true, Page: "dg/r_VACUUM_command",
			Why:     "neither engine runs it inside a transaction, and its options differ",
			Instead: "leave it out: Redshift and PostgreSQL both vacuum by themselves",
			verbs:   []string{"VACUUM", "CLUSTER"}, check: checkVerb("VACUUM", "CLUSTER"),
		},
		{
			Name: "analyze", Page: "dg/r_ANALYZE",
			Why:     "Redshift analyzes by itself, and has other options than PostgreSQL",
			Instead: "/*postgres*/ ANALYZE t /*redshift*/;",
			verbs:   []string{"ANALYZE", "ANALYSE"}, check: checkAnalyze,
		},
		{
			Name: "lock", Always: true, Page: "dg/r_LOCK",
			Why:     "dwh itself locks the table dwh_lock first in each transaction; no other table is locked",
			Instead: "leave it out",
			verbs:   []string{"LOCK"}, check: checkVerb("LOCK"),
		},
		{
			Name: "transaction", Always: true, Page: "dg/r_BEGIN",
			Why: "dwh begins and ends the transaction",
			Instead: "leave it out; a migration that must run outside a transaction begins with " +
				"-- +goose NO TRANSACTION",
			verbs: []string{"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE"},
			check: checkVerb("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE"),
		},
		{
			Name: "savepoint", Page: pageFunctions,
			Why:     "Redshift cannot roll back to a savepoint",
			Instead: "leave it out, or split the file",
			verbs: []string{
				"SAVEPOINT", "RELEASE", "ROLLBACK TO",
			}, check: checkVerb("SAVEPOINT", "RELEASE", "ROLLBACK TO"),
		},
		{
			Name: "do-block", Page: "dg/c_SQL_commands",
			Why:     "Redshift has no DO, and its procedures are not PostgreSQL's",
			Instead: "plain statements, or Go",
			verbs:   []string{"DO", "CALL", "CREATE PROCEDURE", "DROP PROCEDURE", "ALTER PROCEDURE"},
			check:   checkVerb("DO", "CALL", "CREATE PROCEDURE", "DROP PROCEDURE", "ALTER PROCEDURE"),
		},
		{
			Name: "index", Page: pageFeatures,
			Why: "Redshift has no indexes", Instead: postgresOnly, inMarker: "leave it out: a SORTKEY is what " +
				"Redshift has in its place",
			verbs: []string{"CREATE INDEX", "DROP INDEX", "ALTER INDEX", "REINDEX INDEX", "REINDEX TABLE"},
			check: checkVerb("CREATE INDEX", "DROP INDEX", "ALTER INDEX", "REINDEX INDEX", "REINDEX TABLE"),
		},
		{
			Name: "trigger", Page: pageFeatures,
			Why: "Redshift has no triggers and no rules", Instead: "do the work in the transform that writes the table",
			verbs: []string{
				"CREATE TRIGGER", "DROP TRIGGER", "ALTER TRIGGER", "CREATE RULE", "DROP RULE",
				"ALTER RULE", "CREATE EVENT TRIGGER", "DROP EVENT TRIGGER",
			},
			check: checkVerb(
				"CREATE TRIGGER", "DROP TRIGGER", "ALTER TRIGGER", "CREATE RULE", "DROP RULE",
				"ALTER RULE", "CREATE EVENT TRIGGER", "DROP EVENT TRIGGER",
			),
		},
		{
			Name: "sequence", Page: pageFeatures,
			Why: "Redshift has no sequences", Instead: "a natural key, or a hash of one, which a replay computes again",
			verbs: []string{"CREATE SEQUENCE", "DROP SEQUENCE", "ALTER SEQUENCE"},
			check: checkSequence,
		},
		{
			Name: "type-definition", Page: pageTypes,
			Why:     "Redshift has no user-defined types, domains or extensions",
			Instead: "a built-in type, and a check for its values in checks/",
			verbs: []string{
				"CREATE TYPE", "DROP TYPE", "ALTER TYPE", "CREATE DOMAIN", "DROP DOMAIN",
				"ALTER DOMAIN", "CREATE EXTENSION", "DROP EXTENSION", "ALTER EXTENSION",
				"CREATE CAST", "CREATE OPERATOR", "CREATE AGGREGATE", "CREATE COLLATION",
			},
			check: checkVerb(
				"CREATE TYPE", "DROP TYPE", "ALTER TYPE", "CREATE DOMAIN", "DROP DOMAIN",
				"ALTER DOMAIN", "CREATE EXTENSION", "DROP EXTENSION", "ALTER EXTENSION",
				"CREATE CAST", "CREATE OPERATOR", "CREATE AGGREGATE", "CREATE COLLATION",
			),
		},

		// Queries.
		{
			Name: "on-conflict", Page: "dg/merge-replacing-existing-rows",
			Why:     "Redshift has no upsert, and does not enforce keys",
			Instead: "DELETE FROM t USING changed WHERE t.k = changed.k, then INSERT",
			check:   checkOnConflict,
		},
		{
			Name: "returning", Page: pageInsert,
			Why:     "Redshift returns no rows from INSERT, UPDATE and DELETE",
			Instead: "SELECT the rows before or after, by their key",
			check:   checkReturning,
		},
		{
			Name: "distinct-on", Page: "dg/r_SELECT_list",
			Why:     "Redshift has no DISTINCT ON",
			Instead: "ROW_NUMBER() OVER (PARTITION BY k ORDER BY …) AS place in a subquery, and WHERE place = 1",
			check:   checkPhrases("DISTINCT ON"),
		},
		{
			Name: "lateral", Page: pageFrom,
			Why: "Redshift has no LATERAL", Instead: "a join with a subquery that groups or numbers its rows",
			check: checkPhrases("LATERAL"),
		},
		{
			Name: "filter", Page: "dg/c_Aggregate_Functions",
			Why: "Redshift's aggregates have no FILTER clause", Instead: "SUM(CASE WHEN condition THEN 1 ELSE 0 END)",
			check: checkFilter,
		},
		{
			Name: "array", Page: pageFeatures,
			Why:     "Redshift has no arrays, no subscripts and no ANY or ALL over them",
			Instead: "one row for each element, IN (…), or EXISTS",
			check:   checkArray,
		},
		{
			Name: "row-constructor", Page: pageFeatures,
			Why: "Redshift has no row constructors", Instead: "compare or set the columns one by one, joined by AND",
			check: checkRow,
		},
		{
			Name: "values-table", Page: pageFeatures,
			Why: "Redshift takes VALUES in INSERT only, not as a table", Instead: "SELECT … UNION ALL SELECT …",
			check: checkValues,
		},
		{
			Name: "skip-level", Page: pageCorrelated,
			Why:     "Redshift refuses a correlated subquery that refers to a query more than one level above it",
			Instead: "join the inner table with the outer one, or refer only to the query directly above",
			check:   checkSkipLevel,
		},
		{
			Name: "correlated-subquery", Page: pageCorrelated,
			Why:     "Redshift cannot turn such a correlated subquery into a join and refuses it",
			Instead: "a join with a subquery that groups or numbers its rows",
			check:   checkCorrelated,
		},
		{
			Name: "insert-subquery", Page: pageInsert,
			Why:     "Redshift takes no subquery in VALUES with several rows",
			Instead: "INSERT INTO t (…) SELECT … UNION ALL SELECT …",
			check:   checkInsertSubquery,
		},
		{
			Name: "generate-series", Page: pageFunctions,
			Why:     "on Redshift it runs only on the leader node and is refused together with a table",
			Instead: "a table of numbers, or ROW_NUMBER() over a table that is long enough",
			check:   checkGenerateSeries,
		},
		{
			Name: "table-function", Page: pageFeatures,
			Why: "Redshift has no table functions", Instead: "a table or a subquery",
			check: checkTableFunction,
		},
		{
			Name: "is-distinct-from", Page: pageFunctions,
			Why: "Redshift has no IS DISTINCT FROM",
			Instead: "a <> b OR (a IS NULL AND b IS NOT NULL) OR (a IS NOT NULL AND b IS NULL), " +
				"or compare COALESCE(a, …)",
			check: checkIsDistinct,
		},
		{
			Name: "except-all", Page: "dg/r_UNION",
			Why:     "on Redshift only UNION takes ALL",
			Instead: "EXCEPT or INTERSECT over rows with their count: GROUP BY every column, COUNT(*)",
			check:   checkPhrases("EXCEPT ALL", "INTERSECT ALL"),
		},
		{
			Name: "fetch-first", Page: "dg/r_ORDER_BY_clause",
			Why: "Redshift limits rows only by LIMIT", Instead: "LIMIT n, or ROW_NUMBER() and a condition on it",
			check: checkPhrases("FETCH FIRST", "FETCH NEXT"),
		},
		{
			Name: "for-update", Page: "dg/r_SELECT_synopsis",
			Why: "Redshift does not lock rows", Instead: "leave it out: one writer at a time holds the lock",
			check: checkPhrases("FOR UPDATE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR KEY SHARE"),
		},
		{
			Name: "tablesample", Page: pageFrom,
			Why: "Redshift has no TABLESAMPLE", Instead: "a condition on a hash of the key",
			check: checkTablesample,
		},
		{
			Name: "cte-before-insert", Page: pageInsert,
			Why:     "on Redshift the WITH clause of an INSERT stands before its SELECT",
			Instead: "INSERT INTO t (…) WITH … SELECT …",
			check:   checkCTEBeforeInsert,
		},
		{
			Name: "data-modifying-cte", Page: pageWith,
			Why:     "on Redshift a WITH clause only reads",
			Instead: "write the touched keys into a table, then use separate statements",
			check:   checkModifyingCTE,
		},
		{
			Name: "cte-materialized", Page: pageWith,
			Why:     "Redshift has no MATERIALIZED",
			Instead: "WITH name AS (…), or a table when it has to be computed once",
			check:   checkMaterialized,
		},
		{
			Name: "is-true", Page: "dg/r_Boolean_type",
			Why: "Redshift compares by IS TRUE and IS FALSE only in conditions, not in a select " +
				"list", Instead: "CASE WHEN x THEN TRUE ELSE FALSE END",
			check: checkIsTrue,
		},
		{
			Name: "update-target", Always: true, Page: "dg/r_UPDATE",
			Why: "SET takes the bare name of a column", Instead: "UPDATE t SET c = changed.c FROM changed WHERE …",
			check: checkUpdateTarget,
		},
		{
			Name: "delete-alias", Page: "dg/r_DELETE",
			Why:     "on Redshift the table that rows are deleted from has no alias",
			Instead: "DELETE FROM t USING other WHERE t.k = other.k",
			check:   checkDeleteAlias,
		},

		// Window functions.
		{
			Name: "window-frame", Page: pageWindow,
			Why:     "Redshift requires a frame, and PostgreSQL's default is RANGE, which includes equal rows",
			Instead: "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW after an ORDER BY that ends in a unique key",
			check:   checkWindowFrame,
		},
		{
			Name: "frame-mode", Page: pageWindow,
			Why: "Redshift has ROWS frames only, without EXCLUDE", Instead: "ROWS BETWEEN … AND …",
			check: checkFrameMode,
		},
		{
			Name: "ranking-frame", Page: pageWindow,
			Why: "on Redshift ranking functions take no frame", Instead: "leave the frame out",
			check: checkRankingFrame,
		},
		{
			Name: "window-clause", Page: pageWindow,
			Why: "Redshift has no WINDOW clause", Instead: "write the window in each OVER (…)",
			check: checkWindowClause,
		},
		{
			Name: "window-constant", Page: pageWindow,
			Why:     "Redshift refuses to order a window by a constant",
			Instead: "order by columns that make the order total",
			check:   checkWindowConstant,
		},

		// Functions and operators.
		{
			Name: "now", Page: "dg/c_SQL_functions_leader_node_only",
			Why:     "on Redshift it runs only on the leader node and is refused together with a table",
			Instead: "take the time from outside, as a parameter or a variable; CURRENT_DATE is on both",
			check:   checkNow,
		},
		{
			Name: "leader-node", Page: "dg/c_SQL_functions_leader_node_only",
			Why:     "on Redshift only the leader node has it, and a query over tables runs on the other nodes",
			Instead: "a separate query without tables; or take the value from outside, as a parameter or a variable",
			check:   checkLeaderNode,
		},
		{
			Name: "to-timestamp", Page: "dg/r_TO_TIMESTAMP",
			Why: "on Redshift it takes a string and a format",
			Instead: "TIMESTAMP 'epoch' + ms / 1000 * INTERVAL '1 second' + MOD(ms, 1000) / " +
				"1000.0 * INTERVAL '1 second'",
			check: checkToTimestamp,
		},
		{
			Name: "function", Page: pageFunctions,
			Why: "Redshift does not have it, or it means something else there",
			Instead: "use another function; if there is none, a marker for each engine: /*postgres*/ … /*redshift " +
				"… */",
			inMarker: "another function, one that Redshift has",
			check:    checkFunction,
		},
		{
			Name: "redshift-only", Always: true, Page: "dg/c_SQL_reference",
			Why: "PostgreSQL does not have it", Instead: "a form that both engines have; else inside /*redshift … */",
			check: checkRedshiftOnly,
		},
		{
			Name: "concat", Page: "dg/r_CONCAT",
			Why: "on Redshift it takes two arguments and is NULL if one of them is NULL; PostgreSQL ignores " +
				"NULLs", Instead: "a || b, with COALESCE(b, '') where b may be NULL",
			check: checkConcat,
		},
		{
			Name: "advisory-lock", Page: pageFunctions,
			Why:     "Redshift has no advisory locks",
			Instead: "leave it out: dwh's own lock lets one writer work at a time",
			check:   checkAdvisoryLock,
		},
		{
			Name: "date-part", Page: "dg/r_DATE_PART_function",
			Why:     "PostgreSQL takes the part as a string, Redshift also as a bare word",
			Instead: "EXTRACT(week FROM ts), DATE_PART('week', ts), DATE_TRUNC('week', ts)",
			check:   checkDatePart,
		},
		{
			Name: "extract-fraction", Page: "dg/r_EXTRACT_function",
			Why: "Redshift returns a whole number for this field, PostgreSQL a number with a " +
				"fraction", Instead: "keep epoch milliseconds, and compute with / and MOD; or DATE_TRUNC first",
			check: checkExtractFraction,
		},
		{
			Name: "operator", Page: "dg/r_OPERATOR_SYMBOLS",
			Why: "the operator does not mean the same on both engines",
			Instead: "a function that both have; for JSON, columns of their own, which COPY fills through a " +
				"JSONPaths file",
			check: checkOperator,
		},
		{
			Name: "regex-operator", Page: "dg/pattern-matching-conditions-posix",
			Why: "on Redshift a regular expression is always case-sensitive", Instead: "ILIKE, or LOWER(x) ~ 'pattern'",
			check: checkRegexOperator,
		},
		{
			Name: "collate", Page: "dg/c_collation_sequences",
			Why: "Redshift has no collations; it compares bytes", Instead: `/*postgres*/ COLLATE "C" /*redshift */`,
			check: checkCollate,
		},

		// Types.
		{
			Name: "type", Page: pageTypes,
			Why: "Redshift does not have this type",
			Instead: "BIGINT, INTEGER, DOUBLE PRECISION, NUMERIC(p, s), BOOLEAN, DATE, TIMESTAMP " +
				"or VARCHAR(n); a hash or natural key for SERIAL and UUID",
			check: checkType,
		},
		{
			Name: "unsized-type", Page: "dg/r_Character_types",
			Why: "Redshift takes it for VARCHAR(256), CHAR(1) or NUMERIC(18, 0), whatever " +
				"PostgreSQL does", Instead: "VARCHAR(n), which is n bytes on Redshift, or NUMERIC(p, s)",
			check: checkUnsizedType,
		},
		{
			Name: "type-size", Page: "dg/r_Character_types",
			Why:     "Redshift takes VARCHAR(65535), CHAR(4096) and NUMERIC(38, 37) at most",
			Instead: "a smaller size, or a second table for what does not fit",
			check:   checkTypeSize,
		},
		{
			Name: "time-precision", Page: "dg/r_Datetime_types",
			Why: "Redshift's times have microseconds, and no precision of their own", Instead: "TIMESTAMP",
			check: checkTimePrecision,
		},
		{
			Name: "interval-column", Page: "dg/r_interval_data_types",
			Why:     "on Redshift a type INTERVAL needs a qualifier that PostgreSQL takes differently",
			Instead: "INTERVAL '1 second' as a literal is fine; keep durations as numbers",
			check:   checkIntervalType,
		},

		// Tables.
		{
			Name: "foreign-key", Page: "dg/t_Defining_constraints",
			Why: "Redshift does not enforce it but uses it to plan queries; PostgreSQL enforces it, and so the " +
				"order of loading", Instead: "a check that every key exists",
			check: checkForeignKey,
		},
		{
			Name: "check-constraint", Page: pageFeatures,
			Why:     "Redshift has no check and no exclusion constraints",
			Instead: "a query in checks/ whose rows are the violations",
			check:   checkCheckConstraint,
		},
		{
			Name: "deferrable", Page: pageCreate,
			Why: "Redshift has no deferrable constraints", Instead: "leave it out",
			check: checkTablePhrases("DEFERRABLE", "INITIALLY DEFERRED"),
		},
		{
			Name: "partition", Page: pageFeatures,
			Why: "Redshift has no partitioned tables", Instead: "/*redshift SORTKEY (column) */, and one table on " +
				"PostgreSQL", inMarker: "SORTKEY (column)",
			check: checkTableTail("PARTITION BY", "PARTITION OF"),
		},
		{
			Name: "inherits", Page: pageFeatures,
			Why: "Redshift's tables do not inherit", Instead: "name the columns, or (LIKE other INCLUDING DEFAULTS)",
			check: checkTableTail("INHERITS"),
		},
		{
			Name: "tablespace", Page: pageFeatures,
			Why: "Redshift has no tablespaces and no storage parameters", Instead: "leave it out",
			check: checkTablespace,
		},
		{
			Name: "on-commit", Page: pageCreate,
			Why: "Redshift keeps temporary tables until the session ends", Instead: "DROP TABLE when the work is done",
			check: checkTableTail("ON COMMIT"),
		},
		{
			Name: "ctas-if-not-exists", Page: pageCreateAs,
			Why:     "on Redshift CREATE TABLE … AS has no IF NOT EXISTS",
			Instead: "DROP TABLE IF EXISTS t, then CREATE TABLE t AS",
			check:   checkCreateAsIfNotExists,
		},
		{
			Name: "with-data", Page: pageCreateAs,
			Why:     "on Redshift CREATE TABLE … AS always fills the table",
			Instead: "a WHERE clause that is always false, or CREATE TABLE t (LIKE other)",
			check:   checkTableTail("WITH DATA", "WITH NO DATA"),
		},
		{
			Name: "like-including", Page: pageCreate,
			Why:     "Redshift copies column definitions and, if told, defaults",
			Instead: "(LIKE other INCLUDING DEFAULTS)",
			check:   checkLikeIncluding,
		},
		{
			Name: "generated-column", Page: pageCreate,
			Why: "Redshift generates only identities, with its own syntax, and a replay would number rows " +
				"differently",
			Instead: "compute the value in the transform; a hash of the natural key for a key",
			check:   checkGenerated,
		},
		{
			Name: "create-option", Page: pageCreate,
			Why:     "Redshift has neither UNLOGGED tables nor temporary, recursive or checked views",
			Instead: "CREATE TABLE, CREATE TEMP TABLE or CREATE VIEW",
			check:   checkCreateOption,
		},
		{
			Name: "function-shape", Page: "dg/r_CREATE_FUNCTION",
			Why: "Redshift's SQL functions have types without names, a volatility and a body " +
				"of one SELECT without FROM",
			Instead: "CREATE FUNCTION f_name (VARCHAR) RETURNS VARCHAR IMMUTABLE AS $$ SELECT " +
				"expression of $1 $$ LANGUAGE sql",
			check: checkFunctionShape,
		},
		{
			Name: "drop-function", Page: "dg/r_DROP_FUNCTION",
			Why:     "on Redshift it has no IF EXISTS and needs the types of the arguments",
			Instead: "DROP FUNCTION f_name (VARCHAR)",
			check:   checkDropFunction,
		},
		{
			Name: "alter-if-exists", Page: pageAlter,
			Why:     "Redshift's ALTER TABLE has no IF EXISTS and no IF NOT EXISTS",
			Instead: "leave it out: a migration runs once",
			check:   checkAlterIfExists,
		},
		{
			Name: "alter-several", Page: pageAlter,
			Why: "Redshift allows one action in each ALTER TABLE", Instead: "one ALTER TABLE for each",
			check: checkAlterSeveral,
		},
		{
			Name: "add-not-null", Page: pageAlter,
			Why:     "a column that is added NOT NULL needs a default",
			Instead: "ADD COLUMN c BOOLEAN DEFAULT FALSE NOT NULL",
			check:   checkAddNotNull,
		},
		{
			Name: "add-order", Page: pageAlter,
			Why: "on Redshift DEFAULT comes before NOT NULL", Instead: "ADD COLUMN c BOOLEAN DEFAULT FALSE NOT NULL",
			check: checkAddOrder,
		},
		{
			Name: "add-key", Page: pageAlter,
			Why:     "on Redshift a column that is added cannot be a key",
			Instead: "add the column, then ALTER TABLE t ADD PRIMARY KEY (c) or ADD UNIQUE (c)",
			check:   checkAddKey,
		},
		{
			Name: "alter-column", Page: pageAlter,
			Why: "Redshift changes only the length of a VARCHAR, and that outside a transaction",
			Instead: "add a column, UPDATE, drop the old one, rename; for a length TYPE " +
				"VARCHAR(n) alone in a file with -- +goose NO TRANSACTION",
			check: checkAlterColumn,
		},
		{
			Name: "alter-append", Page: "dg/r_ALTER_TABLE_APPEND",
			Why:     "it commits the transaction, and PostgreSQL does not have it",
			Instead: "INSERT INTO t (…) SELECT … FROM other",
			check:   checkAlterAppend,
		},
		{
			Name: "alter-action", Page: pageAlter,
			Why: "only one of the engines has this action",
			Instead: "ADD COLUMN, DROP COLUMN, RENAME, ADD PRIMARY KEY or UNIQUE, DROP " +
				"CONSTRAINT; else a marker for the engine that has it",
			inMarker: "an action of Redshift's ALTER TABLE",
			check:    checkAlterAction,
		},

		// Names and literals.
		{
			Name: "reserved-word", Page: "dg/r_pg_keywords",
			Why: "Redshift reserves the word", Instead: "another name",
			check: checkReservedWord,
		},
		{
			Name: "system-column", Page: pageFeatures,
			Why:     "Redshift has no such column, and lets no column have its name",
			Instead: "another name, or the table's own key",
			check:   checkSystemColumn,
		},
		{
			Name: "quoted-case", Page: "dg/r_names", lexical: true,
			Why:     "Redshift changes quoted names to lower case too, PostgreSQL keeps them",
			Instead: "lower case, without quotes",
			check:   checkQuotedCase,
		},
		{
			Name: "name-length", Page: "dg/r_names",
			Why: "PostgreSQL cuts names at 63 bytes, Redshift at 127, neither with an error", Instead: "a shorter name",
			check: checkNameLength,
		},
		{
			Name: "backslash", Page: "dg/r_patternmatching_condition_like",
			Why:     "it is an escape character on Redshift and an ordinary one on PostgreSQL",
			Instead: "CHR(92), or another escape character: LIKE 'a|_%' ESCAPE '|'",
			check:   checkBackslash,
		},
		{
			Name: "literal-prefix", Page: pageTypes, lexical: true,
			Why:     "Redshift has no E'…', B'…', X'…', N'…' and U&'…'",
			Instead: "'…' with the characters themselves, and CHR(n) for control characters",
			check:   checkLiteralPrefix,
		},
	}
}
