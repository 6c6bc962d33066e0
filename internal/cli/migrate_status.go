package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

// status lists the migrations, and ends in a sentence that says what to do.
func (m migrateRun) status(ctx context.Context) error {
	all, err := m.migrator.Status(ctx)
	if err != nil {
		return err
	}
	own, err := m.migrator.Bookkeeping(ctx)
	if err != nil {
		return err
	}
	gone := m.migrator.Gone(ctx)
	var order *migration.OrderError
	if gone != nil && !errors.As(gone, &order) {
		return gone
	}
	if m.json {
		if order != nil {
			m.out.Warn("%s; %s", order.Msg, order.Advice)
		}
		rows := []statusJSON{bookkeepingStatus(own)}
		for _, item := range all {
			rows = append(rows, newStatusJSON(item.Version, item.Name, item.Applied, item.At))
		}
		return writeJSON(m.out, rows)
	}
	if _, err := fmt.Fprintf(m.out.Stdout, "%s: %s\n", bookkeeping.Name, own); err != nil {
		return err
	}
	t := table.Table{Columns: columns(
		column{name: "version"}, column{name: "name", narrow: table.NarrowKeep}, column{
			name: "applied_at", style: appliedStyle,
		})}
	t.Columns[0].Kind = table.KindLabel
	for _, item := range all {
		var at any = "pending"
		if item.Applied {
			at = moment(item.At)
		}
		t.Rows = append(t.Rows, []any{item.Version, item.Name, at})
	}
	if err := m.out.Table(t, table.Text); err != nil {
		return err
	}
	sentence, err := m.conclude(ctx, all, own)
	if err != nil {
		return err
	}
	if order != nil {
		sentence = m.out.ink().dye(table.Caution, order.Msg) + ": " + order.Advice
	}
	_, err = fmt.Fprintln(m.out.Stdout, sentence)
	return err
}

// conclude says in a sentence whether the schema is current, and what to do if it is not.
func (m migrateRun) conclude(
	ctx context.Context, all []migration.Migration, own bookkeeping.State,
) (string, error) {
	paint := m.out.ink()
	var pending int64
	for _, item := range all {
		if !item.Applied {
			pending++
		}
	}
	const advice = ": run dwh migrate up"
	switch {
	case pending == 1:
		return paint.dye(table.Caution, "1 migration waits") + advice, nil
	case pending > 1:
		return paint.dye(table.Caution, count(pending)+" migrations wait") + advice, nil
	case !own.Current():
		return paint.dye(table.Caution, "the bookkeeping waits for a migration") + advice, nil
	}
	current := paint.dye(table.Good, "current")
	steps, err := m.session.project.stepsIfAny(m.session.warehouse.Engine())
	if err != nil {
		return current + "; dwh lint says what is wrong with the transforms", nil
	}
	staleness, err := transform.ReadStaleness(
		ctx, m.session.warehouse.Pool(), m.session.warehouse.Engine(), steps, transform.ReadOnly,
	)
	if err != nil {
		return "", err
	}
	if reasons := staleness.Reasons(); len(reasons) > 0 {
		return current + "; " + paint.dye(table.Caution, "replay needed:") + " " + strings.Join(reasons, "; "), nil
	}
	return current, nil
}

// appliedStyle makes what is pending stand out among the times.
func appliedStyle(value any) table.Style {
	if value == "pending" {
		return table.Caution
	}
	return table.Faint
}
