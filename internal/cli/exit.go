package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/warehouse"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitCheck       = 3
	exitInterrupted = 130
)

// exitCodes says what they mean, for people.
func exitCodes() [][2]string {
	return [][2]string{
		{fmt.Sprint(exitDone), "done; warnings too, unless --strict"},
		{
			fmt.Sprint(exitFailed),
			"something outside failed: server, bucket, data, SQL, pending migrations, a second writer",
		},
		{fmt.Sprint(exitUsage), "the command line or the configuration has to change"},
		{fmt.Sprint(exitCheck), "a check of error severity or a test case failed, or verify found a difference"},
		{fmt.Sprint(exitInterrupted), "interrupted"},
	}
}

// UsageError says what is wrong with the command line. Its exit code is 2.
type UsageError struct {
	Msg    string // what is wrong, in a sentence
	Advice string // what to do next, "" when unknown
	Usage  string // the usage line of the command concerned, "" when it says nothing new
	Help   string // the command that prints its help, such as "dwh run --help"
}

func (e *UsageError) Error() string { return e.Msg }

// ExitCode returns 2: the command line has to change.
func (e *UsageError) ExitCode() int { return exitUsage }

// Hint says what to do next.
func (e *UsageError) Hint() string { return e.Advice }

// CheckFailed says that checks of error severity failed, or that verify found a difference. What
// failed has been printed as the command's result.
type CheckFailed struct {
	Msg    string // such as "2 of 21 checks failed"
	Advice string // what to do next, "" when unknown
}

func (e *CheckFailed) Error() string { return e.Msg }

// ExitCode returns 3: a check failed.
func (e *CheckFailed) ExitCode() int { return exitCheck }

// Hint says what to do next.
func (e *CheckFailed) Hint() string { return e.Advice }

// strictError is a command that ended well but with warnings, under --strict.
type strictError struct{ warnings int }

func (e *strictError) Error() string {
	if e.warnings == 1 {
		return "there was a warning, and --strict makes it an error"
	}
	return fmt.Sprintf("there were %d warnings, and --strict makes them errors", e.warnings)
}

// exit prints an error, once, and returns the exit code.
func (a *app) exit(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	if ctx.Err() != nil {
		// Whatever broke did so because the command was told to stop.
		a.out.line("interrupted")
		return exitInterrupted
	}
	a.print(err)
	return exitCode(err)
}

func exitCode(err error) int {
	var coder interface{ ExitCode() int }
	found := errors.As(err, &coder)
	_, child := coder.(*exec.ExitError) // the codes of another program have other meanings
	switch {
	case found && !child:
		return coder.ExitCode()
	case errors.Is(err, objectstore.ErrURL):
		return exitUsage
	}
	return exitFailed
}

// print writes the error, the line of source it is about, and what to do next.
func (a *app) print(err error) {
	text := printable(strings.TrimRight(withoutSeverity(err), "\n"))
	// A position comes first on its line, so that editors and terminals make it a link.
	if !positioned(err, text) {
		text = a.out.paint(red, "error:") + " " + text
	}
	a.out.line("%s", text)
	var snippet interface{ Snippet() string }
	if errors.As(err, &snippet) {
		if s := snippet.Snippet(); s != "" {
			a.out.line("%s", indent(printable(s), "    "))
		}
	}
	if hint := hintOf(err); hint != "" {
		a.out.line("%s %s", a.out.paint(bold, "hint:"), printable(hint))
	}
	var usage *UsageError
	if errors.As(err, &usage) {
		if usage.Usage != "" {
			a.out.line("usage: %s", usage.Usage)
		}
		if usage.Help != "" {
			a.out.line("run %q for more", usage.Help)
		}
	}
}

// withoutSeverity returns an error's text without the severity that the driver puts before the
// server's message, because the printed line begins with "error:" already.
func withoutSeverity(err error) string {
	text := err.Error()
	var server *pgconn.PgError
	if errors.As(err, &server) && server.Severity != "" {
		text = strings.Replace(text, server.Severity+": "+server.Message, server.Message, 1)
	}
	return text
}

// positioned says whether the text of an error begins with file, line and column.
func positioned(err error, text string) bool {
	var statement *sqlfile.Error
	if errors.As(err, &statement) && statement.File != "" && statement.Line > 0 {
		return strings.HasPrefix(text, printable(statement.Error()))
	}
	var setting *config.Error
	return errors.As(err, &setting) && setting.File != "" && setting.Line > 0 && strings.HasPrefix(
		text, printable(setting.Error()),
	)
}

// hintOf finds what to do next: what the error itself says, else what the server's SQLSTATE
// suggests.
func hintOf(err error) string {
	if hint := ownHint(err); hint != "" {
		return hint
	}
	if errors.Is(err, syscall.ENOSPC) {
		return "the disk is full: free some space and run the command again"
	}
	return warehouse.PgErrorHint(err)
}

// ownHint is the hint of the outermost error that has one: it knows most about what was being done.
func ownHint(err error) string {
	if fault, ok := err.(*sqlfile.Error); ok && fault.Hint != "" {
		return fault.Hint
	}
	if hinter, ok := err.(interface{ Hint() string }); ok && hinter.Hint() != "" {
		return hinter.Hint()
	}
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		if inner := wrapper.Unwrap(); inner != nil {
			return ownHint(inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range wrapper.Unwrap() {
			if hint := ownHint(inner); hint != "" {
				return hint
			}
		}
	}
	return ""
}

func indent(s, by string) string {
	return by + strings.ReplaceAll(s, "\n", "\n"+by)
}

// usageError turns the library's complaint about a flag's value into ours.
func usageError(c *cli.Context, err error, _ bool) error {
	message := err.Error()
	// "invalid value "x" for flag -limit: parse error", with Go's single dash and a cause that says
	// nothing.
	message = strings.TrimSuffix(message, ": parse error")
	message = strings.ReplaceAll(message, " for flag -", " for --")
	message = strings.ReplaceAll(message, " for -", " for --")
	help := c.Command.HelpName
	if help == "" {
		help = c.App.Name
	}
	return &UsageError{Msg: strings.ReplaceAll(message, "---", "--"), Help: help + " --help"}
}
