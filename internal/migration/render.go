package migration

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
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

// source is a migration's file: its name in the folder, and the version that the name begins with.
type source struct {
	name    string
	version int64
}

// list finds the migrations of fsys in order of version. A file that goose would leave out without
// a word is an error: one without a number, with the number 0 or with one beyond 64 bits, and one
// whose ending is not spelt .sql.
func list(fsys fs.FS, dir string) ([]source, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, sqlfile.ReadError(dirName(dir), err)
	}
	var sources []source
	versions := map[int64]string{}
	for _, entry := range entries {
		name := entry.Name()
		ending := path.Ext(name)
		if !strings.EqualFold(ending, ".sql") {
			continue
		}
		fault := func(format string, args ...any) error {
			return fmt.Errorf("%s: %s", path.Join(dirName(dir), name), fmt.Sprintf(format, args...))
		}
		number, _, ok := strings.Cut(name, "_")
		if !ok || number == "" || strings.Trim(number, "0123456789") != "" || ending != ".sql" {
			return nil, fault("a migration file must be named NNNNN_name.sql")
		}
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fault("version %s is too large; a version is at most %d", number, math.MaxInt64)
		}
		if version == 0 {
			return nil, fault("a version must be greater than 0; change the number of the file")
		}
		if first, twice := versions[version]; twice {
			return nil, fault("version %s is already used by %s; change the number of one file", number, first)
		}
		versions[version] = name
		sources = append(sources, source{name: name, version: version})
	}
	slices.SortFunc(sources, func(a, b source) int { return cmp.Compare(a.version, b.version) })
	return sources, nil
}

// render reads every NNNNN_name.sql of fsys and resolves its markers for the engine. goose reads
// the renderings, so that one numbered file serves both engines.
func render(fsys fs.FS, dir string, engine sqlfile.Engine) ([]*sqlfile.File, fs.FS, error) {
	sources, err := list(fsys, dir)
	if err != nil {
		return nil, nil, err
	}
	rendered := fstest.MapFS{}
	files := make([]*sqlfile.File, 0, len(sources))
	for _, s := range sources {
		text, err := sqlfile.ReadFile(fsys, dirName(dir), s.name)
		if err != nil {
			return nil, nil, err
		}
		file, err := sqlfile.Parse(path.Join(dirName(dir), s.name), text)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, file)
		rendered[s.name] = &fstest.MapFile{Data: []byte(file.Render(engine)), Mode: 0o444}
	}
	return files, rendered, nil
}

// Files parses a project's migrations in fsys, in order of version; errors name them under dir. A
// migration that makes one of dwh's own tables is an error.
func Files(fsys fs.FS, dir string) ([]*sqlfile.File, error) {
	project, err := readProject(fsys, dir, sqlfile.Postgres)
	if err != nil {
		return nil, err
	}
	return project.files, nil
}
