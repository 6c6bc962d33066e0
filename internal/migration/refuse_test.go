package migration_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// TestRefused: variables and a search_path that stays are told with their place by lint and by
// migrate.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sql          string
		line, column int // 0 for no error
	}{
		{"CREATE TABLE x (a INT);\nINSERT INTO x VALUES (:'v');", 3, 23},
		{"INSERT INTO x VALUES (:v);", 2, 23},
		{`CREATE TABLE :"v" (a INT);`, 2, 14},
		{"INSERT INTO x VALUES (1::int, '12:30', ':v'); -- :v", 0, 0},
		{"SELECT a[1:n], a[:n] FROM x;", 0, 0},
		{"DO $$ BEGIN PERFORM :v; END $$;", 0, 0},
		{"CREATE TABLE x (a INT);\nSELECT pg_catalog.set_config('search_path', '', false);", 3, 19},
		{"SELECT set_config('search_path', '', true);", 2, 8},
		{"SELECT set_config('search_path', 'ref, public', true);", 0, 0},
		{"SELECT set_config('search_path', '', false);\nRESET search_path;", 0, 0},
		{"SELECT set_config('timezone', 'UTC', false);", 0, 0},
		{"SET search_path = ref, public;", 2, 1},
		{"SET SESSION search_path TO ref;", 2, 1},
		{"SET SCHEMA 'ref';", 2, 1},
		{"SET search_path = ref, public;\nCREATE TABLE x (a INT);\nSET search_path TO DEFAULT;", 0, 0},
		{"SET LOCAL search_path = ref, public;", 0, 0},
		{"SET LOCAL search_path = '';", 2, 1},
		{"SET timezone = 'UTC';", 0, 0},
		{"DO $$ BEGIN PERFORM set_config('search_path', '', false); END $$;", 2, 21},
		{"DO $$ BEGIN SET search_path = ref; END $$;", 2, 13},
		{"CREATE FUNCTION f() RETURNS INT LANGUAGE sql SET search_path = '' AS 'SELECT 1';", 0, 0},
		{"SELECT 1;\n-- +goose Down\nSET search_path = ref;", 4, 1},
	} {
		files := fstest.MapFS{"00001_note.sql": {Data: []byte("-- +goose Up\n" + c.sql + "\n")}}
		_, err := migration.Files(files, "folder")
		if c.line == 0 {
			if err != nil {
				t.Errorf("%s: got %v, want no error", c.sql, err)
			}
			continue
		}
		want := fmt.Sprintf("folder/00001_note.sql:%d:%d: ", c.line, c.column)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want an error at %s", c.sql, err, want)
		}
	}
}

// TestHiddenVersionTable: a search_path that hides goose's table, up to the end of the transaction,
// is told as the reason.
func TestHiddenVersionTable(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"00001_note.sql": {Data: []byte("-- +goose Up\nSET LOCAL search_path = ref;\nSELECT 1;\n")}}
	_, err := migrator(t, open(t, dwhtest.Database(t)), files).Up(t.Context())
	var at *sqlfile.Error
	if !errors.As(err, &at) || !strings.Contains(at.Hint, "changes search_path") {
		t.Errorf("got %v, want a hint that names search_path", err)
	}
}
