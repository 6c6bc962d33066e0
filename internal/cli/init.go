package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/scaffold"
)

func (a *app) initCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make the folder of a project of your own",
		ArgsUsage: "DIR",
		Description: examples(`Writes dwh.yaml with a comment on every setting, and the SQL of the warehouse that dwh ships, to be changed: migrations, transforms,
an example of a report and of a check. Commands that are called in the folder find dwh.yaml and need no flags. Nothing is ever overwritten.`,
			"dwh init warehouse", "dwh init . --database sparkify", "dwh init warehouse --minimal"),
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "minimal", Usage: "leave migrations and transforms to dwh: only settings, reports and checks are the project's"},
			&cli.StringFlag{Name: "database", Usage: "the warehouse's `NAME` in the private PostgreSQL", DefaultText: "the folder's"},
			jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 || c.Args().First() == "" {
				return &UsageError{Msg: "init takes one DIR", Advice: `name the project's folder, "." for the working folder`, Usage: "dwh init DIR [flags]", Help: "dwh init --help"}
			}
			// A dwh.yaml above the new folder is another project's.
			cfg, err := a.loadOnly(c, []string{"log_format", "strict", "database", "database_url"})
			if err != nil {
				return err
			}
			dir := filepath.Clean(c.Args().First())
			r := initRun{app: a, dir: dir, minimal: c.Bool("minimal"), json: c.Bool("json"), database: cfg.Database}
			if cfg.DatabaseURL != "" {
				r.elsewhere = cfg.Origin("database_url").Name
			}
			if cfg.Origin("database").Kind == config.Default {
				full, err := filepath.Abs(dir)
				if err != nil {
					return fmt.Errorf("find the project's folder: %w", err)
				}
				r.database = scaffold.DatabaseName(full)
			}
			return r.run()
		},
	}
}

// initRun performs dwh init.
type initRun struct {
	app      *app
	dir      string
	database string
	minimal  bool
	json     bool
	// elsewhere is the variable that names another warehouse than the project's, "" for none.
	elsewhere string
}

func (r initRun) run() error {
	project, err := scaffold.Files(scaffold.Options{Database: r.database, Minimal: r.minimal})
	if err != nil {
		return err
	}
	if err := scaffold.Write(r.dir, project); err != nil {
		return err
	}
	next := r.next()
	if r.json {
		out := struct {
			Dir      string   `json:"dir"`
			Database string   `json:"database"`
			Files    []string `json:"files"`
			Next     []string `json:"next"`
		}{Dir: r.dir, Database: r.database, Next: next}
		for _, file := range project {
			out.Files = append(out.Files, file.Name)
		}
		return writeJSON(r.app.out, out)
	}
	where := fmt.Sprintf("the database %s of the private PostgreSQL", r.database)
	if r.elsewhere != "" {
		where = fmt.Sprintf("that of %s, which is set; unset it, and it is %s", r.elsewhere, where)
	}
	_, err = fmt.Fprintf(r.app.out.Stdout, "made the project in %s: %s\n\nNext:\n  %s\n\nThen name your own data in %s. The warehouse is %s.\n",
		r.dir, contents(project), strings.Join(next, "\n  "), filepath.Join(r.dir, config.FileName), where)
	return err
}

// next are the commands that try the project out.
func (r initRun) next() []string {
	var lines []string
	if r.dir != "." {
		lines = append(lines, "cd "+shellWord(r.dir))
	}
	return append(lines,
		"dwh sample --songs 1000 --events 50000 --out "+scaffold.SampleFolder,
		"dwh run",
		"dwh report busiest-listeners --level paid",
		"dwh check",
	)
}

// contents is "5 migrations, 12 transforms, 1 report, 1 check, README.md and dwh.yaml".
func contents(project []scaffold.File) string {
	var words []string
	for _, kind := range []string{"migration", "transform", "report", "check"} {
		var n int64
		for _, file := range project {
			if strings.HasPrefix(file.Name, kind+"s/") {
				n++
			}
		}
		if n > 0 {
			words = append(words, counted(n, kind))
		}
	}
	return strings.Join(append(words, "README.md"), ", ") + " and " + config.FileName
}

// shellWord quotes a path where a shell would take it apart.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%", r) || r > 0x7f
	}
	if strings.HasPrefix(word, "-") {
		word = "." + string(os.PathSeparator) + word
	}
	switch {
	case strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0:
		return word
	case runtime.GOOS == "windows":
		return `"` + word + `"`
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
