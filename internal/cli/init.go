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
		Usage:     "create a new project",
		ArgsUsage: "DIR",
		Description: examples(
			`Writes dwh.yaml, with a comment on each setting of a project, and a small example about a bicycle
rental. The example runs at once, and its README.md is a tutorial. --template sparkify copies the
song-play warehouse that dwh ships, with its reports, checks and test cases. --template empty writes
only folders and dwh.yaml. Commands that you start in the folder find dwh.yaml and need no flags.
init never overwrites a file.`,
			"dwh init bikes", "dwh init shop --template empty",
			"dwh init . --template sparkify --database sparkify",
		),
		Flags: []cli.Flag{
			&cli.StringFlag{
				Name: "template", DefaultText: scaffold.Bikes,
				Usage: "begin with this template; `NAME` is " + strings.Join(scaffold.Templates(), ", "),
			},
			&cli.StringFlag{
				Name: "database", Usage: "`NAME` of the warehouse's database in the private PostgreSQL",
				DefaultText: "the folder's",
			},
			jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return &UsageError{
					Msg:    "init takes one DIR",
					Advice: `name the project's folder, "." for the working folder`,
					Usage:  "dwh init DIR [flags]", Help: "dwh init --help",
				}
			}
			if err := config.CheckPath(c.Args().First()); err != nil {
				return &UsageError{Msg: "DIR " + err.Error(), Help: "dwh init --help"}
			}
			// A dwh.yaml above the new folder is another project's.
			cfg, err := a.loadOnly(c, []string{"log_format", "strict", "database", "database_url"})
			if err != nil {
				return err
			}
			dir := filepath.Clean(c.Args().First())
			r := initRun{app: a, dir: dir, template: c.String("template"), json: c.Bool("json"), database: cfg.Database}
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
	template string
	json     bool
	// elsewhere is the variable that names another warehouse than the project's, "" for none.
	elsewhere string
}

func (r initRun) run() error {
	project, err := scaffold.Files(scaffold.Options{Template: r.template, Database: r.database})
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
		where = fmt.Sprintf("the one in %s, because this variable is set. Without it, the warehouse is "+
			"%s", r.elsewhere, where)
	}
	_, err = fmt.Fprintf(r.app.out.Stdout, "made the project in %s: %s\n\nNext:\n  %s\n\n%s The warehouse is %s.\n",
		r.dir, contents(project), strings.Join(next, "\n  "), r.advice(), where)
	return err
}

// next are the commands that try the project out.
func (r initRun) next() []string {
	var lines []string
	if r.dir != "." {
		lines = append(lines, "cd "+shellWord(r.dir))
	}
	switch r.template {
	case scaffold.Sparkify:
		return append(lines, "dwh sample --songs 1000 --events 50000 --out "+scaffold.SampleFolder, "dwh run",
			"dwh report top-artists")
	case scaffold.Empty:
		return append(lines, "dwh migrate create create_staging")
	}
	return append(lines, "dwh run", "dwh report best-days --chart", "dwh test")
}

// advice is a sentence about what comes then.
func (r initRun) advice() string {
	switch r.template {
	case scaffold.Sparkify:
		return "Then write your own sources into " + filepath.Join(r.dir, config.FileName) + "."
	case scaffold.Empty:
		return "Then write your sources under sources: in " + filepath.Join(r.dir, config.FileName) +
			", and a COPY and models into transforms/."
	}
	return filepath.Join(r.dir, "README.md") + " is the tutorial."
}

// contents is "2 migrations, 6 transforms, 1 report, 1 check, 1 test case, README.md and dwh.yaml".
func contents(project []scaffold.File) string {
	var words []string
	readme := false
	for _, kind := range []string{"migration", "transform", "report", "check", "test"} {
		seen := map[string]bool{}
		for _, file := range project {
			readme = readme || file.Name == "README.md"
			if name, ok := strings.CutPrefix(file.Name, kind+"s/"); ok && name != "" {
				name, _, _ = strings.Cut(name, "/")
				seen[name] = true
			}
		}
		if kind == "test" {
			kind = "test case"
		}
		if n := int64(len(seen)); n > 0 {
			words = append(words, counted(n, kind))
		}
	}
	if len(words) == 0 {
		words = append(words, "empty folders")
	}
	if readme {
		words = append(words, "README.md")
	}
	return strings.Join(words, ", ") + " and " + config.FileName
}

// shellWord quotes a path where a shell would take it apart.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%",
			r) || r > 0x7f
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
