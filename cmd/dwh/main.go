// Command dwh is a declarative migration-and-transform SQL toolkit for Sparkify's song-play data warehouse.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/sparkify/dwh/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second Ctrl-C ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Main(ctx, os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
