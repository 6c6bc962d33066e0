// Package selectstmt reads a SELECT statement: what it names, joins, calls and returns.
package selectstmt

import (
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Query is a SELECT, VALUES, or several of them with set operations between them.
// All offsets of this package are byte offsets in the statement's SQL.
type Query struct {
	With []CTE // the queries of WITH, in order; nil without
	// Branches are the SELECTs of a set operation, left to right. Parentheses are flattened.
	Branches []*Select
	// Ops stand between the branches: UNION, EXCEPT or INTERSECT, perhaps with ALL.
	Ops []string
	// Grouped is true where parentheses group several branches: Ops do not show the order then.
	Grouped bool
	OrderBy *Expr // of the whole query, else of a branch in parentheses; nil without
	// Limit is the offset of LIMIT, OFFSET, FETCH or TOP, also of a branch in parentheses; else -1.
	Limit      int
	Start, End int

	more []*Expr // of LIMIT, and further ORDER BYs of branches in parentheses
}

// CTE is a query of WITH.
type CTE struct {
	Name       string
	Columns    []string // the list behind the name, nil without
	Query      *Query   // what stands in its parentheses
	Recursive  bool     // the WITH says RECURSIVE
	Start, End int      // from the name to the closing parenthesis
}

// Select is one SELECT, or VALUES.
type Select struct {
	Distinct   bool   // also for DISTINCT ON
	DistinctOn bool   // DISTINCT ON (…) is written
	DistinctBy *Expr  // the list of DISTINCT ON
	Items      []Item // of the SELECT list, in order
	// Values are the rows of VALUES, each with its parentheses. A Select with Values has no items.
	Values []Expr
	// From has the items in order of appearance. Joins in parentheses are flattened.
	From []FromItem
	// Each clause is nil where the SELECT has none.
	Where, GroupBy, Having, Window, Qualify *Expr
	Start, End                              int
}

// Item is one item of a SELECT list.
type Item struct {
	// Name is the alias or a plain column's name, else "". Unquoted names are in lower case.
	Name    string
	Aliased bool // an alias is written
	Expr    Expr // the alias apart
	Star    bool // * or t.*
	// Column is set where the expression is just a column, perhaps in parentheses.
	Column *ColumnRef
}

// JoinKind says how a FROM item is joined to the items before it.
type JoinKind string

// The kinds. A comma is a cross join.
const (
	First   JoinKind = "" // the first item of FROM
	Cross   JoinKind = "CROSS"
	Inner   JoinKind = "INNER"
	Left    JoinKind = "LEFT"
	Right   JoinKind = "RIGHT"
	Full    JoinKind = "FULL"
	Natural JoinKind = "NATURAL"
)

// FromItem is a table, view, WITH query, subquery or table function in FROM.
type FromItem struct {
	Join JoinKind // how it joins the items before it
	// Nested is true inside a join in parentheses. The group's first item carries the group's Join
	// and On.
	Nested   bool
	Schema   string // "" where not written
	Relation string // in lower case unless quoted; "" for a subquery or function
	Query    *Query // a subquery
	Function string // a table function's name
	Call     *Expr  // a table function's call
	// Alias is the name that column references use: the alias, relation or function. It is "" for
	// a subquery without an alias.
	Alias   string
	Aliased bool     // an alias is written
	Columns []string // the list behind the alias, nil without
	Lateral bool
	On      *Expr
	Using   []string
	CTE     bool // Relation is the name of a WITH query in scope, not a table
	// Start and End enclose the relation with its schema, the call, or the subquery with its
	// parentheses. The alias is outside.
	Start, End int
}

// ColumnRef is a reference to a column. Column is "*" for t.*.
type ColumnRef struct {
	Schema, Table string // "" where not written
	Column        string // in lower case unless quoted
	Start, End    int    // byte offsets in the SQL
}

// Call is a call of a function, aggregate or window function, CAST included.
type Call struct {
	Schema   string // "" where not written
	Name     string // in lower case unless quoted
	Star     bool   // its argument is just *: COUNT(*)
	Distinct bool   // DISTINCT stands before the arguments
	Over     bool   // it is a window function: OVER is written
	Filter   bool   // FILTER (WHERE …) is written
	Ordered  bool   // ORDER BY stands in its arguments, or WITHIN GROUP behind them
	Bare     bool   // it has no parentheses: CURRENT_DATE
	// Args are the arguments, also where FROM, FOR or PLACING separates them: SUBSTRING(x FROM 1).
	// The field of EXTRACT and the type of CAST are no arguments.
	Args       []Expr
	Start, End int // from the name to the end of the arguments, FILTER or OVER
}

// Kinds of subqueries.
const (
	Exists    = "EXISTS"     // the condition EXISTS (SELECT …)
	NotExists = "NOT EXISTS" // the condition NOT EXISTS (SELECT …)
	In        = "IN"         // x IN (SELECT …)
	NotIn     = "NOT IN"     // x NOT IN (SELECT …)
	Any       = "ANY"        // x = ANY (SELECT …), also SOME
	All       = "ALL"        // x > ALL (SELECT …)
	Array     = "ARRAY"      // an array: ARRAY (SELECT …)
	Scalar    = "SCALAR"     // any other (SELECT …), such as a value
)

// Subquery is a query inside an expression.
type Subquery struct {
	Kind       string // a constant above, such as Exists
	Query      *Query // what stands in its parentheses
	Start, End int    // with the parentheses, EXISTS or IN apart
}

// Parse reads a statement that is one query: SELECT, WITH … SELECT, VALUES or set operations over
// them, perhaps in parentheses. It understands structure only and does not check expressions.
// An error is a *sqlfile.Error at its position.
func Parse(statement sqlfile.Statement) (*Query, error) {
	p := newParser(statement)
	var q *Query
	if p.err == nil {
		q = p.query()
	}
	if p.err == nil && p.i < p.end {
		p.failHere("end of the statement")
	}
	if p.err != nil {
		return nil, p.err
	}
	return q, nil
}
