package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/transform"
)

// sourceName is the flag --source NAME=URL.
const sourceName = "source"

// sourceFlags say where objects come from.
func sourceFlags() []cli.Flag {
	var flags []cli.Flag
	for _, doc := range config.Shorthands() {
		flags = append(flags, &cli.StringFlag{
			Name: config.FlagName(doc.Key),
			Usage: fmt.Sprintf("`URL` or path of the %s; short for --source %s=URL "+
				"(%s)", doc.Usage, doc.Key, doc.Env),
		})
	}
	return append(flags,
		&cli.GenericFlag{Name: sourceName, Value: new(sourceValues),
			Usage: "set the URL or path of a source, `NAME=URL`; repeatable (DWH_SOURCE_NAME)"},
		&cli.StringFlag{Name: "region", Usage: "the bucket's `REGION`"},
		&cli.StringFlag{Name: "iam-role", Usage: "IAM `ROLE` that Redshift uses to read S3: default or an ARN",
			DefaultText: "default"},
		&cli.BoolFlag{Name: "anonymous", Usage: "read a public bucket without credentials"},
		&cli.StringFlag{Name: "work-prefix", Usage: "s3:// `URL` under which dwh writes manifests for Redshift"},
	)
}

// sourceValues are the values of --source. They are no list to urfave/cli, which would part a URL
// at its commas.
type sourceValues []string

// Set implements cli.Generic.
func (v *sourceValues) Set(text string) error { *v = append(*v, text); return nil }

// String implements cli.Generic: there is no default to show.
func (*sourceValues) String() string { return "" }

// takeSources takes over the flags of the sources.
func takeSources(c *cli.Context, o *config.Options) {
	for _, doc := range config.Shorthands() {
		if name := config.FlagName(doc.Key); c.IsSet(name) {
			o.Flags[doc.Key] = c.String(name)
		}
	}
	if values, ok := c.Generic(sourceName).(*sourceValues); ok {
		o.Sources = *values
	}
}

// checkSourceFlags refuses a flag for a source that no COPY of the project names, and warns of a
// variable that is nearly the one of a source.
func (a *app) checkSourceFlags(c *cli.Context, cfg *config.Config) error {
	outside := func(s config.Source) bool { return s.Origin.Kind > config.File }
	if findFlag(c.Command.Flags, sourceName) == nil || !slices.ContainsFunc(cfg.SortedSources(), outside) {
		return nil
	}
	steps, ok := a.stepsOf(cfg)
	if !ok {
		return nil // the command says what is wrong with the project
	}
	known := sourceNames(steps)
	for _, sortedSource := range cfg.SortedSources() {
		if slices.Contains(known, sortedSource.Name) {
			continue
		}
		switch sortedSource.Origin.Kind {
		case config.Flag:
			return &UsageError{
				Msg: fmt.Sprintf(
					"%s: no COPY of the project uses the source %s", sortedSource.Origin,
					sortedSource.Name,
				),
				Advice: knownSources(sortedSource.Name, known),
			}
		case config.Environment:
			if near := suggest.Nearest(sortedSource.Name, known); near != "" && !config.IsShorthand(sortedSource.Name) {
				a.out.Warn(
					"%s: no COPY of the project uses the source %s; did you mean %s?",
					sortedSource.Origin, sortedSource.Name, near,
				)
			}
		}
	}
	return nil
}

// stepsOf are the steps of the configured project, where they can be read.
func (a *app) stepsOf(cfg *config.Config) ([]transform.Step, bool) {
	p, err := a.openProject(cfg)
	if err != nil {
		return nil, false
	}
	engine, err := engineOf(cfg)
	if err != nil {
		return nil, false
	}
	steps, err := p.steps(engine)
	return steps, err == nil
}

// sourceExample is a source on a command line: --song-data URL, or --source orders=URL.
func sourceExample(name, url string) string {
	flag := config.SourceFlag(name)
	if strings.HasSuffix(flag, "=") {
		return flag + url
	}
	return flag + " " + url
}

// fitSourceFlags hides the short flags of sources that the project at hand does not have.
func (a *app) fitSourceFlags() {
	steps, ok := a.stepsAtHand()
	if !ok {
		return
	}
	known := sourceNames(steps)
	var walk func(commands []*cli.Command)
	walk = func(commands []*cli.Command) {
		for _, c := range commands {
			for _, f := range c.Flags {
				hideForeign(f, known)
			}
			walk(c.Subcommands)
		}
	}
	walk(a.root.Commands)
}

// fitted are the source flags of the project at hand.
func (a *app) fitted() []cli.Flag {
	flags := sourceFlags()
	if steps, ok := a.stepsAtHand(); ok {
		for _, f := range flags {
			hideForeign(f, sourceNames(steps))
		}
	}
	return flags
}

// hideForeign hides a short flag of a source that is not among the known ones.
func hideForeign(f cli.Flag, known []string) {
	name := strings.ReplaceAll(f.Names()[0], "-", "_")
	if f, ok := f.(*cli.StringFlag); ok && config.IsShorthand(name) && !slices.Contains(known, name) {
		f.Hidden = true
	}
}

// stepsAtHand are the transforms of the project at hand, as far as they can be read.
func (a *app) stepsAtHand() ([]transform.Step, bool) {
	p, err := a.projectAtHand()
	if err != nil {
		return nil, false // the command itself says what is wrong with the project
	}
	steps, err := p.stepsIfAny(sqlfile.Postgres)
	return steps, err == nil
}

// Words that stand in examples for what the project at hand has.
const (
	sourcesWord = "@sources" // the flags of the sources that it needs
	stepWord    = "@step"    // its last transform
	checksWord  = "@checks"  // its first two checks
)

// fillExamples puts the names of the project's sources, transforms and checks into examples.
func (a *app) fillExamples(text string) string {
	if strings.Contains(text, stepWord) {
		name := "110_d_customer"
		if steps := a.knownSteps(); len(steps) > 0 {
			name = steps[len(steps)-1]
		}
		text = strings.ReplaceAll(text, stepWord, name)
	}
	if strings.Contains(text, checksWord) {
		names := a.knownChecks()
		text = strings.ReplaceAll(text, checksWord, strings.Join(names[:min(2, len(names))], " "))
	}
	if !strings.Contains(text, sourcesWord) {
		return text
	}
	steps, _ := a.stepsAtHand()
	var flags []string
	for _, need := range transform.Missing(steps, nil) {
		url := "s3://bucket/" + need.Source + "/"
		if need.JSONPaths {
			url = "s3://bucket/" + need.Source + ".json"
		}
		for _, doc := range config.Shorthands() {
			if doc.Key == need.Source {
				url = doc.Example
			}
		}
		if flag := sourceExample(need.Source, url); !slices.Contains(flags, flag) {
			flags = append(flags, flag)
		}
	}
	with := strings.Join(flags, " ")
	if with == "" {
		return strings.ReplaceAll(text, " "+sourcesWord, "")
	}
	return strings.ReplaceAll(text, sourcesWord, with)
}
