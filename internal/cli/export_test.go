package cli

import (
	"context"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/notify"
	"github.com/sparkify/dwh/internal/server"
)

// Commands is the whole command tree.
func Commands() []*cli.Command { return newApp(nil, nil, nil, io.Discard, io.Discard).root.Commands }

// Args is the command line as urfave/cli gets it.
func Args(root *cli.App, args []string) (ordered []string, help bool, err error) {
	in, err := parse(root, args)
	return in.args, in.help, err
}

// RunAction runs an action of the test's own inside the frame: errors, warnings, panics and exit
// codes are those of any command.
func RunAction(
	ctx context.Context, env []string, stdout, stderr io.Writer, action func(out *Output) error,
	flags ...string,
) int {
	a := newApp(nil, env, nil, stdout, stderr)
	a.root.Commands = append(a.root.Commands, &cli.Command{
		Name: "try",
		Action: func(c *cli.Context) error {
			if _, err := a.load(c); err != nil {
				return err
			}
			return action(a.out)
		},
	})
	return a.main(ctx, append([]string{"dwh", "try"}, flags...))
}

// NewOutput is the output of a command.
var NewOutput = newOutput

// ExpectedDuration is what a journal lets a step expect.
var ExpectedDuration = expected

// ProgressWords is what is said so long after the beginning, when an amount came each second from
// the beginning on.
func ProgressWords(amounts []Amount, after, expected time.Duration) string {
	begun := time.Date(2018, 11, 1, 0, 0, 0, 0, time.UTC)
	p := &Progress{o: newOutput(io.Discard, io.Discard, nil), started: begun, since: begun, expected: expected}
	for i, a := range amounts {
		p.show(a, begun.Add(time.Duration(i)*time.Second))
	}
	return sentenceOf(p.words(begun.Add(after)))
}

// ProgressLine is a terminal's line so long after the beginning.
func ProgressLine(title string, a Amount, after time.Duration, width int, env map[string]string) string {
	begun := time.Date(2018, 11, 1, 0, 0, 0, 0, time.UTC)
	p := &Progress{o: newOutput(io.Discard, io.Discard, env), title: title, started: begun, since: begun}
	p.show(a, begun)
	return p.line(begun.Add(after), width)
}

// Tick lets a progress that is done look at the clock so long after its beginning.
func Tick(p *Progress, a Amount, after time.Duration) {
	now := p.started.Add(after)
	p.show(a, now)
	p.tick(now)
}

// TellServer tells a notifier what happens to a server; a failure is told when it lasts for after.
func TellServer(n *notify.Notifier, after time.Duration) (watch func(server.Event), ended func(err error)) {
	t := newTeller(n, "serve", after)
	return t.watch, func(err error) { t.ended(context.Background(), err) }
}

// GlobalFlags are the flags that every command takes.
func GlobalFlags() []cli.Flag { return globalFlags() }

// ExitCode is the exit code of a command that ended with err.
func ExitCode(err error) int { return exitCode(err) }

// HintOf says what to do about an error.
func HintOf(err error) string { return hintOf(err) }
