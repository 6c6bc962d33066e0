package migration_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/migration"
)

// numbered makes migrations, each of a table of its own.
func numbered(names ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for _, name := range names {
		table := "t_" + name
		files["0000"+name+".sql"] = &fstest.MapFile{Data: []byte(
			"-- +goose Up\nCREATE TABLE " + table + " (a INT);\n-- +goose Down\nDROP TABLE " + table + ";\n")}
	}
	return files
}

// TestFileGone: what cannot be reverted, because no file says how, is told by its version.
func TestFileGone(t *testing.T) {
	t.Parallel()
	pool := open(t, dwhtest.Database(t))
	up(t, migrator(t, pool, numbered("1_a", "2_b", "3_c")), 3)
	m := migrator(t, pool, numbered("1_a", "2_b"))
	for name, do := range map[string]func() error{
		"down":     func() error { _, err := m.Down(t.Context()); return err },
		"redo":     func() error { _, err := m.Redo(t.Context()); return err },
		"down to":  func() error { _, err := m.DownTo(t.Context(), 1); return err },
		"previous": func() error { _, err := m.Previous(t.Context()); return err },
		"gone":     func() error { return m.Gone(t.Context()) },
	} {
		err := do()
		var order *migration.OrderError
		if !errors.As(err, &order) ||
			err.Error() != "migration 3 is applied, but migrations has no file with this number" {
			t.Errorf("%s: got %v, want that the file of migration 3 is gone", name, err)
		}
	}
	if steps, err := m.Up(t.Context()); err != nil || len(steps) > 0 {
		t.Errorf("up: got %v, %v, want nothing to do", steps, err)
	}

	// A file that is gone further down does not stop what leaves it alone.
	m = migrator(t, pool, numbered("1_a", "3_c"))
	if err := m.Gone(t.Context()); err != nil {
		t.Errorf("gone: got %v, want no error", err)
	}
	if previous, err := m.Previous(t.Context()); previous != 2 || err != nil {
		t.Errorf("previous: got %d, %v, want 2", previous, err)
	}
	if steps, err := m.Redo(t.Context()); err != nil || len(steps) != 2 || steps[0].Version != 3 {
		t.Errorf("redo: got %v, %v, want migration 3 twice", steps, err)
	}
	if _, err := m.DownTo(t.Context(), 1); err == nil || !strings.HasPrefix(err.Error(), "migration 2 is applied") {
		t.Errorf("down to: got %v, want that the file of migration 2 is gone", err)
	}
}

// TestOutOfOrder: a pending file that is older than an applied one is told by its name.
func TestOutOfOrder(t *testing.T) {
	t.Parallel()
	pool := open(t, dwhtest.Database(t))
	up(t, migrator(t, pool, numbered("2_b", "4_d")), 4)
	for newest, files := range map[string]fstest.MapFS{
		"00004_d.sql": numbered("2_b", "3_c", "4_d"), "version 4": numbered("2_b", "3_c"),
	} {
		m := migrator(t, pool, files)
		want := "00003_c.sql is pending and older than " + newest + ", which is applied; give it a higher number"
		if _, err := m.Up(t.Context()); err == nil || err.Error() != want {
			t.Errorf("up: got %v, want %s", err, want)
		}
		if err := m.CheckUp(t.Context(), 3); err == nil || err.Error() != want {
			t.Errorf("check: got %v, want %s", err, want)
		}
	}
}
