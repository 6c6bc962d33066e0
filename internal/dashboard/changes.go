package dashboard

import (
	"strings"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/transform"
)

// toldChanges is how many tables a list of runs tells the changes of.
const toldChanges = 3

// changesOf says what runs changed, by their ids: "40 rows, f_songplay 405 healed". Facts come
// first. A run that changed nothing is left out.
func changesOf(steps []dwhdb.StepsOfRunsRow, known []transform.Step) map[string]string {
	tables := map[string]string{}
	for _, step := range known {
		tables[step.Name] = string(step.Table)
	}
	rows, facts, others := map[string]int64{}, map[string][]string{}, map[string][]string{}
	out := map[string]string{}
	for _, step := range steps {
		table, layer := tables[step.Step], layerName(tables[step.Step])
		switch {
		case transform.IsLoad(step.Step):
			if step.RowsOut != nil {
				rows[step.RunID] += *step.RowsOut
			}
		case step.Note == nil || *step.Note == "":
			continue
		case layer == "fact":
			facts[step.RunID] = append(facts[step.RunID], table+" "+*step.Note)
		case layer == "dimension":
			others[step.RunID] = append(others[step.RunID], table+" "+*step.Note)
		}
		out[step.RunID] = ""
	}
	for run := range out {
		parts := append(facts[run], others[run]...)
		if len(parts) > toldChanges {
			parts = append(parts[:toldChanges], "…")
		}
		if rows[run] > 0 {
			parts = append([]string{counted(rows[run], "row")}, parts...)
		}
		out[run] = strings.Join(parts, ", ")
	}
	return out
}
