package cli

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/scaffold"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/table"
)

// completeWord is the hidden command that the shells' scripts call: the words so far follow, the
// one that is being written last.
const completeWord = "__complete"

//go:embed completion/*
var completionScripts embed.FS

func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

func (a *app) completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the completion script for a shell",
		ArgsUsage: strings.Join(shells(), "|"),
		Description: examples("The script calls dwh, so it needs no change when dwh is updated.",
			`source <(dwh completion bash)`,
			`dwh completion zsh > "${fpath[1]}/_dwh"`,
			`dwh completion fish > ~/.config/fish/completions/dwh.fish`,
			`dwh completion powershell | Out-String | Invoke-Expression`,
		),
		BashComplete: func(c *cli.Context) { _, _ = fmt.Fprintln(c.App.Writer, strings.Join(shells(), "\n")) },
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return &UsageError{
					Msg: "name one shell", Advice: "one of: " + strings.Join(shells(), ", "),
					Help: "dwh completion --help",
				}
			}
			shell := c.Args().First()
			if !slices.Contains(shells(), shell) {
				return &UsageError{
					Msg:    fmt.Sprintf("unknown shell %q", shell),
					Advice: suggest.Hint(shell, shells()), Help: "dwh completion --help",
				}
			}
			script, err := completionScripts.ReadFile("completion/dwh." + shell)
			if err != nil {
				return fmt.Errorf("completion for %s: %w", shell, err)
			}
			_, err = a.out.Stdout.Write(script)
			return err
		},
	}
}

// complete prints what the last word can become, a candidate a line, with its description after a
// tab. No line at all leaves the shell to complete file names.
func (a *app) complete(words []string) error {
	if len(words) == 0 {
		words = []string{""}
	}
	a.fitSourceFlags()
	words = joined(words)
	word := words[len(words)-1]
	// PowerShell before 7.3 drops empty arguments, so its script writes two quotes.
	if word == `""` {
		word = ""
	}
	p := &parser{
		levels: []*level{{name: a.root.Name, flags: a.root.Flags, commands: a.root.Commands, seen: map[string]bool{}}},
	}
	before := words[:len(words)-1]
	if name, ok := openFlag(p, before); ok {
		return a.values(name, word, "")
	}
	if written, value, ok := strings.Cut(word, "="); ok && isFlag(written) {
		if name, ok := openFlag(p, append(slices.Clone(before), written)); ok {
			return a.values(name, value, written+"=")
		}
	}
	// What is wrong so far shows when the command runs.
	_ = p.walk(before)
	if strings.HasPrefix(word, "-") {
		var names, usages []string
		for _, l := range slices.Backward(p.levels) {
			for _, f := range l.flags {
				if !visible(f) {
					continue
				}
				names = append(names, "--"+f.Names()[0])
				if doc, ok := f.(cli.DocGenerationFlag); ok {
					_, usage := unquote(doc.GetUsage())
					usages = append(usages, usage)
				} else {
					usages = append(usages, "")
				}
			}
		}
		return a.candidates(word, append(names, "--help"), append(usages, "print help"))
	}
	l := p.last()
	var names, usages []string
	if len(p.positionals) == 0 {
		for _, c := range l.commands {
			if !c.Hidden {
				names, usages = append(names, c.Name), append(usages, c.Usage)
			}
		}
	}
	if l.command != nil && l.command.BashComplete != nil {
		for _, name := range a.positionals(l.command) {
			if !slices.Contains(names, name) {
				names, usages = append(names, name), append(usages, "")
			}
		}
	}
	return a.candidates(word, names, usages)
}

// positionals asks a command for its arguments' values: its BashComplete prints them to the app's
// writer, one a line.
func (a *app) positionals(c *cli.Command) []string {
	var out strings.Builder
	quiet := *a.root
	quiet.Writer = &out
	context := cli.NewContext(&quiet, nil, nil)
	context.Command = c
	c.BashComplete(context)
	return slices.DeleteFunc(strings.Split(out.String(), "\n"), func(name string) bool { return name == "" })
}

