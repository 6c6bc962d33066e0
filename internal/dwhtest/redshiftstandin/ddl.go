package redshiftstandin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

const (
	pageCreate      = "dg/r_CREATE_TABLE_NEW"
	pageCreateAs    = "dg/r_CREATE_TABLE_AS"
	pageAlter       = "dg/r_ALTER_TABLE"
	pageConstraints = "dg/t_Defining_constraints"
)

// lengthCheck begins the names of the constraints that hold VARCHAR(n) to n bytes; n and the
// column's name follow.
const lengthCheck = "redshift_bytes_"

// A tableKey is a declared key. Redshift shows it and does not enforce it
// (dg/t_Defining_constraints).
type tableKey struct {
	name    string // "" unless given
	kind    string // p or u
	columns []string
}

func (st *stmt) planCreate() (*plan, *refusal) {
	st.ddl = true
	st.i = 1
	replace := st.accept("OR", "REPLACE")
	switch {
	case st.accept("SCHEMA") && !replace:
		exists := ""
		if st.accept("IF", "NOT", "EXISTS") {
			exists = "IF NOT EXISTS "
		}
		name, r := st.identifier("dg/r_CREATE_SCHEMA")
		if r != nil {
			return nil, r
		}
		if !st.over() {
			return nil, st.syntax(st.i, "dg/r_CREATE_SCHEMA")
		}
		return &plan{kind: "CREATE SCHEMA", sql: "CREATE SCHEMA " + exists + quoteIdent(name)}, nil
	case st.accept("VIEW"):
		return st.planCreateView()
	case st.accept("FUNCTION"):
		return st.planCreateFunction()
	case replace:
		return nil, st.syntax(st.i, "dg/cm_chap_SQLCommandRef")
	case st.accept("DATABASE"):
		return &plan{
			kind: "CREATE DATABASE", banned: true,
			local: notHere("CREATE DATABASE", "dg/r_CREATE_DATABASE"),
		}, nil
	}
	temporary := ""
	st.accept("LOCAL")
	if st.accept("TEMP") || st.accept("TEMPORARY") || st.phrase(st.i, "#") {
		temporary = "TEMP "
	}
	if !st.accept("TABLE") {
		return nil, st.refuse(
			st.i, "42601", "dg/cm_chap_SQLCommandRef",
			"CREATE %s is not in the subset of Redshift's SQL that is known here", st.text(st.i),
		)
	}
	exists := st.accept("IF", "NOT", "EXISTS")
	table, r := st.relation(pageCreate)
	if r != nil {
		return nil, r
	}
	// CREATE TABLE t [(names)] [attributes] AS query
	for i := st.i; i < len(st.tokens); i++ {
		if st.level[i] < 0 && st.word(i) == "AS" {
			return st.planCreateAs(i, exists)
		}
	}
	if st.text(st.i) != "(" {
		return nil, st.syntax(st.i, pageCreate)
	}
	closing := st.match[st.i]
	var elements []string
	var keys []tableKey
	for st.i < closing {
		st.i++
		element, found, r := st.element()
		if r != nil {
			return nil, r
		}
		if element != "" {
			elements = append(elements, element)
		}
		keys = append(keys, found...)
		if st.text(st.i) != "," && st.i != closing {
			return nil, st.syntax(st.i, pageCreate)
		}
	}
	st.i = closing + 1
	if r := st.attributes(); r != nil {
		return nil, r
	}
	if !st.over() {
		// ON COMMIT, WITH, TABLESPACE, PARTITION BY, INHERITS
		return nil, st.syntax(st.i, pageCreate)
	}
	if exists {
		temporary += "TABLE IF NOT EXISTS "
	} else {
		temporary += "TABLE "
	}
	sql := "CREATE " + temporary + table + " (" + strings.Join(elements, ", ") + ")"
	return &plan{kind: "CREATE TABLE", writes: false, local: func(s *session) (string, error) {
		if exists {
			found, err := s.rows("SELECT to_regclass(" + literal(table) + ") IS NOT NULL")
			if err != nil {
				return "", err
			}
			if *found[0][0] == "t" {
				return "CREATE TABLE", nil
			}
		}
		return "CREATE TABLE", s.inBlock(append([]string{sql}, declareKeys(table, keys)...)...)
	}}, nil
}

