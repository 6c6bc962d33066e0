// Package queries embeds the queries that sqlc generates Go from, for linting.
package queries

import "embed"

// FS holds checks.sql, reports.sql, journal.sql and staging.sql.
//
//go:embed *.sql
var FS embed.FS
