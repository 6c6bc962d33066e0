package cli

import (
	"errors"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/nativecopy"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// copyRule is about COPY statements, which each engine executes in its own way.
var copyRule = lint.Rule{
	Name:    "copy",
	Why:     "a run on one of the engines refuses the COPY (a warning; with engine: postgres, an error)",
	Instead: "see the hint",
}

// lintCopies finds the COPY statements that a run would refuse, by the checks of a run. A finding
// is a warning, or in a project for PostgreSQL alone an error. A COPY that cannot be read without
// values that are not given is left to the run.
func (p project) lintCopies(cfg *config.Config) (faults, warnings []lint.Finding) {
	for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		check, list := clientcopy.Check, &warnings
		switch {
		case postgresAlone(cfg) && engine == sqlfile.Redshift:
			continue
		case postgresAlone(cfg):
			list = &faults
		case engine == sqlfile.Redshift:
			check = nativecopy.Check
		}
		steps, err := p.stepsIfAny(engine)
		if err != nil {
			return nil, nil // lintModels tells what is wrong
		}
		for _, step := range steps {
			statement := copyOf(step.Needs(), cfg)
			var fault *sqlfile.Error
			if statement != nil && errors.As(check(statement), &fault) {
				rule := copyRule
				rule.Instead = fault.Hint
				*list = append(*list, lint.Finding{Rule: rule, Err: fault})
			}
		}
	}
	return faults, warnings
}

// copyOf is the COPY of a load, with stand-ins for the sources that are not given; nil where it
// cannot be read.
func copyOf(needs []load.Need, cfg *config.Config) *copystmt.Statement {
	if len(needs) == 0 {
		return nil
	}
	vars := cfg.SQLVariables()
	for _, need := range needs {
		if need.Source != "" && vars[need.Source] == "" {
			vars[need.Source] = "s3://bucket/" + need.Source
		}
	}
	statement, err := needs[0].File.Statement(vars)
	if err != nil {
		return nil
	}
	return statement
}
