package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
)

func (a *app) manCommand() *cli.Command {
	return &cli.Command{
		Name:  "man",
		Usage: "print the manual page dwh(1)",
		Description: examples("The page holds every command, flag, setting, environment variable and exit code.",
			"dwh man | man -l -",
			"dwh man > ~/.local/share/man/man1/dwh.1"),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return &UsageError{Msg: fmt.Sprintf("unexpected argument %q", c.Args().First()), Help: "dwh man --help"}
			}
			a.fitSourceFlags()
			m := &manual{app: a}
			m.write()
			_, err := io.WriteString(a.out.Stdout, m.out.String())
			return err
		},
	}
}

// environment are the variables that are no settings of dwh.yaml.
func environment() [][2]string {
	return [][2]string{
		{"DATABASE_URL", "the warehouse, where DWH_DATABASE_URL is not set"},
		{"DWH_TOKEN", "the token that dwh serve requires from clients"},
		{"DWH_PG_BIN", "the folder of the PostgreSQL programs for the private server"},
		{"DWH_DEBUG", "any value: print the stack when dwh itself has a fault"},
		{
			"PGPASSFILE, PGPASSWORD, PGSERVICEFILE, PGSSLROOTCERT",
			"as for psql; used for your own server, not for the private one",
		},
		{
			"AWS_PROFILE, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN",
			"credentials for S3, SQS and Redshift, as for the AWS CLI",
		},
		{"AWS_ENDPOINT_URL_S3", "an S3-compatible server in place of AWS's"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "where traces are sent; the other OTEL_ variables have their usual meaning"},
		{"NO_COLOR", "any value: no colours"},
		{"COLUMNS", "the width of tables and help"},
	}
}

// manFiles are the files that dwh reads and writes by itself.
func manFiles() [][2]string {
	return [][2]string{
		{
			"dwh.yaml",
			"settings, searched from the working folder upwards to the home folder or the root " +
				"of a repository; one that others can write is ignored",
		},
		{"migrations/, transforms/, reports/, checks/", "the SQL of a project (setting project)"},
		{"~/.local/share/dwh", "the private PostgreSQL; /var/lib/dwh for root"},
		{"~/.pgpass, ~/.pg_service.conf", "as for psql; used for your own server, not for the private one"},
	}
}

// manual writes a page in the man macros of troff, in the subset that groff and mandoc share.
type manual struct {
	app *app
	out strings.Builder
}

func (m *manual) write() {
	root := m.app.root
	m.macro("TH", "DWH", "1", "", "dwh "+Version(), "User Commands")
	m.macro("SH", "NAME")
	m.text("dwh - " + root.Usage)
	m.macro("SH", "SYNOPSIS")
	m.bold("dwh")
	m.text("COMMAND [ARGUMENT...] [FLAG...]")
	m.macro("SH", "DESCRIPTION")
	text, pasted, _ := strings.Cut(m.app.fillExamples(root.Description), examplesTitle)
	m.paragraphs(text)
	m.macro("PP")
	m.text(
		"Flags may stand before and after arguments. Results go to standard output, everything else to standard error.",
	)
	m.macro("SH", "COMMANDS")
	for _, c := range root.Commands {
		m.command("dwh", c, nil)
	}
	m.macro("SH", "GLOBAL OPTIONS")
	m.flags(root.Flags)
	m.macro("SH", "CONNECTION OPTIONS")
	m.flags(connectionFlags())
	m.macro("SH", "SOURCE OPTIONS")
	m.flags(m.app.fitted())
	if steps, ok := m.app.stepsAtHand(); ok && len(sourceNames(steps)) > 0 {
		m.macro("PP")
		m.text("The sources of the project at hand:")
		for _, s := range sourcesOf(steps, config.Defaults()) {
			usage := "for " + s.loads()
			if s.optional() {
				usage += "; optional"
			}
			m.item(s.name, usage)
		}
	}
	m.macro("SH", "SETTINGS")
	m.text(
		"Keys of dwh.yaml; a.b means the key b in the mapping a. A flag beats an environment variable, which beats " +
			"the file. Further keys under",
	)
	m.bold("variables")
	m.text("are values for :'name' in a project's SQL.")
	for _, doc := range config.Documentation() {
		usage := strings.ReplaceAll(doc.Usage, "`", "")
		if doc.Default != "" {
			usage += " (default " + doc.Default + ")"
		}
		m.item(doc.Key+", "+doc.Env, usage)
	}
	m.item("sources.NAME, DWH_SOURCE_NAME",
		"where a COPY FROM :'NAME' finds its objects: an s3:// or file:// URL, or a path")
	m.macro("SH", "ENVIRONMENT")
	m.text("The list of settings above names the variable of each setting.")
	m.items(environment())
	m.macro("SH", "FILES")
	m.items(manFiles())
	m.macro("SH", "EXIT STATUS")
	m.items(exitCodes())
	m.macro("SH", "EXAMPLES")
	m.verbatim(pasted)
	m.macro("SH", "SEE ALSO")
	m.text("psql(1), postgres(1)")
}

