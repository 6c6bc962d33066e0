// Command profiled is dwh with a CPU and an allocation profile, for the benchmark.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"syscall"

	"github.com/sparkify/dwh/internal/cli"
)

// prefix names the variable that holds the profiles' path, without .cpu.pprof and .alloc.pprof.
const prefix = "DWH_BENCH_PROFILE"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := run(ctx, os.Getenv(prefix))
	if err != nil {
		fmt.Fprintln(os.Stderr, "profiled:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(ctx context.Context, path string) (code int, err error) {
	if path == "" {
		return 2, errors.New("set " + prefix + " to where the profiles go")
	}
	cpu, err := os.Create(path + ".cpu.pprof")
	if err != nil {
		return 1, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return 1, errors.Join(err, cpu.Close())
	}
	code = cli.Main(ctx, os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	pprof.StopCPUProfile()
	allocations, err := os.Create(path + ".alloc.pprof")
	if err != nil {
		return code, errors.Join(err, cpu.Close())
	}
	runtime.GC() // the profile is as old as the last collection
	err = pprof.Lookup("allocs").WriteTo(allocations, 0)
	return code, errors.Join(err, allocations.Close(), cpu.Close())
}
