package redshiftstandin

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// stmt is a statement under analysis.
type stmt struct {
	sql    string
	tokens []sqlfile.Token // without comments
	i      int             // the next token

	level  []int    // for each token, the index of the parenthesis around it, -1 for none
	match  []int    // for each parenthesis, the index of its partner, -1 for none
	clause []string // for each token, the clause of a query that it stands in

	ddl   bool // type names and attributes stand outside CAST
	edits []edit
}

// clauses are the words that begin a part of a query.
var clauses = map[string]bool{
	"SELECT": true, "FROM": true, "WHERE": true, "ON": true, "HAVING": true, "GROUP": true,
	"ORDER": true, "SET": true, "VALUES": true,
	"USING": true, "LIMIT": true, "OFFSET": true, "INTO": true, "WHEN": true, "PARTITION": true,
	"WITH": true, "UPDATE": true,
}

func newStmt(sql string) *stmt {
	st := &stmt{sql: sql}
	for _, t := range sqlfile.Tokens(sql) {
		if t.Kind != sqlfile.KindComment && t.Kind != sqlfile.KindMarker {
			st.tokens = append(st.tokens, t)
		}
	}
	n := len(st.tokens)
	st.level, st.match, st.clause = make([]int, n), make([]int, n), make([]string, n)
	open := []int{-1}
	current := []string{""}
	for i, t := range st.tokens {
		st.match[i] = -1
		if t.Text == ")" && len(open) > 1 {
			partner := open[len(open)-1]
			st.match[i], st.match[partner] = partner, i
			open, current = open[:len(open)-1], current[:len(current)-1]
		}
		st.level[i] = open[len(open)-1]
		word := st.word(i)
		if clauses[word] && !st.inCallFrom(i) {
			current[len(current)-1] = word
		}
		st.clause[i] = current[len(current)-1]
		if t.Text == "(" {
			open = append(open, i)
			current = append(current, "")
		}
	}
	return st
}

// inCallFrom says whether token i is the FROM of EXTRACT(… FROM …) or the like.
func (st *stmt) inCallFrom(i int) bool {
	paren := st.level[i]
	if paren < 1 {
		return false
	}
	switch st.word(paren - 1) {
	case "EXTRACT", "TRIM", "SUBSTRING", "POSITION", "OVERLAY":
		return true
	}
	return false
}

// word is token i as an upper-case word, "" when it is none.
func (st *stmt) word(i int) string {
	if i < 0 || i >= len(st.tokens) || st.tokens[i].Kind != sqlfile.KindWord {
		return ""
	}
	return strings.ToUpper(st.tokens[i].Text)
}

func (st *stmt) text(i int) string {
	if i < 0 || i >= len(st.tokens) {
		return ""
	}
	return st.tokens[i].Text
}

// name is token i as an identifier, folded as Redshift folds: ASCII letters to lower case, quoted
// or not (dg/r_names).
func (st *stmt) name(i int) (string, bool) {
	if i < 0 || i >= len(st.tokens) {
		return "", false
	}
	switch t := st.tokens[i]; t.Kind {
	case sqlfile.KindWord, sqlfile.KindQuotedIdent:
		return foldASCII(t.Value()), true
	}
	return "", false
}

func foldASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// phrase says whether the words stand from token i on.
func (st *stmt) phrase(i int, words ...string) bool {
	for k, w := range words {
		if st.word(i+k) != w && st.text(i+k) != w {
			return false
		}
	}
	return true
}

// find is the index of the first place where the words stand, -1 for none.
func (st *stmt) find(words ...string) int {
	for i := range st.tokens {
		if st.phrase(i, words...) {
			return i
		}
	}
	return -1
}

// accept moves over the words when they stand here.
func (st *stmt) accept(words ...string) bool {
	if !st.phrase(st.i, words...) {
		return false
	}
	st.i += len(words)
	return true
}

func (st *stmt) over() bool { return st.i >= len(st.tokens) }

// refuse is a refusal at token i.
func (st *stmt) refuse(i int, code, page, format string, args ...any) *refusal {
	r := &refusal{code: code, page: page, message: fmt.Sprintf(format, args...)}
	if i >= 0 && i < len(st.tokens) {
		r.position = utf8.RuneCountInString(st.sql[:st.tokens[i].Start]) + 1
	}
	return r
}

