package dashboard

import (
	"maps"
	"strconv"

	"github.com/sparkify/dwh/internal/report"
)

// limited says that a report's parameter limit left rows out, or may have.
type limited struct {
	Rows int64
	More string // the address with a greater limit
	Next int64  // that limit
}

// raised is how much greater the limit is that a page offers.
const raised = 10

// limitedOf is nil where the limit left nothing out: the report has none, or fewer rows.
func limitedOf(r report.Report, found result, given map[string]string, a arrangement) *limited {
	for _, param := range r.Params {
		if param.Name != "limit" || param.Kind != report.Whole {
			continue
		}
		text, ok := given[param.Name]
		if !ok {
			text = param.Default
		}
		limit, err := strconv.ParseInt(text, 10, 64)
		if err != nil || limit != int64(len(found.table.Rows)) {
			return nil
		}
		chosen := maps.Clone(given)
		chosen[param.Name] = strconv.FormatInt(limit*raised, 10)
		return &limited{Rows: limit, More: address(reportPath(r.Name), chosen, a), Next: limit * raised}
	}
	return nil
}
