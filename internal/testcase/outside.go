package testcase

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// outside refuses a file whose statements change something outside the schema of the cases, as far
// as their text tells it. A migration's Down and loads do not run in a test. GRANT and REVOKE may
// name anything.
func outside(file *sqlfile.File, engine sqlfile.Engine) error {
	for _, statement := range file.Statements(engine) {
		load := statement.Section() == "" && statement.Keyword() == "COPY"
		if statement.Section() == "down" || load {
			continue
		}
		if fault := reaches(statement.SQL(), engine, false); fault != nil {
			return statement.ErrorAt(fault.at, fault.msg, fault.hint, nil)
		}
	}
	return nil
}

// reach is a place in a SQL text where it reaches outside the schema of the cases.
type reach struct {
	at        int // byte offset
	msg, hint string
}

const (
	withoutSchema = "leave the schema out: a name without one means the schema of the connection"
	byHand        = "move the statement out of the migrations: make it once, by hand, in each database"
)

// The words between CREATE, ALTER or DROP and the kind of object, and between the kind and the
// name.
var modifiers = []string{
	"or", "replace", "temp", "temporary", "unlogged", "global", "local", "materialized", "recursive", "foreign",
	"unique", "constraint", "concurrently", "if", "not", "exists", "only", "external", "trusted", "procedural",
	"event",
}

// The kinds of objects that stand in a schema, and those that stand in the database or the server.
var (
	inSchema = []string{
		"table", "view", "sequence", "index", "type", "domain", "function", "procedure", "routine", "aggregate",
		"operator", "collation", "conversion", "statistics",
	}
	inDatabase = []string{
		"database", "role", "user", "group", "tablespace", "publication", "subscription", "server", "language",
		"system", "owned", "datashare", "data",
	}
	onTable = []string{"index", "trigger", "policy", "rule"}
)

// reaches finds the first place where a text reaches outside. body is set for what stands in a
// string or a dollar quote, such as a function's body.
func reaches(text string, engine sqlfile.Engine, body bool) *reach {
	s := &scan{tokens: tokensOf(text), engine: engine, body: body}
	kind := s.skip(1)
	defined := s.is(0, "do") || s.is(0, "create") && s.is(kind, "function", "procedure")
	for i, t := range s.tokens {
		// A string is a body where one can stand: EXECUTE takes one inside a body.
		if t.Kind == sqlfile.KindDollarString || t.Kind == sqlfile.KindString && (body || defined) {
			if inner := reaches(t.Value(), engine, true); inner != nil {
				shift := strings.Index(t.Text, t.Value())
				return &reach{at: t.Start + max(shift, 0) + inner.at, msg: inner.msg, hint: inner.hint}
			}
		}
		if fault := s.token(i); fault != nil {
			return fault
		}
	}
	return nil
}

// tokensOf splits a text into its tokens, without comments and markers.
func tokensOf(text string) []sqlfile.Token {
	return slices.DeleteFunc(sqlfile.Tokens(text), func(t sqlfile.Token) bool {
		return t.Kind == sqlfile.KindComment || t.Kind == sqlfile.KindMarker
	})
}

// scan is the tokens of a text, without its comments.
type scan struct {
	tokens []sqlfile.Token
	engine sqlfile.Engine
	body   bool
}

// is reports whether token i is one of the words.
func (s *scan) is(i int, words ...string) bool {
	return i >= 0 && i < len(s.tokens) && slices.ContainsFunc(words, s.tokens[i].Is)
}

func (s *scan) text(i int) string {
	if i < 0 || i >= len(s.tokens) {
		return ""
	}
	return s.tokens[i].Text
}

// first reports whether a statement begins at token i.
func (s *scan) first(i int) bool { return i == 0 || s.text(i-1) == ";" }

// token tells what token i reaches.
func (s *scan) token(i int) *reach {
	switch {
	case s.is(i, "create", "alter", "drop"):
		return s.define(i)
	case s.is(i, "truncate", "refresh"), s.is(i, "comment") && s.is(i+1, "on"):
		return s.define(i)
	case s.is(i, "update", "copy", "call"), s.is(i, "inherit"):
		return s.names(i + 1)
	case s.is(i, "into") && (!s.body || s.is(i-1, "insert", "merge")), s.is(i, "from") && s.is(i-1, "delete", "append"):
		return s.names(i + 1)
	case s.is(i, "of") && s.is(i-1, "partition"), s.is(i, "partition") && s.is(i-1, "attach", "detach"):
		return s.names(i + 1)
	case s.is(i, "inherits") && s.text(i+1) == "(":
		return s.names(i + 2)
	case s.is(i, "program") && s.is(i-1, "from", "to") && strings.HasPrefix(s.text(i+1), "'"):
		return s.fault(i, "COPY … PROGRAM runs a program on the server", byHand)
	case s.is(i, "unload", "reassign") && s.first(i) && !s.body,
		s.is(i, "import") && s.is(i+1, "foreign"):
		return s.fault(i, strings.ToUpper(s.text(i))+" reaches outside the schema that a test case runs in", byHand)
	case s.is(i, "schema") && s.is(i-1, "set") && s.text(i+1) != "=":
		return s.fault(i, "SET SCHEMA leaves the schema that a test case runs in", withoutSchema)
	case s.is(i, "search_path") || s.isString(i, "search_path"):
		return s.path(i)
	case s.is(i, "setval", "nextval", "pg_get_serial_sequence") && s.text(i+1) == "(":
		if i+2 < len(s.tokens) && s.tokens[i+2].Kind == sqlfile.KindString && strings.Contains(s.text(i+2), ".") {
			schema, _, _ := strings.Cut(s.tokens[i+2].Value(), ".")
			return s.named(i+2, schema)
		}
	}
	return nil
}

