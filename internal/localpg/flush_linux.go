package localpg

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Flush writes to disk what PostgreSQL has written to its files, which fsync at a commit would
// otherwise do: syncfs(2) of the file system that the data folder lies on. It may take seconds; no
// connection waits for it.
func (s *Server) Flush() error {
	dir, err := os.Open(s.dataDir)
	if err != nil {
		return fmt.Errorf("flush the data folder: %w", err)
	}
	defer func() { _ = dir.Close() }()
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return fmt.Errorf("flush the data folder %s: %w", s.dataDir, err)
	}
	return nil
}
