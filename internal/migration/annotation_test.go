package migration_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// TestAnnotations gives a migration that goose would refuse while it migrates: it is refused with
// its place as soon as it is read.
func TestAnnotations(t *testing.T) {
	const create = "CREATE TABLE note (note_id BIGINT);\n"
	for name, c := range map[string]struct{ text, want string }{
		"no Up":           {create, "1:1: the migration has no line -- +goose Up"},
		"empty":           {"", "1:1: the migration has no line -- +goose Up"},
		"a comment":       {"-- a note\n", "1:1: the migration has no line -- +goose Up"},
		"only Down":       {"-- +goose Down\nDROP TABLE note;\n", "1:1: the migration has no line -- +goose Up"},
		"SQL before Up":   {create + "-- +goose Up\n", "1:1: only lines that begin with -- may stand before"},
		"block before Up": {"-- a\n /* b */\n-- +goose Up\n", "2:2: only lines that begin with -- may stand before"},
		"Down before Up": {
			"-- +goose Down\n-- +goose Up\n" + create,
			"1:1: -- +goose Down stands before -- +goose Up",
		},
		"two Ups": {
			"-- +goose Up\n" + create + "-- +goose Up\n",
			"3:1: there is a second line -- +goose Up",
		},
		"two Downs": {
			"-- +goose Up\n-- +goose Down\n-- +goose Down\n",
			"3:1: there is a second line -- +goose Down",
		},
		"misspelt":     {"-- +goose Up\n" + create + "-- +goose Dwn\n", `3:1: goose has no annotation "dwn"`},
		"no word":      {"-- +goose Up\n-- +goose\n" + create, `2:1: goose has no annotation ""`},
		"in a comment": {"-- +goose Up\n-- see +goose\n" + create, `2:1: goose has no annotation "see"`},
		"indented": {
			"-- +goose Up\n" + create + "  -- +goose Down\n",
			"3:3: an annotation of goose must begin",
		},
		"block outside": {"-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementEnd\n-- +goose Up\n", "1:1: "},
		"no semicolon": {
			"-- +goose Up\nCREATE TABLE note (note_id BIGINT)\n",
			"2:1: statement has no semicolon before",
		},
		"no semicolon, up": {"-- +goose Up\nSELECT 1\n-- +goose Down\nSELECT 2;\n", "2:1: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := migration.Files(fstest.MapFS{"00001_note.sql": {Data: []byte(c.text)}}, "folder")
			var fault *sqlfile.Error
			if !errors.As(err, &fault) || !strings.HasPrefix(err.Error(), "folder/00001_note.sql:"+c.want) {
				t.Fatalf("%q: got %v, want folder/00001_note.sql:%s…", c.text, err, c.want)
			}
			if fault.Hint == "" {
				t.Errorf("%q: there is no hint", c.text)
			}
		})
	}
	for name, text := range map[string]string{
		"spelling":     "-- a note\n\n--+goose   up\r\n" + create + "-- +goose DOWN\nDROP TABLE note;\n",
		"transaction":  "-- +goose NO TRANSACTION\n-- +goose Up\n" + create,
		"only Up":      "-- +goose Up\n",
		"block":        "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementEnd\n-- +goose Down\n",
		"a comment in": "-- +goose Up\nCREATE TABLE note ( -- goose\n    note_id BIGINT);\n",
	} {
		if _, err := migration.Files(fstest.MapFS{"00001_note.sql": {Data: []byte(text)}}, "folder"); err != nil {
			t.Errorf("%s: %q: got %v, want no error", name, text, err)
		}
	}
}