func (s *scan) isString(i int, value string) bool {
	return s.tokens[i].Kind == sqlfile.KindString && strings.EqualFold(s.tokens[i].Value(), value)
}

func (s *scan) fault(i int, msg, hint string) *reach {
	return &reach{at: s.tokens[i].Start, msg: msg, hint: hint}
}

func (s *scan) named(i int, schema string) *reach {
	return s.fault(i, fmt.Sprintf("the SQL writes to the schema %s, but a test case runs in its own schema", schema),
		withoutSchema)
}

// define tells what a statement of DDL whose verb is token i reaches.
func (s *scan) define(i int) *reach {
	verb := s.tokens[i]
	at := s.skip(i + 1)
	for verb.Is("comment") && s.is(at, "on") {
		at = s.skip(at + 1)
	}
	switch {
	case verb.Is("comment") && s.is(at, "column"):
		if s.text(at+4) == "." {
			return s.names(at + 1)
		}
		return nil
	case s.is(at, "schema") && !verb.Is("comment"):
		return s.fault(i, strings.ToUpper(verb.Text)+" SCHEMA reaches outside the schema that a test case runs in",
			"leave the schemas out of the migrations: a name without one means the schema of the connection; "+
				"make other schemas once, by hand, in each database")
	case !s.body && s.first(i) && !verb.Is("comment") && s.is(at, inDatabase...):
		// A body may make a role where there is none yet.
		return s.fault(i, fmt.Sprintf("%s %s reaches outside the schema that a test case runs in",
			strings.ToUpper(verb.Text), strings.ToUpper(s.text(at))), byHand)
	case s.body && s.is(at, "extension") && verb.Is("drop"):
		return s.fault(i, "DROP EXTENSION reaches outside the schema that a test case runs in", byHand)
	case !s.body && s.first(i) && s.is(i+1, "event") && s.is(at, "trigger"):
		return s.fault(i, "an event trigger reaches outside the schema that a test case runs in", byHand)
	case s.is(at, onTable...):
		if fault := s.owner(at); fault != nil {
			return fault
		}
	}
	switch {
	case s.is(at, inSchema...) || s.is(at, onTable...):
		return s.names(at + 1)
	case verb.Is("truncate"):
		return s.names(at)
	}
	return nil
}

// owner tells what table an index, a trigger, a policy or a rule is made on.
func (s *scan) owner(at int) *reach {
	rule := s.is(at, "rule")
	for i := at; i < len(s.tokens) && s.text(i) != ";" && s.text(i) != "("; i++ {
		if s.is(i, "on") || rule && s.is(i, "to") {
			if fault := s.names(i + 1); fault != nil || !rule {
				return fault
			}
		}
	}
	return nil
}

// skip returns the first token from i on that is no modifier.
func (s *scan) skip(i int) int {
	for s.is(i, modifiers...) {
		i++
	}
	return i
}

// own are the schemas that a name may say: they hold nothing of the warehouse's.
var own = []string{"pg_catalog", "pg_temp", "information_schema"}

// names tells whether one of the names that begin at token i, with commas between them, has another
// schema.
func (s *scan) names(i int) *reach {
	for {
		if i = s.skip(i); s.is(i, "table") {
			i++
		}
		if i = s.skip(i); i >= len(s.tokens) {
			return nil
		}
		name := s.tokens[i]
		if name.Kind != sqlfile.KindWord && name.Kind != sqlfile.KindQuotedIdent {
			return nil
		}
		if s.text(i+1) == "." {
			if !slices.Contains(own, strings.ToLower(name.Value())) {
				return s.named(i, name.Value())
			}
			i += 2
		}
		if s.text(i+1) != "," {
			return nil
		}
		i += 2
	}
}

// path tells whether token i sets search_path to anything but schemas without tables. RESET and
// DEFAULT go back to the cases' schema where that is a setting of the connection.
func (s *scan) path(i int) *reach {
	set := false
	for before := i - 1; before >= max(i-3, 0) && !set; before-- {
		set = s.is(before, "set", "set_config")
	}
	back := s.engine == sqlfile.Postgres && s.is(i+2, "default")
	if s.engine == sqlfile.Redshift && s.is(i-1, "reset") {
		set = true
	}
	if !set || back {
		return nil
	}
	config := s.tokens[i].Kind == sqlfile.KindString
	var schemas []string
	for at := i + 2; at < len(s.tokens); at += 2 {
		schemas = append(schemas, strings.Split(s.tokens[at].Value(), ",")...)
		if config || s.text(at+1) != "," {
			break
		}
	}
	for _, schema := range schemas {
		if schema = strings.ToLower(strings.TrimSpace(schema)); schema != "" && !slices.Contains(own, schema) {
			return s.fault(i, "search_path leaves the schema that a test case runs in", withoutSchema)
		}
	}
	if s.is(i-1, "reset") {
		return s.fault(i, "search_path leaves the schema that a test case runs in", withoutSchema)
	}
	return nil
}
