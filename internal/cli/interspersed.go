package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/suggest"
)

// invocation is a command line understood: the command, and the arguments in the order that
// urfave/cli wants.
type invocation struct {
	path    []*cli.Command // from the top-level command down
	args    []string
	help    bool
	version bool
}

// level is the program itself or a command on the path, with the flags given to it.
type level struct {
	name     string // "dwh", "dwh migrate", "dwh migrate up"
	command  *cli.Command
	flags    []cli.Flag
	commands []*cli.Command
	given    []string
	seen     map[string]bool // canonical names of the flags given
	empty    []string        // the flags, as written, whose value is empty and must not be
}

// parse puts flags that stand anywhere before, between or after commands and arguments where
// urfave/cli v2 looks for them: behind the command that declares them, as --name=value, before the
// first positional. What it cannot place is a *UsageError. A command takes positionals only when
// its ArgsUsage says so.
func parse(root *cli.App, args []string) (invocation, error) {
	p := &parser{
		levels: []*level{{name: root.Name, flags: root.Flags, commands: root.Commands, seen: map[string]bool{}}},
	}
	if err := p.walk(args[min(1, len(args)):]); err != nil {
		return invocation{}, err
	}
	in := invocation{help: p.help}
	for _, l := range p.levels[1:] {
		in.path = append(in.path, l.command)
	}
	top, last := p.levels[0], p.last()
	in.version = top.seen["version"]
	if len(in.path) == 0 && !in.version {
		in.help = true
	}
	if in.help || in.version {
		return in, nil
	}
	if err := p.finish(last); err != nil {
		return invocation{}, err
	}
	for i, l := range p.levels {
		if i == 0 {
			in.args = append(in.args, l.name)
		} else {
			in.args = append(in.args, l.command.Name)
		}
		in.args = append(in.args, l.given...)
	}
	if len(p.positionals) > 0 {
		in.args = append(append(in.args, "--"), p.positionals...)
	}
	return in, nil
}

type parser struct {
	levels      []*level
	early       []earlyFlag // flags that stand before the command that declares them
	positionals []string
	help        bool
}

type earlyFlag struct{ written, name, value string }

func (p *parser) last() *level { return p.levels[len(p.levels)-1] }

func (p *parser) walk(args []string) error {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			for _, rest := range args[i+1:] {
				if err := p.positional(rest); err != nil {
					return err
				}
			}
			return nil
		case isFlag(arg):
			taken, err := p.flag(arg, args[i+1:])
			if err != nil {
				return err
			}
			i += taken
		default:
			if err := p.word(arg); err != nil {
				return err
			}
		}
	}
	return nil
}

// isFlag tells a flag from "-", which means standard input, and from a negative number.
func isFlag(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && (arg[1] < '0' || arg[1] > '9') && arg[1] != '.'
}

// flag takes one flag, and says how many of the arguments after it are its value.
func (p *parser) flag(arg string, rest []string) (taken int, err error) {
	written, value, hasValue := strings.Cut(arg, "=")
	name := strings.TrimPrefix(strings.TrimPrefix(written, "-"), "-")
	var owner *level
	var found cli.Flag
	for _, l := range slices.Backward(p.levels) {
		if found = findFlag(l.flags, name); found != nil {
			owner = l
			break
		}
	}
	if found == nil && (name == "help" || name == "h") {
		p.help = true
		return 0, nil
	}
	if found == nil {
		if found = findBelow(p.last().commands, name); found == nil {
			return 0, p.unknownFlag(written, p.last())
		}
	}
	switch {
	case hasValue:
	case !takesValue(found):
		value = "true"
	case len(rest) == 0:
		return 0, p.usage(fmt.Sprintf("%s needs a value", written), "")
	case rest[0] == "--" || (isFlag(rest[0]) && p.knows(rest[0])):
		return 0, p.usage(
			fmt.Sprintf("%s needs a value, got the flag %s", written, rest[0]),
			fmt.Sprintf("write %s=%s if that is the value", written, rest[0]),
		)
	default:
		value, taken = rest[0], 1
	}
	if owner == nil {
		p.early = append(p.early, earlyFlag{written, name, value})
		return taken, nil
	}
	owner.give(found, written, value)
	return taken, nil
}

func (l *level) give(f cli.Flag, written, value string) {
	name := f.Names()[0]
	if _, text := f.(*textFlag); value == "" && takesValue(f) && !text {
		l.empty = append(l.empty, written)
	}
	l.given = append(l.given, "--"+name+"="+value)
	l.seen[name] = true
}

func (p *parser) knows(arg string) bool {
	written, _, _ := strings.Cut(arg, "=")
	name := strings.TrimLeft(written, "-")
	for _, l := range p.levels {
		if findFlag(l.flags, name) != nil {
			return true
		}
	}
	return name == "help" || findBelow(p.last().commands, name) != nil
}