func notHere(what, page string) func(*session) (string, error) {
	return func(*session) (string, error) {
		return "", &refusal{code: "0A000", page: page, message: what + " is not emulated"}
	}
}

// inBlock runs several statements as one.
func (s *session) inBlock(statements ...string) error {
	if s.status == 'I' && len(statements) > 1 {
		statements = append(append([]string{"BEGIN ISOLATION LEVEL " + s.server.level()}, statements...), "COMMIT")
		defer func() {
			if s.status != 'I' {
				_ = s.exec("ROLLBACK") // of what has failed, which is the error that counts
			}
		}()
	}
	for _, sql := range statements {
		if err := s.exec(sql); err != nil {
			return err
		}
	}
	return nil
}

// declareKeys notes declared keys in the table's comment: transactional, dropped with the table,
// and no reason for a conflict.
func declareKeys(table string, keys []tableKey) []string {
	var out []string
	for _, key := range keys {
		quoted := make([]string, len(key.columns))
		for i, column := range key.columns {
			quoted[i] = literal(column)
		}
		out = append(
			out,
			fmt.Sprintf(
				"SELECT %s.declare_key(%s::regclass, %s, %s, ARRAY[%s]::text[])", helperSchema,
				literal(table), literal(key.kind), literal(key.name), strings.Join(quoted, ", "),
			),
		)
	}
	return out
}

// element moves over one element of CREATE TABLE, up to the comma or parenthesis behind it.
func (st *stmt) element() (string, []tableKey, *refusal) {
	if st.accept("LIKE") {
		table, r := st.relation(pageCreate)
		if r != nil {
			return "", nil, r
		}
		defaults := ""
		switch {
		case st.accept("INCLUDING", "DEFAULTS"):
			defaults = " INCLUDING DEFAULTS"
		case st.accept("EXCLUDING", "DEFAULTS"):
		}
		// The constraints are the lengths of the columns.
		return "LIKE " + table + defaults + " INCLUDING CONSTRAINTS", nil, nil
	}
	if key, ok, r := st.tableConstraint(); r != nil || ok {
		if key.kind == "" {
			return "", nil, r
		}
		return "", []tableKey{key}, r
	}
	name, r := st.identifier(pageCreate)
	if r != nil {
		return "", nil, r
	}
	definition, keys, r := st.column(name, false)
	return definition, keys, r
}

// tableConstraint moves over a constraint of the table; a foreign key has no kind.
func (st *stmt) tableConstraint() (tableKey, bool, *refusal) {
	var key tableKey
	start := st.i
	if st.accept("CONSTRAINT") {
		name, r := st.identifier(pageConstraints)
		if r != nil {
			return key, true, r
		}
		key.name = name
	}
	switch {
	case st.accept("PRIMARY", "KEY"):
		key.kind = "p"
	case st.word(st.i) == "UNIQUE" && st.text(st.i+1) == "(":
		st.i++
		key.kind = "u"
	case st.accept("FOREIGN", "KEY"):
		if _, r := st.columnList(); r != nil {
			return key, true, r
		}
		if !st.accept("REFERENCES") {
			return key, true, st.syntax(st.i, pageConstraints)
		}
		return key, true, st.references()
	case st.word(st.i) == "CHECK", st.word(st.i) == "EXCLUDE":
		return key, true, st.refuse(st.i, "0A000", pageFeatures, "%s constraints are not supported", st.word(st.i))
	default:
		if key.name != "" {
			return key, true, st.syntax(st.i, pageConstraints)
		}
		st.i = start
		return key, false, nil
	}
	columns, r := st.columnList()
	key.columns = columns
	return key, true, r
}

