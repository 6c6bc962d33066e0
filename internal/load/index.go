package load

import (
	"fmt"
	"strings"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Index is a CREATE INDEX IF NOT EXISTS behind the COPY of a load, for PostgreSQL: Redshift has no
// indexes. It is built behind the first run, since an index costs several times more to keep while
// rows come in than to build from them
// (https://www.postgresql.org/docs/current/populate.html#POPULATE-RM-INDEXES), and the runs that
// follow are the first to use it.
type Index struct {
	Name      catalogue.Name
	Statement sqlfile.Statement // CREATE INDEX, as it stands in the file
}

// parseIndex accepts CREATE INDEX IF NOT EXISTS name ON table …
func parseIndex(statement sqlfile.Statement, table catalogue.Name) (Index, error) {
	tokens := significant(statement)
	const nameAt = 5
	form := []string{"create", "index", "if", "not", "exists", "", "on", string(table)}
	fits := len(tokens) >= len(form)
	for i := 0; fits && i < len(form); i++ {
		fits = i == nameAt || strings.EqualFold(tokens[i].Value(), form[i])
	}
	if !fits {
		return Index{}, statement.ErrorAt(0, "after its COPY, a load may only create indexes of its table",
			fmt.Sprintf("write CREATE INDEX IF NOT EXISTS name ON %s (...)", table), nil)
	}
	return Index{Name: catalogue.Name(tokens[nameAt].Value()), Statement: statement}, nil
}
