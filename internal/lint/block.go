package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// A block is one query block: a SELECT up to the next set operation, or an UPDATE or DELETE as a
// whole.
type block struct {
	start, end int      // indexes of its first token and behind its last
	group      int      // index of the bracket that it stands in, -1 at the top
	parent     int      // index of the block around it, -1 for none
	depth      int      // how many blocks are around it
	names      []string // what its FROM clause calls its tables, in lower case
	outer      int      // how far out its references reach: 0 for none, 1 for the block around it
	farthest   int      // index of the reference that reaches as far as outer says
}

// setOperations end a SELECT.
var setOperations = []string{"UNION", "EXCEPT", "INTERSECT", "MINUS"}

// blocks returns the statement's query blocks, outer ones before inner ones.
func (u *unit) blocks() []block {
	var blocks []block
	if u.verb == "UPDATE" || u.verb == "DELETE" {
		blocks = append(blocks, block{start: u.verbAt, end: len(u.tokens), group: u.up[u.verbAt], parent: -1})
	}
	for i := range u.tokens {
		if !u.is(i, "SELECT") || u.is(i-1, ".") || u.is(i+1, ".") {
			continue
		}
		b := block{start: i, end: u.end(i), group: u.up[i], parent: -1}
		if next := u.next(i+1, b.end, setOperations...); next >= 0 {
			b.end = next
		}
		for n := range blocks {
			// A WITH clause before the SELECT belongs to no block, as its queries see none of the
			// SELECT's tables.
			if blocks[n].start < b.group && b.group < blocks[n].end {
				b.parent = n
				b.depth = blocks[n].depth + 1
			}
		}
		blocks = append(blocks, b)
	}
	for n := range blocks {
		blocks[n].names = u.tableNames(blocks[n])
	}
	for n := range blocks {
		u.resolve(blocks, n)
	}
	return blocks
}

// inner says which block token i stands in, -1 for none.
func inner(blocks []block, i int) int {
	found := -1
	for n, b := range blocks {
		if b.start <= i && i < b.end && (found < 0 || b.depth > blocks[found].depth) {
			found = n
		}
	}
	return found
}

// resolve finds the references of a block that leave it. Without knowing the tables only those with
// a table's name can be told.
func (u *unit) resolve(blocks []block, n int) {
	b := &blocks[n]
	for i := b.start; i < b.end; i++ {
		if !u.named(i) || !u.is(i+1, ".") || u.is(i-1, ".") || inner(blocks, i) != n || u.is(u.skipName(i), "(") {
			continue
		}
		name := strings.ToLower(u.tokens[i].Value())
		if slices.Contains(b.names, name) {
			continue
		}
		out := 1
		for at := b.parent; at >= 0; at, out = blocks[at].parent, out+1 {
			if slices.Contains(blocks[at].names, name) {
				if out > b.outer {
					b.outer, b.farthest = out, i
				}
				break
			}
		}
	}
}

// tableNames returns what the block's FROM clause, and the target of an UPDATE or DELETE, call
// their tables.
func (u *unit) tableNames(b block) []string {
	var names []string
	for _, at := range u.tables(b) {
		names = append(names, strings.ToLower(u.tokens[at.alias].Value()))
	}
	return names
}

// tableRef is one place of a FROM clause.
type tableRef struct {
	name  int // index of the table's name, -1 of a subquery
	alias int // index of what the block calls it: its alias, or the last part of its name
}

// tables returns what the block's FROM clause names, and the target of an UPDATE or DELETE.
func (u *unit) tables(b block) []tableRef {
	var found []tableRef
	// add takes the table at i, if the statement goes on there, and returns the index behind it.
	add := func(i int) int {
		if i >= len(u.tokens) {
			return i
		}
		ref := tableRef{name: i, alias: u.last(i)}
		next := u.skipName(i)
		if u.is(i, "(") {
			ref = tableRef{name: -1, alias: -1}
			next = u.close(i) + 1
		}
		if u.is(next, "AS") {
			next++
		}
		if u.named(next) && !u.any(next, clauses...) && !u.any(next, joinWords...) {
			ref.alias = next
			next++
		}
		if ref.alias >= 0 {
			found = append(found, ref)
		}
		return next
	}
	var list func(from, end int)
	list = func(from, end int) {
		group := -1
		if from < len(u.tokens) {
			group = u.up[from]
		}
		expected := true
		for i := from; i < end; i++ {
			if u.up[i] != group {
				continue
			}
			switch {
			case u.any(i, clauses...):
				return
			case u.any(i, ",", "JOIN"):
				expected = true
			case !expected || u.any(i, "ONLY", "LATERAL"):
			case u.is(i, "(") && !u.any(i+1, "SELECT", "WITH", "VALUES"):
				list(i+1, u.close(i)) // joins in parentheses
				expected = false
			default:
				i = add(i) - 1
				expected = false
			}
		}
	}
	if u.any(b.start, "UPDATE", "DELETE") {
		at := b.start + 1
		if u.is(at, "FROM") {
			at++
		}
		if u.is(at, "ONLY") {
			at++
		}
		add(at)
	}
	for i := b.start + 1; i < b.end; i++ {
		if u.up[i] != b.group {
			continue
		}
		switch {
		case u.is(b.start, "DELETE") && u.is(i, "FROM"):
		case u.is(i, "USING") && u.is(b.start, "DELETE"), u.fromClause(i):
			list(i+1, b.end)
		}
	}
	return found
}

