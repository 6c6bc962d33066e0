package lint

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// allowed returns the statements that a kind of file may hold; every other one is refused.
func allowed(k Kind) []string {
	switch k {
	case Migration:
		return []string{
			"CREATE TABLE", "CREATE VIEW", "CREATE SCHEMA", "CREATE FUNCTION", "ALTER TABLE",
			"DROP TABLE", "DROP VIEW", "DROP SCHEMA", "DROP FUNCTION",
			"SELECT", "INSERT", "UPDATE", "DELETE", "GRANT", "REVOKE",
			"COMMENT ON TABLE", "COMMENT ON COLUMN", "COMMENT ON VIEW", "COMMENT ON CONSTRAINT",
		}
	case Transform:
		return []string{
			"CREATE TABLE", "CREATE VIEW", "DROP TABLE", "DROP VIEW", "SELECT", "INSERT", "UPDATE",
			"DELETE",
		}
	case Load:
		return []string{"COPY"}
	case Query:
		return []string{"SELECT", "INSERT", "UPDATE", "DELETE"}
	case Report, Check:
		return []string{"SELECT"}
	default:
		return nil
	}
}

// ours are statements that a migration or transform may hold inside /*redshift … */.
var ours = []string{
	"ANALYZE", "ALTER SCHEMA", "ALTER DEFAULT", "CREATE MATERIALIZED VIEW",
	"DROP MATERIALIZED VIEW", "REFRESH MATERIALIZED VIEW",
}

func checkStatement(u *unit, found func(int, string)) {
	k := u.document.kind
	switch {
	// what these may hold is said by rules of their own
	case k == Load || k == Report || k == Check:
	case u.document.refused[u.verb] || slices.Contains(allowed(k), u.verb):
	case u.marked(u.verbAt) && slices.Contains(ours, u.verb):
	case u.verb == "":
		found(0, fmt.Sprintf("%q begins no statement", u.tokens[0].Text))
	default:
		found(u.verbAt, fmt.Sprintf("%s in a %s", u.verb, k))
	}
}

// checkVerb refuses statements by what they do.
func checkVerb(verbs ...string) func(*unit, func(int, string)) {
	return func(u *unit, found func(int, string)) {
		if slices.Contains(verbs, u.verb) {
			found(u.verbAt, u.verb)
		}
	}
}

func checkAnalyze(u *unit, found func(int, string)) {
	if (u.verb == "ANALYZE" || u.verb == "ANALYSE") && !u.marked(0) {
		found(0, u.verb+" outside a marker")
	}
}

func checkSequence(u *unit, found func(int, string)) {
	checkVerb("CREATE SEQUENCE", "DROP SEQUENCE", "ALTER SEQUENCE")(u, found)
	checkCalls("NEXTVAL", "CURRVAL", "LASTVAL", "SETVAL")(u, found)
}

// maxStatement is the largest statement that Redshift takes, in bytes.
const maxStatement = 16 << 20

func checkStatementSize(u *unit, found func(int, string)) {
	if size := u.tokens[len(u.tokens)-1].End - u.tokens[0].Start; size > maxStatement {
		found(0, fmt.Sprintf("statement of %d bytes", size))
	}
}

// commands are the words that a statement of PostgreSQL's begins with.
var commands = []string{
	"ABORT", "ALTER", "ANALYZE", "ANALYSE", "BEGIN", "CALL", "CHECKPOINT", "CLOSE", "CLUSTER",
	"COMMENT", "COMMIT", "COPY",
	"CREATE", "DEALLOCATE", "DECLARE", "DELETE", "DISCARD", "DO", "DROP", "END", "EXECUTE", "EXPLAIN", "FETCH", "GRANT",
	"IMPORT", "INSERT", "LISTEN", "LOAD", "LOCK", "MERGE", "MOVE", "NOTIFY", "PREPARE", "REASSIGN",
	"REFRESH", "REINDEX",
	"RELEASE", "RESET", "REVOKE", "ROLLBACK", "SAVEPOINT", "SECURITY", "SELECT", "SET", "SHOW",
	"START", "TABLE", "TRUNCATE",
	"UNLISTEN", "UPDATE", "VACUUM", "VALUES", "WITH",
}

// checkSyntax finds what a marker in the wrong place leaves behind in one of the two renderings:
// brackets without a partner, commas with nothing beside them, and text of which no statement is
// left.
func checkSyntax(d *document, found func(line, column int, what string)) {
	for _, rendering := range []struct {
		name  string
		units []*unit
	}{{"PostgreSQL", d.postgres}, {"Redshift", d.redshift}} {
		for _, u := range rendering.units {
			at := func(i int, what string) {
				found(u.tokens[i].Line, u.tokens[i].Column, what+" in what "+rendering.name+" gets")
			}
			first := 0
			for u.is(first, "(") {
				first++
			}
			if rendering.name == "PostgreSQL" && !u.body && d.kind != Load && (first == len(
				u.tokens,
			) || !u.any(first, commands...)) {
				at(0, fmt.Sprintf("%q begins no statement", u.tokens[0].Text))
				continue
			}
			for i := range u.tokens {
				switch {
				case u.any(
					i, "(", ")", "[", "]",
				) && (u.pair[i] < 0 || u.any(i, "(", ")") != u.any(u.pair[i], "(", ")")):
					at(i, fmt.Sprintf("%s without its partner", u.tokens[i].Text))
				case u.is(i, ",") && (i == 0 || i == len(u.tokens)-1 || u.any(i+1, ",", ")") || u.is(i-1, "(")):
					at(i, "comma without a value next to it")
				}
			}
		}
	}
}

