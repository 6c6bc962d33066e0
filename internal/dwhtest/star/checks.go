package star

import (
	"slices"
	"sync"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/embedded"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// Checks are all checks of the warehouse, in the order in which dwh check makes them.
func Checks(t interface {
	Helper()
	Fatal(args ...any)
}) []check.Check {
	t.Helper()
	all, err := checks()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(all)
}

// checks reads the project once: the rounds of a property ask for them again and again.
var checks = sync.OnceValues(func() ([]check.Check, error) {
	files, err := migration.Files(embedded.Migrations(), "migrations")
	if err != nil {
		return nil, err
	}
	tables, err := schema.FromMigrations(files, sqlfile.Postgres)
	if err != nil {
		return nil, err
	}
	steps, err := transform.Steps(embedded.Transforms(), "transforms", sqlfile.Postgres)
	if err != nil {
		return nil, err
	}
	derived, err := transform.Derived(steps, tables)
	return append(derived, embedded.Checks()...), err
})
