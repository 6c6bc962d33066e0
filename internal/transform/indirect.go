package transform

import (
	"context"
	"slices"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/gate"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// splitChecks finds the checks that may read a table by another way than its unqualified name, such
// as through a view. They see the live tables, which are empty while others are built beside them.
// So they are made when the new tables are published. Only a project's own text can do that.
func (w *work) splitChecks(ctx context.Context) error {
	if !slices.ContainsFunc(w.Checks, func(c check.Check) bool { return c.Own }) {
		return nil
	}
	names, err := catalogue.Indirections(ctx, w.tx, w.schema)
	if err != nil {
		return err
	}
	w.indirect = map[string]bool{}
	for _, c := range w.Checks {
		w.indirect[c.Name] = c.Own && sqlfile.NamesAny(c.Query.SQL(), names...)
	}
	return nil
}

// direct are the checks that see tables which were built beside the live ones.
func (w *work) direct(checks []check.Check) []check.Check {
	return slices.DeleteFunc(slices.Clone(checks), func(c check.Check) bool { return w.indirect[c.Name] })
}

// checkPublished makes the checks that checkBuilt has left out. The live tables now hold the rows
// that readers will see.
func (r *activeRun) checkPublished(ctx context.Context, w *work) error {
	g := w.newGate(r.Steps)
	g.Checks = slices.DeleteFunc(slices.Clone(w.Checks), func(c check.Check) bool { return !w.indirect[c.Name] })
	if len(g.Checks) == 0 {
		return nil
	}
	if err := catalogue.Exec(ctx, w.tx, catalogue.SetSearchPath(w.live)); err != nil {
		return err
	}
	found, err := g.Check(ctx, gate.BeforeFlags)
	if err != nil {
		return err
	}
	r.result.Checks = append(r.result.Checks, found...)
	return r.entry.Judge(r.result.Checks)
}