func checkQueryText(d *document, found func(line, column int, what string)) {
	if d.kind != Query {
		return
	}
	if d.firstMarker != nil {
		found(d.firstMarker.Line, d.firstMarker.Column, "marker in a query")
	}
	for _, u := range d.redshift {
		for _, t := range u.tokens {
			if t.Kind == sqlfile.KindVariable {
				found(t.Line, t.Column, "variable "+t.Text+" in a query")
			}
		}
	}
}

func checkOneSelect(d *document, found func(line, column int, what string)) {
	if d.kind == Query {
		checkInto(d, found)
	}
	if d.kind != Report && d.kind != Check {
		return
	}
	for _, units := range [][]*unit{d.redshift, d.postgres} {
		for i, u := range units {
			first := u.tokens[u.verbAt]
			switch {
			case u.verb != "SELECT":
				found(first.Line, first.Column, fmt.Sprintf("%s in a %s", u.verb, d.kind))
			case i > 0:
				found(first.Line, first.Column, fmt.Sprintf("a second statement in a %s", d.kind))
			}
			checkWriting(d, u, found)
		}
		if len(units) == 0 {
			found(1, 1, fmt.Sprintf("a %s without a SELECT", d.kind))
		}
	}
	checkInto(d, found)
}

// checkWriting finds what writes inside a SELECT: a WITH of PostgreSQL may hold a DELETE, also one
// that only PostgreSQL gets.
func checkWriting(d *document, u *unit, found func(line, column int, what string)) {
	for i, t := range u.tokens {
		if i == 0 || u.tokens[i-1].Text != "(" {
			continue
		}
		for _, verb := range []string{"INSERT", "UPDATE", "DELETE", "MERGE"} {
			if u.keyword(i, verb) {
				found(t.Line, t.Column, fmt.Sprintf("%s inside a %s", verb, d.kind))
			}
		}
	}
}

// checkInto finds SELECT … INTO, which creates a table.
func checkInto(d *document, found func(line, column int, what string)) {
	for _, u := range d.redshift {
		if u.verb != "SELECT" {
			continue
		}
		for i := range u.tokens {
			if u.keyword(i, "INTO") {
				found(u.tokens[i].Line, u.tokens[i].Column, fmt.Sprintf("SELECT INTO in a %s", d.kind))
			}
		}
	}
}

// checkCopies finds a COPY outside loads, and in a load what is no COPY, or not the only one.
func checkCopies(d *document, found func(line, column int, what string)) {
	for i, u := range d.redshift {
		first := u.tokens[u.verbAt]
		switch copies := u.verb == "COPY" || u.verb == "UNLOAD"; {
		case d.kind == Load && u.verb != "COPY":
			found(first.Line, first.Column, u.verb+" in a load")
		case d.kind == Load && i > 0:
			found(first.Line, first.Column, "a second COPY in a load")
		case d.kind != Load && copies:
			found(first.Line, first.Column, fmt.Sprintf("%s in a %s", u.verb, d.kind))
		}
	}
	if d.kind == Load && len(d.redshift) == 0 {
		found(1, 1, "a load without a COPY")
	}
}

// checkLoad checks the file's COPY as copystmt does when it runs, with some value for every
// variable.
func checkLoad(d *document) []Finding {
	var rule Rule
	for _, r := range Rules() {
		if r.Name == "copy" {
			rule = r
		}
	}
	var findings []Finding
	for _, s := range d.file.Statements(sqlfile.Redshift) {
		if s.Keyword() != "COPY" {
			continue
		}
		x, err := copystmt.Bind(s, sampleValues(s))
		if err == nil {
			err = checkCopy(x)
		}
		if err == nil {
			continue
		}
		var fault *sqlfile.Error
		if !errors.As(err, &fault) {
			fault = s.ErrorAt(0, err.Error(), "", err)
		}
		if fault.Hint == "" {
			fault.Hint = "see the grammar of COPY"
		}
		// The fault's own advice says more than the rule's.
		rule := rule
		rule.Instead = fault.Hint
		fault.Msg += " [" + rule.Name + "]"
		fault.Hint += " (" + rule.Page + ")"
		findings = append(findings, Finding{Rule: rule, Err: fault})
	}
	return findings
}

// checkCopy checks one COPY whose variables have values.
func checkCopy(x sqlfile.Expanded) error {
	statement, err := copystmt.Parse(x)
	if err != nil {
		return err
	}
	return statement.CheckColumns(string(catalogue.Processed))
}

// sampleValues returns a value for every variable of a COPY that its clause takes.
func sampleValues(s sqlfile.Statement) map[string]string {
	var tokens []sqlfile.Token
	for _, t := range sqlfile.Tokens(s.SQL()) {
		if t.Kind != sqlfile.KindComment && !t.Is("AS") {
			tokens = append(tokens, t)
		}
	}
	values := map[string]string{}
	for i, t := range tokens {
		if t.Kind != sqlfile.KindVariable {
			continue
		}
		value := "s3://bucket/key"
		switch {
		case t.Text[1] == '"':
			value = "name"
		case i > 0 && tokens[i-1].Is("REGION"):
			value = "us-west-2"
		case i > 0 && tokens[i-1].Is("IAM_ROLE"):
			value = "default"
		}
		if _, given := values[t.Value()]; !given {
			values[t.Value()] = value
		}
	}
	return values
}
