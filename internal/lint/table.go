package lint

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// defines says whether the statement defines a table or a column.
func (u *unit) defines() bool {
	return u.verb == "CREATE TABLE" || u.verb == "ALTER TABLE"
}

// query returns the index at which the query of CREATE TABLE … AS or CREATE VIEW … AS begins, else
// the number of tokens.
func (u *unit) query() int {
	for i := range u.tokens {
		if u.up[i] < 0 && u.is(i, "AS") {
			return i + 1
		}
	}
	return len(u.tokens)
}

// checkTablePhrases refuses sequences of words in the definition of a table.
func checkTablePhrases(phrases ...string) func(*unit, func(int, string)) {
	check := checkPhrases(phrases...)
	return func(u *unit, found func(int, string)) {
		if u.defines() {
			query := u.query()
			check(u, func(at int, what string) {
				if at < query {
					found(at, what)
				}
			})
		}
	}
}

// checkTableTail refuses what CREATE TABLE has outside its brackets.
func checkTableTail(phrases ...string) func(*unit, func(int, string)) {
	check := checkPhrases(phrases...)
	return func(u *unit, found func(int, string)) {
		if u.verb == "CREATE TABLE" {
			check(u, func(at int, what string) {
				if u.up[at] < 0 {
					found(at, what)
				}
			})
		}
	}
}

func checkForeignKey(u *unit, found func(int, string)) {
	checkTablePhrases("REFERENCES")(u, func(at int, what string) {
		// Inside a marker it is Redshift's, which only declares it.
		if u.named(at+1) && !u.marked(at) {
			found(at, what)
		}
	})
}

func checkCheckConstraint(u *unit, found func(int, string)) {
	if !u.defines() {
		return
	}
	query := u.query()
	for i := range u.tokens[:query] {
		switch {
		case u.is(i, "CHECK", "("), u.is(i, "EXCLUDE", "USING"), u.is(i, "EXCLUDE", "(") && !u.is(i-1, "."):
			found(i, u.word(i)+" constraint")
		}
	}
}

func checkTablespace(u *unit, found func(int, string)) {
	checkTablePhrases("TABLESPACE")(u, found)
	if u.verb != "CREATE TABLE" {
		return
	}
	for i := range u.tokens {
		if u.up[i] < 0 && u.is(i, "WITH", "(") {
			found(i, "storage parameters")
		}
	}
}

func checkCreateAsIfNotExists(u *unit, found func(int, string)) {
	if u.verb == "CREATE TABLE" && u.partly && u.query() < len(u.tokens) {
		found(u.verbAt, "CREATE TABLE IF NOT EXISTS … AS")
	}
}

func checkLikeIncluding(u *unit, found func(int, string)) {
	if u.verb != "CREATE TABLE" {
		return
	}
	for i := range u.tokens[:u.query()] {
		if u.any(i, "INCLUDING", "EXCLUDING") && u.kind(i+1) == sqlfile.KindWord && !u.is(i+1, "DEFAULTS") {
			found(i, u.word(i)+" "+u.word(i+1))
		}
	}
}

func checkGenerated(u *unit, found func(int, string)) {
	for i := range u.tokens {
		if u.defines() && (u.is(i, "GENERATED", "ALWAYS") || u.is(i, "GENERATED", "BY")) && !u.marked(i) {
			found(i, u.text(i, i+2)+" …")
		}
	}
}

func checkCreateOption(u *unit, found func(int, string)) {
	view := u.verb == "CREATE VIEW"
	for _, i := range u.options {
		if u.is(i, "UNLOGGED") || view && u.is(i, "RECURSIVE") {
			found(i, u.word(i))
		}
	}
	if view && u.temp {
		found(u.verbAt, "temporary view")
	}
	for i := range u.tokens {
		if view && u.up[i] < 0 && (u.is(
			i, "WITH", "CHECK", "OPTION",
		) || u.is(i, "WITH", "LOCAL", "CHECK") || u.is(i, "WITH", "CASCADED", "CHECK")) {
			found(i, "WITH CHECK OPTION")
		}
	}
}

// volatilities say how often a function has to be computed; Redshift wants one of them.
var volatilities = []string{"IMMUTABLE", "STABLE", "VOLATILE"}

