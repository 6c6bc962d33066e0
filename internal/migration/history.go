package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A history is numbered files with the table that says which of them are applied.
type history struct {
	engine   sqlfile.Engine
	dir      string // how errors call the files' folder
	files    []*sqlfile.File
	rendered fs.FS
	table    string // goose's version table
	provider *goose.Provider
}

// readProject reads the migrations of a project.
func readProject(fsys fs.FS, dir string, engine sqlfile.Engine) (*history, error) {
	files, rendered, err := render(fsys, dir, engine)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := checkAnnotations(file); err != nil {
			return nil, err
		}
	}
	if err := refuseOwned(files, engine); err != nil {
		return nil, err
	}
	if err := refuseVariables(files); err != nil {
		return nil, err
	}
	if err := refuseSearchPath(files, engine); err != nil {
		return nil, err
	}
	return &history{
		engine: engine, dir: dirName(dir), files: files, rendered: rendered, table: goose.DefaultTablename,
	}, nil
}

// readOwn reads the migrations of dwh's own tables.
func readOwn(engine sqlfile.Engine) (*history, error) {
	files, rendered, err := render(bookkeeping.FS(), bookkeeping.Name, engine)
	if err != nil {
		return nil, err
	}
	return &history{
		engine: engine, dir: bookkeeping.Name, files: files, rendered: rendered, table: bookkeeping.VersionTable,
	}, nil
}

// open makes the provider on db.
func (h *history) open(db *sql.DB) error {
	provider, err := h.provide(db)
	if err != nil {
		return err
	}
	h.provider = provider
	return nil
}

func (h *history) provide(db *sql.DB, more ...goose.ProviderOption) (*goose.Provider, error) {
	dialect := goose.DialectPostgres
	if h.engine == sqlfile.Redshift {
		dialect = goose.DialectRedshift
	}
	options := []goose.ProviderOption{
		goose.WithTableName(h.table), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()),
	}
	return goose.NewProvider(dialect, db, h.rendered, append(options, more...)...)
}

// file finds the file of a migration by its name in the folder, nil for none.
func (h *history) file(name string) *sqlfile.File {
	for _, file := range h.files {
		if path.Base(file.Name()) == path.Base(name) {
			return file
		}
	}
	return nil
}

// failedFile names the migration that goose's error is about, "" when it is about none.
func (h *history) failedFile(err error) string {
	var partial *goose.PartialError
	if !errors.As(err, &partial) || partial.Failed == nil || partial.Failed.Source == nil {
		return ""
	}
	if file := h.file(partial.Failed.Source.Path); file != nil {
		return file.Name()
	}
	return partial.Failed.Source.Path
}

// sql is what Up or Down of a version sends, for a dry run. goose itself runs the migration, on a
// connection that only takes the statements down: a second reader of its annotations would differ.
func (h *history) sql(ctx context.Context, version int64, up bool) (string, error) {
	script := &recorder{}
	db := sql.OpenDB(script)
	defer db.Close()
	provider, err := h.provide(db, goose.WithDisableVersioning(true))
	if err != nil {
		return "", fmt.Errorf("read migrations: %w", err)
	}
	if _, err := provider.ApplyVersion(ctx, version, up); err != nil {
		if errors.Is(err, goose.ErrVersionNotFound) {
			return "", fmt.Errorf("there is no migration %d", version)
		}
		return "", fmt.Errorf("read migration %d: %w", version, err)
	}
	text := strings.Join(script.statements, "\n\n") + "\n"
	if len(script.statements) > 0 && !script.transaction {
		text = "-- each statement by itself, outside a transaction\n" + text
	}
	return text, nil
}
