package proof

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A suspect is a line of a model's header, and how the model looks when the line promises less.
type suspect struct {
	line  Line
	model *model.Model // a copy
}

// suspect finds the header lines that may be wrong. A line is found to be wrong when the increment
// agrees without what it promises: each header line only makes an increment cheaper. Redshift has
// no savepoints, so that nothing can be tried there.
func (p *prover) suspect(ctx context.Context, next delivery) error {
	d := p.result.Difference
	models := p.suspects()
	var all []Line
	for _, relax := range []func(*model.Model) []suspect{narrower, moved, computedWhole} {
		for _, m := range models {
			for _, s := range relax(m) {
				if p.concerns(s, next) {
					all = append(all, s.line)
				}
				if p.Graph.Engine == sqlfile.Redshift {
					continue
				}
				agrees, err := p.agreesWith(ctx, s.model, next)
				if err != nil {
					return err
				}
				if agrees && !slices.ContainsFunc(d.Lines, s.line.same) {
					d.Lines = append(d.Lines, s.line)
				}
			}
		}
		if len(d.Lines) > 0 {
			d.Found = true
			return nil
		}
	}
	for _, line := range all {
		if !slices.ContainsFunc(d.Lines, line.same) {
			d.Lines = append(d.Lines, line)
		}
	}
	return nil
}

func (l Line) same(other Line) bool { return l.File == other.File && l.Line == other.Line }

// suspects are the first model whose table differs, and the helpers that it follows. Where
// something failed, they are all models.
func (p *prover) suspects() []*model.Model {
	var out []*model.Model
	for _, m := range p.Graph.Models {
		tables := p.result.Difference.Tables
		switch {
		case m.Kind == model.Script:
		case len(tables) > 0 && m.Step == tables[0].Model:
			return append([]*model.Model{m}, p.helpers(m)...)
		case len(tables) == 0:
			out = append(out, m)
		}
	}
	return out
}

// helpers are those that a model reads, directly or by way of others: none that stands behind a
// stored table, which agreed.
func (p *prover) helpers(m *model.Model) []*model.Model {
	var out []*model.Model
	for _, name := range m.Follows {
		if other := p.Graph.Model(name); other != nil && !other.Stored {
			for _, entry := range append(p.helpers(other), other) {
				if !slices.Contains(out, entry) {
					out = append(out, entry)
				}
			}
		}
	}
	return out
}

// agreesWith tells whether the increment agrees when a model is declared in another way.
func (p *prover) agreesWith(ctx context.Context, changed *model.Model, next delivery) (bool, error) {
	models := slices.Clone(p.Graph.Models)
	models[slices.IndexFunc(models, func(m *model.Model) bool { return m.Name == changed.Name })] = changed
	graph, err := model.New(models, p.Types, nil, p.Graph.Engine)
	var refused *sqlfile.Error
	if errors.As(err, &refused) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	other := *p
	other.Graph = graph
	tried, err := other.try(ctx, next)
	if err != nil || tried.refused != nil {
		return false, err
	}
	was, is := p.result.Difference, tried.difference
	switch {
	case is == nil:
		return true, nil
	case is.Err != nil || was.Err != nil:
		return false, nil
	}
	// Another table may differ for a reason of its own.
	first := was.Tables[0].Table
	return !slices.ContainsFunc(is.Tables, func(t TableDifference) bool { return t.Table == first }), nil
}

// concerns tells whether a line has to do with a delivery: whether it stands in a model that reads
// what the delivery changes.
func (p *prover) concerns(entry suspect, next delivery) bool {
	changed := map[string]bool{}
	for table, s := range p.staged {
		changed[string(s.table.Name)] = p.delivers(next, table)
	}
	for _, m := range p.Graph.Models {
		changed[m.Name] = slices.ContainsFunc(m.Follows, func(name string) bool { return changed[name] })
	}
	return changed[entry.model.Name]
}

// copyOf is a model that may be changed.
func copyOf(m *model.Model) *model.Model {
	own := *m
	own.From = slices.Clone(m.From)
	for i := range own.From {
		own.From[i].Joins = slices.Clone(own.From[i].Joins)
	}
	return &own
}

// narrower are the lines that say which rows of a lookup matter, without their by, and those that
// say that a lookup decides little.
func narrower(m *model.Model) []suspect {
	var out []suspect
	for i, from := range m.From {
		for j, join := range from.Joins {
			at := lineOf(m, i, j)
			if join.Left {
				own := copyOf(m)
				own.From[i].Joins[j].Left = false
				at.Advice = fmt.Sprintf(
					"%s decides whether a row exists, its key or its pick: write joins:",
					join.Relation,
				)
				out = append(out, suspect{at, own})
			}
			if len(join.By) > 0 {
				own := copyOf(m)
				own.From[i].Joins[j].By, own.From[i].Joins[j].Left = nil, false
				at.Advice = fmt.Sprintf("the SELECT does not match rows of %s by just these columns: "+
					"name fewer or others, or leave by out", join.Relation)
				out = append(out, suspect{at, own})
			}
		}
	}
	return out
}

// moved are the joins: lines of one from: under another one.
func moved(m *model.Model) []suspect {
	var out []suspect
	for i, from := range m.From {
		for j, join := range from.Joins {
			for k, other := range m.From {
				has := slices.ContainsFunc(other.Joins, func(l model.Join) bool { return l.Relation == join.Relation })
				if k == i || has {
					continue
				}
				own := copyOf(m)
				join.By, join.Left = nil, false
				own.From[k].Joins = append(own.From[k].Joins, join)
				at := lineOf(m, i, j)
				at.Advice = fmt.Sprintf("rows of %s match %s, too: a joins: line belongs to the from: above it",
					other.Relation, join.Relation)
				out = append(out, suspect{at, own})
			}
		}
	}
	return out
}

// computedWhole are the from: lines, in a model without any.
func computedWhole(m *model.Model) []suspect {
	var out []suspect
	for i, from := range m.From {
		own := copyOf(m)
		own.From, own.Kind = nil, model.Whole
		at := lineOf(m, i, -1)
		at.Advice = fmt.Sprintf(
			"a row here comes from several rows of %s, or the SELECT reads what no header line names: "+
				"compute the model group by group (by), or whole, without from:",
			from.Relation,
		)
		if len(from.By) > 0 {
			at.Advice = fmt.Sprintf("a group does not come from just the rows of %s with its values: "+
				"group by other columns, or leave from: out", from.Relation)
		}
		out = append(out, suspect{at, own})
	}
	return out
}

// lineOf is the line of a from:, or of one of its lookups.
func lineOf(m *model.Model, from, join int) Line {
	at, lookup := -1, -1
	for _, comment := range m.File().HeaderLines() {
		text := strings.TrimSpace(strings.TrimLeft(comment.Text, "- "))
		word, value, _ := strings.Cut(text, ":")
		switch strings.TrimSpace(word) {
		case "from":
			at, lookup = at+1, -1
		case "joins", "left joins":
			lookup++
		default:
			continue
		}
		if at == from && lookup == join {
			text = strings.TrimSpace(word) + ": " + strings.TrimSpace(value)
			return Line{File: m.File().Name(), Line: comment.Line, Text: text}
		}
	}
	return Line{File: m.File().Name(), Line: 1}
}
