package model_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// TestFlagOfStagingTables: a table that a load fills and a model reads has the flag, in its one
// form. The hint holds what to put into a migration, for every table at once.
func TestFlagOfStagingTables(t *testing.T) {
	t.Parallel()
	const absent = "ALTER TABLE s_store ADD COLUMN processed BOOLEAN DEFAULT FALSE NOT NULL;"
	const other = "ALTER TABLE s_store DROP COLUMN processed;\n" + absent
	const bad = "column processed of table s_store is not BOOLEAN DEFAULT FALSE NOT NULL"
	for _, tt := range []struct{ name, tables, loads, said, hint string }{
		{"right", "s_store (id INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL)", "s_store", "", ""},
		{"written otherwise", "s_store (id INTEGER, processed BOOL NOT NULL DEFAULT 'f')", "s_store", "", ""},
		{"absent", "s_store (id INTEGER)", "s_store", "table s_store has no column processed", absent},
		{"two tables", "s_store (id INTEGER);\nCREATE TABLE s_item (id INTEGER)", "s_item s_store",
			"tables s_item and s_store have no column processed", strings.ReplaceAll(
				absent, "s_store", "s_item",
			) + "\n" + absent},
		{"may be NULL", "s_store (id INTEGER, processed BOOLEAN DEFAULT FALSE)", "s_store", bad, other},
		{"no default", "s_store (id INTEGER, processed BOOLEAN NOT NULL)", "s_store", bad, other},
		{
			"processed from the start",
			"s_store (id INTEGER, processed BOOLEAN DEFAULT TRUE NOT NULL)", "s_store", bad, other,
		},
		{"another type", "s_store (id INTEGER, processed INTEGER DEFAULT 0 NOT NULL)", "s_store", bad, other},
		{"loaded by nobody", "s_store (id INTEGER)", "", "", ""},
		{
			"read by nobody",
			"s_other (id INTEGER);\nCREATE TABLE s_store (id INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL)",
			"s_other s_store", "", "",
		},
		{"made of a query", "s_store AS SELECT 1 AS id", "s_store", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := inlineProject(t, "CREATE TABLE "+tt.tables+";", map[string]string{
				"110_d_store": "-- d_store: one row per store.\n-- key: id\nSELECT id FROM s_store",
				"120_d_item":  "-- d_item: one row per item.\n-- key: id\nSELECT id FROM s_item",
			})
			if !strings.Contains(tt.tables, "s_item") {
				p.transforms = p.transforms[:1]
			}
			tables, err := schema.FromMigrations(p.migrations, sqlfile.Postgres)
			if err != nil {
				t.Fatal(err)
			}
			var models []*model.Model
			for _, file := range p.transforms {
				name := strings.TrimSuffix(strings.TrimPrefix(file.Name(), "transforms/"), ".sql")
				m, err := model.Parse(file, name[4:], name, sqlfile.Postgres)
				if err != nil {
					t.Fatal(err)
				}
				models = append(models, m)
			}
			err = model.CheckFlags(models, tables, strings.Fields(tt.loads))
			if tt.said == "" {
				if err != nil {
					t.Fatalf("got %v, want no error", err)
				}
				return
			}
			var fault *model.FlagError
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want a *FlagError", err)
			}
			said := tt.said + ": dwh cannot tell which of the rows are new"
			if !strings.HasPrefix(err.Error(), "transforms/1") || !strings.HasSuffix(err.Error(), ":3:16: "+said) {
				t.Errorf("got %q, want the place of the name, and %q", err.Error(), said)
			}
			if hint := "add to a migration:\n" + tt.hint; fault.Hint() != hint {
				t.Errorf("hint: got %q, want %q", fault.Hint(), hint)
			}
		})
	}
}
