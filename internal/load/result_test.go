package load_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/load"
)

// TestRefusedHint: MAXERROR is named where it helps.
func TestRefusedHint(t *testing.T) {
	const raise = "raise MAXERROR"
	many := load.RefusedError{Step: "010_s", Cause: &clientcopy.MaxErrorError{Limit: 1}}
	if got := many.Hint(); !strings.Contains(got, raise) {
		t.Errorf("too many records: got %q, want %q in it", got, raise)
	}
	fatal := load.RefusedError{Step: "010_s", Cause: &clientcopy.FatalError{}}
	if got := fatal.Hint(); strings.Contains(got, raise) || !strings.Contains(got, "MAXERROR does not apply") {
		t.Errorf("a record that ends the COPY: got %q, want that MAXERROR does not apply", got)
	}
}
