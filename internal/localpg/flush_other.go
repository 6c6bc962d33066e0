//go:build !linux

package localpg

import "golang.org/x/sys/unix"

// Flush writes to disk what PostgreSQL has written to its files, which fsync at a commit would
// otherwise do: sync(2), which may return before it is there.
func (s *Server) Flush() error { return unix.Sync() }
