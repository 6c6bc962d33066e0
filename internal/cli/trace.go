package cli

import (
	"context"
	"strings"

	"github.com/sparkify/dwh/internal/telemetry"
)

// traced performs a command, as one span where the environment asks for traces. What becomes of the
// traces changes neither the command's error nor its exit code.
func (a *app) traced(ctx context.Context, in invocation, perform func(ctx context.Context) error) (err error) {
	tracing := telemetry.New(ctx, telemetry.Options{Env: a.env, Version: Version(), Warn: a.warnBeside,
		Console: lineWriter{a.out}})
	if tracing == nil {
		return perform(ctx)
	}
	defer tracing.Close(ctx)
	words := []string{a.root.Name}
	for _, command := range in.path {
		words = append(words, command.Name)
	}
	within, end := tracing.Command(ctx, a.env, strings.Join(words, " "))
	defer func() {
		code := exitDone
		switch {
		case err != nil && ctx.Err() != nil:
			code = exitInterrupted
		case err != nil:
			code = exitCode(err)
		}
		end(err, code)
	}()
	return perform(within)
}

// warnBeside tells, from any goroutine, that something beside the work is lost, such as traces. It
// does not count for --strict.
func (a *app) warnBeside(text string) {
	a.out.mu.Lock()
	log := a.out.uncounted
	a.out.mu.Unlock()
	log.Warn(text)
}
