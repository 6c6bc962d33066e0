package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/embedded"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/migrations"
)

// embedded tells whether the warehouse is the embedded project's: its migrations and transforms
// are. Such a project may have reports and checks of its own.
func (p project) embedded() bool {
	return !p.ownTransforms() && p.migrations == fs.FS(migrations.FS)
}

// allReports are the project's reports. With the embedded project its reports come first, and one
// of the same name in reports/ takes the place of one of them. With an error the embedded ones are
// returned too, which run whatever is wrong with a file.
func (p project) allReports(engine sqlfile.Engine) ([]report.Report, error) {
	var all []report.Report
	if p.embedded() {
		all = embedded.Reports()
	}
	if p.reports == nil {
		return all, nil
	}
	own, err := report.Project(p.reports, p.reportsDir, engine)
	if err == nil {
		err = checkParams(own)
	}
	if err != nil {
		return all, err
	}
	mine := func(r report.Report) bool {
		return slices.ContainsFunc(own, func(o report.Report) bool { return o.Name == r.Name })
	}
	linked, err := report.Linked(override(slices.Clone(all), own, func(r report.Report) string { return r.Name }), mine)
	if err != nil {
		return all, err
	}
	return linked, nil
}

// checkParams refuses a parameter that is called as a flag of dwh report, or as its short form: the
// flag would take its value. The flags of sources, which a report has no use for, make room.
func checkParams(own []report.Report) error {
	flags := slices.Concat(
		globalFlags(), connectionFlags(), []cli.Flag{projectFlag(), cli.HelpFlag}, reportFlags(),
	)
	for _, r := range own {
		for _, param := range r.Params {
			i := slices.IndexFunc(flags, func(f cli.Flag) bool {
				return visible(f) && slices.Contains(f.Names(), param.Name)
			})
			if i < 0 {
				continue
			}
			msg := fmt.Sprintf("param: --%s is already a flag of dwh report", param.Name)
			if long := flags[i].Names()[0]; long != param.Name {
				msg = fmt.Sprintf("param: -%s is already the short form of --%s, a flag of dwh report", param.Name,
					long)
			}
			return r.ParamError(param.Name, msg, "give the parameter another name")
		}
	}
	return nil
}

// findReports finds what app.knownReports returns.
func (a *app) findReports() []report.Report {
	p, err := a.projectAtHand()
	if err != nil {
		return embedded.Reports()
	}
	all, err := p.allReports(sqlfile.Postgres)
	a.brokenReports = err
	return all
}

// explainFlags adds to the error of a flag that is not known which parameters the report has; where
// a file of the project's reports is wrong, which may declare the flag, it says that instead.
func (a *app) explainFlags(err error) error {
	var usage *UsageError
	if !errors.As(err, &usage) || usage.Help != "dwh report --help" || !strings.HasPrefix(usage.Msg, "unknown flag") {
		return err
	}
	if a.brokenReports != nil {
		return a.brokenReports
	}
	for _, word := range a.args {
		r, missing := report.Find(a.knownReports(), word)
		if missing == nil {
			hint := "the report " + r.Name + " has " + r.Flags()
			if usage.Advice != "" {
				hint = sentences([]string{usage.Advice, hint})
			}
			usage.Advice = hint
			break
		}
	}
	return err
}

// hasReports tells whether the reports are those of the embedded project, and perhaps more.
func hasReports(all, shipped []report.Report) bool {
	return !slices.ContainsFunc(shipped, func(r report.Report) bool {
		_, err := report.Find(all, r.Name)
		return err != nil
	})
}

// reportExamples are command lines with reports of the project at hand.
func (a *app) reportExamples() []string {
	all := a.knownReports()
	if hasReports(all, embedded.Reports()) {
		return embedded.ReportExamples()
	}
	out := []string{"dwh report list"}
	for _, r := range all {
		out = append(out, "dwh report "+r.Name+r.Example())
		if len(out) == 4 {
			break
		}
	}
	return append(out, "dwh report --all -o report.html")
}
