package report

import "github.com/sparkify/dwh/internal/table"

// CheckLink finds all columns of a link in a result.
func CheckLink(l Link, t table.Table) error { return l.check(t) }
