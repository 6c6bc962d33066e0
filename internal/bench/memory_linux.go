package main

import (
	"os"
	"runtime/debug"
	"syscall"
)

// forgetOwnPeak lets go of memory and of the peak so far. A child begins with its parent's peak:
// execve puts that of the memory that it replaces into the child's rusage.
func forgetOwnPeak() {
	debug.FreeOSMemory()
	// 5 resets the peak (man 5 proc_pid_clear_refs). Where it is not allowed the child's figure is
	// at worst too high.
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// residentPeak is the most memory that a process which ended had resident, in bytes.
func residentPeak(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10 // kilobytes
}
