package publish_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/sqlfile"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

// comparedColumns are one column of each kind, with values that are easily mixed up.
var comparedColumns = []struct {
	name, sqlType string
	values        []string
}{
	{"t", `VARCHAR(10) COLLATE "C"`, []string{"NULL", "''", "'a'", "'b'", "'ab'", "'ü'"}},
	{"u", `VARCHAR(10) COLLATE "C"`, []string{"NULL", "''", "'a'", "'b'"}},
	{"i", "BIGINT", []string{
		"NULL", "0", "1", "-1", "4294967295", "4294967296", "4294967297", "9223372036854775807",
	}},
	{"f", "DOUBLE PRECISION", []string{"NULL", "0", "'-0'", "1.5", "'NaN'"}},
	{"n", "NUMERIC(12, 2)", []string{"NULL", "0", "1.50", "1"}},
	{"b", "BOOLEAN", []string{"NULL", "TRUE", "FALSE"}},
	{"s", "TIMESTAMP", []string{
		"NULL", "'2018-11-01'", "'2018-11-01 00:00:00.001'", "'2000-01-01'", "'2000-01-01 01:11:34.967297'",
	}},
	{"d", "DATE", []string{"NULL", "'2018-11-01'"}},
	{"c", "CHAR(3)", []string{"NULL", "''", "'a'"}},
}

// newComparison makes the tables public.t and scratch.t. handover makes what compares them, of so
// many built rows. column is one more column of both.
func newComparison(t *testing.T, column string) (tx pgx.Tx, handover func(rows int64) *publish.Handover) {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, dwhtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(ctx) })
	tx, err = conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	live := catalogue.Table{Schema: "public", Name: "t", Required: []catalogue.Name{"id"}}
	definitions := []string{"id BIGINT NOT NULL"}
	live.Columns = append(live.Columns, "id")
	for _, c := range comparedColumns {
		live.Columns = append(live.Columns, catalogue.Name(c.name))
		if strings.Contains(c.sqlType, "CHAR") {
			live.Texts = append(live.Texts, catalogue.Name(c.name))
		}
		definitions = append(definitions, c.name+" "+c.sqlType)
	}
	if column != "" {
		live.Columns = append(live.Columns, "more")
		definitions = append(definitions, "more "+column)
	}
	if err := catalogue.Exec(
		ctx, tx, "CREATE SCHEMA scratch", "CREATE TABLE public.t ("+strings.Join(definitions, ", ")+")",
		"CREATE TABLE scratch.t (LIKE public.t)",
	); err != nil {
		t.Fatal(err)
	}
	return tx, func(rows int64) *publish.Handover {
		h := publish.New(publish.Options{
			Engine: sqlfile.Postgres, Logger: slog.New(slog.DiscardHandler), Observer: func(progress.Event) {},
			Failpoint: func(string) {},
		}, tx, "scratch")
		t.Cleanup(h.Close)
		h.Add(live, rows)
		return h
	}
}

