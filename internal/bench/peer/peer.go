// Package peer is what dwh is compared with: the same job done by others.
package peer

import (
	_ "embed" // the two scripts
)

// TransformSQL builds the star from the staging tables by SQL that is tuned by hand for PostgreSQL,
// for psql.
//
//go:embed transform.sql
var TransformSQL []byte

// DuckStar builds the star from the objects with DuckDB, for node with @duckdb/node-api.
//
//go:embed duckstar.mjs
var DuckStar []byte
