// Package interrupt ends a program's context at the first signal and leaves the second one to the
// system.
package interrupt

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Context returns a context that the first SIGINT or SIGTERM ends. The second one ends the process
// at once, as soon as anybody can know of the first: with signal.NotifyContext and an AfterFunc
// that stops it, one that came soon after the first was lost.
func Context() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { // as long as the process
		<-signals
		signal.Stop(signals)
		cancel()
	}()
	return ctx
}
