// Package migrations embeds the goose migrations that make up the history of the embedded project's
// schema.
package migrations

import "embed"

// FS holds the migrations, NNNNN_name.sql.
//
//go:embed *.sql
var FS embed.FS