func (st *stmt) references() *refusal {
	if _, r := st.relation(pageConstraints); r != nil {
		return r
	}
	if st.text(st.i) == "(" {
		if _, r := st.columnList(); r != nil {
			return r
		}
	}
	return nil // ON DELETE and the like end in a syntax error
}

func (st *stmt) columnList() ([]string, *refusal) {
	if !st.accept("(") {
		return nil, st.syntax(st.i, pageConstraints)
	}
	var out []string
	for {
		name, r := st.identifier(pageConstraints)
		if r != nil {
			return nil, r
		}
		out = append(out, name)
		if st.accept(")") {
			return out, nil
		}
		if !st.accept(",") {
			return nil, st.syntax(st.i, pageConstraints)
		}
	}
}

// encodings are those of dg/c_Compression_encodings.
var encodings = words(
	"AZ64 BYTEDICT DELTA DELTA32K LZO MOSTLY8 MOSTLY16 MOSTLY32 RAW RUNLENGTH TEXT255 TEXT32K ZSTD AUTO",
)

// column moves over a column's type and attributes. One that is added may not be a key, and gets
// its DEFAULT before NOT NULL (dg/r_ALTER_TABLE).
func (st *stmt) column(name string, added bool) (string, []tableKey, *refusal) {
	t, r := st.dataType(name)
	if r != nil {
		return "", nil, r
	}
	quoted := quoteIdent(name)
	definition := quoted + " " + t.sql
	if t.text {
		check := fmt.Sprintf("octet_length(rtrim(CAST(%s AS text), ' ')) <= %d", quoted, t.length)
		if t.ascii {
			check += fmt.Sprintf(" AND octet_length(CAST(%s AS text)) = char_length(CAST(%s AS text))", quoted, quoted)
		}
		constraint := lengthCheck + strconv.Itoa(t.length) + "_" + name
		definition += ` COLLATE "C" CONSTRAINT ` + quoteIdent(
			constraint[:min(63, len(constraint))],
		) + " CHECK (" + check + ")"
	}
	var keys []tableKey
	hasDefault, notNull := false, false
	for !st.over() && st.text(st.i) != "," && st.text(st.i) != ")" {
		at := st.i
		switch {
		case st.accept("DEFAULT"):
			if notNull && added {
				return "", nil, st.syntax(at, pageAlter)
			}
			hasDefault = true
			text, r := st.defaultValue()
			if r != nil {
				return "", nil, r
			}
			definition += " DEFAULT " + text
		case st.accept("NOT", "NULL"):
			notNull = true
			definition += " NOT NULL"
		case st.accept("NULL"):
		case st.accept("ENCODE"):
			if !encodings[st.word(st.i)] {
				return "", nil, st.refuse(
					st.i, "42601", "dg/c_Compression_encodings", "unknown encoding %q",
					st.text(st.i),
				)
			}
			st.i++
		case added:
			return "", nil, st.syntax(at, pageAlter)
		case st.accept("DISTKEY"), st.accept("SORTKEY"):
		case st.accept("UNIQUE"):
			keys = append(keys, tableKey{kind: "u", columns: []string{name}})
		case st.accept("PRIMARY", "KEY"):
			keys = append(keys, tableKey{kind: "p", columns: []string{name}})
		case st.accept("REFERENCES"):
			if r := st.references(); r != nil {
				return "", nil, r
			}
		case st.accept("IDENTITY"), st.accept("GENERATED", "BY", "DEFAULT", "AS", "IDENTITY"):
			if st.text(st.i) != "(" {
				return "", nil, st.syntax(st.i, pageCreate)
			}
			sizes, r := st.sizes(2)
			if r != nil || len(sizes) != 2 {
				return "", nil, st.syntax(at, pageCreate)
			}
			definition += fmt.Sprintf(
				" GENERATED BY DEFAULT AS IDENTITY (START WITH %d INCREMENT BY %d)", sizes[0],
				sizes[1],
			)
		default:
			// CHECK, COLLATE "C", GENERATED ALWAYS, STORAGE
			return "", nil, st.syntax(at, pageCreate)
		}
	}
	if added && notNull && !hasDefault {
		return "", nil, st.refuse(
			st.i-1, "42601", pageAlter,
			"ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression",
		)
	}
	return definition, keys, nil
}