// syntax is the refusal of token i as a syntax error.
func (st *stmt) syntax(i int, page string) *refusal {
	if i >= len(st.tokens) {
		return st.refuse(i, "42601", page, "syntax error at end of input")
	}
	return st.refuse(i, "42601", page, "syntax error at or near %q", st.tokens[i].Text)
}

// identifier moves over a name and returns it.
func (st *stmt) identifier(page string) (string, *refusal) {
	name, ok := st.name(st.i)
	if !ok {
		return "", st.syntax(st.i, page)
	}
	if st.tokens[st.i].Kind == sqlfile.KindWord && reserved[strings.ToUpper(name)] {
		return "", st.syntax(st.i, "dg/r_pg_keywords")
	}
	if len(name) > 63 {
		return "", st.refuse(
			st.i, "42622", "dg/r_names",
			"name %q is longer than 63 bytes, which is PostgreSQL's limit and not Redshift's 127",
			name,
		)
	}
	if systemColumns[name] {
		return "", st.refuse(
			st.i, "42701", "dg/c_unsupported-postgresql-features",
			"name %q conflicts with a system column", name,
		)
	}
	st.i++
	return name, nil
}

// relation moves over a name that may have a schema, and returns it quoted.
func (st *stmt) relation(page string) (string, *refusal) {
	first, r := st.identifier(page)
	if r != nil {
		return "", r
	}
	if !st.accept(".") {
		return quoteIdent(first), nil
	}
	second, r := st.identifier(page)
	if r != nil {
		return "", r
	}
	return quoteIdent(first) + "." + quoteIdent(second), nil
}

var systemColumns = map[string]bool{
	"oid": true, "tableoid": true, "xmin": true, "cmin": true, "xmax": true, "cmax": true,
	"ctid": true, "deletexid": true, "insertxid": true,
}

// replace notes that tokens from..to (inclusive) become text.
func (st *stmt) replace(from, to int, text string) {
	st.edits = append(st.edits, edit{start: st.tokens[from].Start, end: st.tokens[to].End, text: text})
}

// insert notes text before token i.
func (st *stmt) insert(i int, text string) {
	st.edits = append(st.edits, edit{start: st.tokens[i].Start, end: st.tokens[i].Start, text: text})
}

// analyse turns a statement into a plan, or refuses it. What is not known to be in the subset that
// the project uses is refused.
func (s *session) analyse(sql string) (*plan, error) {
	p, r := s.plan(sql)
	if r != nil {
		return nil, r
	}
	return p, nil
}

func (s *session) plan(sql string) (*plan, *refusal) {
	if len(sql) > maxStatement {
		return nil, &refusal{
			code: "54000", page: "dg/c_redshift-sql",
			message: fmt.Sprintf(
				"Statement is too large. Statement Size: %d bytes. Maximum Allowed: %d bytes",
				len(sql), maxStatement,
			),
		}
	}
	st := newStmt(sql)
	if len(st.tokens) == 0 {
		return &plan{}, nil
	}
	if r := st.lexical(); r != nil {
		return nil, r
	}
	switch word := st.word(0); word {
	case "SELECT", "WITH":
		return st.planQuery()
	case "INSERT", "UPDATE", "DELETE":
		return st.planDML(word)
	case "CREATE":
		return st.planCreate()
	case "ALTER":
		return st.planAlter()
	case "DROP":
		return st.planDrop()
	case "COPY":
		return s.planCopy(st)
	case "TRUNCATE":
		return st.planTruncate()
	case "LOCK":
		return st.planLock()
	case "BEGIN", "START":
		return st.planBegin(s)
	case "COMMIT", "END":
		return st.planEnd("COMMIT")
	case "ROLLBACK", "ABORT":
		return st.planEnd("ROLLBACK")
	case "SET":
		return st.planSet()
	case "RESET", "SHOW":
		return st.planShow(word)
	case "ANALYZE", "ANALYSE":
		return st.planAnalyze()
	case "VACUUM":
		return &plan{kind: "VACUUM", banned: true, local: done("VACUUM")}, nil
	case "EXPLAIN":
		return st.planExplain()
	case "GRANT", "REVOKE":
		return st.planGrant(word)
	default:
		if st.text(0) == "(" {
			return st.planQuery()
		}
		return nil, st.refuse(
			0, "42601", "dg/cm_chap_SQLCommandRef",
			"statement %q is not in the subset of Redshift's SQL that is known here", st.text(0),
		)
	}
}

