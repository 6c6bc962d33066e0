//go:build !darwin

package localpg

// physicalMemory is the machine's memory in bytes, 0 when unknown; on Linux linuxMemory knows it.
func physicalMemory() int64 { return 0 }