func checkFunctionShape(u *unit, found func(int, string)) {
	if u.body {
		checkFunctionBody(u, found)
		return
	}
	if u.verb != "CREATE FUNCTION" || u.name < 0 {
		return
	}
	open := u.skipName(u.name)
	if u.is(open, "(") {
		for _, item := range u.items(open, u.close(open)) {
			if t, ok := u.readType(item[0]); !ok || t.end < item[1] {
				found(item[0], "argument "+u.text(item[0], item[1])+" is more than a type")
			}
		}
	}
	volatile, sql := false, false
	for i := u.close(open) + 1; i < len(u.tokens); i++ {
		switch {
		case u.any(i, volatilities...):
			volatile = true
		case u.is(i, "LANGUAGE"):
			sql = u.is(i+1, "sql")
			if !sql {
				found(i, u.text(i, i+2))
			}
		case u.any(
			i, "STRICT", "PARALLEL", "COST", "ROWS", "SECURITY", "LEAKPROOF", "CALLED", "WINDOW",
			"SUPPORT", "RETURN", "BEGIN",
		),
			u.is(i, "RETURNS", "NULL"), u.is(i, "RETURNS", "TABLE"), u.is(i, "RETURNS", "SETOF"):
			found(i, u.word(i)+" in CREATE FUNCTION")
		case u.kind(i) == sqlfile.KindString && u.is(i-1, "AS"):
			found(i, "body that is not dollar-quoted")
		}
	}
	if !volatile {
		found(u.verbAt, "CREATE FUNCTION without IMMUTABLE, STABLE or VOLATILE")
	}
}

func checkFunctionBody(u *unit, found func(int, string)) {
	if u.verb != "SELECT" || u.with {
		found(0, "body that is not a SELECT")
		return
	}
	for i := range u.tokens {
		switch {
		case u.fromClause(i), u.keyword(i, "WHERE"), u.keyword(
			i, "GROUP", "BY",
		), u.keyword(i, "LIMIT"), u.keyword(i, "INTO"),
			u.keyword(i, "ORDER", "BY"):
			found(i, u.word(i)+" in the body of a function")
		}
	}
}

func checkDropFunction(u *unit, found func(int, string)) {
	if u.verb != "DROP FUNCTION" || u.name < 0 {
		return
	}
	if u.partly {
		found(u.verbAt, "DROP FUNCTION IF EXISTS")
	} else if !u.is(u.skipName(u.name), "(") {
		found(u.name, "DROP FUNCTION without the types of its arguments")
	}
}

func checkAlterIfExists(u *unit, found func(int, string)) {
	if u.verb != "ALTER TABLE" {
		return
	}
	for i := range u.tokens {
		switch {
		case u.is(i, "IF", "EXISTS"):
			found(i, "IF EXISTS in ALTER TABLE")
		case u.is(i, "IF", "NOT", "EXISTS"):
			found(i, "IF NOT EXISTS in ALTER TABLE")
		}
	}
}

func checkAlterSeveral(u *unit, found func(int, string)) {
	if u.verb != "ALTER TABLE" || u.name < 0 {
		return
	}
	if actions := u.actions(); len(actions) > 1 {
		found(actions[1][0], "a second action in ALTER TABLE")
	}
}

// added returns the columns that ALTER TABLE adds.
func (u *unit) added() []column {
	if u.verb != "ALTER TABLE" {
		return nil
	}
	return u.columns
}

func checkAddNotNull(u *unit, found func(int, string)) {
	for _, c := range u.added() {
		null := u.within(c, "NOT", "NULL")
		if null >= 0 && u.within(c, "DEFAULT") < 0 {
			found(null, "ADD COLUMN … NOT NULL without a DEFAULT")
		}
	}
}

func checkAddOrder(u *unit, found func(int, string)) {
	for _, c := range u.added() {
		null := u.within(c, "NOT", "NULL")
		if null >= 0 && u.within(c, "DEFAULT") > null {
			found(null, "NOT NULL before DEFAULT")
		}
	}
}

func checkAddKey(u *unit, found func(int, string)) {
	for _, c := range u.added() {
		for _, words := range [][]string{{"PRIMARY", "KEY"}, {"UNIQUE"}} {
			if at := u.within(c, words...); at >= 0 {
				found(at, "ADD COLUMN … "+strings.Join(words, " "))
			}
		}
	}
}

