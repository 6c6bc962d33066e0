// Package embedded is the embedded project: Sparkify's song-play warehouse, which dwh runs where no
// other project is named. It is the one place in internal/ that knows what that project's tables,
// checks and reports are called.
package embedded

import (
	"io/fs"

	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/transforms"
)

// Migrations holds the embedded project's migrations, NNNNN_name.sql.
func Migrations() fs.FS { return migrations.FS }

// Transforms holds the embedded project's loads and models, NNN_name.sql.
func Transforms() fs.FS { return transforms.FS }

// Tests holds the embedded project's test cases, a folder each.
func Tests() fs.FS { return transforms.Tests() }
