// Package transforms embeds the numbered SQL that fills staging, dimensions and the fact table, and
// the test cases of it.
package transforms

import (
	"embed"
	"io/fs"
)

// FS holds the transforms, NNN_table.sql: 0xx staging, 1xx dimensions, 2xx facts.
//
//go:embed *.sql
var FS embed.FS

//go:embed tests
var tests embed.FS

// Tests holds the test cases, a folder each.
func Tests() fs.FS {
	sub, err := fs.Sub(tests, "tests")
	if err != nil {
		panic(err) // the name is right
	}
	return sub
}
