package cli

import (
	"context"
	"io"

	"github.com/urfave/cli/v2"
)

// Commands is the whole command tree.
func Commands() []*cli.Command { return newApp(nil, nil, nil, io.Discard, io.Discard).root.Commands }

// Args is the command line as urfave/cli gets it.
func Args(root *cli.App, args []string) (ordered []string, help bool, err error) {
	in, err := parse(root, args)
	return in.args, in.help, err
}

// RunAction runs an action of the test's own inside the frame: errors, warnings, panics and exit codes are those of any command.
func RunAction(ctx context.Context, env []string, stdout, stderr io.Writer, action func(out *Output) error, flags ...string) int {
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
