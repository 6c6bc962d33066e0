//go:build !linux

package main

import (
	"os"
	"runtime/debug"
	"syscall"
)

// forgetOwnPeak lets go of memory.
func forgetOwnPeak() { debug.FreeOSMemory() }

// residentPeak is the most memory that a process which ended had resident, in bytes.
func residentPeak(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss // bytes on macOS
}