// defaultValue moves over the expression of DEFAULT.
func (st *stmt) defaultValue() (string, *refusal) {
	start := st.i
	for !st.over() && st.text(st.i) != "," && st.text(st.i) != ")" {
		if st.i > start {
			switch st.word(st.i) {
			case "NOT", "NULL", "ENCODE", "DISTKEY", "SORTKEY", "UNIQUE", "PRIMARY", "REFERENCES",
				"IDENTITY", "GENERATED", "COLLATE", "CONSTRAINT", "CHECK":
				return st.expression(start, st.i)
			}
		}
		if st.text(st.i) == "(" {
			st.i = st.match[st.i]
		}
		st.i++
	}
	if st.i == start {
		return "", st.syntax(st.i, pageCreate)
	}
	return st.expression(start, st.i)
}

// expression checks tokens start..end as an expression of its own and returns what PostgreSQL gets.
func (st *stmt) expression(start, end int) (string, *refusal) {
	inner := newStmt(st.sql[st.tokens[start].Start:st.tokens[end-1].End])
	if r := inner.expressions(); r != nil {
		r.position = 0
		return "", r
	}
	return apply(inner.sql, inner.edits), nil
}

// attributes moves over DISTSTYLE and its like, which PostgreSQL has no use for.
func (st *stmt) attributes() *refusal {
	for !st.over() {
		at := st.i
		switch {
		case st.accept("BACKUP"):
			if !st.accept("YES") && !st.accept("NO") {
				return st.syntax(st.i, pageCreate)
			}
		case st.accept("DISTSTYLE"):
			if !st.accept("AUTO") && !st.accept("EVEN") && !st.accept("KEY") && !st.accept("ALL") {
				return st.syntax(st.i, pageCreate)
			}
		case st.accept("DISTKEY"):
			if columns, r := st.columnList(); r != nil || len(columns) != 1 {
				return st.syntax(at, pageCreate)
			}
		case st.accept("SORTKEY", "AUTO"), st.accept("ENCODE", "AUTO"):
		case st.word(st.i) == "SORTKEY", st.phrase(st.i, "COMPOUND", "SORTKEY"), st.phrase(
			st.i, "INTERLEAVED", "SORTKEY",
		):
			if !st.accept("COMPOUND") {
				st.accept("INTERLEAVED")
			}
			st.i++
			columns, r := st.columnList()
			if r != nil {
				return r
			}
			if len(columns) > 400 {
				return st.refuse(at, "54000", pageCreate, "a sort key has at most 400 columns")
			}
		default:
			return nil
		}
	}
	return nil
}

// planCreateAs is CREATE TABLE … AS query; as is where the query's AS stands.
func (st *stmt) planCreateAs(as int, exists bool) (*plan, *refusal) {
	if exists {
		return nil, st.syntax(st.find("IF", "NOT", "EXISTS"), pageCreateAs)
	}
	if st.text(st.i) == "(" {
		if _, r := st.columnList(); r != nil {
			return nil, r
		}
	}
	first := st.i
	if r := st.attributes(); r != nil {
		return nil, r
	}
	if st.i != as {
		return nil, st.syntax(st.i, pageCreateAs)
	}
	if first < as {
		st.replace(first, as-1, "")
	}
	query := as + 1
	for st.text(query) == "(" {
		query++
	}
	if w := st.word(query); w != "SELECT" && w != "WITH" {
		return nil, st.syntax(as+1, pageCreateAs)
	}
	if n := len(st.tokens); st.word(n-1) == "DATA" && st.word(n-2) != "AS" && st.level[n-1] < 0 {
		return nil, st.syntax(n-1, pageCreateAs) // WITH [NO] DATA
	}
	if r := st.expressions(); r != nil {
		return nil, r
	}
	return st.edited("CREATE TABLE AS"), nil
}

