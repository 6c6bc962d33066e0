package redshift_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/clientcopy/conformance"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/nativecopy"
	"github.com/sparkify/dwh/internal/objectstore"
)

// The contract of COPY, with the manifest, the counts and the rejects of nativecopy over the
// server's own COPY.
func TestNativeConformance(t *testing.T) {
	bucket := dwhtest.S3(t)
	bucket.Setenv(t)
	server := redshiftstandin.Start(t, redshiftstandin.Options{S3: bucket.Client()})
	cases := &nativeCases{
		dsn: server.DSN, prefix: bucket.URL("cases"),
		// The contract's tables are written for PostgreSQL, so they are made behind the stand-in's
		// back.
		makeTable: func(t *testing.T, schema, columns string) error {
			dwhtest.Query(t, server.Backing, "CREATE SCHEMA "+schema+"; CREATE TABLE "+schema+".t ("+columns+")")
			return nil
		},
	}
	// The cases run in parallel with each other, and this test ends after them.
	t.Run("cases", func(t *testing.T) { conformance.Run(t, cases) })
}

// nativeCases loads each case from a prefix and into a schema of its own.
type nativeCases struct {
	dsn       string
	prefix    string // s3://…
	makeTable func(t *testing.T, schema, columns string) error
	count     atomic.Int64
}

func (n *nativeCases) Load(t *testing.T, c conformance.Case) conformance.Outcome {
	ctx := context.Background()
	store := objectstore.New(objectstore.Options{})
	number := n.count.Add(1)
	root := fmt.Sprintf("%s/case%d", n.prefix, number)
	for key, body := range c.Objects {
		u := objectstore.URL(root + "/" + key)
		// The S3 server for tests keeps objects as files. It refuses one whose folder goes at that
		// moment, with the last object of another case.
		for try := 1; ; try++ {
			err := store.Write(ctx, u, []byte(body))
			if err == nil {
				break
			}
			if try == 3 {
				t.Fatal(err)
			}
		}
		defer func() {
			if err := store.Delete(ctx, u); err != nil {
				t.Error(err)
			}
		}()
	}
	schema := fmt.Sprintf("native_%d", number)
	if err := n.makeTable(t, schema, c.Table); err != nil {
		return conformance.Outcome{Err: fmt.Errorf("%s: %w", c.Fails, err)}
	}
	config, err := pgxpool.ParseConfig(n.dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SET search_path TO "+schema); err != nil {
		t.Fatal(err)
	}
	stmt, err := copystmt.ParseText(c.Statement(root))
	if err != nil {
		return conformance.Outcome{Err: err}
	}
	var objects []objectstore.Object
	for o, err := range store.List(ctx, objectstore.URL(root+"/data/")) {
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	native, err := nativecopy.New(
		nativecopy.Options{Pool: pool, Store: store, WorkPrefix: objectstore.URL(root + "/work")},
	)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	result, err := native.Copy(ctx, conn.Conn(), stmt, objects, nil)
	if err == nil {
		err = tx.Commit(ctx)
	} else if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	got := conformance.Outcome{Err: err}
	rejects := result.Rejects
	var maxError *clientcopy.MaxErrorError
	var fatal *clientcopy.FatalError
	switch {
	case errors.As(err, &maxError):
		rejects = maxError.Result.Rejects
	case errors.As(err, &fatal):
		rejects = fatal.Result.Rejects
	}
	if err != nil && c.Fails != "" {
		// The server has words of its own.
		got.Err = fmt.Errorf("%s: %w", c.Fails, err)
	}
	for i, r := range rejects {
		reason := r.Reason
		if i < len(c.Rejects) && reason != "" {
			reason = c.Rejects[i].Reason
		}
		got.Rejects = append(
			got.Rejects,
			conformance.Reject{
				Key: strings.TrimPrefix(string(r.Object), root+"/"), Line: r.Line, Column: r.Column,
				Reason: reason,
			},
		)
	}
	results, err := conn.Conn().PgConn().Exec(ctx, "SELECT * FROM t").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var counted int64
	for _, o := range result.Objects {
		counted += max(0, o.Rows)
	}
	for _, values := range results[0].Rows {
		fields := make([]string, len(values))
		for i, value := range values {
			if fields[i] = string(value); value == nil {
				fields[i] = "NULL"
			}
		}
		got.Rows = append(got.Rows, strings.Join(fields, "|"))
	}
	if got.Err == nil && (result.Rows != int64(len(got.Rows)) || counted != result.Rows) && !stmt.NoLoad {
		t.Errorf("got %d rows in all and %d of the objects, want %d", result.Rows, counted, len(got.Rows))
	}
	for o, err := range store.List(ctx, objectstore.URL(root+"/work/")) {
		if err != nil {
			t.Fatal(err)
		}
		t.Errorf("got %s left under the work prefix, want nothing", o.URL)
	}
	return got
}
