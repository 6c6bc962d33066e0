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
)

// Staleness says whether the stored tables of models follow from staging and from today's models,
// and if not, why. A stale warehouse needs a replay. ReadStaleness reads it.
type Staleness struct {
	steps   []Step
	reasons []staleReason
	built   bool
}

// A staleReason is one reason why stored tables are stale.
type staleReason struct {
	subject string // a step or a table; "" for everything
	text    string // a sentence
}

// Marking says whether ReadStaleness writes down what it finds.
type Marking bool

// What ReadStaleness does with a step whose text is not the one that built the tables.
const (
	ReadOnly   Marking = false // it is reported
	WriteMarks Marking = true  // it is reported, and marked as stale in the database
)

// ReadStaleness reads the stale marks in the database, and compares the fingerprint of each step's
// model with the one that last built its table.
func ReadStaleness(
	ctx context.Context, q dwhdb.DBTX, engine sqlfile.Engine, steps []Step, marking Marking,
) (Staleness, error) {
	s := Staleness{steps: steps}
	db := dwhdb.New(q)
	marks, err := db.StaleMarks(ctx)
	if err != nil {
		return s, fmt.Errorf("read stale marks: %w", err)
	}
	builds, err := db.Fingerprints(ctx)
	if err != nil {
		return s, fmt.Errorf("read fingerprints: %w", err)
	}
	s.built = len(builds) > 0
	changed := changedSince(builds, steps)
	marked := map[staleReason]bool{}
	for _, mark := range marks {
		reason := staleReason{mark.Subject, mark.Reason}
		if s.built && ofText(mark.Reason) && !slices.Contains(changed, reason) {
			// The text is again the one that built the tables.
			if marking == WriteMarks {
				if err := db.ForgetStaleMark(ctx, mark.Subject, mark.Reason); err != nil {
					return s, fmt.Errorf("forget stale mark: %w", err)
				}
			}
			continue
		}
		s.reasons = append(s.reasons, staleReason{mark.Subject, sentence(mark.Subject, mark.Reason, steps)})
		marked[reason] = true
	}
	if !s.built {
		if !hasModels(steps) {
			// Nothing can be stale. The marks stay for models that come later.
			return Staleness{steps: steps}, nil
		}
		return s, s.readUnbuilt(ctx, q, engine)
	}
	for _, reason := range changed {
		if marked[reason] {
			continue
		}
		s.reasons = append(s.reasons, staleReason{reason.subject, reason.subject + ": " + reason.text})
		if marking == WriteMarks {
			if err := db.AddStaleMark(ctx, reason.subject, reason.text, time.Now().UTC()); err != nil {
				return s, fmt.Errorf("write stale mark: %w", err)
			}
		}
	}
	return s, nil
}

// readUnbuilt looks for rows that are flagged as processed though no model was built: they came
// from elsewhere.
func (s *Staleness) readUnbuilt(ctx context.Context, q catalogue.Querier, engine sqlfile.Engine) error {
	if len(s.reasons) > 0 {
		return nil
	}
	flagged, err := anyFlagged(ctx, q, engine, s.steps)
	if err != nil {
		return fmt.Errorf("look for flagged rows: %w", err)
	}
	if flagged {
		s.reasons = []staleReason{
			{text: "staged rows are marked as processed, but no transform has used them"},
		}
	}
	return nil
}

// anyFlagged tells whether a staging table of the steps has a processed row.
func anyFlagged(ctx context.Context, q catalogue.Querier, engine sqlfile.Engine, steps []Step) (bool, error) {
	name, err := catalogue.CurrentSchema(ctx, q)
	if err != nil {
		return false, err
	}
	tables, err := catalogue.Read(ctx, q, engine, name)
	if err != nil {
		return false, err
	}
	for _, loaded := range loaded(steps) {
		table, ok := tables[catalogue.Name(loaded)]
		if !ok || !table.Has(flagColumn) {
			continue
		}
		rows, err := q.Query(ctx, catalogue.HasProcessed(table))
		if err != nil {
			return false, err
		}
		if found, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool]); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// The reasons that follow from the models' texts.
const (
	isNew           = "the transform is new"
	textChanged     = "the transform's text changed"
	variableChanged = "the transform's text or a variable in it changed"
	isGone          = "is not among the transforms now"
)

