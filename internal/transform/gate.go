package transform

import (
	"slices"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/gate"
)

// newGate returns the gate of a run in which these steps ran. The models have begun: where a build
// of everything came first, no check is narrowed to what the run touched.
func (w *work) newGate(ran []Step) *gate.Gate {
	options := gate.Options{
		Checker: gate.Checker{Tx: w.tx, Engine: w.Engine, Settings: w.Settings}, Checks: w.Checks,
		Scratch: w.schema, Live: w.live, Tables: w.tables, Staged: w.staged,
		LacksKey: w.handover.LacksKey,
		Writes: func(table catalogue.Name) bool {
			// A staging table has been written by whoever loaded it.
			return !layered(table) ||
				slices.ContainsFunc(ran, func(s Step) bool { return slices.Contains(s.Writes, table) })
		},
	}
	if !w.first() {
		options.Touched = w.run.Touched
	}
	return gate.New(options)
}