// TestCompareIsExact compares tables whose rows were swapped, repeated, changed or left out with
// what PostgreSQL says of them.
func TestCompareIsExact(t *testing.T) {
	t.Parallel()
	tx, handover := newComparison(t, "")
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		rows := make([][]string, rapid.IntRange(0, 6).Draw(t, "rows"))
		for i := range rows {
			rows[i] = []string{fmt.Sprint(rapid.IntRange(1, 4).Draw(t, "id"))}
			for _, c := range comparedColumns {
				rows[i] = append(rows[i], rapid.SampledFrom(c.values).Draw(t, c.name))
			}
		}
		built := make([][]string, 0, len(rows))
		for _, row := range rapid.Permutation(rows).Draw(t, "order") {
			built = append(built, append([]string(nil), row...))
		}
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			if len(built) == 0 {
				break
			}
			row := rapid.IntRange(0, len(built)-1).Draw(t, "row")
			other := rapid.IntRange(0, len(built)-1).Draw(t, "other")
			at := rapid.IntRange(0, len(comparedColumns)).Draw(t, "column")
			switch rapid.IntRange(0, 3).Draw(t, "change") {
			case 0:
				built[row][at], built[other][at] = built[other][at], built[row][at]
			case 1:
				built[row] = append([]string(nil), built[other]...)
			case 2:
				built = append(built[:row], built[row+1:]...)
			case 3:
				if at > 0 {
					built[row][at] = rapid.SampledFrom(comparedColumns[at-1].values).Draw(t, "value")
				}
			}
		}
		sp, err := tx.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = sp.Rollback(ctx) }()
		for table, of := range map[string][][]string{"public.t": rows, "scratch.t": built} {
			for _, row := range of {
				if _, err := sp.Exec(ctx, "INSERT INTO "+table+" VALUES ("+strings.Join(row, ", ")+")"); err != nil {
					t.Fatal(err)
				}
			}
		}
		var same bool
		if err := sp.QueryRow(ctx, `SELECT NOT EXISTS (SELECT * FROM public.t EXCEPT ALL SELECT * FROM scratch.t)
			AND NOT EXISTS (SELECT * FROM scratch.t EXCEPT ALL SELECT * FROM public.t)`).Scan(&same); err != nil {
			t.Fatal(err)
		}
		differences, err := handover(int64(len(built))).Compare(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if d := differences[0]; d.Some() == same || d.Rows != int64(len(built)) {
			t.Errorf("got %+v of %d rows, want same %v", d, len(built), same)
		}
	})
}