// openFlag says whether the last of the words is a flag whose value comes next.
func openFlag(p *parser, words []string) (name string, ok bool) {
	if len(words) == 0 || slices.Contains(words, "--") {
		return "", false
	}
	last := words[len(words)-1]
	if !isFlag(last) || strings.Contains(last, "=") {
		return "", false
	}
	_ = p.walk(words[:len(words)-1])
	name = strings.TrimLeft(last, "-")
	for _, l := range slices.Backward(p.levels) {
		if f := findFlag(l.flags, name); f != nil {
			return f.Names()[0], takesValue(f)
		}
	}
	f := findBelow(p.last().commands, name)
	return name, f != nil && takesValue(f)
}

// joined undoes what bash does to --flag=value: three words. The value that is being written stays
// a word of its own, as bash puts only that in.
func joined(words []string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		if words[i] != "=" || len(out) == 0 || !isFlag(out[len(out)-1]) {
			out = append(out, words[i])
			continue
		}
		switch {
		case i == len(words)-1: // --flag=
			out = append(out, "")
		case i == len(words)-2: // --flag=val
			out = append(out, words[i+1])
			i++
		default:
			out[len(out)-1] += "=" + words[i+1]
			i++
		}
	}
	return out
}

// values prints what a flag's value can become. Each is written behind before, what stands before
// the value in the same word.
func (a *app) values(name, word, before string) error {
	if name == "only" { // several, separated by commas
		if at := strings.LastIndexByte(word, ',') + 1; at > 0 {
			before, word = before+word[:at], word[at:]
		}
	}
	var names []string
	for _, value := range a.flagValues(name) {
		if strings.HasPrefix(value, word) {
			names = append(names, before+value)
		}
	}
	return a.candidates("", names, nil)
}

// flagValues lists the values of flags that take one of a few.
func (a *app) flagValues(name string) []string {
	switch name {
	case "engine":
		return []string{"postgres", "redshift"}
	case "as":
		return occasionNames()
	case "log-format":
		return []string{"text", "json"}
	case "format":
		var names []string
		for _, f := range table.Formats() {
			names = append(names, string(f))
		}
		return names
	case "only":
		return a.knownSteps()
	case "table":
		return a.knownStaging()
	case sourceName:
		steps, _ := a.stepsAtHand()
		var names []string
		for _, name := range sourceNames(steps) {
			names = append(names, name+"=")
		}
		return names
	case "template":
		return scaffold.Templates()
	}
	return nil
}

// knownSteps are the transforms of the project at hand.
func (a *app) knownSteps() []string {
	steps, _ := a.stepsAtHand()
	var names []string
	for _, step := range steps {
		names = append(names, step.Name)
	}
	return names
}

// knownChecks are the checks of the project at hand, its own by their files' names.
func (a *app) knownChecks() []string {
	p, err := a.projectAtHand()
	if err != nil {
		return nil
	}
	var names []string
	// What is wrong with the project shows when a command runs.
	shipped, _ := p.shippedChecks(sqlfile.Postgres)
	for _, check := range shipped {
		names = append(names, check.Name)
	}
	if p.checks == nil {
		return names
	}
	own, err := fs.Glob(p.checks, "*.sql")
	if err != nil {
		return names
	}
	for _, file := range own {
		if name := strings.TrimSuffix(file, ".sql"); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// knownMigrations are the versions of the project at hand.
func (a *app) knownMigrations() []string {
	p, err := a.projectAtHand()
	if err != nil {
		return nil
	}
	files, err := fs.Glob(p.migrations, "*.sql")
	if err != nil {
		return nil
	}
	var names []string
	for _, file := range files {
		digits, _, _ := strings.Cut(file, "_")
		if version := strings.TrimLeft(digits, "0"); version != "" {
			names = append(names, version)
		}
	}
	return names
}

func (a *app) candidates(word string, names, usages []string) error {
	for i, name := range names {
		if !strings.HasPrefix(name, word) {
			continue
		}
		line := name
		if i < len(usages) && usages[i] != "" {
			line += "\t" + usages[i]
		}
		if _, err := io.WriteString(a.out.Stdout, line+"\n"); err != nil {
			return err
		}
	}
	return nil
}
