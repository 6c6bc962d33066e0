package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A filled says which columns of a FROM item depend on a lookup of `left joins:`.
type filled struct {
	all   bool
	names []string
}

func (f filled) any() bool { return f.all || len(f.names) > 0 }

func (f filled) has(name string) bool { return f.all || slices.Contains(f.names, name) }

// A leftLookup follows the columns of a lookup of `left joins:` through FROM and WITH.
type leftLookup struct {
	scope
	relation string
	sql      string // of the statement
}

func (l leftLookup) inner(q *selectstmt.Query) leftLookup {
	l.scope = l.scope.inner(q)
	return l
}

// checkFilled checks that no column of a lookup of `left joins:`, and none that is computed from
// one in FROM or WITH, decides whether a row exists, its key or its pick.
func (g *Graph) checkFilled(m *Model, join Join) error {
	l := leftLookup{scope{g: g}, join.Relation, m.statement.SQL()}
	at, where, found := l.decides(m.query)
	l = l.inner(m.query)
	for _, branch := range m.query.Branches {
		items := l.items(branch)
		for i := range min(len(branch.Items), len(m.Columns)) {
			name := m.Columns[i]
			decides := slices.Contains(m.Key, name) ||
				slices.ContainsFunc(m.Pick, func(o Order) bool { return o.Column == name })
			if use, ok := l.uses(branch, items, &branch.Items[i].Expr); ok && decides && !found {
				at, where, found = use, fmt.Sprintf("column %s of the key or pick", name), true
			}
		}
	}
	if found {
		return m.errLeft(at, join, where)
	}
	return nil
}

// errLeft is the error about a lookup of `left joins:` that decides something.
func (m *Model) errLeft(at int, join Join, where string) error {
	return m.statement.ErrorAt(at,
		fmt.Sprintf("%s is named by left joins:, but it is used in %s", join.Relation, where),
		"a lookup that decides which rows exist, their key or their pick must be named by joins:", nil)
}

// decides finds where the lookup decides which rows a query returns.
func (l leftLookup) decides(q *selectstmt.Query) (at int, where string, found bool) {
	l = l.inner(q)
	for i, op := range q.Ops {
		if !strings.HasPrefix(op, "UNION") && len(l.columnsOf(q, nil)) > 0 {
			return q.Branches[i+1].Start, op, true
		}
	}
	for _, branch := range q.Branches {
		items := l.items(branch)
		if at, ok := l.uses(branch, items, branch.Where); ok {
			return at, "WHERE", true
		}
		if at, ok := l.uses(branch, items, branch.Having); ok {
			return at, "HAVING", true
		}
		for i, item := range branch.From {
			if item.Join == selectstmt.Left || item.Nested || l.naturalLeft(branch, i) {
				continue
			}
			if at, ok := l.uses(branch, items, item.On); ok {
				return at, "the condition of another join", true
			}
			if l.merges(branch, items, i) {
				return item.Start, "the columns of another join", true
			}
			inside := l.query(item)
			if inside == nil {
				continue
			}
			if at, where, ok := l.decides(inside); ok {
				return at, where, true
			}
			if _, at, ok := l.lateral(branch, items[:i], item); ok {
				return at, "WHERE", true
			}
		}
	}
	return 0, "", false
}

// lateral are the columns of LATERAL (SELECT …) that are computed from earlier items of FROM and
// depend on the lookup. found says that a condition of the SELECT does so, at that offset.
func (l leftLookup) lateral(branch *selectstmt.Select, before []filled, item selectstmt.FromItem) (
	names []string, at int, found bool,
) {
	if !item.Lateral || item.Query == nil {
		return nil, 0, false
	}
	below := l.inner(item.Query)
	depends := func(inside *selectstmt.Select, e *selectstmt.Expr) bool {
		for _, ref := range below.freeOf(inside, e) {
			if l.depends(branch, before, ref) {
				at = ref.Start
				return true
			}
		}
		return false
	}
	for _, inside := range item.Query.Branches {
		for i := range inside.Items {
			if !depends(inside, &inside.Items[i].Expr) {
				continue
			}
			if i < len(item.Columns) {
				names = append(names, item.Columns[i])
			} else if i < len(item.Query.Branches[0].Items) {
				names = append(names, item.Query.Branches[0].Items[i].Name)
			}
		}
		for _, e := range exprs(inside) {
			if isCondition(inside, e) && depends(inside, e) {
				return names, at, true
			}
		}
	}
	return names, 0, false
}

// items are the columns that depend on the lookup, for each item of FROM.
func (l leftLookup) items(branch *selectstmt.Select) []filled {
	var out []filled
	for i, item := range branch.From {
		var f filled
		if q := l.query(item); q != nil {
			listed := item.Columns
			if listed == nil && item.CTE {
				listed = l.cte(item.Relation).Columns
			}
			f.names = l.inner(q).columnsOf(q, listed)
			if item.Join == selectstmt.Left {
				_, _, f.all = l.decides(q)
			}
			computed, _, decides := l.lateral(branch, out, item)
			f.names, f.all = append(f.names, computed...), f.all || decides
		} else {
			f.all = !item.CTE && item.Function == "" && item.Relation == l.relation
		}
		out = append(out, f)
		// Which rows an outer join adds may depend on the lookup, and so all of their columns.
		if _, ok := l.uses(branch, out, item.On); ok || l.merges(branch, out, i) {
			out[i].all = true
		}
	}
	return out
}

