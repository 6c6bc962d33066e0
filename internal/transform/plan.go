// Package transform carries out runs of the numbered files; run.go chooses the mode of a run.
package transform

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
)

// Step is one numbered file: a load (0xx, one COPY and what indexes its table has once it is
// filled) or a model.
type Step struct {
	Name        string         // the file's name without .sql, such as 210_f_order
	Number      string         // its three digits, such as 210
	Table       catalogue.Name // named by the file, such as f_order
	Description string         // what its header says; "" for nothing
	Load        bool           // it is a load; false: a model
	// a load: the variable that names what is copied, such as orders; "" when the file names it
	// itself
	Source string
	Reads  []catalogue.Name
	Writes []catalogue.Name // a load's table, or what a model stores; a helper writes none
	File   *sqlfile.File
	// hex SHA-256 of the header's rules and the SQL as the engine gets it, comments and layout
	// apart
	Fingerprint string
	Model       *model.Model // nil of a load
	file        *load.File   // nil of a model
}

// IsLoad tells whether a step of this name loads objects: its number is 0xx.
func IsLoad(name string) bool {
	parts := stepName.FindStringSubmatch(name + ".sql")
	return parts != nil && parts[1][0] == '0'
}

var stepName = regexp.MustCompile(`^([0-9]{3})_([a-z][a-z0-9_]*)\.sql$`)

// ErrNoTransforms is the cause of the error of Steps about a folder without transforms.
var ErrNoTransforms = errors.New("no transforms")

// Steps reads every NNN_table.sql of fsys in order of their numbers. dir is how the folder is
// called in errors. A folder without any is an error whose cause is ErrNoTransforms.
func Steps(fsys fs.FS, dir string, engine sqlfile.Engine) ([]Step, error) {
	files, err := sqlfile.ParseFS(fsys, dir, "*.sql")
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, &sqlfile.Error{
			Msg:  "no transforms in " + dir,
			Hint: "write one COPY into 010_s_NAME.sql, and one SELECT into 110_d_NAME.sql; see docs/projects.md",
			Err:  ErrNoTransforms,
		}
	}
	steps := make([]Step, 0, len(files))
	for _, file := range files {
		step, err := newStep(file, engine)
		if err != nil {
			return nil, err
		}
		if n := len(steps); n > 0 && steps[n-1].Number == step.Number {
			return nil, file.ErrorAt(
				1, 1, fmt.Sprintf("number %s is already used by %s", step.Number, steps[n-1].Name),
				"change the number of one file", nil,
			)
		}
		steps = append(steps, step)
	}
	return steps, nil
}

func newStep(file *sqlfile.File, engine sqlfile.Engine) (Step, error) {
	base := path.Base(file.Name())
	parts := stepName.FindStringSubmatch(base)
	if parts == nil {
		return Step{}, file.ErrorAt(
			1, 1, "a transform file must be named NNN_table.sql",
			"rename it, such as 220_f_session.sql: 0xx loads staging, 1xx builds dimensions, 2xx facts",
			nil,
		)
	}
	if bookkeeping.Owns(parts[2]) {
		return Step{}, file.ErrorAt(
			1, 1, "the table "+parts[2]+" belongs to dwh, which writes it itself",
			"rename the file: the names s_object, s_reject and dwh_… are reserved for dwh", nil,
		)
	}
	step := Step{
		Name: strings.TrimSuffix(
			base, ".sql",
		), Number: parts[1], Table: catalogue.Name(parts[2]), Description: file.Header().Description,
		Load: IsLoad(strings.TrimSuffix(base, ".sql")), File: file,
	}
	if !step.Load {
		if file.Header().Optional {
			return Step{}, optionalModel(file)
		}
		return step.withModel(engine)
	}
	step.Writes = []catalogue.Name{step.Table}
	copying, err := load.ParseFile(step.Name, step.Table, file, engine)
	if err != nil {
		return Step{}, err
	}
	step.file, step.Source, step.Fingerprint = copying, copying.Source, copying.Fingerprint
	return step, nil
}

// Takes tells whether a load takes an object of its source. reason is why not, for people.
func (s Step) Takes(o objectstore.Object) (ok bool, reason string) { return s.file.Takes(o) }

// loadIndexes are the indexes of a load's table.
func (s Step) loadIndexes() []load.Index {
	if s.file == nil {
		return nil
	}
	return slices.Clone(s.file.Indexes)
}

// withModel reads the model of a 1xx or 2xx file.
func (s Step) withModel(engine sqlfile.Engine) (Step, error) {
	if erase := s.File.Header().Erase; len(erase) > 0 {
		return Step{}, s.File.ErrorAt(erase[0].Line, erase[0].At, "erase: belongs in the header of a load, a 0xx "+
			"file",
			"put the line into the file that loads the column", nil)
	}
	m, err := model.Parse(s.File, string(s.Table), s.Name, engine)
	if err != nil {
		return Step{}, err
	}
	s.Model, s.Fingerprint, s.Description = m, m.Fingerprint, m.Description
	for _, name := range m.Follows {
		s.Reads = append(s.Reads, catalogue.Name(name))
	}
	switch {
	case m.Kind == model.Script:
		for _, name := range m.Writes {
			s.Writes = append(s.Writes, catalogue.Name(name))
		}
	case layered(s.Table):
		s.Writes = []catalogue.Name{s.Table}
	}
	return s, nil
}

