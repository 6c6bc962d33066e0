package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Index returns the index of the table that serves the narrowing best: the one most of whose first
// columns are among its own. ok is false without one.
func (n Narrowing) Index(t schema.Table) (name string, ok bool) {
	if n.New() {
		for _, index := range t.Indexes {
			if comparable(index.Where) == "not "+FlagColumn {
				return index.Name, true
			}
		}
		return "", false
	}
	var wanted []string
	for i, column := range n.Columns {
		wanted = append(wanted, comparable(column))
		if i < len(n.Hashed) && n.Hashed[i] {
			wanted = append(wanted, hashOf(column))
		}
	}
	best := 0
	try := func(index string, expressions []string) {
		held := 0
		for held < len(expressions) && slices.Contains(wanted, comparable(expressions[held])) {
			held++
		}
		if held > best {
			best, name, ok = held, index, true
		}
	}
	try("the primary key", t.Key)
	for _, index := range t.Indexes {
		if impliedBy(index.Where, n.Columns) {
			try(index.Name, index.Expressions)
		}
	}
	return name, ok
}

// hashOf is the hash of a text as comparable writes it. An index of hashes is smaller than one of
// texts, and built in half the time.
func hashOf(column string) string { return "hashtext ( " + comparable(column) + " )" }

// hashes tells, for each column of a narrowing, whether an index of the table holds its hash.
func (g *Graph) hashes(n Narrowing) []bool {
	out := make([]bool, len(n.Columns))
	for i, column := range n.Columns {
		hash := hashOf(column)
		out[i] = slices.ContainsFunc(g.tables[n.Table].Indexes, func(index schema.Index) bool {
			return slices.ContainsFunc(index.Expressions, func(e string) bool { return comparable(e) == hash })
		})
	}
	return out
}

// hashed tells for each column of a relation whether an index of the table below holds its hash.
func (g *Graph) hashed(relation string, names []string) []bool {
	out := make([]bool, len(names))
	if g.Engine != sqlfile.Postgres {
		return out
	}
	for _, n := range g.tracedTo(relation, names, 0) {
		for i, hashed := range g.hashes(n) {
			out[i] = out[i] || hashed
		}
	}
	return out
}

// An Indexed narrowing is one with the index that serves it, or with a statement that makes one.
type Indexed struct {
	Narrowing
	Index string // name of the index that serves it; "" without one
	Fix   string // CREATE INDEX, where there is no index
}

// Indexes finds the index of each narrowing among those of the tables. Where two narrowings without
// an index can share one, both have the same statement.
func Indexes(narrowings []Narrowing, tables schema.Schema) []Indexed {
	out := make([]Indexed, len(narrowings))
	var open []int
	for i, n := range narrowings {
		out[i].Narrowing = n
		if index, ok := n.Index(tables[n.Table]); ok {
			out[i].Index = index
			continue
		}
		open = append(open, i)
	}
	// The widest first: its index begins with the columns of narrower ones.
	slices.SortStableFunc(open, func(a, b int) int { return len(narrowings[b].Columns) - len(narrowings[a].Columns) })
	for len(open) > 0 {
		widest := narrowings[open[0]]
		shared := []int{open[0]}
		var rest []int
		ordered := widest
		ordered.Columns = nil
		for _, i := range slices.Backward(open[1:]) {
			n := narrowings[i]
			nested := subset(n.Columns, ordered.Columns) || subset(ordered.Columns, n.Columns)
			if n.Table == widest.Table && n.New() == widest.New() && subset(n.Columns, widest.Columns) && nested {
				for _, column := range n.Columns {
					if !slices.Contains(ordered.Columns, column) {
						ordered.Columns = append(ordered.Columns, column)
					}
				}
				shared = append(shared, i)
			} else {
				rest = append(rest, i)
			}
		}
		for _, column := range widest.Columns {
			if !slices.Contains(ordered.Columns, column) {
				ordered.Columns = append(ordered.Columns, column)
			}
		}
		for _, i := range shared {
			out[i].Fix = ordered.CreateIndex()
		}
		slices.Reverse(rest)
		open = rest
	}
	return out
}

// impliedBy tells whether rows that are found by columns meet the condition of a partial index:
// each part of it says that one of them is not NULL, or that the row is processed. An increment has
// the new rows in a table of their own, and looks for the others.
func impliedBy(where string, columns []string) bool {
	if where == "" {
		return true
	}
	words := strings.Fields(strings.ToLower(where))
	words = slices.DeleteFunc(words, func(w string) bool { return w == "(" || w == ")" })
	for _, part := range strings.Split(strings.Join(words, " "), " and ") {
		if part == FlagColumn {
			continue
		}
		name, ok := strings.CutSuffix(part, " is not null")
		if !ok {
			return false
		}
		named := func(column string) bool { return slices.Contains(strings.Fields(comparable(column)), name) }
		if !slices.ContainsFunc(columns, named) {
			return false
		}
	}
	return true
}

// CreateIndex is a statement that makes an index for the narrowing.
func (n Narrowing) CreateIndex() string {
	if n.New() {
		return fmt.Sprintf("CREATE INDEX %s ON %s (%s) WHERE NOT %s;",
			ident(clipped(n.Table+"_new")), ident(n.Table), FlagColumn, FlagColumn)
	}
	var parts, words []string
	for _, column := range n.Columns {
		part := column
		if !plainOrCall.MatchString(column) {
			part = "(" + column + ")"
		}
		parts = append(parts, part)
		if names := word.FindAllString(strings.ToLower(column), -1); len(names) > 0 {
			words = append(words, names[len(names)-1])
		}
	}
	name := clipped(n.Table + "_" + strings.Join(words, "_"))
	return fmt.Sprintf("CREATE INDEX %s ON %s (%s);", ident(name), ident(n.Table), strings.Join(parts, ", "))
}

func clipped(name string) string { return name[:min(len(name), longest)] }

// comparable writes an expression so that the texts of a model, of a migration and of
// pg_get_indexdef compare: tokens apart, in lower case, without a cast to text, which changes no
// value, and without brackets around one name.
func comparable(expression string) string {
	var tokens []string
	for _, t := range sqlfile.Tokens(expression) {
		switch t.Kind {
		case sqlfile.KindComment, sqlfile.KindMarker:
		case sqlfile.KindWord, sqlfile.KindNumber:
			tokens = append(tokens, strings.ToLower(t.Text))
		default:
			tokens = append(tokens, t.Text)
		}
	}
	text := " " + strings.Join(unbracketed(tokens), " ") + " "
	orders := []string{
		` collate "C" `, ` collate pg_catalog . "C" `, " asc ", " desc ", " nulls first ",
		" nulls last ",
	}
	for _, order := range orders {
		text = strings.ReplaceAll(text, order, " ")
	}
	for {
		before := text
		text = textCast.ReplaceAllString(text, " ")
		text = bracketed.ReplaceAllString(text, " $1$2 ")
		if text == before {
			break
		}
	}
	return strings.TrimSpace(text)
}

// unbracketed leaves out brackets around the whole.
func unbracketed(tokens []string) []string {
	for len(tokens) > 2 && tokens[0] == "(" {
		level := 0
		for i, t := range tokens {
			switch t {
			case "(":
				level++
			case ")":
				level--
			}
			if level == 0 && i < len(tokens)-1 {
				return tokens
			}
		}
		if tokens[len(tokens)-1] != ")" {
			return tokens
		}
		tokens = tokens[1 : len(tokens)-1]
	}
	return tokens
}
