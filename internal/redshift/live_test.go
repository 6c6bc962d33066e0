//go:build live

package redshift_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/clientcopy/conformance"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/warehouse"
)

// These run on a real cluster or workgroup: go test -tags live ./internal/redshift -v, with
//
//	DWH_TEST_REDSHIFT_URL          postgres://user:password@host:5439/dev?sslmode=verify-full,
//	                               whose user may create databases
//	DWH_TEST_REDSHIFT_WORK_PREFIX  s3://bucket/prefix, where this machine writes and the
//	                               default role reads; without it COPY from S3 is not run
//	DWH_TEST_REDSHIFT_PAUSED       anything, where the workgroup or cluster sleeps:
//	                               the first connection has to come in time
//
// Everything happens in a database of the test's own, which is dropped.
func liveDatabase(t *testing.T) string {
	t.Helper()
	given := os.Getenv("DWH_TEST_REDSHIFT_URL")
	if given == "" {
		t.Fatal("DWH_TEST_REDSHIFT_URL names no cluster or workgroup")
	}
	ctx := t.Context()
	began := time.Now()
	w, err := warehouse.Open(
		ctx,
		warehouse.Options{DSN: config.Secret(given), Engine: "redshift", Origin: "DWH_TEST_REDSHIFT_URL"},
	)
	took := time.Since(began).Round(time.Millisecond)
	if os.Getenv("DWH_TEST_REDSHIFT_PAUSED") != "" {
		firstConnection.Do(func() { t.Logf("answer: the first connection to what was paused took %s: %v", took, err) })
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	t.Logf("cluster: %s", w.Target())
	var isolation string
	if err := w.Pool().QueryRow(
		ctx,
		"SELECT TRIM(isolation_level) FROM stv_db_isolation_level WHERE db_name = current_database()",
	).Scan(&isolation); err == nil {
		t.Logf("isolation level: %s", isolation)
	}
	name := "dwh_live_" + strings.ToLower(rand.Text()[:10])
	if _, err := w.Pool().Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := w.Pool().Exec(context.WithoutCancel(ctx), "DROP DATABASE "+name); err != nil {
			t.Errorf("drop the test's database %s: %v", name, err)
		}
	})
	u, err := url.Parse(given)
	if err != nil {
		t.Fatal(errors.New("DWH_TEST_REDSHIFT_URL is no URL"))
	}
	u.Path = "/" + name
	return u.String()
}

// firstConnection is that of the first test: the later ones meet what is awake.
var firstConnection sync.Once

// TestLive0Questions asks what nobody could find out offline. An answer that dwh needs otherwise
// fails the test.
func TestLive0Questions(t *testing.T) {
	w := livePool(t, liveDatabase(t))
	ask(t, w, func(q question, got string) {
		t.Logf("answer: %s: %s", q.text, got)
		if q.needed != "" && got != q.needed {
			t.Errorf("%s: got %q, and dwh needs %q", q.text, got, q.needed)
		}
	})
}

