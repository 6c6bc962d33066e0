package clientcopy_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/clientcopy/conformance"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/objectstore"
)

// TestConformance runs the contract of COPY on this package, PostgreSQL and a folder.
func TestConformance(t *testing.T) {
	conformance.Run(t, folderCopy{dsn: dwhtest.Database(t)})
}

// folderCopy loads from local folders; each case has its own schema.
type folderCopy struct{ dsn string }

func (f folderCopy) Load(t *testing.T, c conformance.Case) conformance.Outcome {
	ctx := t.Context()
	root := t.TempDir()
	for key, body := range c.Objects {
		writeFile(t, root, key, []byte(body))
	}
	conn := connect(t, f.dsn)
	exec(t, conn, "SET TIME ZONE 'UTC'")
	exec(t, conn, "CREATE TEMP TABLE t ("+c.Table+")")
	store := objectstore.New(objectstore.Options{})
	objects := list(t, store, root+"/data")

	var got conformance.Outcome
	stmt, err := copystmt.ParseText(c.Statement(root))
	if err != nil {
		return conformance.Outcome{Err: err}
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	result, err := clientcopy.Copy(ctx, conn, store, stmt, objects, clientcopy.Options{Workers: 2})
	if err == nil {
		err = tx.Commit(ctx)
	} else if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	got.Err = err
	rejects := result.Rejects
	var maxError *clientcopy.MaxErrorError
	if errors.As(err, &maxError) {
		rejects = maxError.Result.Rejects
	}
	prefix := "file://" + root + "/"
	for _, r := range rejects {
		got.Rejects = append(
			got.Rejects,
			conformance.Reject{
				Key: strings.TrimPrefix(string(r.Object), prefix), Line: r.Line, Column: r.Column,
				Reason: r.Reason,
			},
		)
	}
	got.Rows = rows(t, conn, "SELECT * FROM t")
	return got
}

// connect opens a connection for the length of the test.
func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func exec(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// rows returns a query's rows as the server's own text, joined by |.
func rows(t testing.TB, conn *pgx.Conn, sql string) []string {
	t.Helper()
	results, err := conn.PgConn().Exec(context.Background(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var lines []string
	for _, row := range results[0].Rows {
		fields := make([]string, len(row))
		for i, f := range row {
			if fields[i] = string(f); f == nil {
				fields[i] = "NULL"
			}
		}
		lines = append(lines, strings.Join(fields, "|"))
	}
	return lines
}

// list returns the objects under a folder.
func list(t testing.TB, store *objectstore.Store, folder string) []objectstore.Object {
	t.Helper()
	u, err := objectstore.ParseURL(folder)
	if err != nil {
		t.Fatal(err)
	}
	var objects []objectstore.Object
	for o, err := range store.List(context.Background(), u) {
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	return objects
}
