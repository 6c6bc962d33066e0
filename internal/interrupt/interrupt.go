// Package interrupt ends a program's context at the first signal, and hands the second one to the
// part of the program that asks for it, or to the system.
package interrupt

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// second is what a program makes of the second signal.
type second struct {
	wanted atomic.Bool
	came   chan struct{} // closed by the goroutine of Context
}

type secondKey struct{}

// Context returns a context that the first SIGINT or SIGTERM ends. The second one ends the process
// at once, unless Second was called before the first, as soon as anybody can know of the first:
// with signal.NotifyContext and an AfterFunc that stops it, one that came soon after the first was
// lost. The third one ends the process in any case.
//
// SIGHUP, which a terminal that is closed sends, counts as a first signal and never as a second
// one: a shell and the system may both send it. A program that nohup started does not get it.
func Context() context.Context {
	next := &second{came: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), secondKey{}, next))
	const handled = 2
	signals := make(chan os.Signal, handled)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	hangups := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hangups, syscall.SIGHUP)
	}
	go func() { // as long as the process
		select {
		case <-signals:
		case <-hangups:
		}
		if next.wanted.Load() {
			cancel()
			<-signals
			signal.Stop(signals)
			close(next.came)
			return
		}
		signal.Stop(signals)
		cancel()
	}()
	return ctx
}

// Second returns a channel that closes at the second signal, which then does not end the process.
// ctx is one of Context or follows from one; for another, the channel is nil.
func Second(ctx context.Context) <-chan struct{} {
	next, ok := ctx.Value(secondKey{}).(*second)
	if !ok {
		return nil
	}
	next.wanted.Store(true)
	return next.came
}
