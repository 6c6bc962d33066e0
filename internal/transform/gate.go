package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
)

// gate runs the checks of error severity inside the run's transaction, each over what the run touched as far as it allows that: a view
// of the touched rows stands before the live table in search_path. late chooses the checks that are about the flags. Where only some of the
// steps ran, a check of tables that they do not write has nothing to say yet.
func (r *Runner) gate(ctx context.Context, tx pgx.Tx, w *work, ran []Step, late bool) (results []check.Result, err error) {
	ctx, span := telemetry.Begin(ctx, "gate")
	defer func() { span.End(err, checked(results)...) }()
	settings := r.Settings
	settings.Now = time.Now()
	touched, err := w.touched(ctx)
	if err != nil {
		return nil, err
	}
	var shown []catalogue.Name // the tables that views stand before now
	hide := func() error {
		for _, name := range shown {
			if _, err := tx.Exec(ctx, catalogue.DropView(catalogue.Table{Schema: w.schema, Name: name})); err != nil {
				return fmt.Errorf("drop gate view of %s: %w", name, err)
			}
		}
		shown = nil
		return nil
	}
	for _, one := range r.Checks {
		if one.Severity != check.Error || one.Flags != late || !concerns(one, ran) {
			continue
		}
		if r.enforced(one, w) {
			results = append(results, check.Result{Check: one})
			continue
		}
		wanted := narrowable(one, w, touched)
		if !slices.Equal(wanted, shown) {
			if err := hide(); err != nil {
				return nil, err
			}
			for _, name := range wanted {
				live := w.tables[name]
				rows := touched[name] // of a table without a key, they stand there whole
				if len(live.Key) > 0 {
					rows = live.In(w.schema).Named("narrowed_" + name)
					if !w.narrowed[name] {
						// Once for all checks, which would look every key up again.
						if _, err := tx.Exec(ctx, catalogue.CreateNarrowed(rows, live, touched[name])); err != nil {
							return nil, fmt.Errorf("narrow %s for the gate: %w", name, err)
						}
						w.narrowed[name] = true
					}
				}
				if _, err := tx.Exec(ctx, catalogue.CreateView(live.In(w.schema), rows)); err != nil {
					return nil, fmt.Errorf("make gate view of %s: %w", name, err)
				}
			}
			shown = wanted
		}
		result, err := one.Run(ctx, tx, settings)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, hide()
}

// enforced tells whether the server itself keeps what a check looks for from being written: PostgreSQL enforces a primary key, Redshift does not.
func (r *Runner) enforced(one check.Check, w *work) bool {
	if r.Engine != sqlfile.Postgres || one.Unique == "" || len(one.Touched) != 1 {
		return false
	}
	name := catalogue.Name(one.Touched[0])
	if slices.Contains(w.building, name) && !w.keyed[name] {
		return false // it stands in the scratch schema, without its key
	}
	return !w.loose[name] && slices.Equal(w.tables[name].Key, []catalogue.Name{catalogue.Name(one.Unique)})
}

// concerns tells whether every d_ and f_ table that a check may be narrowed to is written by one of the steps.
func concerns(one check.Check, ran []Step) bool {
	for _, text := range one.Touched {
		if !strings.HasPrefix(text, "s_") && !slices.ContainsFunc(ran, func(s Step) bool { return slices.Contains(s.Writes, catalogue.Name(text)) }) {
			return false
		}
	}
	return true
}

// narrowable returns the tables to show narrowed for a check: all that it allows, or none when one of them is not known by its
// touched keys.
func narrowable(one check.Check, w *work, touched map[catalogue.Name]catalogue.Table) []catalogue.Name {
	var names []catalogue.Name
	if w.first {
		return nil // narrowing what is touched as a whole would only cost
	}
	for _, text := range one.Touched {
		name := catalogue.Name(text)
		live, exists := w.tables[name]
		keys, kept := touched[name]
		if !exists || !kept {
			return nil
		}
		needed := live.Key
		if len(needed) == 0 {
			needed = live.Columns
		}
		for _, column := range needed {
			if !keys.Has(column) {
				return nil
			}
		}
		names = append(names, name)
	}
	return names
}
