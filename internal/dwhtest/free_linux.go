package dwhtest

import "golang.org/x/sys/unix"

// freeBytes is how much an ordinary user can write to the folder's file system.
func freeBytes(folder string) (uint64, bool) {
	var stat unix.Statfs_t
	if err := unix.Statfs(folder, &stat); err != nil {
		return 0, false
	}
	return stat.Bavail * uint64(stat.Bsize), true
}