// joinWords may follow a table in a FROM clause and are no alias.
var joinWords = []string{
	"JOIN",
	"INNER",
	"LEFT",
	"RIGHT",
	"FULL",
	"CROSS",
	"NATURAL",
	"OUTER",
	"ON",
	"USING",
	"TABLESAMPLE",
	"AS",
}

// checkSkipLevel finds references that skip a query block.
func checkSkipLevel(u *unit, found func(int, string)) {
	for _, b := range u.blocks() {
		if b.outer >= 2 {
			found(b.farthest, "reference to "+u.text(b.farthest, u.skipName(b.farthest))+", which skips a query block")
		}
	}
}

// checkCorrelated finds the correlated subqueries that the guide says Redshift refuses, skip-level
// references apart.
func checkCorrelated(u *unit, found func(int, string)) {
	blocks := u.blocks()
	for n, b := range blocks {
		if b.outer == 0 || b.parent < 0 {
			continue
		}
		reference := "reference to " + u.text(b.farthest, u.skipName(b.farthest))
		switch {
		case u.inOuterJoin(blocks[b.parent], b):
			found(b.farthest, reference+" from a subquery in the ON of an outer join")
		case u.hasWindow(blocks, n):
			found(b.farthest, reference+" from a subquery with a window function")
		case u.is(b.group-1, "IN") && u.next(b.start, b.end, "GROUP") >= 0 && u.aggregates(blocks, n):
			found(b.farthest, reference+" from a subquery with an aggregate and GROUP BY after IN")
		case u.groupedBy(blocks[b.parent], b):
			found(b.start, "GROUP BY the result of a correlated subquery")
		}
	}
}

// inOuterJoin says whether a subquery of the block stands in the ON of an outer join.
func (u *unit) inOuterJoin(of, subquery block) bool {
	at := subquery.group
	for at >= 0 && u.up[at] != of.group {
		// Joins in parentheses have their ON there.
		if u.inOn(at, u.up[at]) {
			return true
		}
		at = u.up[at]
	}
	return at >= of.start && u.inOn(at, of.start)
}

// inOn says whether the token at stands in the ON of an outer join that begins behind from, in the
// same group.
func (u *unit) inOn(at, from int) bool {
	on := false
	for i := at - 1; i > from && i >= 0; i-- {
		if u.up[i] != u.up[at] {
			continue
		}
		switch {
		case !on && (u.any(i, "JOIN", ",") || u.any(i, clauses...)):
			return false
		case u.is(i, "ON"):
			on = true
		case on && u.is(i, "JOIN"):
			return u.any(i-1, "LEFT", "RIGHT", "FULL") || u.is(i-1, "OUTER")
		}
	}
	return false
}

// hasWindow says whether the block itself, and no subquery of it, has a window function.
func (u *unit) hasWindow(blocks []block, n int) bool {
	for i := blocks[n].start; i < blocks[n].end; i++ {
		if u.is(i, "OVER", "(") && !u.is(i-1, ".") && inner(blocks, i) == n {
			return true
		}
	}
	return false
}

// aggregates says whether the block itself has an aggregate function other than MIN and MAX.
func (u *unit) aggregates(blocks []block, n int) bool {
	for i := blocks[n].start; i < blocks[n].end; i++ {
		if u.any(i, "COUNT", "SUM", "AVG", "LISTAGG", "BOOL_AND", "BOOL_OR", "STDDEV", "VARIANCE", "MEDIAN") &&
			u.is(i+1, "(") &&
			inner(blocks, i) == n {
			return true
		}
	}
	return false
}

