// Package machine tells what kind of machine a benchmark runs on and how busy it is.
package machine

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// CPU is the processor's model, the architecture where the system does not tell.
func CPU() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}

// Memory is the machine's memory in bytes, 0 where the system does not tell.
func Memory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	var kilobytes int64
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("MemTotal:")); ok {
			if _, err := fmt.Sscan(string(rest), &kilobytes); err == nil {
				return kilobytes << 10
			}
		}
	}
	return 0
}

// System is the kernel and its release, without the machine's name.
func System() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return runtime.GOOS
	}
	return unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
}

// Cores is how many cores a process may use.
func Cores() int { return runtime.NumCPU() }
