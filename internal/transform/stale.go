package transform

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// A StaleError says that d_ and f_ do not follow from staging any more, and that replaying was
// ruled out.
type StaleError struct {
	Marks []string
}

func (e *StaleError) Error() string {
	return "replay needed: " + strings.Join(e.Marks, "; ")
}

// Hint says what to do about it.
func (*StaleError) Hint() string { return `run "dwh transform --replay", or leave --no-replay out` }

// staleness returns why the star does not follow from staging: what the database holds as marks,
// and transforms whose text has changed since they last built it, which is then marked too.
func (r *Runner) staleness(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	marks, _, err := r.standing(ctx, conn)
	return sentences(marks), err
}

// A staleMark is one reason why what is stored does not follow from staging.
type staleMark struct {
	subject string // a step, a table, or "" for everything
	text    string // a sentence
}

func sentences(marks []staleMark) []string {
	var out []string
	for _, mark := range marks {
		out = append(out, mark.text)
	}
	return out
}

// affected are the models that marks make stale, and those that follow them: no others need a
// replay.
func affected(graph *model.Graph, marks []staleMark) []*model.Model {
	var names []string
	for _, mark := range marks {
		name := mark.subject
		// A step, perhaps one that is gone, is known by the relation that its file is called after.
		if parts := stepName.FindStringSubmatch(name + ".sql"); parts != nil {
			name = parts[2]
			if graph.Model(name) == nil {
				continue
			}
		}
		if graph.Model(name) == nil && len(graph.Readers(name)) == 0 {
			return graph.Models
		}
		names = append(names, name)
	}
	if len(names) == 0 && len(marks) > 0 && slices.ContainsFunc(
		marks, func(m staleMark) bool { return m.subject == "" },
	) {
		return graph.Models
	}
	return graph.Downstream(names...)
}

// standing is staleness, and whether transforms have built the star before.
func (r *Runner) standing(ctx context.Context, conn *pgx.Conn) (marks []staleMark, built bool, err error) {
	return staleness(ctx, writelock.Retrying(conn), r.Engine, r.Steps, true)
}

// Staleness is Stale, and marks in the database each transform whose text is not the one that built
// the star.
func Staleness(ctx context.Context, q dwhdb.DBTX, engine sqlfile.Engine, steps []Step) ([]string, error) {
	marks, _, err := staleness(ctx, q, engine, steps, true)
	return sentences(marks), err
}

// Stale returns one sentence for each reason why d_ and f_ do not follow from staging.
func Stale(ctx context.Context, q dwhdb.DBTX, engine sqlfile.Engine, steps []Step) ([]string, error) {
	marks, _, err := staleness(ctx, q, engine, steps, false)
	return sentences(marks), err
}

// StaleTables is Stale, and the tables and helpers that the reasons are about, those included that
// follow from them, by name.
func StaleTables(
	ctx context.Context, q dwhdb.DBTX, engine sqlfile.Engine, steps []Step,
) (reasons, tables []string, err error) {
	marks, _, err := staleness(ctx, q, engine, steps, false)
	if err != nil {
		return nil, nil, err
	}
	stale := map[string]bool{}
	for _, mark := range marks {
		markTables(stale, mark.subject, steps)
	}
	return sentences(marks), slices.Sorted(maps.Keys(stale)), nil
}

// markTables adds what a mark's subject makes stale. One that is not among the steps makes
// everything stale, since nobody can tell what follows from it.
func markTables(stale map[string]bool, subject string, steps []Step) {
	add := func(step Step) {
		stale[string(step.Table)] = true
		for _, written := range step.Writes {
			stale[string(written)] = true
		}
	}
	known := false
	var from []catalogue.Name
	for _, step := range steps {
		switch {
		case step.Load:
			known = known || subject == string(step.Table)
		case step.Name == subject, string(step.Table) == subject:
			known = true
			add(step)
			from = append(append(from, step.Table), step.Writes...)
		}
		known = known || slices.Contains(step.Reads, catalogue.Name(subject))
	}
	followers := []string{}
	for _, name := range append(from, catalogue.Name(subject)) {
		followers = append(followers, Followers(steps, name)...)
	}
	for _, step := range steps {
		if !step.Load && (!known || slices.Contains(followers, step.Name)) {
			add(step)
		}
	}
}

func staleness(
	ctx context.Context, q dwhdb.DBTX, engine sqlfile.Engine, steps []Step, write bool,
) (reasons []staleMark, built bool, err error) {
	db := dwhdb.New(q)
	marks, err := db.StaleMarks(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("read stale marks: %w", err)
	}
	marked := map[string]bool{}
	for _, mark := range marks {
		reasons = append(reasons, staleMark{mark.Subject, sentence(mark.Subject, mark.Reason, steps)})
		marked[mark.Subject+"\x00"+mark.Reason] = true
	}
	known, err := db.Fingerprints(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("read fingerprints: %w", err)
	}
	if len(known) == 0 {
		if len(reasons) > 0 {
			return reasons, false, nil
		}
		// Nothing was built yet. Rows that are flagged all the same came from elsewhere.
		flagged, err := anyFlagged(ctx, q, engine, steps)
		if err != nil {
			return nil, false, fmt.Errorf("look for flagged rows: %w", err)
		}
		if flagged {
			return []staleMark{
				{text: "staged rows are flagged as processed, and no transform has built from them"},
			}, false, nil
		}
		return nil, false, nil
	}
	held := map[string]string{}
	by := map[string]string{} // by what run, in words
	for _, row := range known {
		held[row.Name] = row.Fingerprint
		by[row.Name] = "run " + row.RunID
		if row.Command != nil {
			by[row.Name] += fmt.Sprintf(" (dwh %s)", *row.Command)
		}
	}
	add := func(step, reason string) error {
		if marked[step+"\x00"+reason] {
			return nil
		}
		reasons = append(reasons, staleMark{step, step + ": " + reason})
		if !write {
			return nil
		}
		if err := db.AddStaleMark(ctx, step, reason, time.Now().UTC()); err != nil {
			return fmt.Errorf("write stale mark: %w", err)
		}
		return nil
	}
	for _, step := range steps {
		if step.Load {
			continue
		}
		last, ok := held[step.Name]
		delete(held, step.Name)
		switch {
		case !ok:
			err = add(step.Name, "the transform is new")
		case last != step.Fingerprint:
			err = add(step.Name, "the transform's text changed")
		}
		if err != nil {
			return nil, false, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(held)) {
		// Another project's, or one that was deleted or renamed: the run's words tell which.
		if err := add(
			name,
			"is not among the transforms now, and the tables were last built with it, in "+by[name],
		); err != nil {
			return nil, false, err
		}
	}
	return reasons, true, nil
}

// sentence names the transforms that a mark on a table is about.
func sentence(subject, reason string, steps []Step) string {
	var names []string
	for _, step := range steps {
		if !step.Load && (slices.Contains(
			step.Writes, catalogue.Name(subject),
		) || slices.Contains(step.Reads, catalogue.Name(subject))) {
			names = append(names, step.Name)
		}
	}
	if len(names) == 0 {
		return subject + ": " + reason
	}
	return fmt.Sprintf("%s (%s): %s", strings.Join(names, ", "), subject, reason)
}
