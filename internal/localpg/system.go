package localpg

import (
	"fmt"
	"slices"
)

// A SystemDatabaseError says that a database cannot be replaced or dropped, because the server
// needs it. It is a usage error.
type SystemDatabaseError struct{ Database string }

func (e *SystemDatabaseError) Error() string {
	return fmt.Sprintf("the private PostgreSQL needs its database %s, so dwh neither replaces nor drops it", e.Database)
}

// ExitCode returns 2: the command line has to change.
func (e *SystemDatabaseError) ExitCode() int { return 2 }

// Hint says what to do instead.
func (e *SystemDatabaseError) Hint() string { return "name another database with --database NAME" }

// CheckReplaceable returns a *SystemDatabaseError for a database that every server has of its own.
func CheckReplaceable(database string) error {
	if slices.Contains([]string{adminDatabase, "template0", "template1"}, database) {
		return &SystemDatabaseError{Database: database}
	}
	return nil
}