func done(tag string) func(*session) (string, error) {
	return func(*session) (string, error) { return tag, nil }
}

// edited is the plan that passes the statement on with its edits.
func (st *stmt) edited(kind string) *plan {
	sql := apply(st.sql, st.edits)
	return &plan{kind: kind, sql: sql, edits: st.edits}
}

func (st *stmt) planQuery() (*plan, *refusal) {
	for _, word := range []string{"INSERT", "UPDATE", "DELETE"} {
		for i := range st.tokens {
			if st.word(i) == word && (i == 0 || st.text(i-1) == "(" || st.text(i-1) == ")") {
				return nil, st.refuse(
					i, "42601", "dg/r_WITH_clause",
					"syntax error at or near %q: a WITH clause only reads, and stands inside INSERT before SELECT",
					st.text(i),
				)
			}
		}
	}
	for i := range st.tokens {
		if st.word(i) == "INTO" {
			return nil, st.refuse(
				i, "42601", "dg/r_SELECT_INTO",
				"SELECT INTO is not in the subset, CREATE TABLE AS is",
			)
		}
	}
	if r := st.expressions(); r != nil {
		return nil, r
	}
	return st.edited("SELECT"), nil
}

func (st *stmt) planDML(word string) (*plan, *refusal) {
	st.i = 1
	page := "dg/r_" + word
	switch word {
	case "INSERT":
		page = "dg/r_INSERT_30"
		if !st.accept("INTO") {
			return nil, st.syntax(st.i, page)
		}
		if _, r := st.relation(page); r != nil {
			return nil, r
		}
		if st.word(st.i) == "AS" {
			return nil, st.syntax(st.i, page)
		}
		if st.text(st.i) == "(" && st.word(st.i+1) != "SELECT" && st.word(st.i+1) != "WITH" {
			st.i = st.match[st.i] + 1
		}
		switch st.word(st.i) {
		case "SELECT", "WITH", "DEFAULT":
		case "VALUES":
			if r := st.values(); r != nil {
				return nil, r
			}
		default:
			if st.text(st.i) != "(" {
				return nil, st.syntax(st.i, page)
			}
		}
	case "UPDATE":
		if _, r := st.relation(page); r != nil {
			return nil, r
		}
		if !st.accept("SET") {
			return nil, st.syntax(st.i, page)
		}
		for i := st.i; i < len(st.tokens) && (st.clause[i] == "SET" || st.level[i] >= 0); i++ {
			if st.level[i] < 0 && (i == st.i || st.text(i-1) == ",") && (st.text(i+1) == "." || st.text(i) == "(") {
				return nil, st.refuse(i, "42601", page, "SET takes the bare name of a column")
			}
		}
	case "DELETE":
		if !st.accept("FROM") {
			return nil, st.syntax(st.i, page)
		}
		if _, r := st.relation(page); r != nil {
			return nil, r
		}
		if !st.over() && st.word(st.i) != "USING" && st.word(st.i) != "WHERE" {
			return nil, st.syntax(st.i, page)
		}
	}
	if r := st.expressions(); r != nil {
		return nil, r
	}
	p := st.edited(word)
	p.writes = true
	return p, nil
}

// values checks the rows of INSERT … VALUES from here to the end: several rows take no subqueries.
func (st *stmt) values() *refusal {
	rows, subquery := 0, -1
	for i := st.i + 1; i < len(st.tokens); i++ {
		if st.level[i] < 0 && st.text(i) == "(" {
			rows++
		}
		if st.word(i) == "SELECT" {
			subquery = i
		}
	}
	if rows > 1 && subquery >= 0 {
		return st.refuse(subquery, "0A000", "dg/r_INSERT_30", "a subquery in VALUES with several rows")
	}
	return nil
}

