package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlliteral"
)

// A Place says where statements about rules find their tables. The zero Place calls the tables by
// their names alone.
type Place struct {
	// stands for the table that a rule is about: the qualified name of a table with some of its
	// rows
	Rows string
	Live string // the schema of the tables that are referred to
}

// rows is the table of a rule, under its own name.
func (p Place) rows(table string) string {
	if p.Rows == "" {
		return ident(table)
	}
	return p.Rows + " AS " + ident(table)
}

// referred is a table that is referred to, under an alias.
func (p Place) referred(table, alias string) string {
	at := ident(table)
	if p.Live != "" {
		at = qualified(p.Live, table)
	}
	if at == alias {
		return at
	}
	return at + " AS " + alias
}

// Violations selects the rows that break the rule; of RuleUnique, the keys that stand twice.
func (r Rule) Violations(p Place) string {
	key := r.own(r.Key)
	switch r.Kind {
	case RuleUnique:
		return selecting(append(slices.Clone(key), "COUNT(*) AS copies")) + "\nFROM " + p.rows(r.Table) +
			"\nGROUP BY " + strings.Join(key, ", ") + "\nHAVING COUNT(*) > 1\nORDER BY " + strings.Join(key, ", ")
	case RulePresent:
		return selecting(key) + "\nFROM " + p.rows(r.Table) +
			"\nWHERE " + strings.Join(suffixed(key, " IS NULL"), "\n    OR ") + "\nORDER BY " + strings.Join(key, ", ")
	}
	alias := ident(r.To)
	if r.To == r.Table {
		alias = "referred"
	}
	refers := r.own(r.Columns)
	rest := slices.DeleteFunc(key, func(name string) bool { return slices.Contains(refers, name) })
	values := strings.Join(refers, ", ")
	exists := "EXISTS (SELECT 1 FROM " + p.referred(r.To, alias) +
		" WHERE " + equal(alias, r.There, ident(r.Table), r.Columns) + ")"
	where := append(suffixed(refers, " IS NOT NULL"), "NOT "+exists)
	return selecting(slices.Concat(refers, []string{"COUNT(*) OVER (PARTITION BY " + values + ") AS rows"}, rest)) +
		"\nFROM " + p.rows(r.Table) + "\nWHERE " + strings.Join(where, "\n    AND ") +
		"\nORDER BY " + strings.Join(append(refers, rest...), ", ")
}

// CountBroken counts, in one pass over a table, the rows that break any of the rules, all of which
// are about that table and countable.
func CountBroken(rules []Rule, p Place) string {
	from := "FROM " + p.rows(rules[0].Table)
	var broken []string
	for i, r := range rules {
		if r.Kind == RulePresent {
			broken = append(broken, suffixed(r.own(r.Key), " IS NULL")...)
			continue
		}
		alias := fmt.Sprintf("referred_%d", i+1)
		to := p.referred(r.To, alias)
		if !r.keyed { // several rows may hold a value
			names := columns("", r.There)
			to = "(SELECT DISTINCT " + names + " FROM " + p.referred(r.To, ident(r.To)) + ") AS " + alias
		}
		from += "\nLEFT JOIN " + to + " ON " + equal(alias, r.There, ident(r.Table), r.Columns)
		missing := append(suffixed(r.own(r.Columns), " IS NOT NULL"), alias+"."+ident(r.There[0])+" IS NULL")
		broken = append(broken, strings.Join(missing, " AND "))
	}
	return "SELECT COUNT(*) AS broken\n" + from + "\nWHERE " + strings.Join(broken, "\n    OR ")
}

// own are columns of the rule's table.
func (r Rule) own(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = ident(r.Table) + "." + ident(name)
	}
	return out
}

// selecting begins a SELECT of expressions, one a line.
func selecting(expressions []string) string {
	return "SELECT\n    " + strings.Join(expressions, ",\n    ")
}

// suffixed are the texts with something behind each.
func suffixed(texts []string, suffix string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = text + suffix
	}
	return out
}

// Unprocessed selects the staging tables that hold rows which are not processed, with their number.
func Unprocessed(staging []string) string {
	counts := make([]string, len(staging))
	for i, name := range staging {
		literal := string(sqlliteral.AppendText(nil, []byte(name)))
		counts[i] = "    SELECT " + literal + " AS table_name, COUNT(*) AS unprocessed FROM " + ident(name) +
			" WHERE NOT " + FlagColumn
	}
	return selecting([]string{"waiting.table_name", "waiting.unprocessed"}) +
		"\nFROM (\n" + strings.Join(counts, "\n    UNION ALL\n") + "\n) AS waiting" +
		"\nWHERE waiting.unprocessed > 0\nORDER BY waiting.table_name"
}