// ofText tells whether a reason follows from the models' texts. It holds only as long as they do.
func ofText(reason string) bool {
	return reason == isNew || reason == textChanged || reason == variableChanged || strings.HasPrefix(reason, isGone)
}

// changedSince compares the steps with what last built the tables. The texts of the reasons do not
// name their subjects.
func changedSince(builds []dwhdb.FingerprintsRow, steps []Step) []staleReason {
	last := map[string]string{} // fingerprints by step
	by := map[string]string{}   // by what run, in words
	for _, build := range builds {
		last[build.Name] = build.Fingerprint
		by[build.Name] = "run " + build.RunID
		if build.Command != nil {
			by[build.Name] += fmt.Sprintf(" (dwh %s)", *build.Command)
		}
	}
	var out []staleReason
	for _, step := range steps {
		if step.Load {
			continue
		}
		fingerprint, built := last[step.Name]
		delete(last, step.Name)
		switch {
		case !built:
			out = append(out, staleReason{step.Name, isNew})
		case fingerprint != step.Fingerprint && step.Model != nil && len(step.Model.Variables()) > 0:
			out = append(out, staleReason{step.Name, variableChanged})
		case fingerprint != step.Fingerprint:
			out = append(out, staleReason{step.Name, textChanged})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(last)) {
		// Another project's, or a file that was deleted or renamed: the run tells which.
		out = append(out, staleReason{name, isGone + ", and the tables were last built with it, in " + by[name]})
	}
	return out
}

// sentence names the transforms that a mark on a table is about.
func sentence(subject, reason string, steps []Step) string {
	var names []string
	for _, step := range steps {
		name := catalogue.Name(subject)
		if !step.Load && (slices.Contains(step.Writes, name) || slices.Contains(step.Reads, name)) {
			names = append(names, step.Name)
		}
	}
	if len(names) == 0 {
		return subject + ": " + reason
	}
	return fmt.Sprintf("%s (%s): %s", strings.Join(names, ", "), subject, reason)
}

// Stale tells whether there is a reason to replay.
func (s Staleness) Stale() bool { return len(s.reasons) > 0 }

// Built tells whether models have built the tables before.
func (s Staleness) Built() bool { return s.built }

// Reasons are the reasons to replay, one sentence each.
func (s Staleness) Reasons() []string {
	var out []string
	for _, reason := range s.reasons {
		out = append(out, reason.text)
	}
	return out
}

// Err returns a *StaleError where there is a reason to replay.
func (s Staleness) Err() error {
	if !s.Stale() {
		return nil
	}
	return &StaleError{Reasons: s.Reasons()}
}

// Models are the models that a replay has to build: the stale ones and those that follow from them.
func (s Staleness) Models(graph *model.Graph) []*model.Model {
	var names []string
	for _, reason := range s.reasons {
		name := reason.subject
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
	return graph.Downstream(names...)
}

// Tables are the names of the stale tables and helpers, those included that follow from others. It
// needs no database.
func (s Staleness) Tables() []string {
	stale := map[string]bool{}
	for _, reason := range s.reasons {
		s.addTables(stale, reason.subject)
	}
	return slices.Sorted(maps.Keys(stale))
}

// addTables adds what a subject makes stale. A subject that is not among the steps makes everything
// stale, since nobody can tell what follows from it.
func (s Staleness) addTables(stale map[string]bool, subject string) {
	add := func(step Step) {
		stale[string(step.Table)] = true
		for _, written := range step.Writes {
			stale[string(written)] = true
		}
	}
	known := false
	from := []catalogue.Name{catalogue.Name(subject)}
	for _, step := range s.steps {
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
	var followers []string
	for _, name := range from {
		followers = append(followers, Followers(s.steps, name)...)
	}
	for _, step := range s.steps {
		if !step.Load && (!known || slices.Contains(followers, step.Name)) {
			add(step)
		}
	}
}

// A StaleError says that a warehouse is stale, and that replaying was ruled out.
type StaleError struct {
	Reasons []string // why it is stale, in a few words each
}

func (e *StaleError) Error() string {
	return "replay needed: " + strings.Join(e.Reasons, "; ")
}

// Hint says what to do about it.
func (*StaleError) Hint() string { return `run "dwh transform --replay", or leave --no-replay out` }
