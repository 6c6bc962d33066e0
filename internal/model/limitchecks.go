package model

import (
	"fmt"
	"slices"

	"github.com/sparkify/dwh/internal/selectstmt"
)

// checkLimit checks that a LIMIT takes the same rows each time: its ORDER BY holds the key.
func (m *Model) checkLimit() error {
	var err error
	m.query.Walk(func(q *selectstmt.Query) {
		if q.Limit < 0 || err != nil {
			return
		}
		key := m.Key
		if q != m.query {
			key = nil // of a subquery, any total order will do, and none is known
		}
		if q.OrderBy == nil {
			err = m.statement.ErrorAt(
				q.Limit, "LIMIT without ORDER BY returns arbitrary rows",
				"add an ORDER BY that contains the key", nil,
			)
			return
		}
		for _, name := range key {
			if !slices.ContainsFunc(q.OrderBy.Columns, func(c selectstmt.ColumnRef) bool { return c.Column == name }) {
				err = m.statement.ErrorAt(q.Limit, fmt.Sprintf(
					"the ORDER BY of LIMIT lacks %s, which is part of the key", name,
				),
					"rows that are equal in the order would be chosen at random: end the ORDER BY with the key", nil)
				return
			}
		}
	})
	return err
}
