// Package transforms embeds the numbered SQL that fills staging, dimensions and the fact table.
package transforms

import "embed"

// FS holds the transforms, NNN_table.sql: 0xx staging, 1xx dimensions, 2xx facts.
//
//go:embed *.sql
var FS embed.FS