// groupedBy says whether the block groups by what a subquery in its select list gives: by the
// column's name or its number.
func (u *unit) groupedBy(of, subquery block) bool {
	from := u.next(of.start+1, of.end, "FROM")
	group := u.next(of.start+1, of.end, "GROUP")
	if from < 0 || group < 0 || !u.is(group+1, "BY") || subquery.group > from {
		return false
	}
	number, alias := 1, ""
	for i := of.start + 1; i < from; i++ {
		switch {
		case u.up[i] != of.group:
		case u.is(i, ",") && i < subquery.group:
			number++
		case i > subquery.group && u.is(i, ","):
			i = from
		case i > subquery.group && u.is(i, "AS") && u.named(i+1):
			alias = strings.ToLower(u.tokens[i+1].Value())
		}
	}
	for i := group + 2; i < of.end; i++ {
		if u.up[i] != of.group {
			continue
		}
		if u.any(i, clauses...) {
			return false
		}
		alone := (u.is(i-1, ",") || i == group+2) && (i+1 == of.end || u.is(i+1, ",") || u.any(i+1, clauses...))
		switch {
		case !alone:
		case u.kind(i) == sqlfile.KindNumber && u.tokens[i].Text == strconv.Itoa(number),
			alias != "" && u.named(i) && strings.EqualFold(u.tokens[i].Value(), alias):
			return true
		}
	}
	return false
}

// leaderFunctions are those that run on the leader node alone, rule now's apart.
var leaderFunctions = []string{
	"CURRENT_SCHEMA", "CURRENT_SCHEMAS", "HAS_DATABASE_PRIVILEGE", "HAS_SCHEMA_PRIVILEGE", "HAS_TABLE_PRIVILEGE",
	"FACTORIAL", "ISFINITE",
	"GETBIT", "GET_BIT", "GET_BYTE", "SET_BIT", "SET_BYTE", "TO_ASCII",
}

// checkLeaderNode finds functions of the leader node beside a table, and tables of PostgreSQL's
// catalogue beside a user's table.
func checkLeaderNode(u *unit, found func(int, string)) {
	queries := u.commonTables()
	user, system := u.writes(), false
	var catalogues []int
	for _, b := range u.blocks() {
		for _, at := range u.tables(b) {
			if at.name < 0 {
				continue
			}
			schema, name := "", strings.ToLower(u.tokens[u.last(at.name)].Value())
			if last := u.last(at.name); last > at.name {
				schema = strings.ToLower(u.tokens[last-2].Value())
			}
			switch {
			case schema == "" && slices.Contains(queries, name), u.is(u.last(at.name)+1, "("):
			case schema == "information_schema", strings.HasPrefix(name, "pg_"):
				catalogues = append(catalogues, at.name)
			case hasAnyPrefix(name, "stl_", "stv_", "svl_", "svv_", "svcs_", "sys_"):
				system = true
			default:
				user = true
			}
		}
	}
	if user {
		for _, at := range catalogues {
			found(at, "catalogue "+u.text(at, u.skipName(at))+" beside a table")
		}
	}
	if !user && !system {
		return
	}
	for i := range u.tokens {
		if u.called(i) && slices.Contains(leaderFunctions, u.word(i)) {
			found(i, u.word(i)+"() beside a table")
		}
	}
}

// writes says whether the statement fills a table.
func (u *unit) writes() bool {
	switch u.verb {
	case "INSERT", "UPDATE", "DELETE":
		return true
	case "CREATE TABLE":
		return slices.ContainsFunc(u.blocks(), func(b block) bool { return b.parent < 0 })
	}
	return false
}

// commonTables returns the names of the statement's WITH clauses, in lower case.
func (u *unit) commonTables() []string {
	var names []string
	for i := range u.tokens {
		if !u.named(i) || !u.any(i-1, "WITH", "RECURSIVE", ",") {
			continue
		}
		next := i + 1
		if u.is(next, "(") {
			next = u.close(next) + 1
		}
		if u.is(next, "AS", "(") || u.is(next, "AS", "MATERIALIZED") || u.is(next, "AS", "NOT") {
			names = append(names, strings.ToLower(u.tokens[i].Value()))
		}
	}
	return names
}

func hasAnyPrefix(text string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(text, p) })
}

// RefusedSubquery finds in one statement a correlated subquery that the guide says Redshift
// refuses, as rules skip-level and correlated-subquery do. tokens are the statement's without
// comments; at is the index of one of them, -1 for nothing found.
func RefusedSubquery(tokens []sqlfile.Token) (what string, at int) {
	u := newUnit(&document{}, tokens)
	at = -1
	first := func(i int, found string) {
		if at < 0 {
			what, at = found, i
		}
	}
	checkSkipLevel(u, first)
	checkCorrelated(u, first)
	return what, at
}