func (st *stmt) planCreateView() (*plan, *refusal) {
	const page = "dg/r_CREATE_VIEW"
	if _, r := st.relation(page); r != nil {
		return nil, r
	}
	if st.text(st.i) == "(" {
		if _, r := st.columnList(); r != nil {
			return nil, r
		}
	}
	if !st.accept("AS") {
		return nil, st.syntax(st.i, page)
	}
	if w := st.word(st.i); w != "SELECT" && w != "WITH" && st.text(st.i) != "(" {
		return nil, st.syntax(st.i, page)
	}
	if i := st.find("WITH", "NO", "SCHEMA", "BINDING"); i >= 0 {
		return nil, st.refuse(i, "0A000", page, "late-binding views are not emulated")
	}
	if r := st.expressions(); r != nil {
		return nil, r
	}
	return st.edited("CREATE VIEW"), nil
}

// planCreateFunction takes a scalar SQL function: types without names, a volatility, one SELECT
// without FROM (dg/r_CREATE_FUNCTION).
func (st *stmt) planCreateFunction() (*plan, *refusal) {
	const page = "dg/r_CREATE_FUNCTION"
	at := st.i
	name, r := st.identifier(page)
	if r != nil {
		return nil, r
	}
	if !strings.HasPrefix(name, "f_") {
		return nil, st.refuse(at, "42939", "dg/udf-naming-udfs", "a user-defined function's name begins with f_")
	}
	if !st.accept("(") {
		return nil, st.syntax(st.i, page)
	}
	var arguments []string
	for !st.accept(")") {
		if len(arguments) > 0 && !st.accept(",") {
			return nil, st.syntax(st.i, page)
		}
		t, r := st.dataType("")
		if r != nil {
			return nil, r
		}
		arguments = append(arguments, t.sql)
	}
	if !st.accept("RETURNS") {
		return nil, st.syntax(st.i, page)
	}
	returns, r := st.dataType("")
	if r != nil {
		return nil, r
	}
	volatility := st.word(st.i)
	if !slices.Contains([]string{"VOLATILE", "STABLE", "IMMUTABLE"}, volatility) {
		return nil, st.syntax(st.i, page)
	}
	st.i++
	if !st.accept("AS") || st.over() || st.tokens[st.i].Kind != sqlfile.KindDollarString {
		return nil, st.syntax(st.i, page)
	}
	body := newStmt(st.tokens[st.i].Value())
	st.i++
	if !st.accept("LANGUAGE") || st.word(st.i) != "SQL" || st.i != len(st.tokens)-1 {
		return nil, st.syntax(st.i, page)
	}
	if body.word(0) != "SELECT" {
		return nil, st.refuse(at, "42601", page, "the body of a SQL function is one SELECT")
	}
	for i := range body.tokens {
		switch body.word(i) {
		case "FROM", "INTO", "WHERE", "GROUP", "ORDER", "LIMIT":
			if !body.inCallFrom(i) {
				return nil, st.refuse(at, "0A000", page, "the body of a SQL function has no %s", body.word(i))
			}
		}
	}
	if r := body.expressions(); r != nil {
		r.position = 0
		return nil, r
	}
	create := "CREATE FUNCTION "
	if st.phrase(1, "OR", "REPLACE") {
		create = "CREATE OR REPLACE FUNCTION "
	}
	return &plan{
		kind: "CREATE FUNCTION",
		sql: create + quoteIdent(name) + "(" + strings.Join(
			arguments, ", ",
		) + ") RETURNS " + returns.sql + " " + volatility +
			" AS " + literal(apply(body.sql, body.edits)) + " LANGUAGE sql",
	}, nil
}

