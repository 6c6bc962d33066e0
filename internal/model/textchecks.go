package model

import (
	"context"
	"fmt"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// length is the function that counts what VARCHAR(n) counts: characters on PostgreSQL, bytes on
// Redshift (dg/r_Character_types).
func (x *Run) length() string {
	if x.Graph.Engine == sqlfile.Redshift {
		return "OCTET_LENGTH"
	}
	return "CHAR_LENGTH"
}

// checkFits refuses text that is longer than its column.
func (x *Run) checkFits(ctx context.Context, m *Model, rows string) error {
	for _, name := range m.live {
		if column, _ := m.table.Column(name); column.Length() > 0 {
			return x.checkLengths(ctx, m, rows)
		}
	}
	return nil
}

func (x *Run) checkLengths(ctx context.Context, m *Model, rows string) error {
	var long, names []string
	for _, name := range m.live {
		column, _ := m.table.Column(name)
		if n := column.Length(); n > 0 {
			long = append(
				long,
				fmt.Sprintf("COUNT(CASE WHEN %s(RTRIM(r.%s)) > %d THEN 1 END)", x.length(), ident(name), n),
			)
			names = append(names, name)
		}
	}
	counts, err := x.Session.Numbers(
		ctx,
		x.statement("every text fits its column", "SELECT "+strings.Join(long, ", ")+"\nFROM "+rows+" AS r"),
	)
	if err != nil {
		return err
	}
	for i, count := range counts {
		if count == 0 {
			continue
		}
		column, _ := m.table.Column(names[i])
		found, err := x.Session.Rows(
			ctx,
			x.statement(
				"texts that do not fit",
				fmt.Sprintf("SELECT %s, %s(r.%s) AS length\nFROM %s AS r\nWHERE %s(RTRIM(r.%s)) > %d\nLIMIT 3",
					columns(
						"r.", m.Key,
					), x.length(), ident(names[i]), rows, x.length(), ident(names[i]), column.Length()),
			),
		)
		if err != nil {
			return err
		}
		return x.errRows(m, place{}, fmt.Sprintf("a text of column %s is too long for %s", names[i], column.Type),
			"make the column longer in a migration, or shorten the text in the SELECT; dwh never cuts a text", found)
	}
	return nil
}
