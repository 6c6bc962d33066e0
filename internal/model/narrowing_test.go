package model_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/transforms"
)

// star is the graph of the shipped models over the shipped migrations.
func star(t *testing.T) (*model.Graph, schema.Schema) {
	t.Helper()
	files, err := migration.Files(migrations.FS, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := schema.FromMigrations(files, sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := transform.Steps(transforms.FS, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := transform.Graph(steps, tables, sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	return graph, tables
}

func TestNarrowingsOfTheStar(t *testing.T) {
	graph, _ := star(t)
	var got []string
	for _, n := range graph.Narrowings() {
		got = append(got, fmt.Sprintf("%s: %s -> %s (%s)", n.Model, n.Line, n.Table, strings.Join(n.Columns, ", ")))
	}
	want := []string{
		": the new rows -> s_name ()",
		": the new rows -> s_song ()",
		": the new rows -> s_songplay_event ()",
		"songplay: from: s_songplay_event by ts, session_id, item_in_session -> s_songplay_event " +
			"(ts, session_id, item_in_session)",
		"name_sex: key: name -> s_name (RTRIM(name))",
		"name_artist: from: song by artist_name -> s_song (RTRIM(artist_name))",
		"d_song: key: song_id -> s_song (RTRIM(song_id))",
		"d_artist: from: song by artist_id -> s_song (RTRIM(artist_id))",
		"d_user: left joins: name_sex by name = first_name -> s_name (RTRIM(name))",
		"d_user: left joins: name_sex by name = first_name -> d_user (first_name)",
		"d_user: key: user_id -> s_songplay_event (RTRIM(user_id))",
		"f_songplay: joins: song by title = song, artist_name = artist -> s_song (RTRIM(title), RTRIM(artist_name))",
		"f_songplay: joins: song by title = song, artist_name = artist -> s_songplay_event " +
			"(RTRIM(song), RTRIM(artist))",
		"f_songplay: joins: name_artist by name = artist -> s_songplay_event (RTRIM(artist))",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestNarrowingFindsItsIndex compares what a migration says with what pg_index says of it.
func TestNarrowingFindsItsIndex(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dwhtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	const table = `CREATE TABLE s_x (a VARCHAR(10), b VARCHAR(10) COLLATE "C", n INTEGER, ` +
		`processed BOOLEAN DEFAULT FALSE NOT NULL)`
	for _, c := range []struct {
		index   string
		columns []string
		found   bool
	}{
		// Only an index behind a COPY may hold a hash instead of the text.
		{"CREATE INDEX i ON s_x (HASHTEXT(RTRIM(a)))", []string{"RTRIM(a)"}, false},
		{"CREATE INDEX i ON s_x (RTRIM(a))", []string{"RTRIM(a)"}, true},
		{"CREATE INDEX i ON s_x (RTRIM(b), RTRIM(a))", []string{"RTRIM(a)", "RTRIM(b)"}, true},
		{"CREATE INDEX i ON s_x (RTRIM(b), RTRIM(a))", []string{"RTRIM(b)"}, true},
		{"CREATE INDEX i ON s_x (RTRIM(b), RTRIM(a))", []string{"RTRIM(a)"}, false},
		{"CREATE INDEX i ON s_x (a)", []string{"RTRIM(a)"}, false},
		{"CREATE INDEX i ON s_x (RTRIM(a))", []string{"a"}, false},
		{"CREATE INDEX i ON s_x (n DESC)", []string{"n"}, true},
		{"CREATE INDEX i ON s_x ((a || b))", []string{"a || b"}, true},
		{"CREATE INDEX i ON s_x (COALESCE(a, b))", []string{"COALESCE(a, b)"}, true},
		{"CREATE INDEX i ON s_x (RTRIM(a)) WHERE a IS NOT NULL", []string{"RTRIM(a)"}, true},
		{"CREATE INDEX i ON s_x (RTRIM(a)) WHERE a IS NOT NULL AND b IS NOT NULL", []string{"RTRIM(a)"}, false},
		{"CREATE INDEX i ON s_x (RTRIM(a)) WHERE processed", []string{"RTRIM(a)"}, true},
		{"CREATE INDEX i ON s_x (RTRIM(a)) WHERE n > 3", []string{"RTRIM(a)"}, false},
		{"CREATE INDEX i ON s_x (a) WHERE NOT processed", nil, true},
		{"CREATE INDEX i ON s_x (a) WHERE processed", nil, false},
		{"CREATE INDEX i ON s_x (a)", nil, false},
	} {
		file, err := sqlfile.Parse("00001_x.sql", "-- +goose Up\n"+table+";\n"+c.index+";\n")
		if err != nil {
			t.Fatal(err)
		}
		offline, err := schema.FromMigrations([]*sqlfile.File{file}, sqlfile.Postgres)
		if err != nil {
			t.Fatal(err)
		}
		n := model.Narrowing{Table: "s_x", Columns: c.columns}
		if _, ok := n.Index(offline["s_x"]); ok != c.found {
			t.Errorf("%s by %v, from the migration: got %t, want %t", c.index, c.columns, ok, c.found)
		}
		for _, sql := range []string{"DROP TABLE IF EXISTS s_x", table, c.index} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				t.Fatal(err)
			}
		}
		read := func() schema.Table {
			indexes, err := catalogue.ReadIndexedColumns(ctx, conn, "public")
			if err != nil {
				t.Fatal(err)
			}
			return schema.Table{Name: "s_x", Indexes: indexes["s_x"]}
		}
		if _, ok := n.Index(read()); ok != c.found {
			t.Errorf("%s by %v, from pg_index %v: got %t, want %t", c.index, c.columns, read().Indexes, ok, c.found)
		}
		// What is offered to paste serves.
		if !c.found {
			if _, err := conn.Exec(ctx, n.CreateIndex()); err != nil {
				t.Fatalf("%s: %v", n.CreateIndex(), err)
			}
			if _, ok := n.Index(read()); !ok {
				t.Errorf("%s does not serve %v: %v", n.CreateIndex(), n.Columns, read().Indexes)
			}
		}
	}
}

// An index of hashes behind a COPY serves, and the statements ask for it. An index of other hashes
// does not.
func TestIndexOfHashes(t *testing.T) {
	t.Parallel()
	graph, _ := star(t)
	found := map[string]string{}
	for _, n := range graph.Narrowings() {
		table := schema.Table{Name: n.Table, Indexes: []schema.Index{
			{Name: "hashes", Expressions: []string{"hashtext ( rtrim ( artist ) )", "hashtext ( rtrim ( song ) )"}},
		}}
		if name, ok := n.Index(table); ok {
			found[strings.Join(n.Columns, ", ")] = name
		}
		want := n.Table == "s_songplay_event" && slices.ContainsFunc(n.Columns, func(column string) bool {
			return column == "RTRIM(artist)" || column == "RTRIM(user_id)"
		})
		if got := slices.Contains(n.Hashed, true); got != want {
			t.Errorf("%s by %v: got hashed %t, want %t", n.Table, n.Columns, got, want)
		}
	}
	want := map[string]string{"RTRIM(song), RTRIM(artist)": "hashes", "RTRIM(artist)": "hashes"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("narrowings that the index serves (-want +got):\n%s", diff)
	}
}

func TestCreateIndexIsReadyToPaste(t *testing.T) {
	for _, c := range []struct {
		n    model.Narrowing
		want string
	}{
		{
			model.Narrowing{Table: "s_song", Columns: []string{"RTRIM(title)", "RTRIM(artist_name)"}},
			"CREATE INDEX s_song_title_artist_name ON s_song (RTRIM(title), RTRIM(artist_name));",
		},
		{model.Narrowing{Table: "s_song", Columns: []string{"a || b"}}, "CREATE INDEX s_song_b ON s_song ((a || b));"},
		{model.Narrowing{Table: "s_song"}, "CREATE INDEX s_song_new ON s_song (processed) WHERE NOT processed;"},
	} {
		if got := c.n.CreateIndex(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// TestIndexesAreShared: one index serves several narrowings by its first columns.
func TestIndexesAreShared(t *testing.T) {
	tables := schema.Schema{
		"s_x": {
			Name: "s_x", Columns: []schema.Column{{Name: "a"}},
			Indexes: []schema.Index{{Name: "i", Expressions: []string{"n"}}},
		},
	}
	got := model.Indexes([]model.Narrowing{
		{Table: "s_x", Columns: []string{"RTRIM(a)", "RTRIM(b)", "c"}},
		{Table: "s_x", Columns: []string{"RTRIM(b)"}},
		{Table: "s_x", Columns: []string{"c"}},
		{Table: "s_x", Columns: []string{"n", "m"}},
		{Table: "s_y", Columns: []string{"RTRIM(b)"}},
		{Table: "s_x"},
	}, tables)
	var lines []string
	for _, indexed := range got {
		lines = append(lines, indexed.Index+indexed.Fix)
	}
	want := []string{
		"CREATE INDEX s_x_c_a_b ON s_x (c, RTRIM(a), RTRIM(b));",
		"CREATE INDEX s_x_b ON s_x (RTRIM(b));",
		"CREATE INDEX s_x_c_a_b ON s_x (c, RTRIM(a), RTRIM(b));",
		"i",
		"CREATE INDEX s_y_b ON s_y (RTRIM(b));",
		"CREATE INDEX s_x_new ON s_x (processed) WHERE NOT processed;",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

// TestNarrowingsOfAnotherProject: what an aggregate or a table of a model gives has no index below.
func TestNarrowingsOfAnotherProject(t *testing.T) {
	files, err := sqlfile.Parse("00001_x.sql", `-- +goose Up
CREATE TABLE s_order (id INTEGER, customer VARCHAR(20), amount INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE d_total (customer VARCHAR(20) PRIMARY KEY, amount BIGINT);
CREATE TABLE d_rank (amount BIGINT PRIMARY KEY, customers BIGINT);
`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := schema.FromMigrations([]*sqlfile.File{files}, sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	var models []*model.Model
	for _, m := range [][2]string{
		{
			"paid",
			"-- paid: one row per order that was paid\n-- from: s_order\nSELECT " +
				"UPPER(TRIM(customer)) || '!' AS customer, amount FROM s_order WHERE amount > 0;",
		},
		{
			"d_total",
			"-- d_total: one row per customer\n-- key: customer\n-- from: paid by " +
				"customer\nSELECT customer, SUM(amount) AS amount FROM paid GROUP BY customer;",
		},
		{
			"d_rank",
			"-- d_rank: one row per amount\n-- key: amount\n-- from: d_total by amount\nSELECT " +
				"amount, COUNT(*) AS customers FROM d_total GROUP BY amount;",
		},
	} {
		file, err := sqlfile.Parse("100_"+m[0]+".sql", m[1])
		if err != nil {
			t.Fatal(err)
		}
		item, err := model.Parse(file, m[0], "100_"+m[0], sqlfile.Postgres)
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, item)
	}
	graph, err := model.New(models, tables, []string{"s_order"}, sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range graph.Narrowings() {
		got = append(got, n.Table+" "+strings.Join(n.Columns, ", "))
	}
	want := []string{"s_order ", "s_order UPPER(TRIM(customer)) || '!'", "d_total amount"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
