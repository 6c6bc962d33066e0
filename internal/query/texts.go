package query

import "github.com/jackc/pgx/v5"

// RowToTexts reads a row whose columns are all texts; nil is NULL. It is for pgx.CollectRows.
func RowToTexts(row pgx.CollectableRow) ([]*string, error) {
	values := make([]*string, len(row.FieldDescriptions()))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	return values, row.Scan(into...)
}