func (st *stmt) planTruncate() (*plan, *refusal) {
	st.i = 1
	st.accept("TABLE")
	table, r := st.relation("dg/r_TRUNCATE")
	if r != nil {
		return nil, r
	}
	if !st.over() {
		return nil, st.syntax(st.i, "dg/r_TRUNCATE") // one table and no options
	}
	// TRUNCATE commits the transaction that it runs in.
	return &plan{kind: "TRUNCATE", writes: true, local: func(s *session) (string, error) {
		block := s.status == 'T'
		if block {
			if err := s.exec("COMMIT"); err != nil {
				return "", err
			}
		}
		if err := s.exec("TRUNCATE " + table); err != nil {
			return "", err
		}
		if block {
			return "TRUNCATE TABLE", s.exec("BEGIN ISOLATION LEVEL " + s.server.level())
		}
		return "TRUNCATE TABLE", nil
	}}, nil
}

func (st *stmt) planLock() (*plan, *refusal) {
	const page = "dg/r_LOCK"
	st.i = 1
	st.accept("TABLE")
	for {
		if _, r := st.relation(page); r != nil {
			return nil, r
		}
		if !st.accept(",") {
			break
		}
	}
	if !st.over() {
		return nil, st.syntax(st.i, page) // neither IN … MODE nor NOWAIT
	}
	st.foldQuoted()
	return st.edited("LOCK"), nil
}

func (st *stmt) planBegin(s *session) (*plan, *refusal) {
	const page = "dg/r_BEGIN"
	st.i = 1
	switch {
	case st.word(0) == "START":
		if !st.accept("TRANSACTION") {
			return nil, st.syntax(st.i, page)
		}
	case st.accept("WORK"), st.accept("TRANSACTION"):
	}
	if st.accept("ISOLATION", "LEVEL") {
		if !st.accept("SERIALIZABLE") && !st.accept(
			"READ", "UNCOMMITTED",
		) && !st.accept("READ", "COMMITTED") && !st.accept("REPEATABLE", "READ") {
			return nil, st.syntax(st.i, page)
		}
		st.accept(",")
	}
	mode := ""
	switch {
	case st.accept("READ", "ONLY"):
		mode = " READ ONLY"
	case st.accept("READ", "WRITE"):
	}
	if !st.over() {
		return nil, st.syntax(st.i, page)
	}
	// Whatever level is named, the database's own holds.
	return &plan{kind: "BEGIN", sql: "BEGIN ISOLATION LEVEL " + s.server.level() + mode}, nil
}

func (st *stmt) planEnd(kind string) (*plan, *refusal) {
	st.i = 1
	if !st.accept("WORK") {
		st.accept("TRANSACTION")
	}
	if !st.over() {
		return nil, st.syntax(st.i, "dg/r_"+kind) // no savepoints, no chains
	}
	return &plan{kind: kind, sql: kind}, nil
}

// settings are what Redshift's SET knows (dg/cm_chap_ConfigurationRef); true are those that
// PostgreSQL knows as well and gets.
var settings = map[string]bool{
	"search_path": true, "timezone": true, "datestyle": true, "extra_float_digits": true,
	"statement_timeout": true, "client_encoding": true,
	"application_name": false, "query_group": false, "wlm_query_slot_count": false,
	"enable_result_cache_for_session":  false,
	"describe_field_name_in_uppercase": false, "enable_case_sensitive_identifier": false, "enable_vacuum_boost": false,
	"error_on_nondeterministic_update": false, "analyze_threshold_percent": false, "json_serialization_enable": false,
	"json_serialization_parse_nested_strings": false, "max_concurrency_scaling_clusters": false,
	"max_cursor_result_set_size": false,
	"mv_enable_aqmv_for_session": false, "navigate_super_null_on_error": false, "cast_super_null_on_error": false,
	"spectrum_enable_pseudo_columns": false, "use_fips_ssl": false,
	"downcase_delimited_identifier": false, "interval_forbid_composite_literals": false,
}

