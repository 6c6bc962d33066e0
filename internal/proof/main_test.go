package proof_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/proof"
	"github.com/sparkify/dwh/internal/sample"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/transforms"
)

func TestMain(m *testing.M) {
	flag.Parse()
	dwhtest.Main(m)
}

// warehouse is a migrated database with staged rows and the models that are proved over it.
type warehouse struct {
	t     testing.TB
	dsn   string
	pool  *pgxpool.Pool
	steps []transform.Step
}

// migrated applies migrations to an empty database and stages rows.
func migrated(dsn string, files fs.FS, rows string) error {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	m, err := migration.New(ctx, pool, migration.Options{Engine: sqlfile.Postgres, FS: files})
	if err != nil {
		return err
	}
	defer m.Close()
	if _, err := m.Up(ctx); err != nil {
		return err
	}
	_, err = pool.Exec(ctx, rows)
	return err
}

// shop is the project of testdata/shop over a few dozen rows. Files of over stand in the place of
// its transforms of the same number, with what they read and what reads them alone; its setup.sql
// is run before.
func shop(t testing.TB, over string) *warehouse {
	t.Helper()
	w := &warehouse{t: t}
	w.dsn = dwhtest.TemplateDatabase(t, "shop", func(dsn string) error {
		return migrated(dsn, os.DirFS("testdata/shop/migrations"), shopRows())
	})
	w.open()
	files := map[string]string{}
	read := func(dir string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			text, err := os.ReadFile(path.Join(dir, entry.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if entry.Name() == "setup.sql" {
				w.exec(string(text))
				continue
			}
			for name := range files {
				if name[:3] == entry.Name()[:3] {
					delete(files, name)
				}
			}
			files[entry.Name()] = string(text)
		}
	}
	read("testdata/shop/transforms")
	if over != "" {
		shared := maps.Clone(files)
		read(over)
		files = around(files, func(name string) bool { return files[name] != shared[name] })
	}
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(path.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if w.steps, err = transform.Steps(os.DirFS(dir), "transforms", sqlfile.Postgres); err != nil {
		t.Fatal(err)
	}
	return w
}

// around are the files that are chosen, those that read them, and all that these read.
func around(files map[string]string, chosen func(name string) bool) map[string]string {
	reads := func(name, other string) bool {
		relation := strings.TrimSuffix(other[4:], ".sql")
		return name != other && regexp.MustCompile(`(FROM|JOIN) `+relation+`\b`).MatchString(files[name])
	}
	out := map[string]string{}
	for name := range files {
		for other := range files {
			if chosen(name) || chosen(other) && reads(name, other) {
				out[name] = files[name]
			}
		}
	}
	for range files {
		for name := range out {
			for other := range files {
				if reads(name, other) {
					out[other] = files[other]
				}
			}
		}
	}
	return out
}

// star is the embedded project over sample data.
func star(t testing.TB) *warehouse {
	t.Helper()
	w := &warehouse{t: t}
	w.dsn = dwhtest.TemplateDatabase(t, "star", func(dsn string) error {
		dir := path.Join(t.TempDir(), "sample")
		options := sample.Options{Songs: 60, Events: 400, Seed: 11, Late: true}
		if _, err := sample.Write(context.Background(), dir, options); err != nil {
			return err
		}
		var out strings.Builder
		args := []string{
			"dwh", "run", "--song-data", dir + "/song_data", "--log-data", dir + "/log_data",
			"--log-jsonpaths", dir + "/log_json_path.json", "--names", dir + "/names",
		}
		env := []string{"HOME=" + dir, "DATABASE_URL=" + dsn}
		if code := cli.Main(context.Background(), args, env, strings.NewReader(""), &out, &out); code != 0 {
			return fmt.Errorf("dwh run: exit code %d: %s", code, out.String())
		}
		return nil
	})
	w.open()
	var err error
	if w.steps, err = transform.Steps(transforms.FS, "transforms", sqlfile.Postgres); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *warehouse) open() {
	w.t.Helper()
	config, err := pgxpool.ParseConfig(w.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.pool, err = pgxpool.NewWithConfig(w.t.Context(), config); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.pool.Close)
}

func (w *warehouse) exec(sql string) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// one returns the only value of a query as text.
func (w *warehouse) one(sql string) string {
	w.t.Helper()
	var value string
	if err := w.pool.QueryRow(w.t.Context(), sql).Scan(&value); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func (w *warehouse) runner() *transform.Runner {
	w.t.Helper()
	r, err := transform.New(transform.Options{Pool: w.pool, Engine: sqlfile.Postgres, Version: "test", Steps: w.steps})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// prove makes one proof, which has to come to an end.
func (w *warehouse) prove(o proof.Options) proof.Result {
	w.t.Helper()
	result, err := w.runner().Prove(w.t.Context(), o)
	if err != nil {
		w.t.Fatalf("prove with seed %d: %v", o.Seed, err)
	}
	return result
}

// shopRows stages a few dozen rows in which values repeat.
func shopRows() string {
	random := rand.New(rand.NewPCG(2018, 11))
	var sql strings.Builder
	rows := func(table, columns string, n int, row func(i int) string) {
		var values []string
		for i := range n {
			values = append(values, "("+row(i)+")")
		}
		fmt.Fprintf(&sql, "INSERT INTO %s (%s) VALUES %s;\n", table, columns, strings.Join(values, ", "))
	}
	moment := func() string { return fmt.Sprintf("TIMESTAMP '2018-11-%02d 12:00:00'", 1+random.IntN(20)) }
	maybe := func(text string) string {
		if random.IntN(10) == 0 {
			return "NULL"
		}
		return text
	}
	number := func(n int) string { return fmt.Sprint(random.IntN(n)) }
	rows("s_order", "order_id, customer_id, product_id, bill_to, ship_to, quantity, ordered_at", 60, func(int) string {
		return strings.Join([]string{
			maybe(
				number(40),
			), maybe(number(12)), maybe(number(10)), maybe(number(8)), maybe(number(8)), maybe(number(9)),
			maybe(moment()),
		}, ", ")
	})
	rows("s_return", "order_id, quantity, reason", 15, func(int) string {
		return strings.Join([]string{maybe(number(40)), maybe(number(9)), maybe("'broken'")}, ", ")
	})
	rows("s_product", "product_id, version, category, price", 20, func(int) string {
		category := []string{"'toy '", "'book'", "'food'", "''"}[random.IntN(4)]
		return strings.Join([]string{number(12), number(5), category, maybe(number(20))}, ", ")
	})
	rows("s_customer", "customer_id, changed_at, name, grade", 30, func(int) string {
		grade := []string{"'gold'", "'silver '", "'none'"}[random.IntN(3)]
		return strings.Join([]string{maybe(number(15)), moment(), "'n" + number(5) + "'", grade}, ", ")
	})
	rows("s_place", "place_id, city", 14, func(int) string {
		return strings.Join([]string{number(10), maybe("'c" + number(4) + " '")}, ", ")
	})
	return sql.String()
}
