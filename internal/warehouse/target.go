package warehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/localpg"
)

// LocalDatabase is the warehouse's database in the private PostgreSQL, unless the configuration
// names another.
const LocalDatabase = "dwh"

// ResolveTarget says which warehouse a configuration means: the one of its database URL, else the
// private PostgreSQL, which is started and given its database when need be. log receives what takes
// long; nil discards it.
func ResolveTarget(ctx context.Context, cfg *config.Config, log *slog.Logger) (Options, error) {
	if cfg.DatabaseURL != "" {
		return Options{DSN: cfg.DatabaseURL, Engine: cfg.Engine, Origin: cfg.Origin("database_url").String()}, nil
	}
	if cfg.Engine == "redshift" {
		return Options{}, &config.Error{
			Key: "engine", Origin: cfg.Origin(
				"engine",
			), Msg: "the engine is redshift, but no database URL is set; the private server is PostgreSQL",
			Advice: "set DWH_DATABASE_URL to the cluster's or workgroup's address",
		}
	}
	return Private(ctx, cfg.DataDir, cmp.Or(cfg.Database, LocalDatabase), log)
}

// Private is the database of the private PostgreSQL of a data folder ("" for the default one),
// which is started when it is down; the database is made when it does not exist. Of a server that
// runs already Open finds out whether it has the database.
func Private(ctx context.Context, dataDir, database string, log *slog.Logger) (Options, error) {
	server, err := localpg.New(localpg.Options{DataDir: dataDir, Logger: log})
	if err != nil {
		return Options{}, fmt.Errorf("private PostgreSQL: %w", err)
	}
	start := func(ctx context.Context) (Options, error) {
		info, err := server.Start(ctx)
		var start *localpg.StartError
		if errors.As(err, &start) {
			return Options{}, err // it says what was being done
		}
		if err != nil {
			return Options{}, fmt.Errorf("start the private PostgreSQL: %w", err)
		}
		if err := server.EnsureDatabase(ctx, database); err != nil {
			return Options{}, fmt.Errorf("private PostgreSQL: %w", err)
		}
		return Options{DSN: config.Secret(info.DSN(database)), Local: &info, server: server}, nil
	}
	info, ok := server.Running(ctx)
	if !ok {
		return start(ctx)
	}
	return Options{DSN: config.Secret(info.DSN(database)), Local: &info, start: start, server: server}, nil
}
