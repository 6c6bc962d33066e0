package testcase

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// The names of schemas that cases run in. Each has a random end.
const homePrefix = "dwh_test_"

var homeName = regexp.MustCompile(`^` + homePrefix + `[0-9a-f]{12}$`)

// keeper is the table in such a schema that its dwh holds a lock on as long as it lives.
const keeper catalogue.Name = "dwh_alive"

// home is a schema that cases run in, and a pool whose unqualified names mean it.
type home struct {
	schema catalogue.Name
	engine sqlfile.Engine
	pool   *pgxpool.Pool
	held   *pgx.Conn // holds the lock
}

// A SchemaError says that no schema can be made for the cases.
type SchemaError struct{ Err error }

func (e *SchemaError) Error() string { return "make a schema for the test cases: " + e.Err.Error() }

// Unwrap returns what the server said.
func (e *SchemaError) Unwrap() error { return e.Err }

// Hint says what to do where the user may not.
func (e *SchemaError) Hint() string {
	var refused *pgconn.PgError
	if errors.As(e.Err, &refused) && refused.Code == "42501" {
		return "the user needs GRANT CREATE ON DATABASE …; " +
			"or leave the database URL out, and the private PostgreSQL runs the cases"
	}
	return ""
}

// makeHome makes an empty schema. The cases also see the further schemas, behind it.
func makeHome(
	ctx context.Context, pool *pgxpool.Pool, engine sqlfile.Engine, further []catalogue.Name,
) (*home, error) {
	for try := 0; ; try++ {
		h := &home{engine: engine}
		err := h.open(ctx, pool, further)
		if err == nil {
			return h, nil
		}
		h.close(ctx)
		// Between the making of a schema and its lock, the sweep of another dwh may take it away.
		var refused *pgconn.PgError
		gone := errors.As(err, &refused) && (refused.Code == "42P01" || refused.Code == "3F000")
		if !gone || try == 3 {
			return nil, &SchemaError{Err: err}
		}
	}
}

func (h *home) open(ctx context.Context, pool *pgxpool.Pool, further []catalogue.Name) error {
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	schema := catalogue.Name(homePrefix + hex.EncodeToString(random[:]))
	config := pool.Config()
	config.MinConns = 0
	if h.engine == sqlfile.Postgres {
		// A setting of the connection and not a SET: behind a pooler that hands sessions round, a
		// SET would reach other programs, and the cases other schemas.
		path := schema.SQL()
		for _, name := range further {
			path += ", " + name.SQL()
		}
		config.ConnConfig.RuntimeParams["search_path"] = path
		config.ConnConfig.RuntimeParams["synchronous_commit"] = "off" // nothing here has to last
	} else {
		after := config.AfterConnect
		config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			if after != nil {
				if err := after(ctx, conn); err != nil {
					return err
				}
			}
			_, err := conn.Exec(ctx, catalogue.SetSearchPath(schema))
			return err
		}
	}
	var err error
	if h.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	acquired, err := h.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	h.held = acquired.Hijack()
	table := catalogue.Table{Schema: schema, Name: keeper}
	err = pgx.BeginFunc(ctx, h.held, func(tx pgx.Tx) error {
		for _, sql := range []string{catalogue.CreateSchema(schema), catalogue.CreateValues(table)} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	h.schema = schema
	if _, err := writelock.BeginOn(ctx, h.held, h.engine, true, table.SQL()); err != nil {
		return err
	}
	// All that follows writes to unqualified names.
	if current, err := catalogue.CurrentSchema(ctx, h.pool); err != nil {
		return err
	} else if current != schema {
		return fmt.Errorf("the connection's schema is %s and should be %s: something between dwh and the server "+
			"leaves out what a connection asks for", current, schema)
	}
	return nil
}

// unqualified refuses a file that names the schema of the warehouse.
func unqualified(file *sqlfile.File, engine sqlfile.Engine, live string) error {
	for _, statement := range file.Statements(engine) {
		tokens := tokensOf(statement.SQL())
		for i, token := range tokens {
			name := token.Kind == sqlfile.KindWord || token.Kind == sqlfile.KindQuotedIdent
			if name && strings.EqualFold(token.Value(), live) && i+1 < len(tokens) && tokens[i+1].Text == "." {
				return statement.ErrorAt(token.Start,
					fmt.Sprintf("the SQL names the schema %s, but a test case runs in its own schema", live),
					"leave the schema out: a name without one means the schema of the connection", nil)
			}
		}
	}
	return nil
}

// farewell bounds how long a schema takes to go.
const farewell = 30 * time.Second

// close drops the schema, also where ctx has ended, and ends the connections.
func (h *home) close(ctx context.Context) {
	if h.pool == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if h.schema != "" {
		// Where this fails the next dwh test does it.
		_, _ = h.held.Exec(ctx, catalogue.DropSchema(h.schema))
		_, _ = h.held.Exec(ctx, "COMMIT") // of the transaction that has the lock
	}
	if h.held != nil {
		_ = h.held.Close(ctx)
	}
	h.pool.Close()
}

// sweep drops the schemas whose dwh is gone. One that somebody else owns, or that cannot be dropped
// now, stays.
func sweep(ctx context.Context, pool *pgxpool.Pool, engine sqlfile.Engine) error {
	names, err := catalogue.SchemasNamed(ctx, pool, homePrefix)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !homeName.MatchString(string(name)) {
			continue
		}
		if err := drop(ctx, pool, engine, name); err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// drop drops a schema that nobody holds.
func drop(ctx context.Context, pool *pgxpool.Pool, engine sqlfile.Engine, schema catalogue.Name) error {
	acquired, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer acquired.Release()
	tx, err := writelock.BeginOn(
		ctx, acquired.Conn(), engine, false, catalogue.Table{Schema: schema, Name: keeper}.SQL(),
	)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if engine == sqlfile.Postgres {
		// What a killed dwh was running may go on for a second.
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '10s'"); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, catalogue.DropSchema(schema)); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
