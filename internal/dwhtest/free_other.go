//go:build !linux

package dwhtest

// freeBytes is unknown: only Linux has /dev/shm.
func freeBytes(string) (uint64, bool) { return 0, false }