func (st *stmt) planDrop() (*plan, *refusal) {
	st.i = 1
	kind := st.word(1)
	page := "dg/r_DROP_" + kind
	switch kind {
	case "TABLE", "VIEW", "SCHEMA":
		st.i = 2
		st.accept("IF", "EXISTS")
		for {
			if _, r := st.relation(page); r != nil {
				return nil, r
			}
			if !st.accept(",") {
				break
			}
		}
		if !st.accept("CASCADE") {
			st.accept("RESTRICT")
		}
		if !st.over() {
			return nil, st.syntax(st.i, page)
		}
		st.foldQuoted()
		return st.edited("DROP " + kind), nil
	case "FUNCTION":
		st.i = 2
		name, r := st.identifier(page)
		if r != nil {
			return nil, r
		}
		if !st.accept("(") {
			return nil, st.syntax(st.i, page) // the types are needed, IF EXISTS is not known
		}
		var arguments []string
		for !st.accept(")") {
			if len(arguments) > 0 && !st.accept(",") {
				return nil, st.syntax(st.i, page)
			}
			t, r := st.dataType("")
			if r != nil {
				return nil, r
			}
			arguments = append(arguments, t.sql)
		}
		cascade := ""
		if st.accept("CASCADE") {
			cascade = " CASCADE"
		}
		if !st.over() {
			return nil, st.syntax(st.i, page)
		}
		return &plan{
			kind: "DROP FUNCTION",
			sql:  "DROP FUNCTION " + quoteIdent(name) + "(" + strings.Join(arguments, ", ") + ")" + cascade,
		}, nil
	case "DATABASE":
		return &plan{kind: "DROP DATABASE", banned: true, local: notHere("DROP DATABASE", "dg/r_DROP_DATABASE")}, nil
	}
	return nil, st.refuse(
		1, "42601", "dg/cm_chap_SQLCommandRef",
		"DROP %s is not in the subset of Redshift's SQL that is known here", st.text(1),
	)
}

func (st *stmt) planAlter() (*plan, *refusal) {
	st.ddl = true
	st.i = 1
	if !st.accept("TABLE") {
		return nil, st.refuse(
			1, "42601", "dg/cm_chap_SQLCommandRef",
			"ALTER %s is not in the subset of Redshift's SQL that is known here", st.text(1),
		)
	}
	table, r := st.relation(pageAlter)
	if r != nil {
		return nil, r
	}
	change := func(sql string) (*plan, *refusal) {
		if !st.over() {
			return nil, st.syntax(st.i, pageAlter)
		}
		return &plan{kind: "ALTER TABLE", sql: "ALTER TABLE " + table + " " + sql}, nil
	}
	switch {
	case st.accept("APPEND"):
		return &plan{
			kind: "ALTER TABLE APPEND", banned: true,
			local: notHere("ALTER TABLE APPEND", "dg/r_ALTER_TABLE_APPEND"),
		}, nil
	case st.accept("RENAME", "TO"):
		name, r := st.identifier(pageAlter)
		if r != nil {
			return nil, r
		}
		return change("RENAME TO " + quoteIdent(name))
	case st.accept("RENAME", "COLUMN"):
		from, r := st.identifier(pageAlter)
		if r != nil {
			return nil, r
		}
		if !st.accept("TO") {
			return nil, st.syntax(st.i, pageAlter)
		}
		to, r := st.identifier(pageAlter)
		if r != nil {
			return nil, r
		}
		return change("RENAME COLUMN " + quoteIdent(from) + " TO " + quoteIdent(to))
	case st.accept("OWNER", "TO"):
		name, r := st.identifier(pageAlter)
		if r != nil {
			return nil, r
		}
		return change("OWNER TO " + quoteIdent(name))
	case st.accept("ALTER"):
		return st.planAlterAlter(table)
	case st.accept("DROP", "CONSTRAINT"):
		name, r := st.identifier(pageAlter)
		if r != nil {
			return nil, r
		}
		if !st.accept("CASCADE") {
			st.accept("RESTRICT")
		}
		if !st.over() {
			return nil, st.syntax(st.i, pageAlter)
		}
		return &plan{kind: "ALTER TABLE", local: func(s *session) (string, error) {
			return "ALTER TABLE", s.exec(
				fmt.Sprintf("SELECT %s.forget_key(%s::regclass, %s)", helperSchema, literal(table), literal(name)),
			)
		}}, nil
	case st.accept("DROP"):
		st.accept("COLUMN")
		name, r := st.identifier(pageAlter)
		if r != nil {
			return nil, r
		}
		behaviour := ""
		if st.accept("CASCADE") {
			behaviour = " CASCADE"
		} else {
			st.accept("RESTRICT")
		}
		return change("DROP COLUMN " + quoteIdent(name) + behaviour)
	case st.accept("ADD"):
		if key, ok, r := st.tableConstraint(); r != nil || ok {
			if r == nil && !st.over() {
				r = st.syntax(st.i, pageAlter)
			}
			if r != nil {
				return nil, r
			}
			return &plan{kind: "ALTER TABLE", local: func(s *session) (string, error) {
				if key.kind == "" {
					return "ALTER TABLE", nil
				}
				return "ALTER TABLE", s.inBlock(declareKeys(table, []tableKey{key})...)
			}}, nil
		}
		st.accept("COLUMN")
		if st.phrase(st.i, "IF", "NOT", "EXISTS") {
			return nil, st.syntax(st.i, pageAlter)
		}
		name, r := st.identifier(pageAlter)
		if r != nil {
			return nil, r
		}
		definition, _, r := st.column(name, true)
		if r != nil {
			return nil, r
		}
		return change("ADD COLUMN " + definition)
	}
	return nil, st.syntax(st.i, pageAlter)
}

