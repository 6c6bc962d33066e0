// Command dwh is a declarative migration-and-transform SQL toolkit for Sparkify's song-play data
// warehouse.
package main

import (
	"os"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/interrupt"
)

func main() {
	os.Exit(cli.Main(interrupt.Context(), os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
