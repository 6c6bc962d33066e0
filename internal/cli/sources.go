package cli

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/transform"
)

// source is a place that COPYs of the project name, and where it is.
type source struct {
	name   string // the variable's; of a COPY that names the place itself, the load's
	url    string // without secrets; "" where it is not given
	origin string // where its URL comes from: /shop/dwh.yaml:3, DWH_SOURCE_ORDERS, --source orders
	needs  []load.Need
}

// optional tells whether the loads are skipped where the source is not given.
func (s source) optional() bool {
	return !slices.ContainsFunc(s.needs, func(need load.Need) bool { return !need.File.Optional })
}

// loads are the names of the loads that need the source.
func (s source) loads() string {
	var names []string
	for _, need := range s.needs {
		names = append(names, need.File.Name)
	}
	return strings.Join(names, ", ")
}

// state is where the source is and who says so, in one line.
func (s source) state() string {
	switch {
	case s.url != "":
		return fmt.Sprintf("%s (%s)", s.url, s.origin)
	case s.optional():
		return "not given; " + s.loads() + " is skipped"
	}
	return "not given"
}

// sourcesOf lists the sources of the steps, in the order of the steps.
func sourcesOf(steps []transform.Step, cfg *config.Config) []source {
	var out []source
	for _, step := range steps {
		for _, need := range step.Needs() {
			s := source{name: need.Source}
			given, known := cfg.Sources[need.Source]
			switch {
			case need.Literal != "" && need.JSONPaths:
				continue // a part of the load that is listed for its objects
			case need.Literal != "":
				place := need.ErrorAt("", "")
				s = source{name: step.Name, url: need.Literal, origin: fmt.Sprintf("%s:%d", place.File, place.Line)}
			case known:
				s.url, s.origin = given.URL, given.Origin.String()
			case cfg.Variables[need.Source] != "":
				if need.JSONPaths { // such as 'auto'
					continue
				}
				s.url, s.origin = cfg.Variables[need.Source], cfg.Origin("variables."+need.Source).String()
			}
			s.url = config.RedactDSN(s.url)
			at := slices.IndexFunc(out, func(other source) bool { return other.name == s.name })
			if at < 0 {
				out, at = append(out, s), len(out)
			}
			out[at].needs = append(out[at].needs, need)
		}
	}
	return out
}

// sourceNames are the names of the sources of the steps, in the order of the steps.
func sourceNames(steps []transform.Step) []string {
	var names []string
	for _, step := range steps {
		for _, need := range step.Needs() {
			if need.Source != "" && !slices.Contains(names, need.Source) {
				names = append(names, need.Source)
			}
		}
	}
	return names
}

// A sourceError is a place in a load's file whose source is not given, or one in another file that
// gives a source nobody needs. The configuration has to change.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }

// Unwrap returns the error with its place.
func (e *sourceError) Unwrap() error { return e.err }

// ExitCode returns 2.
func (*sourceError) ExitCode() int { return exitUsage }

// checkSources refuses a run whose loads lack a source, or what their COPY needs beside it. only
// limits the run to some steps.
func (a *app) checkSources(cfg *config.Config, only []string) error {
	p, err := a.openProject(cfg)
	if err != nil {
		return err
	}
	engine, err := engineOf(cfg)
	if err != nil {
		return err
	}
	all, err := p.steps(engine)
	if err != nil {
		return err
	}
	steps, err := transform.Select(all, only)
	if err != nil {
		return err
	}
	vars := cfg.SQLVariables()
	if missing := transform.Missing(steps, vars); len(missing) > 0 {
		return missingSources(missing, all, cfg)
	}
	for _, step := range steps {
		if err := missingValue(step, engine, vars); err != nil {
			return err
		}
		if err := movingPath(step, cfg); err != nil {
			return err
		}
	}
	return unknownSources(all, cfg)
}

// missingSources is the error about sources that are not given.
func missingSources(missing []load.Need, all []transform.Step, cfg *config.Config) error {
	var names []string
	for _, need := range missing {
		if !slices.Contains(names, need.Source) {
			names = append(names, need.Source)
		}
	}
	msg := fmt.Sprintf("the source %s is not given", names[0])
	if len(names) > 1 {
		msg = fmt.Sprintf("the sources %s are not given", enumerated(names))
	}
	known := sourceNames(all)
	var given, unused, hints []string
	for _, sortedSource := range cfg.SortedSources() {
		if sortedSource.URL == "" {
			continue
		}
		given = append(given, sortedSource.Name)
		if !slices.Contains(known, sortedSource.Name) {
			unused = append(unused, sortedSource.Name)
		}
	}
	if hint := forgottenProject(cfg); hint != "" {
		hints = append(hints, hint)
	}
	for _, name := range names {
		if near := suggest.Nearest(name, unused); near != "" {
			hints = append(hints, fmt.Sprintf("did you mean %s, which is set by %s?", near, cfg.Sources[near].Origin))
			break
		}
	}
	var flags []string
	for _, name := range names {
		flags = append(flags, sourceExample(name, "URL"))
	}
	switch {
	case len(names) == 1:
		hints = append(hints, fmt.Sprintf("write %s, or %s: URL under sources: in dwh.yaml", flags[0], names[0]))
	default:
		hints = append(
			hints,
			fmt.Sprintf("write %s, or name them under sources: in dwh.yaml", strings.Join(flags, " ")),
		)
	}
	if len(given) > 0 {
		hints = append(hints, "the sources that are given: "+strings.Join(given, ", "))
	} else {
		hints = append(hints, `"dwh transform --replay" needs no source`)
		if note := shippedProject(cfg); note != "" {
			return &sourceError{missing[0].ErrorAt(msg, suggest.Note(sentences(hints), note))}
		}
	}
	if len(given) > 0 && len(known) > len(names) {
		hints = append(hints, `"dwh transform --only" runs some of the steps`)
	}
	return &sourceError{missing[0].ErrorAt(msg, sentences(hints))}
}

