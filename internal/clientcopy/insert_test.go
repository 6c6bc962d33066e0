package clientcopy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/clientcopy/conformance"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/objectstore"
)

// TestInsertConformance runs the contract of COPY on the load by INSERTs, on a PostgreSQL that
// reads literals as Redshift does.
func TestInsertConformance(t *testing.T) {
	conformance.Run(t, folderInsert{dsn: dwhtest.Database(t)}, func(c conformance.Case) bool {
		// Redshift's catalogue shows an IDENTITY column by its default, PostgreSQL's does not.
		return strings.Contains(c.Table, "IDENTITY")
	})
}

type folderInsert struct{ dsn string }

func (f folderInsert) Load(t *testing.T, c conformance.Case) conformance.Outcome {
	ctx := t.Context()
	root := t.TempDir()
	for key, body := range c.Objects {
		writeFile(t, root, key, []byte(body))
	}
	config, err := pgx.ParseConfig(f.dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	schema := pgx.Identifier{strings.NewReplacer("/", "_").Replace(t.Name())[max(0, len(t.Name())-55):]}.Sanitize()
	for _, sql := range []string{
		"SET TIME ZONE 'UTC'", "CREATE SCHEMA " + schema, "SET search_path TO " + schema,
		"CREATE TABLE t (" + c.Table + ")",
		// Backslashes escape, as on Redshift; PostgreSQL warns of each.
		"SET standard_conforming_strings = off", "SET escape_string_warning = off", "BEGIN",
	} {
		if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	store := objectstore.New(objectstore.Options{})
	objects := list(t, store, root+"/data")
	stmt, err := copystmt.ParseText(c.Statement(root))
	if err != nil {
		return conformance.Outcome{Err: err}
	}
	result, err := clientcopy.Insert(ctx, conn, store, stmt, objects, clientcopy.Options{Workers: 2})
	ending := "COMMIT"
	if err != nil {
		ending = "ROLLBACK"
	}
	if _, err := conn.PgConn().Exec(ctx, ending).ReadAll(); err != nil {
		t.Fatal(err)
	}
	got := conformance.Outcome{Err: err}
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

// Rows beyond the size of one statement go into several, and each arrives once.
func TestInsertOfManyStatements(t *testing.T) {
	const records = 6000
	var body strings.Builder
	for i := range records {
		fmt.Fprintf(&body, "{\"id\":%d,\"v\":%q}\n", i, strings.Repeat(`'\`, 1000))
	}
	got := folderInsert{dsn: dwhtest.Database(t)}.Load(t, conformance.Case{
		Table: "id INTEGER, v VARCHAR(4000)", Objects: map[string]string{
			"data/a": body.String(),
		}, Options: "FORMAT AS JSON 'auto'",
	})
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	seen := map[string]bool{}
	for _, row := range got.Rows {
		seen[row] = true
	}
	if len(got.Rows) != records || len(seen) != records {
		t.Errorf("got %d rows, %d of them distinct, want %d", len(got.Rows), len(seen), records)
	}
	if want := "7|" + strings.Repeat(`'\`, 1000); !seen[want] {
		t.Errorf("row 7 is not as it was")
	}
}
