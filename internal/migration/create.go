package migration

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var migrationName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Create writes the next numbered migration into the folder and returns its path. The name is lower
// case letters, digits and underscores; blanks and hyphens become underscores.
func Create(folder, name string) (string, error) {
	clean := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(name)))
	if !migrationName.MatchString(clean) {
		return "", fmt.Errorf(
			"%q does not name a migration; use letters, digits and underscores, such as add_play_count",
			name,
		)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", fmt.Errorf("list migrations: %w", err)
	}
	var newest int64
	for _, entry := range entries {
		number, _, ok := strings.Cut(entry.Name(), "_")
		if version, err := strconv.ParseInt(number, 10, 64); ok && err == nil && strings.HasSuffix(
			entry.Name(), ".sql",
		) {
			newest = max(newest, version)
		}
	}
	if newest == math.MaxInt64 {
		return "", fmt.Errorf("version %d of a migration in %s is the highest possible version", newest, folder)
	}
	path := filepath.Join(folder, fmt.Sprintf("%05d_%s.sql", newest+1, clean))
	text := fmt.Sprintf(
		"-- %s: say here what changes and why.\n\n-- +goose Up\n\n-- +goose Down\n",
		strings.ReplaceAll(clean, "_", " "),
	)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", fmt.Errorf("create migration: %w", err)
	}
	if _, err := file.WriteString(text); err != nil {
		_ = file.Close()
		return "", fmt.Errorf("create migration: %w", err)
	}
	if err := file.Close(); err != nil {
		return "", fmt.Errorf("create migration: %w", err)
	}
	return path, nil
}
