package migration

import (
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/sqlfile"
)

func dirName(dir string) string {
	if dir == "" {
		return "migrations"
	}
	return dir
}

// render reads every NNNNN_name.sql of fsys and resolves its markers for the engine. goose reads the renderings, so
// that one numbered file serves both engines.
func render(fsys fs.FS, dir string, engine sqlfile.Engine) ([]*sqlfile.File, fs.FS, error) {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return nil, nil, fmt.Errorf("list migrations: %w", err)
	}
	sort.Strings(names)
	rendered := fstest.MapFS{}
	files := make([]*sqlfile.File, 0, len(names))
	versions := map[string]string{}
	for _, name := range names {
		number, _, ok := strings.Cut(name, "_")
		if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
			return nil, nil, fmt.Errorf("%s: a migration is called NNNNN_name.sql", path.Join(dirName(dir), name))
		}
		if first, twice := versions[strings.TrimLeft(number, "0")]; twice {
			return nil, nil, fmt.Errorf("%s: version %s is taken by %s; give one of them another number", path.Join(dirName(dir), name), number, first)
		}
		versions[strings.TrimLeft(number, "0")] = name
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, nil, fmt.Errorf("read migration: %w", err)
		}
		file, err := sqlfile.Parse(path.Join(dirName(dir), name), string(text))
		if err != nil {
			return nil, nil, err
		}
		files = append(files, file)
		rendered[name] = &fstest.MapFile{Data: []byte(file.Render(engine)), Mode: 0o444}
	}
	return files, rendered, nil
}

// Files parses the migrations in fsys, in order of version; errors name them under dir.
func Files(fsys fs.FS, dir string) ([]*sqlfile.File, error) {
	files, _, err := render(fsys, dir, sqlfile.Postgres)
	return files, err
}

// SQL is the rendered text of a migration's Up or Down half, for a dry run.
func (m *Migrator) SQL(version int64, up bool) (string, error) {
	for _, source := range m.provider.ListSources() {
		if source.Version != version {
			continue
		}
		text, err := fs.ReadFile(m.rendered, source.Path)
		if err != nil {
			return "", fmt.Errorf("read migration: %w", err)
		}
		return half(string(text), up), nil
	}
	return "", fmt.Errorf("there is no migration %d", version)
}

// half cuts a goose file at its annotations, https://github.com/pressly/goose#sql-migrations.
func half(text string, up bool) string {
	var out strings.Builder
	wanted := false
	for _, line := range strings.SplitAfter(text, "\n") {
		if word, ok := strings.CutPrefix(strings.TrimSpace(line), "-- +goose "); ok {
			switch strings.ToLower(strings.TrimSpace(word)) {
			case "up":
				wanted = up
				continue
			case "down":
				wanted = !up
				continue
			}
		}
		if wanted {
			out.WriteString(line)
		}
	}
	return strings.TrimSpace(out.String()) + "\n"
}