// planAlterAlter is ALTER TABLE t ALTER …: the length of a VARCHAR, which is refused in a
// transaction block, and how the table is stored.
func (st *stmt) planAlterAlter(table string) (*plan, *refusal) {
	if st.accept("COLUMN") {
		name, r := st.identifier(pageAlter)
		if r != nil {
			return nil, r
		}
		if st.accept("ENCODE") {
			st.i++
			return &plan{kind: "ALTER TABLE ALTER COLUMN", banned: true, local: done("ALTER TABLE")}, nil
		}
		if !st.accept("TYPE") {
			return nil, st.syntax(st.i, pageAlter) // neither SET NOT NULL nor SET DEFAULT
		}
		t, r := st.dataType(name)
		if r != nil {
			return nil, r
		}
		if !t.text || t.ascii || !st.over() {
			return nil, st.refuse(st.i-1, "0A000", pageAlter, "only the length of a VARCHAR column can be altered")
		}
		return &plan{kind: "ALTER TABLE ALTER COLUMN", banned: true, local: func(s *session) (string, error) {
			return "ALTER TABLE", s.exec(
				fmt.Sprintf(
					"SELECT %s.alter_length(%s::regclass, %s, %d)", helperSchema, literal(table),
					literal(name), t.length,
				),
			)
		}}, nil
	}
	switch {
	case st.accept("ENCODE", "AUTO"), st.accept("SORTKEY", "NONE"), st.accept("SORTKEY", "AUTO"):
	case st.accept("DISTKEY"):
		if _, r := st.identifier(pageAlter); r != nil {
			return nil, r
		}
	case st.accept("DISTSTYLE", "KEY", "DISTKEY"):
		if _, r := st.identifier(pageAlter); r != nil {
			return nil, r
		}
	case st.accept("DISTSTYLE"):
		if !st.accept("ALL") && !st.accept("EVEN") && !st.accept("AUTO") {
			return nil, st.syntax(st.i, pageAlter)
		}
	case st.word(st.i) == "SORTKEY", st.phrase(st.i, "COMPOUND", "SORTKEY"):
		st.accept("COMPOUND")
		st.i++
		if _, r := st.columnList(); r != nil {
			return nil, r
		}
	default:
		return nil, st.syntax(st.i, pageAlter)
	}
	if !st.over() {
		return nil, st.syntax(st.i, pageAlter)
	}
	return &plan{kind: "ALTER TABLE", local: func(s *session) (string, error) {
		return "ALTER TABLE", s.exec("SELECT " + literal(table) + "::regclass") // that it exists
	}}, nil
}
