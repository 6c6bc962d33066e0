// Package bookkeeping holds the migrations of dwh's own tables and tells in what state a warehouse
// has them.
package bookkeeping

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Name is what people see: the name of the history, and the folder that errors show its files in.
const Name = "bookkeeping"

// VersionTable is goose's version table of these migrations. A project's migrations have one of
// their own.
const VersionTable = "dwh_db_version"

//go:embed migrations/*.sql
var embedded embed.FS

// FS holds the migrations, NNNNN_name.sql. A later dwh adds files: it never changes one that was
// released.
func FS() fs.FS {
	fsys, err := fs.Sub(embedded, "migrations")
	if err != nil {
		panic(err) // the name is a constant and valid
	}
	return fsys
}

// Files returns the migrations in order of version.
func Files() ([]*sqlfile.File, error) { return sqlfile.ParseFS(FS(), Name, "*.sql") }

// Newest returns the version that this dwh works with, that of the last migration.
func Newest() int64 {
	versions := Versions()
	return versions[len(versions)-1]
}

// Versions returns the migrations' versions in ascending order.
func Versions() []int64 {
	entries, err := fs.ReadDir(embedded, "migrations")
	if err != nil {
		panic(err) // the folder is embedded
	}
	versions := make([]int64, 0, len(entries))
	for _, entry := range entries {
		number, _, _ := strings.Cut(entry.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			panic(fmt.Sprintf("%s/%s has no version", Name, entry.Name())) // a test reads them all
		}
		versions = append(versions, version)
	}
	slices.Sort(versions)
	return versions
}

// Owns tells whether a table's name belongs to dwh: the ledger s_object, s_reject, and every name
// that begins with dwh_. A project makes no table of such a name.
func Owns(table string) bool {
	return table == "s_object" || table == "s_reject" || strings.HasPrefix(table, "dwh_")
}
