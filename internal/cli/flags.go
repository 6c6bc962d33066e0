package cli

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/table"
)

// globalFlags are accepted by every command, anywhere on the command line. Values reach the
// commands through load, so flags that are settings carry no environment variable here: config
// reads those.
func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Usage: "read `FILE` instead of the dwh.yaml in the working folder, or above " +
			"it up to the repository's root"},
		&cli.StringFlag{Name: "log-format", Usage: "write log lines as `FORMAT`: text or json", DefaultText: "text"},
		&cli.BoolFlag{Name: "strict", Usage: "treat warnings as errors"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "log more"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"},
			Usage: "print no progress; results, warnings and errors stay"},
		&cli.BoolFlag{Name: "version", Aliases: []string{"V"}, Usage: "print the version"},
	}
}

// connectionFlags say which warehouse a command works on.
func connectionFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{
			Name: "database-url",
			Usage: "`URL` of the warehouse; prefer DWH_DATABASE_URL or DATABASE_URL; without any, dwh starts a " +
				"private PostgreSQL",
		},
		&cli.StringFlag{Name: "engine", Usage: "`ENGINE` of the warehouse: postgres or " +
			"redshift", DefaultText: "detected"},
		dataDirFlag(),
	}
}

// dataDirFlag names the private PostgreSQL's folder.
func dataDirFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "data-dir", Usage: "data `FOLDER` of the private PostgreSQL (DWH_DATA_DIR)",
		DefaultText: "a folder in the user's data home",
	}
}

// waitFlag is for commands that write.
func waitFlag() cli.Flag {
	return &cli.BoolFlag{Name: "wait", Usage: "wait until another writer ends, instead of failing"}
}

// projectFlag is for commands that read migrations, transforms, reports or checks.
func projectFlag() cli.Flag {
	return &cli.StringFlag{
		Name:  "project",
		Usage: "use the project in `FOLDER`: its migrations/, transforms/, reports/, checks/ and tests/",
	}
}

// jsonFlag is for commands whose output has one other form.
func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print JSON"}
}

// formatFlag is for commands that print a table.
func formatFlag() cli.Flag {
	var names []string
	for _, f := range table.Formats() {
		names = append(names, string(f))
	}
	return &cli.StringFlag{
		Name: "format", Aliases: []string{"f"},
		Usage: "print as `FORMAT`: " + strings.Join(names, ", "), Value: string(table.Text),
	}
}

// yesFlag is for commands that delete.
func yesFlag() cli.Flag {
	return &cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "delete; without --yes nothing is deleted"}
}

// settingFlag is the flag of a setting, documented as the configuration documents it.
func settingFlag(key string) cli.Flag {
	for _, doc := range config.Documentation() {
		if doc.Key == key {
			return &cli.StringFlag{Name: config.FlagName(key), Usage: doc.Usage, DefaultText: doc.Default}
		}
	}
	panic("there is no setting " + key)
}

// hidden returns flags that are accepted and not shown: for commands that need no source but are
// called with the same flags as those that do.
func hidden(flags []cli.Flag) []cli.Flag {
	for _, f := range flags {
		switch f := f.(type) {
		case *cli.StringFlag:
			f.Hidden = true
		case *cli.BoolFlag:
			f.Hidden = true
		case *cli.GenericFlag:
			f.Hidden = true
		}
	}
	return flags
}

// textFlag is a flag whose value may be the empty text, such as a report's parameter.
type textFlag struct{ *cli.StringFlag }

// flagSet joins sets of flags.
func flagSet(sets ...[]cli.Flag) []cli.Flag {
	var all []cli.Flag
	for _, set := range sets {
		all = append(all, set...)
	}
	return all
}