// TestCompareAlike compares rows whose values have the same hashes, the hashes in the same places
// or in others.
func TestCompareAlike(t *testing.T) {
	t.Parallel()
	tx, handover := newComparison(t, "")
	ctx := t.Context()
	for _, c := range []struct {
		columns, live, built string
		changed              int64
	}{
		{"t, u", "(1, 'a', 'x'), (2, 'b', 'y')", "(1, 'b', 'x'), (2, 'a', 'y')", 2},
		{"i", "(1, -1), (2, 0), (3, 1)", "(1, 4294967295), (2, 4294967297), (3, 4294967296)", 3},
		{"s", "(1, '2000-01-01')", "(1, '2000-01-01 01:11:34.967297')", 1},
		{"n, i", "(1, 1, 1)", "(1, 10000, 1)", 1},
		{"f", "(1, 0)", "(1, '-0')", 0},
		{"t", "(1, NULL)", "(1, '')", 1},
		{"t, u", "(1, 'ab', '')", "(1, 'a', 'b')", 1},
	} {
		for range 5 { // seeds are drawn
			if err := catalogue.Exec(
				ctx, tx, "DELETE FROM public.t", "DELETE FROM scratch.t", "DROP TABLE IF EXISTS scratch.difference_t",
				"INSERT INTO public.t (id, "+c.columns+") VALUES "+c.live,
				"INSERT INTO scratch.t (id, "+c.columns+") VALUES "+c.built,
			); err != nil {
				t.Fatal(err)
			}
			differences, err := handover(0).Compare(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if d := differences[0]; d.Changed != c.changed || d.Added+d.Removed > 0 {
				t.Errorf("%s: %s and %s: got %+v, want %d changed", c.columns, c.live, c.built, d, c.changed)
			}
		}
	}
}

// TestRowHashesDiffer counts the hashes of 200,000 rows: of numbers, of texts, and of two texts
// that change places. If they had 32 bits, some five pairs would have the same.
func TestRowHashesDiffer(t *testing.T) {
	t.Parallel()
	tx, _ := newComparison(t, "")
	for _, c := range []struct{ columns, texts, rows string }{
		{"v", "", "SELECT * FROM GENERATE_SERIES(1, 200000)"},
		{"v", "v", "SELECT CAST(x AS TEXT) FROM GENERATE_SERIES(1, 200000) AS x"},
		{"v w", "v w", `SELECT CAST(x % 1000 AS TEXT), CAST(x / 1000 AS TEXT)
			FROM GENERATE_SERIES(0, 199999) AS x`},
		{"i v j w", "v w", `SELECT x % 10, CAST(x % 1000 / 10 AS TEXT), x % 100000 / 1000, CAST(x / 100000 AS TEXT)
			FROM GENERATE_SERIES(0, 199999) AS x`},
	} {
		table := catalogue.Table{Schema: "public", Name: "h"}
		for _, name := range strings.Fields(c.columns) {
			table.Columns = append(table.Columns, catalogue.Name(name))
		}
		for _, name := range strings.Fields(c.texts) {
			table.Texts = append(table.Texts, catalogue.Name(name))
		}
		_, hash, _ := strings.Cut(catalogue.SameRows(table, table.SQL(), 7), "SUM(")
		hash, _, _ = strings.Cut(hash, ") AS hashes")
		var rows, hashes int64
		count := "SELECT COUNT(*), COUNT(DISTINCT " + hash + ") FROM (" + c.rows + ") AS r (" +
			strings.ReplaceAll(c.columns, " ", ", ") + ")"
		if err := tx.QueryRow(t.Context(), count).Scan(&rows, &hashes); err != nil {
			t.Fatal(err)
		}
		if rows != 200000 || rows != hashes {
			t.Errorf("%s: got %d hashes of %d rows", c.rows, hashes, rows)
		}
	}
}

// TestCompareWithoutBytes compares a column whose type has no binary form.
func TestCompareWithoutBytes(t *testing.T) {
	t.Parallel()
	tx, handover := newComparison(t, "ACLITEM")
	ctx := t.Context()
	for _, c := range []struct {
		privilege string
		changed   int64
	}{{"r", 0}, {"w", 1}} {
		if err := catalogue.Exec(
			ctx, tx, "DELETE FROM public.t", "DELETE FROM scratch.t",
			"INSERT INTO public.t (id, more) VALUES (1, 'pg_monitor=r/pg_monitor')",
			"INSERT INTO scratch.t (id, more) VALUES (1, 'pg_monitor="+c.privilege+"/pg_monitor')",
		); err != nil {
			t.Fatal(err)
		}
		differences, err := handover(1).Compare(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if d := differences[0]; d.Changed != c.changed || d.Added+d.Removed > 0 || d.Rows != 1 {
			t.Errorf("%s: got %+v, want %d changed", c.privilege, d, c.changed)
		}
		if _, err := tx.Exec(ctx, "DROP TABLE IF EXISTS scratch.difference_t"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestExamples reads the rows that a comparison finds to differ. They are compared by id, which
// several rows may share.
func TestExamples(t *testing.T) {
	t.Parallel()
	tx, handover := newComparison(t, "")
	ctx := t.Context()
	if err := catalogue.Exec(
		ctx, tx,
		"INSERT INTO public.t (id, t) VALUES (1, 'same'), (2, 'a'), (3, 'gone'), (10, NULL), (10, 'x')",
		"INSERT INTO scratch.t (id, t) VALUES (1, 'same'), (2, 'b'), (4, 'new'), (10, NULL), (10, 'y')",
	); err != nil {
		t.Fatal(err)
	}
	h := handover(5)
	differences, err := h.Compare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	examples, err := h.Examples(ctx, differences[0])
	if err != nil {
		t.Fatal(err)
	}
	side := func(row []*string) string {
		if row == nil {
			return "none"
		}
		return *row[0] + " " + *row[1]
	}
	var got []string
	for _, e := range examples {
		got = append(got, side(e.Live)+" / "+side(e.Built))
	}
	want := []string{"2 a / 2 b", "3 gone / none", "none / 4 new"} // of the first three keys
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := tx.Exec(ctx, "DELETE FROM scratch.difference_t WHERE id < 10"); err != nil {
		t.Fatal(err)
	}
	if examples, err = h.Examples(ctx, differences[0]); err != nil {
		t.Fatal(err)
	}
	if len(examples) != 1 || side(examples[0].Live)+" / "+side(examples[0].Built) != "10 x / 10 y" {
		t.Errorf("of a key with two rows: got %d examples, want 10 x / 10 y", len(examples))
	}
}
