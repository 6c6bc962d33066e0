package sqlfile_test

import (
	"testing"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// TestNamesAny: a name counts in any case, quoted or not, and neither in a string nor in a comment.
func TestNamesAny(t *testing.T) {
	for sql, want := range map[string]bool{
		"SELECT a FROM levels":           true,
		"SELECT a FROM public.Levels":    true,
		`SELECT a FROM "levels"`:         true,
		"SELECT levels.a FROM b":         true,
		"SELECT level FROM other_levels": false,
		"SELECT 'levels' FROM b":         false,
		"SELECT a FROM b -- levels":      false,
		"SELECT a /* levels */ FROM b":   false,
	} {
		if got := sqlfile.NamesAny(sql, "rides", "levels"); got != want {
			t.Errorf("%s: got %t, want %t", sql, got, want)
		}
		if sqlfile.NamesAny(sql) {
			t.Errorf("%s: got one of no names", sql)
		}
	}
}
