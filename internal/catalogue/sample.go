package catalogue

import (
	"strconv"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Sample reads some rows of a table. On PostgreSQL they are the first by the key, which its index
// finds at once. Redshift has no index, so that any rows come.
func Sample(table Table, engine sqlfile.Engine, rows int) string {
	sql := "SELECT " + list("sampled.", table.Columns) + " FROM " + table.SQL() + " AS sampled"
	if engine == sqlfile.Postgres && len(table.Key) > 0 {
		sql += " ORDER BY " + list("sampled.", table.Key)
	}
	return sql + " LIMIT " + strconv.Itoa(rows)
}