// sentences joins hints: behind a question stands no semicolon.
func sentences(hints []string) string {
	return strings.ReplaceAll(strings.Join(hints, "; "), "?; ", "? ")
}

// enumerated is "a, b and c".
func enumerated(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// unknownSources refuses a source of the project's dwh.yaml that no COPY names. A file that belongs
// to another project than the one at hand may name others.
func unknownSources(steps []transform.Step, cfg *config.Config) error {
	if from := cfg.Origin("project").Kind; from > config.File && filepath.Dir(cfg.Path) != filepath.Clean(cfg.Project) {
		return nil
	}
	known := sourceNames(steps)
	for _, sortedSource := range cfg.SortedSources() {
		if sortedSource.Origin.Kind == config.File && !slices.Contains(known, sortedSource.Name) {
			return cfg.SourceError(sortedSource.Name, fmt.Sprintf(
				"no COPY of the project uses the source %s", sortedSource.Name,
			),
				cmp.Or(forgottenProject(cfg), knownSources(sortedSource.Name, known)))
		}
	}
	return nil
}

// shippedProject is what to do where there is no dwh.yaml and the user may have meant a project of
// their own: the embedded one runs then.
func shippedProject(cfg *config.Config) string {
	// of a file that is ignored a warning has told
	if cfg.Path != "" || cfg.Ignored != "" || cfg.Project != "" {
		return ""
	}
	return fmt.Sprintf("no %s here or above: this is the song-play project that dwh ships; for yours, cd into it "+
		"or give --project DIR", config.FileName)
}

// forgottenProject is what to do where dwh.yaml lies in a project's folder and does not say so: the
// embedded project runs then.
func forgottenProject(cfg *config.Config) string {
	if cfg.Path == "" || cfg.Project != "" {
		return ""
	}
	folder := filepath.Join(filepath.Dir(cfg.Path), "transforms")
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return ""
	}
	return fmt.Sprintf("to use the SQL in %s, write project: . into %s", filepath.Dir(cfg.Path), cfg.Path)
}

// knownSources is what to do about a source that no COPY names.
func knownSources(name string, known []string) string {
	if len(known) == 0 {
		return "no COPY of the project names a source"
	}
	hint := "the sources of the project are: " + strings.Join(known, ", ")
	if len(known) == 1 {
		hint = "the only source of the project is " + known[0]
	}
	if near := suggest.Nearest(name, known); near != "" {
		hint = fmt.Sprintf("did you mean %s? ", near) + hint
	}
	return hint
}

// missingValue refuses a load that has a source and lacks another value.
func missingValue(step transform.Step, engine sqlfile.Engine, vars map[string]string) error {
	if !step.Load || !step.Configured(vars) {
		return nil
	}
	for _, statement := range step.File.Statements(engine) {
		for _, variable := range statement.Variables() {
			// COPY's own rules let these two be left out.
			if _, ok := vars[variable.Name]; ok || variable.Name == "iam_role" || variable.Name == "region" {
				continue
			}
			return &sourceError{statement.ErrorAt(variable.Start, fmt.Sprintf("%s has no value", variable.Name),
				fmt.Sprintf("write %s: VALUE under variables: in dwh.yaml", variable.Name), nil)}
		}
	}
	return nil
}

// movingPath refuses a relative path that stands under variables: and names a source: it would mean
// another folder wherever dwh is started.
func movingPath(step transform.Step, cfg *config.Config) error {
	for _, need := range step.Needs() {
		value := cfg.Variables[need.Source]
		if _, given := cfg.Sources[need.Source]; given || need.JSONPaths || value == "" ||
			strings.Contains(value, "://") || filepath.IsAbs(value) {
			continue
		}
		msg := fmt.Sprintf("the relative path %q of a source depends on the folder where dwh starts", value)
		return cfg.KeyError("variables."+need.Source, msg, "move the line to sources:, where paths are relative to "+
			"the file", nil)
	}
	return nil
}