// stores are the tables that a model writes; a helper writes none.
func stores(m *model.Model) []catalogue.Name {
	var out []catalogue.Name
	for _, name := range m.Writes {
		out = append(out, catalogue.Name(name))
	}
	if m.Stored && m.Kind != model.Script {
		out = append(out, catalogue.Name(m.Name))
	}
	return out
}

// layered tells whether a name is that of a dimension or a fact.
func layered(name catalogue.Name) bool {
	return strings.HasPrefix(string(name), "d_") || strings.HasPrefix(string(name), "f_")
}

// models are the steps' models.
func models(steps []Step) []*model.Model {
	var out []*model.Model
	for _, step := range steps {
		if step.Model != nil {
			out = append(out, step.Model)
		}
	}
	return out
}

// Graph checks the steps' models against the tables of a warehouse and against one another. The
// tables get the indexes that stand behind the COPY of a load.
func Graph(steps []Step, tables schema.Schema, engine sqlfile.Engine) (*model.Graph, error) {
	indexed, err := WithLoadIndexes(tables, steps)
	if err != nil {
		return nil, err
	}
	graph, err := model.New(models(steps), indexed, loaded(steps), engine)
	if err != nil {
		return nil, err
	}
	if err := requireRequired(graph.Models, tables); err != nil {
		return nil, err
	}
	return graph, nil
}

// requireRequired refuses models with a table that has no NOT NULL column, which a key implies.
func requireRequired(all []*model.Model, tables schema.Schema) error {
	required := func(c schema.Column) bool { return c.NotNull }
	for _, m := range all {
		for _, name := range stores(m) {
			table, known := tables[string(name)]
			if known && !table.Unknown && !slices.ContainsFunc(table.Columns, required) {
				return errIncomparable(m.File(), name)
			}
		}
	}
	return nil
}

// WithLoadIndexes is the schema with the indexes that stand behind the COPY of a load.
func WithLoadIndexes(tables schema.Schema, steps []Step) (schema.Schema, error) {
	tables = maps.Clone(tables)
	for _, step := range steps {
		for _, index := range step.loadIndexes() {
			if err := tables.AddIndex(index.Statement); err != nil {
				return nil, err
			}
		}
	}
	return tables, nil
}

// CheckFlags returns a *model.FlagError where a table that the steps load and read lacks the flag
// that tells new rows.
func CheckFlags(steps []Step, tables schema.Schema) error {
	return model.CheckFlags(models(steps), tables, loaded(steps))
}

// loaded are the tables that the steps load, in their order.
func loaded(steps []Step) []string {
	var out []string
	for _, step := range steps {
		if step.Load {
			out = append(out, string(step.Table))
		}
	}
	return out
}

// An UnknownStepError is a name or number that no step has.
type UnknownStepError struct {
	Name  string
	Names []string // the names of all steps
}

func (e *UnknownStepError) Error() string { return fmt.Sprintf("there is no transform %q", e.Name) }

// ExitCode is 2: the command line has to change.
func (e *UnknownStepError) ExitCode() int { return 2 }

// Hint names the nearest step.
func (e *UnknownStepError) Hint() string { return suggest.Hint(e.Name, e.Names) }

// Select returns the steps with these numbers, names or tables, and the models that follow them, in
// their own order; all without any.
func Select(steps []Step, only []string) ([]Step, error) {
	if len(only) == 0 {
		return steps, nil
	}
	chosen := map[string]bool{}
	for _, want := range only {
		found := false
		for _, step := range steps {
			if want == step.Number || want == step.Name || want == string(step.Table) {
				chosen[step.Name] = true
				found = true
			}
		}
		if !found {
			unknown := &UnknownStepError{Name: want}
			for _, step := range steps {
				unknown.Names = append(unknown.Names, step.Name)
			}
			return nil, unknown
		}
	}
	var out []Step
	reached := map[catalogue.Name]bool{}
	for _, step := range steps {
		follows := slices.ContainsFunc(step.Reads, func(name catalogue.Name) bool { return reached[name] })
		if !chosen[step.Name] && !follows {
			continue
		}
		out = append(out, step)
		if !step.Load { // a load alone changes nothing that a model has computed
			reached[step.Table] = true
			for _, name := range step.Writes {
				reached[name] = true
			}
		}
	}
	return out, nil
}

// Configured tells whether a load has a source. Other steps always have.
func (s Step) Configured(vars map[string]string) bool {
	return s.Source == "" || vars[s.Source] != ""
}

// optionalModel is the error about `-- optional` in the header of a model.
func optionalModel(file *sqlfile.File) error {
	at := sqlfile.Comment{Line: 1, Column: 1}
	for _, line := range file.HeaderLines() {
		if strings.TrimSpace(strings.TrimPrefix(line.Text, "--")) == "optional" {
			at = line
		}
	}
	return file.ErrorAt(at.Line, at.Column, "optional: only a load, a 0xx file, can be skipped", "remove the line", nil)
}

// Followers are the names of the steps that follow from a table, directly or not, in order.
func Followers(steps []Step, name catalogue.Name) []string {
	reached := map[catalogue.Name]bool{name: true}
	var out []string
	for _, step := range steps {
		if step.Load || !slices.ContainsFunc(step.Reads, func(n catalogue.Name) bool { return reached[n] }) {
			continue
		}
		reached[step.Table] = true
		for _, written := range step.Writes {
			reached[written] = true
		}
		out = append(out, step.Name)
	}
	return out
}
