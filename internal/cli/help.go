package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/table"
)

const examplesTitle = "Examples:"

// examples returns a command's description: the text, and command lines that can be pasted, which
// end the help.
func examples(text string, lines ...string) string {
	var out strings.Builder
	if text != "" {
		out.WriteString(text + "\n\n")
	}
	out.WriteString(examplesTitle)
	for _, line := range lines {
		out.WriteString("\n  " + line)
	}
	return out.String()
}

// writeHelp prints the help of the command at the end of the path, or of the program.
func (a *app) writeHelp(w io.Writer, path []*cli.Command) error {
	name, usage, description := a.root.Name, a.root.Usage, a.root.Description
	commands, flags := a.root.Commands, a.root.Flags
	var command *cli.Command
	if len(path) > 0 {
		command = path[len(path)-1]
		for _, c := range path {
			name += " " + c.Name
		}
		usage, description, commands, flags = command.Usage, command.Description, command.Subcommands, command.Flags
	}
	text, pasted, _ := strings.Cut(a.fillExamples(description), examplesTitle)

	var out strings.Builder
	width := a.out.helpWidth(a.env)
	fmt.Fprintf(&out, "%s\n\nUsage:\n  %s\n", table.Wrap(name+": "+usage, width, 2), table.Wrap(usageLine(name,
		command), width-2, 4))
	if text = strings.TrimSpace(text); text != "" {
		out.WriteString("\n" + table.Wrap(filled(text, width), width, 0) + "\n")
	}
	var rows [][2]string
	for _, c := range commands {
		if !c.Hidden {
			rows = append(rows, [2]string{strings.Join(c.Names(), ", "), c.Usage})
		}
	}
	section(&out, "Commands", rows, width)
	if command != nil {
		for _, group := range flagGroups(flags) {
			section(&out, group.title, flagRows(group.flags), width)
		}
		// A command's parents are groups; what they declare is for all below.
		for _, parent := range path[:len(path)-1] {
			section(&out, "Flags of "+parent.Name, flagRows(parent.Flags), width)
		}
	}
	section(&out, "Global flags", flagRows(a.root.Flags), width)
	if pasted != "" {
		out.WriteString("\n" + examplesTitle + continued(strings.TrimRight(pasted, "\n"), width) + "\n")
	}
	if command == nil {
		out.WriteString("\n\"dwh COMMAND --help\" says more about a command.\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// usageLine is "dwh report NAME [flags]".
func usageLine(name string, c *cli.Command) string {
	switch {
	case c == nil:
		return name + " COMMAND [flags]"
	case c.UsageText != "":
		return c.UsageText
	case c.ArgsUsage != "":
		return name + " " + c.ArgsUsage + " [flags]"
	case len(c.Subcommands) > 0:
		return name + " COMMAND [flags]"
	}
	return name + " [flags]"
}

// helpWidth is how wide help may be: as the terminal, or as COLUMNS says; 0 is no limit.
func (o *Output) helpWidth(env map[string]string) int {
	if o.Terminal {
		return o.Width
	}
	if n, err := strconv.Atoi(env["COLUMNS"]); err == nil && n > 0 {
		return n
	}
	return 0
}

// filled joins the lines of each paragraph where the text is to be wrapped.
func filled(text string, width int) string {
	if width <= 0 {
		return text
	}
	paragraphs := strings.Split(text, "\n\n")
	for i := range paragraphs {
		paragraphs[i] = strings.ReplaceAll(paragraphs[i], "\n", " ")
	}
	return strings.Join(paragraphs, "\n\n")
}

// continued breaks command lines that are too long before their flags, with a backslash, so that
// they can still be pasted.
func continued(text string, width int) string {
	if width <= 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		words := strings.Split(line, " --")
		broken, used := words[0], len(words[0])
		for _, word := range words[1:] {
			word = "--" + word
			if used+1+len(word)+2 > width { // with " \" at its end
				broken += " \\\n      " + word
				used = 6 + len(word)
				continue
			}
			broken += " " + word
			used += 1 + len(word)
		}
		lines[i] = broken
	}
	return strings.Join(lines, "\n")
}

// flagGroup is a part of a command's flags under a title.
type flagGroup struct {
	title string
	flags []cli.Flag
}

// outputFlags are the names of flags that say how results are shown and where they go.
func outputFlags() []string {
	return []string{"json", "format", "chart", "output", "out", "junit", "open", "title"}
}

// flagGroups sorts a command's flags: its own, those of the source, of the connection, and of the
// output.
func flagGroups(flags []cli.Flag) []flagGroup {
	groups := []flagGroup{{title: "Flags"}, {title: "Source flags"}, {title: "Connection flags"},
		{title: "Output flags"}}
	source, connection := flagNames(sourceFlags()), flagNames(connectionFlags())
	for _, f := range flags {
		name, at := f.Names()[0], 0
		switch {
		case slices.Contains(source, name):
			at = 1
		case slices.Contains(connection, name):
			at = 2
		case slices.Contains(outputFlags(), name):
			at = 3
		}
		groups[at].flags = append(groups[at].flags, f)
	}
	return groups
}

// leftLimit is how many cells of a narrow help the names may take beside their explanations.
const leftLimit = 30

// section prints a title and two columns. Explanations are wrapped to the width; a name that leaves
// too little room has its own line.
func section(out *strings.Builder, title string, rows [][2]string, limit int) {
	if len(rows) == 0 {
		return
	}
	width := 0
	for _, row := range rows {
		if limit <= 0 || len(row[0]) <= leftLimit {
			width = max(width, len(row[0]))
		}
	}
	if limit > 0 && limit < 2*width {
		width = 0 // no room for two columns
	}
	fmt.Fprintf(out, "\n%s:\n", title)
	for _, row := range rows {
		margin := strings.Repeat(" ", width+4)
		text := strings.ReplaceAll(table.Wrap(row[1], limit-len(margin), 0), "\n", "\n"+margin)
		if len(row[0]) > width {
			fmt.Fprintf(out, "  %s\n%s%s\n", row[0], margin, text)
			continue
		}
		fmt.Fprintf(out, "  %-*s  %s\n", width, row[0], text)
	}
}

func flagRows(flags []cli.Flag) [][2]string {
	var rows [][2]string
	for _, f := range flags {
		doc, ok := f.(cli.DocGenerationFlag)
		if !ok || !visible(f) {
			continue
		}
		placeholder, usage := unquote(doc.GetUsage())
		var names []string
		for _, name := range f.Names() {
			dashes := "--"
			if len(name) == 1 {
				dashes = "-"
			}
			names = append(names, dashes+name)
		}
		left := strings.Join(names, ", ")
		if doc.TakesValue() {
			if placeholder == "" {
				placeholder = "VALUE"
			}
			left += " " + placeholder
			if v := doc.GetDefaultText(); !slices.Contains([]string{"", `""`, "0", "0s"}, v) {
				usage += " (default " + strings.Trim(v, `"`) + ")"
			}
		}
		rows = append(rows, [2]string{left, usage})
	}
	return rows
}

// unquote takes the word in backquotes out of a flag's usage: the name of its value, as urfave/cli
// has it.
func unquote(usage string) (placeholder, text string) {
	before, rest, ok := strings.Cut(usage, "`")
	if !ok {
		return "", usage
	}
	placeholder, after, ok := strings.Cut(rest, "`")
	if !ok {
		return "", usage
	}
	return placeholder, before + placeholder + after
}