// within returns where in a column's definition these words stand, outside brackets; -1 when they
// do not.
func (u *unit) within(c column, words ...string) int {
	for i := c.name + 1; i < c.end; i++ {
		if u.up[i] == u.up[c.name] && u.is(i, words...) {
			return i
		}
	}
	return -1
}

// altered returns the index of the column that an action changes, -1 when it is no ALTER COLUMN.
func (u *unit) altered(action [2]int) int {
	i := action[0]
	if !u.is(i, "ALTER") || u.any(
		i+1, "DISTSTYLE", "SORTKEY", "DISTKEY", "COMPOUND", "CONSTRAINT", "ENCODE",
	) && u.marked(i) {
		return -1
	}
	i++
	if u.is(i, "COLUMN") {
		i++
	}
	return i
}

func checkAlterColumn(u *unit, found func(int, string)) {
	if u.verb != "ALTER TABLE" || u.name < 0 {
		return
	}
	for _, action := range u.actions() {
		name := u.altered(action)
		if name < 0 || u.is(name+1, "ENCODE") && u.marked(name+1) {
			continue
		}
		at := name + 1
		if u.is(at, "SET", "DATA") {
			at += 2
		}
		t, ok := u.readType(at + 1)
		varchar := ok && (t.name == "VARCHAR" || t.name == "CHARACTER VARYING") && len(
			t.args,
		) == 1 && t.end == action[1]
		switch {
		case !u.is(at, "TYPE") || !varchar || at != name+1:
			found(action[0], u.text(action[0], action[1]))
		case !u.document.noTransaction || len(u.document.redshift) > 2:
			// Its Up and its Down are the two statements that such a file may hold.
			found(action[0], u.text(action[0], action[1])+" in a transaction")
		}
	}
}

func checkAlterAppend(u *unit, found func(int, string)) {
	if u.verb == "ALTER TABLE" && u.name >= 0 && u.is(u.skipName(u.name), "APPEND") {
		found(u.skipName(u.name), "ALTER TABLE … APPEND")
	}
}

func checkAlterAction(u *unit, found func(int, string)) {
	if u.verb != "ALTER TABLE" || u.name < 0 {
		return
	}
	for _, action := range u.actions() {
		i := action[0]
		switch {
		case u.any(i, "ADD", "DROP", "RENAME", "APPEND"), u.is(i, "OWNER", "TO"):
		case u.altered(action) >= 0: // another rule's
		case u.marked(i): // Redshift's own: ALTER DISTSTYLE, ALTER SORTKEY, ALTER ENCODE AUTO
		default:
			found(i, "ALTER TABLE … "+u.text(i, min(i+2, action[1])))
		}
	}
}

// definitions returns the indexes of the names that the statement gives: tables, columns, aliases,
// parts of a WITH clause.
func (u *unit) definitions() []int {
	var names []int
	if strings.HasPrefix(u.verb, "CREATE ") && u.name >= 0 {
		names = append(names, u.last(u.name))
	}
	for _, c := range u.columns {
		names = append(names, c.name)
	}
	for i := range u.tokens {
		switch {
		case u.is(i, "AS") && u.aliasAs(i):
			names = append(names, i+1)
		case u.is(i, "AS", "(") && u.named(i-1):
			names = append(names, i-1)
		case u.is(i, "AS", "(") && u.is(i-1, ")") && u.pair[i-1] > 1 && u.named(u.pair[i-1]-1) && u.any(
			u.pair[i-1]-2, "WITH", "RECURSIVE", ",",
		):
			names = append(names, u.pair[i-1]-1)
		case u.verb == "ALTER TABLE" && u.is(i, "TO") && u.named(i+1) && u.word(u.skipName(u.name)) == "RENAME":
			names = append(names, i+1)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// aliasAs says whether the AS at i is followed by an alias.
func (u *unit) aliasAs(i int) bool {
	switch {
	case u.castAs(i), !u.named(i + 1), u.is(i-1, "."):
		return false
	case u.any(i+1, "SELECT", "WITH", "VALUES", "MATERIALIZED"), u.is(i+1, "NOT", "MATERIALIZED"):
		return false
	case u.any(i-1, "ALWAYS", "DEFAULT") && u.is(i+1, "IDENTITY"):
		return false
	}
	return true
}
