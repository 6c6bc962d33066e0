package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

const examplesTitle = "Examples:"

// examples returns a command's description: the text, and command lines that can be pasted, which end the help.
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
	text, pasted, _ := strings.Cut(description, examplesTitle)

	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s\n\nUsage:\n  %s\n", name, usage, usageLine(name, command))
	if text = strings.TrimSpace(text); text != "" {
		out.WriteString("\n" + text + "\n")
	}
	var rows [][2]string
	for _, c := range commands {
		if !c.Hidden {
			rows = append(rows, [2]string{strings.Join(c.Names(), ", "), c.Usage})
		}
	}
	section(&out, "Commands", rows)
	if command != nil {
		section(&out, "Flags", flagRows(flags))
		// A command's parents are groups; what they declare is for all below.
		for _, parent := range path[:len(path)-1] {
			section(&out, "Flags of "+parent.Name, flagRows(parent.Flags))
		}
	}
	section(&out, "Global flags", flagRows(a.root.Flags))
	if pasted != "" {
		out.WriteString("\n" + examplesTitle + strings.TrimRight(pasted, "\n") + "\n")
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

// section prints a title and two columns.
func section(out *strings.Builder, title string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	width := 0
	for _, row := range rows {
		width = max(width, len(row[0]))
	}
	fmt.Fprintf(out, "\n%s:\n", title)
	for _, row := range rows {
		fmt.Fprintf(out, "  %-*s  %s\n", width, row[0], row[1])
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

// unquote takes the word in backquotes out of a flag's usage: the name of its value, as urfave/cli has it.
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
