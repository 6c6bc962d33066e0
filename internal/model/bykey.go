package model

import "context"

// byKey selects, before pick, the rows of a model that is computed row by row whose keys stand in a
// table: from the rows of from: that can make them. "" is no rows.
func (x *Run) byKey(ctx context.Context, m *Model, keys *Table, w want) (out [2]string, err error) {
	rows := noInputs()
	for _, f := range m.From {
		here, there := x.Graph.keyIn(m, f.Relation)
		if len(here) == 0 {
			return x.byKeyOfAll(ctx, m, keys, w)
		}
		values := keys
		if len(here) < len(m.Key) {
			if values, err = x.values(
				ctx, "key_part", "the part of the keys that stands in "+f.Relation,
				part{keys.SQL, here, here},
			); err != nil {
				return out, err
			}
		}
		if names, ok := x.Graph.unpicked(m); ok && !values.empty() {
			if err := x.rowsUnpicked(ctx, f.Relation, names, there, values, here, w, rows); err != nil {
				return out, err
			}
			continue
		}
		found, err := x.narrow(ctx, f.Relation, there, values, here, w, x.joinedBy(f, there))
		if err != nil {
			return out, err
		}
		rows.put(f.Relation, found, w)
	}
	return x.computeThese(ctx, m, rows, m.Key, keys)
}

// bothInputs are the inputs of a SELECT in both states.
type bothInputs [2]inputs

func noInputs() bothInputs { return bothInputs{{}, {}} }

// put takes the rows of a relation that were found in the wanted states.
func (b bothInputs) put(relation string, found sides, w want) {
	for _, st := range []state{before, now} {
		if w[st] && found[st] != nil {
			b[st][relation] = found[st].SQL
		}
	}
}

// computeThese computes, before pick, the rows of a model from these inputs, and keeps those whose
// columns cols stand in a table. "" is no rows.
func (x *Run) computeThese(
	ctx context.Context, m *Model, rows bothInputs, cols []string, values *Table,
) (out [2]string, err error) {
	if out, err = x.compute(ctx, m, rows); err != nil {
		return out, err
	}
	for st, query := range out {
		if query != "" {
			out[st] = semi(m.Columns, from(query), cols, values, cols)
		}
	}
	return out, nil
}

// rowsUnpicked reads the rows of a helper before its pick, and of them just the columns that the
// model needs. They take the place of the helper's rows.
func (x *Run) rowsUnpicked(
	ctx context.Context, relation string, names, there []string, values *Table, here []string,
	w want, rows bothInputs,
) error {
	for _, st := range []state{before, now} {
		if !w[st] {
			continue
		}
		raw, err := x.raw(ctx, x.Graph.byName[relation], st)
		if err != nil {
			return err
		}
		list := columns("r.", names)
		rows[st][relation] = from(
			"SELECT DISTINCT " + list + "\nFROM " + raw + " AS r\nINNER JOIN " + values.SQL +
				" AS v ON " + equal("r", there, "v", here),
		)
	}
	return nil
}

// byKeyOfAll is byKey where no column of from: tells which of its rows can make a key.
func (x *Run) byKeyOfAll(ctx context.Context, m *Model, keys *Table, w want) (out [2]string, err error) {
	for _, st := range []state{before, now} {
		if !w[st] {
			continue
		}
		raw, err := x.raw(ctx, m, st)
		if err != nil {
			return out, err
		}
		out[st] = semi(m.Columns, raw, m.Key, keys, m.Key)
	}
	return out, nil
}