// word takes a word that is no flag: a subcommand, or else a positional.
func (p *parser) word(arg string) error {
	l := p.last()
	if len(p.positionals) == 0 {
		if c := findCommand(l.commands, arg); c != nil {
			next := &level{
				name: l.name + " " + c.Name, command: c, flags: c.Flags, commands: c.Subcommands,
				seen: map[string]bool{},
			}
			p.levels = append(p.levels, next)
			p.early = slices.DeleteFunc(p.early, func(e earlyFlag) bool {
				f := findFlag(next.flags, e.name)
				if f != nil {
					next.give(f, e.written, e.value)
				}
				return f != nil
			})
			return nil
		}
		if len(p.levels) == 1 && arg == "help" {
			p.help = true
			return nil
		}
	}
	return p.positional(arg)
}

func (p *parser) positional(arg string) error {
	l := p.last()
	switch {
	case arg == "" && l.command != nil:
		return p.usage(fmt.Sprintf("%q got an empty argument", l.name), emptyAdvice)
	case l.command != nil && l.command.ArgsUsage != "":
		p.positionals = append(p.positionals, arg)
		return nil
	case len(l.commands) > 0:
		return p.usage(
			fmt.Sprintf("unknown command %q", strings.TrimPrefix(l.name+" "+arg, "dwh ")),
			suggest.Hint(arg, commandNames(l.commands)),
		)
	case p.help:
		return nil
	}
	return p.usage(fmt.Sprintf("%q takes no argument, got %q", l.name, arg), "")
}

// finish checks the command line as a whole.
func (p *parser) finish(last *level) error {
	if len(p.early) > 0 {
		return p.unknownFlag(p.early[0].written, last)
	}
	if len(last.commands) > 0 && last.command != nil && last.command.Action == nil {
		return p.usage(
			fmt.Sprintf("%q needs a command", last.name),
			"one of: "+strings.Join(commandNames(last.commands), ", "),
		)
	}
	for _, l := range p.levels {
		if len(l.empty) > 0 {
			return p.usage(l.empty[0]+" needs a value, got an empty text", emptyAdvice)
		}
		for _, f := range l.flags {
			if r, ok := f.(cli.RequiredFlag); ok && r.IsRequired() && !l.seen[f.Names()[0]] {
				return p.usage(fmt.Sprintf("%q needs --%s", l.name, f.Names()[0]), "")
			}
		}
	}
	return nil
}

// emptyAdvice is what to do about an empty word: a script gives it by mistake, and taking it for no
// word would do more than the script asks for.
const emptyAdvice = "leave it out, or check the variable that it comes from"

func (p *parser) unknownFlag(written string, l *level) error {
	var names []string
	for _, each := range p.levels {
		names = append(names, flagNames(each.flags)...)
	}
	if len(l.commands) > 0 {
		for _, c := range l.commands {
			names = append(names, flagNames(c.Flags)...)
		}
	}
	hint := ""
	if near := suggest.Nearest(strings.TrimLeft(written, "-"), names); near != "" {
		hint = fmt.Sprintf("did you mean --%s?", near)
	}
	if name := strings.Trim(written, "-"); l.name == "dwh run" && (name == "dry-run" || name == "dryrun") {
		hint = `"dwh transform --plan" says what a run would do, and "dwh transform --replay ` +
			`--dry-run" what a replay ` +
			"would change"
	}
	return p.usage(fmt.Sprintf("unknown flag %s for %q", written, l.name), hint)
}

func (p *parser) usage(msg, hint string) *UsageError {
	l := p.last()
	return &UsageError{Msg: msg, Advice: hint, Usage: usageLine(l.name, l.command), Help: l.name + " --help"}
}

func findFlag(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func findBelow(commands []*cli.Command, name string) cli.Flag {
	for _, c := range commands {
		if f := findFlag(c.Flags, name); f != nil {
			return f
		}
		if f := findBelow(c.Subcommands, name); f != nil {
			return f
		}
	}
	return nil
}

func findCommand(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

func takesValue(f cli.Flag) bool {
	doc, ok := f.(cli.DocGenerationFlag)
	return !ok || doc.TakesValue()
}

// flagNames returns the long names of the flags that are shown.
func flagNames(flags []cli.Flag) []string {
	var names []string
	for _, f := range flags {
		if visible(f) {
			names = append(names, f.Names()[0])
		}
	}
	return names
}

func commandNames(commands []*cli.Command) []string {
	var names []string
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}

func visible(f cli.Flag) bool {
	v, ok := f.(cli.VisibleFlag)
	return !ok || v.IsVisible()
}
