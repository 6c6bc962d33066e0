package model

import (
	"context"
	"slices"
)

// Increment brings the tables of models up to date with the sources: one model after the other, in
// the order of the graph. Models that are not among the chosen stay as they are; all of what the
// chosen ones read has to be among them, helpers included.
func (x *Run) Increment(ctx context.Context, chosen []*Model, after func(m *Model, change Change) error) error {
	if err := x.openStaging(ctx); err != nil {
		return err
	}
	for _, m := range chosen {
		x.current = m
		if err := x.step(ctx, m); err != nil {
			return err
		}
		if err := after(m, x.Changes[m.Name]); err != nil {
			return err
		}
	}
	x.current = nil
	return nil
}

// step computes one model.
func (x *Run) step(ctx context.Context, m *Model) error {
	if m.Kind == Script {
		return x.within(ctx, m, func(ctx context.Context) error { return x.script(ctx, m) })
	}
	if !slices.ContainsFunc(m.Follows, func(name string) bool { return len(x.delta[name].tables()) > 0 }) {
		return nil
	}
	return x.within(ctx, m, func(ctx context.Context) error {
		switch m.Kind {
		case Row:
			return x.stepRows(ctx, m)
		case Group:
			return x.stepGroups(ctx, m)
		default:
			return x.stepWhole(ctx, m)
		}
	})
}

// within does something for a model, and tells of its beginning and end.
func (x *Run) within(ctx context.Context, m *Model, do func(ctx context.Context) error) error {
	if x.Begin == nil {
		return do(ctx)
	}
	ctx, end := x.Begin(ctx, m)
	err := do(ctx)
	end(err)
	return err
}

// stepWhole computes everything and compares.
func (x *Run) stepWhole(ctx context.Context, m *Model) error {
	raw, err := x.raw(ctx, m, now)
	if err != nil {
		return err
	}
	query, err := x.picked(ctx, m, "SELECT "+columns("p.", m.Columns)+" FROM "+raw+" AS p")
	if err != nil {
		return err
	}
	result, err := x.create(ctx, "result", "all of its rows", query, nil)
	if err != nil {
		return err
	}
	if err := x.checkRows(ctx, m, result); err != nil {
		return err
	}
	if m.Stored {
		return x.write(ctx, m, nil, nil, result)
	}
	was, err := x.relation(ctx, m.Name, before)
	if err != nil {
		return err
	}
	old, err := x.create(
		ctx, "was", "its rows before this run",
		"SELECT "+columns("r.", m.Columns)+" FROM "+was+" AS r", nil,
	)
	if err != nil {
		return err
	}
	return x.differ(ctx, m, old, result)
}