// columnsOf are the columns of a query that depend on the lookup. listed are the names behind WITH
// or an alias.
func (l leftLookup) columnsOf(q *selectstmt.Query, listed []string) []string {
	var out []string
	for _, branch := range q.Branches {
		items := l.items(branch)
		for i, item := range branch.Items {
			if item.Star {
				out = append(out, l.star(branch, items, item)...)
				continue
			}
			if _, ok := l.uses(branch, items, &item.Expr); !ok {
				continue
			}
			name := item.Name
			if i < len(listed) {
				name = listed[i]
			} else if i < len(q.Branches[0].Items) {
				name = q.Branches[0].Items[i].Name
			}
			out = append(out, name)
		}
	}
	return out
}

// star are the columns of * or t.* that depend on the lookup. A name that an earlier item has too
// may be merged by USING, and is left out.
func (l leftLookup) star(branch *selectstmt.Select, items []filled, star selectstmt.Item) []string {
	var out, before []string
	for i, item := range branch.From {
		names, _ := l.columns(item)
		if refs := star.Expr.Columns; len(refs) > 0 && refs[0].Table != item.Alias {
			continue
		}
		for _, name := range append(slices.Clone(names), items[i].names...) {
			if items[i].has(name) && !slices.Contains(before, name) {
				out = append(out, name)
			}
		}
		before = append(before, names...)
	}
	return out
}

// uses finds where an expression uses a column that depends on the lookup, also in subqueries.
func (l leftLookup) uses(branch *selectstmt.Select, items []filled, e *selectstmt.Expr) (at int, found bool) {
	if e == nil {
		return 0, false
	}
	refs := slices.Clone(e.Columns)
	for _, sub := range e.Subqueries {
		refs = append(refs, l.free(sub.Query)...)
	}
	for _, ref := range refs {
		if l.depends(branch, items, ref) {
			return ref.Start, true
		}
	}
	return 0, false
}

// depends tells whether a column depends on the lookup. The items may be the first of FROM only.
func (l leftLookup) depends(branch *selectstmt.Select, items []filled, ref selectstmt.ColumnRef) bool {
	for i, item := range branch.From[:len(items)] {
		if ref.Table != "" {
			if item.Alias == ref.Table {
				return items[i].has(ref.Column) || ref.Column == "*" && items[i].any()
			}
			continue
		}
		// Of several items that have the column, USING takes it from the first.
		if names, known := l.columns(item); slices.Contains(names, ref.Column) {
			return items[i].has(ref.Column)
		} else if !known && slices.Contains(items[i].names, ref.Column) {
			return true
		}
	}
	if ref.Table != "" {
		return false
	}
	for i, item := range branch.From[:len(items)] {
		if item.Alias == ref.Column { // the whole row
			return items[i].any()
		}
	}
	return false
}

// merges tells whether USING or NATURAL of a join compares a column that depends on the lookup.
func (l leftLookup) merges(branch *selectstmt.Select, items []filled, at int) bool {
	item := branch.From[at]
	names := item.Using
	if item.Join == selectstmt.Natural {
		names, _ = l.columns(item)
	}
	for _, name := range names {
		i := slices.IndexFunc(branch.From[:at], func(left selectstmt.FromItem) bool {
			have, _ := l.columns(left)
			return slices.Contains(have, name)
		})
		if i >= 0 && (items[i].has(name) || items[at].has(name)) {
			return true
		}
	}
	return false
}

// naturalLeft tells whether an item is joined by NATURAL LEFT JOIN.
func (l leftLookup) naturalLeft(branch *selectstmt.Select, at int) bool {
	if branch.From[at].Join != selectstmt.Natural {
		return false
	}
	natural := false
	for _, t := range sqlfile.Tokens(l.sql[branch.From[at-1].End:branch.From[at].Start]) {
		if natural && t.Is("LEFT") {
			return true
		}
		natural = t.Is("NATURAL")
	}
	return false
}

// free are the columns of a query that its own FROM does not have.
func (l leftLookup) free(q *selectstmt.Query) []selectstmt.ColumnRef {
	l = l.inner(q)
	var out []selectstmt.ColumnRef
	for _, with := range q.With {
		out = append(out, l.free(with.Query)...)
	}
	for _, branch := range q.Branches {
		for _, e := range branch.Exprs() {
			if e != branch.GroupBy { // it may name a column of the SELECT list
				out = append(out, l.freeOf(branch, e)...)
			}
		}
		for _, item := range branch.From {
			if item.Query == nil {
				continue
			}
			for _, ref := range l.free(item.Query) {
				if !l.bound(branch, ref) {
					out = append(out, ref)
				}
			}
		}
	}
	return out
}

// freeOf are the columns of an expression that the FROM of its SELECT does not have.
func (l leftLookup) freeOf(branch *selectstmt.Select, e *selectstmt.Expr) []selectstmt.ColumnRef {
	refs := slices.Clone(e.Columns)
	for _, sub := range e.Subqueries {
		refs = append(refs, l.free(sub.Query)...)
	}
	return slices.DeleteFunc(refs, func(ref selectstmt.ColumnRef) bool { return l.bound(branch, ref) })
}

// bound tells whether a column may belong to the FROM of a SELECT, or be an alias of its list.
func (l leftLookup) bound(branch *selectstmt.Select, ref selectstmt.ColumnRef) bool {
	if ref.Table == "" && slices.ContainsFunc(branch.Items, func(item selectstmt.Item) bool {
		return item.Aliased && item.Name == ref.Column
	}) {
		return true
	}
	return slices.ContainsFunc(branch.From, func(item selectstmt.FromItem) bool {
		if ref.Table != "" {
			return item.Alias == ref.Table
		}
		names, known := l.columns(item)
		return !known || item.Alias == ref.Column || slices.Contains(names, ref.Column)
	})
}