// livePool opens the test's database as dwh does: TLS, IAM and all.
func livePool(t *testing.T, dsn string) *warehouse.Warehouse {
	t.Helper()
	w, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(dsn), Engine: "redshift"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// unlike are the contract's cases that PostgreSQL and Redshift spell differently: they are about
// tables, not about COPY.
func unlike(c conformance.Case) bool {
	return strings.Contains(c.Table, "IDENTITY") || strings.Contains(c.Table, "GENERATED") || strings.Contains(
		strings.ToLower(c.Table), "nextval",
	)
}

// The contract of COPY on the cluster's COPY, whose result is to be compared by people where a case
// is marked as our choice.
func TestLiveCopy(t *testing.T) {
	prefix := os.Getenv("DWH_TEST_REDSHIFT_WORK_PREFIX")
	if prefix == "" {
		t.Log("DWH_TEST_REDSHIFT_WORK_PREFIX names no place: COPY from S3 is not run")
		return
	}
	dsn := liveDatabase(t)
	w := livePool(t, dsn)
	cases := &nativeCases{
		dsn: dsn, prefix: strings.TrimSuffix(prefix, "/") + "/" + strings.ToLower(rand.Text()[:10]),
		makeTable: func(t *testing.T, schema, columns string) error {
			return makeLiveTable(t.Context(), w, schema, columns)
		},
	}
	t.Run("cases", func(t *testing.T) { conformance.Run(t, cases, unlike) })
}

func makeLiveTable(ctx context.Context, w *warehouse.Warehouse, schema, columns string) error {
	for _, sql := range []string{"CREATE SCHEMA " + schema, "CREATE TABLE " + schema + ".t (" + columns + ")"} {
		if _, err := w.Pool().Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// The contract of COPY on the load by INSERTs.
func TestLiveInsert(t *testing.T) {
	w := livePool(t, liveDatabase(t))
	t.Run("cases", func(t *testing.T) { conformance.Run(t, &liveInserts{w: w}, unlike) })
}

type liveInserts struct {
	w     *warehouse.Warehouse
	count atomic.Int64
}

func (l *liveInserts) Load(t *testing.T, c conformance.Case) conformance.Outcome {
	ctx := context.Background()
	root := t.TempDir()
	for key, body := range c.Objects {
		write(t, root+"/"+key, []byte(body))
	}
	schema := fmt.Sprintf("insert_%d", l.count.Add(1))
	if err := makeLiveTable(ctx, l.w, schema, c.Table); err != nil {
		return conformance.Outcome{Err: fmt.Errorf("%s: %w", c.Fails, err)}
	}
	acquired, err := l.w.Pool().Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	conn := acquired.Hijack() // its search_path is the case's
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SET search_path TO "+schema); err != nil {
		t.Fatal(err)
	}
	stmt, err := copystmt.ParseText(c.Statement(root))
	if err != nil {
		return conformance.Outcome{Err: err}
	}
	store := objectstore.New(objectstore.Options{})
	var objects []objectstore.Object
	for o, err := range store.List(ctx, objectstore.URL("file://"+root+"/data")) {
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	result, err := clientcopy.Insert(ctx, conn, store, stmt, objects, clientcopy.Options{})
	if err == nil {
		err = tx.Commit(ctx)
	} else if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	got := conformance.Outcome{Err: err}
	rejects := result.Rejects
	var maxError *clientcopy.MaxErrorError
	if errors.As(err, &maxError) {
		rejects = maxError.Result.Rejects
	}
	for _, r := range rejects {
		got.Rejects = append(
			got.Rejects,
			conformance.Reject{
				Key: strings.TrimPrefix(string(r.Object), "file://"+root+"/"), Line: r.Line,
				Column: r.Column, Reason: r.Reason,
			},
		)
	}
	got.Rows = textRows(t, conn, "SELECT * FROM t")
	return got
}

func textRows(t *testing.T, conn *pgx.Conn, sql string) []string {
	t.Helper()
	results, err := conn.PgConn().Exec(context.Background(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var rows []string
	for _, values := range results[0].Rows {
		fields := make([]string, len(values))
		for i, value := range values {
			if fields[i] = string(value); value == nil {
				fields[i] = "NULL"
			}
		}
		rows = append(rows, strings.Join(fields, "|"))
	}
	return rows
}

var fraction = regexp.MustCompile(`"-?[0-9]+\.[0-9]+(e[-+]?[0-9]+)?"`)

// rounded writes fractions to twelve digits: Redshift shows fifteen of them, PostgreSQL as many as
// tell the number.
func rounded(tables map[string][]string) map[string][]string {
	for _, rows := range tables {
		for i, row := range rows {
			rows[i] = fraction.ReplaceAllStringFunc(row, func(quoted string) string {
				f, err := strconv.ParseFloat(strings.Trim(quoted, `"`), 64)
				if err != nil {
					return quoted
				}
				return fmt.Sprintf("%.12g", f)
			})
		}
		slices.Sort(rows)
	}
	return tables
}

// One whole run, from a folder, and everything after it; with a work prefix also from S3 by COPY.
func TestLiveWhole(t *testing.T) {
	folder := writeSample(t, 60, 800)
	want := rounded(onPostgres(t, folder))
	environment := append(os.Environ(), "DWH_WORK_PREFIX="+os.Getenv("DWH_TEST_REDSHIFT_WORK_PREFIX"))
	t.Run("insert", func(t *testing.T) {
		dsn := liveDatabase(t)
		dwh := on(t, dsn, append(environment, "DATABASE_URL="+dsn)...)
		args := append([]string{"run"}, sources(folder)...)
		dwh.must(args...)
		unchanged := func() { same(t, rounded(contents(t, dsn)), want) }
		unchanged()
		everything(t, dwh, args, unchanged)
	})
	prefix := os.Getenv("DWH_TEST_REDSHIFT_WORK_PREFIX")
	if prefix == "" {
		return
	}
	t.Run("copy", func(t *testing.T) {
		dsn := liveDatabase(t)
		store := objectstore.New(objectstore.Options{})
		root := strings.TrimSuffix(prefix, "/") + "/" + strings.ToLower(rand.Text()[:10])
		for o, err := range store.List(t.Context(), objectstore.URL("file://"+folder)) {
			if err != nil {
				t.Fatal(err)
			}
			body, _, err := store.ReadAll(t.Context(), o.URL, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			u := objectstore.URL(root + strings.TrimPrefix(string(o.URL), "file://"+folder))
			if err := store.Write(t.Context(), u, body); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = store.Delete(context.WithoutCancel(t.Context()), u) })
		}
		dwh := on(t, dsn, append(environment, "DATABASE_URL="+dsn)...)
		args := append([]string{"run"}, sources(root)...)
		dwh.must(args...)
		unchanged := func() { same(t, rounded(contents(t, dsn)), want) }
		unchanged()
		everything(t, dwh, args, unchanged)
	})
}

// TestLivePasted runs the SQL that dwh derives from every model: as a first run, as an increment
// and as a replay. verify --increments then tries random ones.
func TestLivePasted(t *testing.T) {
	folder := writeSample(t, 60, 400)
	want := rounded(onPostgres(t, folder))
	dsn := liveDatabase(t)
	acquired, err := livePool(t, dsn).Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn := acquired.Hijack()
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	dwh := on(t, dsn, append(os.Environ(), "DATABASE_URL="+dsn, "DWH_LOAD_METHOD=insert")...)
	pasted(t, dwh, conn, folder, func() {
		t.Helper()
		same(t, rounded(contents(t, dsn)), want)
	})
	stdout, _ := dwh.must("verify", "--increments", "10", "--sample", "100")
	if !strings.Contains(stdout, "10 increments agreed with a complete build") {
		t.Errorf("got\n%s\nwant 10 increments that agreed", stdout)
	}
}