func (st *stmt) planSet() (*plan, *refusal) {
	const page = "dg/r_SET"
	st.i = 1
	if !st.accept("LOCAL") {
		st.accept("SESSION")
	}
	if st.accept("TIME", "ZONE") {
		if st.over() {
			return nil, st.syntax(st.i, "dg/r_timezone_config")
		}
		return st.edited("SET"), nil
	}
	at := st.i
	name, r := st.identifier(page)
	if r != nil {
		return nil, r
	}
	if st.accept(".") { // a session context variable
		if _, r := st.identifier(page); r != nil {
			return nil, r
		}
		return st.edited("SET"), nil
	}
	shared, known := settings[name]
	if !known {
		return nil, st.refuse(
			at, "42704", "dg/cm_chap_ConfigurationRef", "unrecognized configuration parameter %q",
			name,
		)
	}
	if !st.accept("TO") && !st.accept("=") {
		return nil, st.syntax(st.i, page)
	}
	if st.over() {
		return nil, st.syntax(st.i, page)
	}
	if name == "statement_timeout" && (st.tokens[st.i].Kind != sqlfile.KindNumber && st.word(
		st.i,
	) != "DEFAULT" || strings.Trim(st.text(st.i), "0123456789DEFAULTdefault") != "") {
		value := st.tokens[st.i].Value()
		if strings.Trim(value, "0123456789") != "" || value == "" {
			return nil, st.refuse(
				st.i, "22023", "dg/r_statement_timeout",
				"invalid value for parameter %q: %q: whole milliseconds are wanted", name, value,
			)
		}
	}
	if !shared {
		return &plan{kind: "SET", local: done("SET")}, nil
	}
	if name == "search_path" {
		st.foldQuoted()
	}
	return st.edited("SET"), nil
}

func (st *stmt) planShow(word string) (*plan, *refusal) {
	if len(st.tokens) == 2 {
		name, _ := st.name(1)
		if word == "SHOW" && name == "server_version" {
			return &plan{kind: word, sql: "SELECT '8.0.2' AS server_version"}, nil
		}
		// whole milliseconds, where PostgreSQL says 10s
		if word == "SHOW" && name == "statement_timeout" {
			return &plan{
				kind: word,
				sql: "SELECT setting AS statement_timeout FROM pg_catalog.pg_settings WHERE name = " +
					"'statement_timeout'",
			}, nil
		}
		if settings[name] {
			return st.edited(word), nil
		}
	}
	name, _ := st.name(1)
	return nil, st.refuse(1, "42704", "dg/cm_chap_ConfigurationRef", "unrecognized configuration parameter %q", name)
}

func (st *stmt) planAnalyze() (*plan, *refusal) {
	const page = "dg/r_ANALYZE"
	st.i = 1
	st.accept("VERBOSE")
	if st.over() {
		return &plan{kind: "ANALYZE", local: done("ANALYZE")}, nil
	}
	table, r := st.relation(page)
	if r != nil {
		return nil, r
	}
	if st.text(st.i) == "(" {
		st.i = st.match[st.i] + 1
	}
	if !st.accept("PREDICATE", "COLUMNS") {
		st.accept("ALL", "COLUMNS")
	}
	if !st.over() {
		return nil, st.syntax(st.i, page)
	}
	return &plan{kind: "ANALYZE", sql: "ANALYZE " + table}, nil
}

func (st *stmt) planExplain() (*plan, *refusal) {
	st.i = 1
	st.accept("VERBOSE")
	switch st.word(st.i) {
	case "SELECT", "WITH", "INSERT", "UPDATE", "DELETE":
	default:
		return nil, st.syntax(st.i, "dg/r_EXPLAIN") // no ANALYZE, no list of options
	}
	if r := st.expressions(); r != nil {
		return nil, r
	}
	return st.edited("EXPLAIN"), nil
}

// planGrant takes what PostgreSQL grants in the same words, dg/r_GRANT.
func (st *stmt) planGrant(word string) (*plan, *refusal) {
	for i := range st.tokens {
		switch st.word(i) {
		case "FUNCTION", "PROCEDURE", "LANGUAGE", "ASSUMEROLE", "ROLE", "DATASHARE", "SEQUENCE":
			return nil, st.refuse(i, "0A000", "dg/r_"+word, "%s on %s is not known here", word, st.text(i))
		}
	}
	return st.edited(word), nil
}

// foldQuoted folds the quoted names of a statement.
func (st *stmt) foldQuoted() {
	for i, t := range st.tokens {
		if t.Kind == sqlfile.KindQuotedIdent && foldASCII(t.Text) != t.Text {
			st.replace(i, i, foldASCII(t.Text))
		}
	}
}