// command writes a command and those under it. inherited are the flags of its parents.
func (m *manual) command(parent string, c *cli.Command, inherited []cli.Flag) {
	if c.Hidden {
		return
	}
	name := parent + " " + c.Name
	m.macro("SS", usageLine(name, c))
	m.text(upper(c.Usage) + ".")
	text, pasted, _ := strings.Cut(m.app.fillExamples(c.Description), examplesTitle)
	if strings.TrimSpace(text) != "" {
		m.macro("PP")
		m.paragraphs(text)
	}
	own := slices.Concat(c.Flags, inherited)
	var shared []string
	for _, set := range []struct {
		name  string
		flags []cli.Flag
	}{{"connection", connectionFlags()}, {"source", m.app.fitted()}} {
		in := func(f cli.Flag) bool { return slices.Contains(flagNames(set.flags), f.Names()[0]) }
		var found int
		for _, f := range own {
			if in(f) && visible(f) {
				found++
			}
		}
		if found == len(flagNames(set.flags)) {
			shared = append(shared, set.name)
			own = slices.DeleteFunc(own, in)
		}
	}
	m.flags(own)
	if len(shared) > 0 {
		m.macro("PP")
		m.text("It takes the " + strings.Join(shared, " and ") + " options too.")
	}
	if strings.TrimSpace(pasted) != "" {
		m.verbatim(pasted)
	}
	for _, sub := range c.Subcommands {
		m.command(name, sub, slices.Concat(c.Flags, inherited))
	}
}

func (m *manual) flags(flags []cli.Flag) { m.items(flagRows(flags)) }

func (m *manual) items(rows [][2]string) {
	for _, row := range rows {
		m.item(row[0], row[1])
	}
}

func (m *manual) item(tag, text string) {
	m.macro("TP")
	m.bold(tag)
	m.text(upper(text) + ".")
}

// bold is a line of its own in bold.
func (m *manual) bold(text string) { m.macro("B", text) }

// macro writes a request with its arguments.
func (m *manual) macro(name string, args ...string) {
	m.out.WriteString("." + name)
	for _, arg := range args {
		m.out.WriteString(` "` + strings.ReplaceAll(roff(arg), `"`, `\(dq`) + `"`)
	}
	m.out.WriteString("\n")
}

// text writes a line of text to be filled.
func (m *manual) text(text string) { m.line(strings.Join(strings.Fields(text), " ")) }

// line keeps a line from being taken for a request.
func (m *manual) line(text string) {
	text = roff(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	m.out.WriteString(text + "\n")
}

// paragraphs writes text whose empty lines part paragraphs.
func (m *manual) paragraphs(text string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			m.macro("PP")
		}
		m.text(paragraph)
	}
}

// verbatim writes command lines as they stand.
func (m *manual) verbatim(text string) {
	m.macro("PP")
	m.macro("nf")
	m.macro("RS", "4")
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		m.line(strings.TrimSpace(line))
	}
	m.macro("RE")
	m.macro("fi")
}

// roff escapes what troff would take for its own: the backslash, the hyphen, which would not paste
// as a minus sign, and what is not ASCII.
func roff(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			out.WriteString(`\e`)
		case r == '-':
			out.WriteString(`\-`)
		case r == '^':
			out.WriteString(`\(ha`)
		case r == '~':
			out.WriteString(`\(ti`)
		case r == '`':
			out.WriteString(`\(ga`)
		case r > 0x7e:
			fmt.Fprintf(&out, `\[u%04X]`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// upper begins a sentence, unless it begins with a name: "dwh.yaml", "s3://".
func upper(text string) string {
	first, _, _ := strings.Cut(text, " ")
	if text == "" || strings.ContainsAny(first, ".:/_") || first == "dwh" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
