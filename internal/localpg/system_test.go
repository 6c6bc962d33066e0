package localpg_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/localpg"
)

// The server's own databases are refused before the server starts.
func TestSystemDatabasesStay(t *testing.T) {
	t.Parallel()
	server, err := localpg.New(localpg.Options{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postgres", "template0", "template1"} {
		archive := strings.NewReader(localpg.ArchiveMagic)
		for _, err := range []error{
			server.Restore(t.Context(), name, archive, localpg.RestoreOptions{}),
			server.DropDatabase(t.Context(), name),
		} {
			var refused *localpg.SystemDatabaseError
			if !errors.As(err, &refused) || refused.ExitCode() != 2 || refused.Database != name {
				t.Errorf("%s: got %v, want a *SystemDatabaseError", name, err)
			}
		}
	}
	if status, err := server.Status(t.Context()); err != nil || status.Initialized {
		t.Errorf("got %+v, %v, want no server", status, err)
	}
}
