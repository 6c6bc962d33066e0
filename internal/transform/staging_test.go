package transform_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// TestRefusedRecordHoldsValue: a value is found as a whole field or token, and nowhere else.
func TestRefusedRecordHoldsValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, of, columnType string
		want                 bool
	}{
		{"39,Ada,2.50", "39", "integer", true},
		{"1,39", "39", "integer", true},
		{`{"userId": "39", "n": 1}`, "39", "character varying(64)", true},
		{`{"userId":39}`, "39", "character varying(64)", true},
		{"139,390,0.39,39.5,39-1", "39", "integer", false},
		{"order39 39th _39", "39", "integer", false},
		{"customer 39.", "39", "integer", true},
		{"a|39 |b", "39 ", "character varying(64)", true},
		{"039,x", "39", "integer", true},
		{"39.0,x", "39", "numeric(8,2)", true},
		{"3.9e1,x", "39", "double precision", true},
		{"039,x", "39", "character varying(64)", false},
		{"x,2.50", "2.5", "numeric(8,2)", true},
		{"x,-2.50", "2.5", "numeric(8,2)", false},
		{"Ada Lovelace;x", "Ada Lovelace", "character varying(64)", true},
		{"Adalbert;x", "Ada", "character varying(64)", false},
		{"x,ada@example.com,y", "ada@example.com", "character varying(64)", true},
		{"x,ada@example.com.au,y", "ada@example.com", "character varying(64)", false},
		{`{"name": "Zo\u00eb"}`, "Zoë", "character varying(64)", true},
		// another accent follows
		{`{"name": "Z\u006f\u00eb\u0301"}`, "Zoë", "character varying(64)", false},
		{`"say ""hi""",x`, `say "hi"`, "character varying(64)", true},
		{`{"name": "say \"hi\""}`, `say "hi"`, "character varying(64)", true},
		{"Zoë,x", "Zo", "character varying(64)", false},
		{"", "39", "integer", false},
		{"39", " ", "integer", false},
	} {
		if got := transform.Holds(tt.text, tt.of, tt.columnType); got != tt.want {
			t.Errorf("%q in %q, %s: got %t, want %t", tt.of, tt.text, tt.columnType, got, tt.want)
		}
	}
}

// TestFittingValues: a value is asked for as its column holds it, or not at all.
func TestFittingValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ columnType, text, want string }{
		{"integer", "039", "39"}, {"bigint", "39.0", "39"}, {"integer", "3.9e1", "39"}, {"integer", "39.5", ""},
		{"integer", "abc", ""}, {"bigint", "99999999999999999999", ""}, {"integer", "0x10", ""}, {"integer", "1/2", ""},
		{"numeric(8,2)", "39", "39.00"}, {"numeric(8,2)", "39.123", ""}, {"numeric(8,2)", "39.120", "39.12"},
		{"numeric(38,0)", strings.Repeat("9", 39), ""}, {"numeric", "39.123", "39.123"},
		{"double precision", "1e3", "1e3"}, {"double precision", "x", ""},
		{"boolean", "T", "true"}, {"boolean", "maybe", ""},
		{"date", "2026-11-28", "2026-11-28"}, {"date", "soon", ""},
		{"timestamp without time zone", "2026-11-28 10:00:00.5", "2026-11-28 10:00:00.5"},
		{"character varying(64)", "39  ", "39"}, {"text", " 39", " 39"},
	} {
		got, ok := transform.Fitting(tt.columnType, tt.text)
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%s %q: got %q, %t, want %q", tt.columnType, tt.text, got, ok, tt.want)
		}
	}
}

// kiosk is a project of four files in a warehouse: customers whose number is an integer, orders in
// which it is a text, and notes that no model reads.
type kiosk struct {
	*warehouse
	dir   string
	files fstest.MapFS
}

func newKiosk(t *testing.T) *kiosk {
	t.Helper()
	k := &kiosk{warehouse: newWarehouse(t), dir: t.TempDir(), files: fstest.MapFS{}}
	k.exec(`
		CREATE TABLE s_customer (card_no INTEGER, name VARCHAR(64), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_order (order_no INTEGER, card VARCHAR(16), price NUMERIC(8,2), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_note (card_no NUMERIC(6,1), said VARCHAR(64));
		CREATE TABLE d_customer (card_no INTEGER NOT NULL, name VARCHAR(64), PRIMARY KEY (card_no));
		CREATE TABLE f_order (order_no INTEGER NOT NULL, name VARCHAR(64), price NUMERIC(8,2), PRIMARY KEY (order_no))`)
	k.load("010_s_customer", "card_no, name", "CSV MAXERROR 100", "-- erase: card_no as customer")
	k.load("020_s_order", "order_no, card, price", "CSV MAXERROR 100", "-- erase: card as customer")
	k.load("030_s_note", "card_no, said", "CSV MAXERROR 100", "-- erase: card_no as customer")
	k.files["110_d_customer.sql"] = &fstest.MapFile{
		Data: []byte("-- d_customer: one row per customer.\n-- key: card_no\n-- from: s_customer\n" +
			"SELECT card_no, name FROM s_customer WHERE card_no IS NOT NULL"),
	}
	k.files["105_bought.sql"] = &fstest.MapFile{
		Data: []byte("-- bought: one row per order, its card a number.\n-- key: order_no\n-- from: s_order\n" +
			"SELECT order_no, CAST(card AS INTEGER) AS card_no, price FROM s_order WHERE order_no IS NOT NULL"),
	}
	k.files["210_f_order.sql"] = &fstest.MapFile{
		Data: []byte("-- f_order: one row per order.\n-- key: order_no\n-- from: bought\n" +
			"-- left joins: d_customer by card_no\n" +
			"SELECT bought.order_no, d_customer.name, bought.price FROM bought\n" +
			"LEFT JOIN d_customer ON d_customer.card_no = bought.card_no"),
	}
	return k
}

// load writes a load; source and folder have the table's name.
func (k *kiosk) load(name, columns, options, header string) {
	table := name[4:]
	k.files[name+".sql"] = &fstest.MapFile{
		Data: []byte(
			fmt.Sprintf(
				"-- %s: as it came.\n%s\nCOPY %s (%s)\nFROM :'%s'\nIAM_ROLE default\n%s",
				table,
				header,
				table,
				columns,
				table,
				options,
			),
		),
	}
}

// put writes an object of a table.
func (k *kiosk) put(table, name, text string) {
	k.t.Helper()
	path := filepath.Join(k.dir, table, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kiosk) runner(change ...func(*transform.Options)) *transform.Runner {
	k.t.Helper()
	steps, err := transform.Steps(k.files, "transforms", sqlfile.Postgres)
	if err != nil {
		k.t.Fatal(err)
	}
	vars := map[string]string{"iam_role": "default"}
	for _, table := range []string{"s_customer", "s_order", "s_note"} {
		if _, err := os.Stat(filepath.Join(k.dir, table)); err == nil {
			vars[table] = filepath.Join(k.dir, table) + "/"
		}
	}
	return k.warehouse.runner(
		vars,
		append([]func(*transform.Options){func(o *transform.Options) { o.Steps, o.Checks = steps, nil }}, change...)...)
}

func (k *kiosk) run() transform.Result {
	k.t.Helper()
	result, err := k.runner().Run(k.t.Context(), "test", nil)
	if err != nil {
		k.t.Fatalf("run: %v", err)
	}
	return result
}

// want fails the test when a query's value is another.
func (k *kiosk) want(sql, want string) {
	k.t.Helper()
	if got := k.one(sql); got != want {
		k.t.Errorf("%s: got %s, want %s", sql, got, want)
	}
}

// customer selects what the loads declare under that name.
func customer(value string) transform.Selection {
	return transform.Selection{Of: []transform.Selected{
		{Table: "s_customer", Matches: []transform.Match{{Column: "card_no", Value: value}}},
		{Table: "s_order", Matches: []transform.Match{{Column: "card", Value: value}}},
		{Table: "s_note", Matches: []transform.Match{{Column: "card_no", Value: value}}},
	}}
}

// TestEraseWhatIsDeclared: the rows with a value go from every table that declares the name, the
// texts of refused records that hold it too, and the models follow.
func TestEraseWhatIsDeclared(t *testing.T) {
	t.Parallel()
	k := newKiosk(t)
	k.put("s_customer", "1.csv", "39,Ada\n139,Bob\n39x,Ada\n")
	k.put("s_order", "1.csv", "1,39,2.50\n2,\"39  \",3.50\n3,139,4.50\n4,39,x\n5,139,39\n6,139,y\n7,039,z\n")
	k.put("s_note", "1.csv", "39,late\n139,early\n39.0,again\n")
	k.run()
	k.want("SELECT COUNT(*) FROM f_order WHERE name = 'Ada'", "2")
	list, err := k.runner().PreviewDelete(t.Context(), customer("39"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, staged := range list {
		got = append(
			got,
			fmt.Sprintf("%s %d %d %d", staged.Table, staged.Rows, len(staged.Sample.Rows), staged.Rejects),
		)
	}
	// 39x is another token. In s_order the card is a text, so that 039 is another one.
	if want := "s_customer 1 1 0, s_order 2 2 1, s_note 2 2 0"; strings.Join(got, ", ") != want {
		t.Errorf("look: got %s, want %s", strings.Join(got, ", "), want)
	}
	k.want("SELECT COUNT(*) FROM s_order", "4") // nothing is deleted
	if _, err := k.runner().Delete(t.Context(), "test", customer("39")); err != nil {
		t.Fatal(err)
	}
	k.want("SELECT STRING_AGG(name, ' ') FROM d_customer", "Bob")
	k.want("SELECT STRING_AGG(order_no || ' ' || name, ', ' ORDER BY order_no) FROM f_order", "3 Bob, 5 Bob")
	k.want("SELECT STRING_AGG(said, ' ') FROM s_note", "early")
	k.want(
		"SELECT STRING_AGG(COALESCE(raw_text, reason), ' ' ORDER BY table_name, line) FROM s_reject",
		"39x,Ada erased 6,139,y 7,039,z",
	)
	k.want("SELECT COUNT(*) FROM s_object", "3") // nothing is loaded again
	k.run()
	k.want("SELECT COUNT(*) FROM f_order", "2")
	list, err = k.runner().PreviewDelete(t.Context(), customer("39"))
	if err != nil {
		t.Fatal(err)
	}
	for _, staged := range list {
		if staged.Rows+staged.Rejects != 0 {
			t.Errorf("%s after it: got %d rows and %d rejects, want none", staged.Table, staged.Rows, staged.Rejects)
		}
	}
}

// TestEraseBehindOnly: a run of some steps computes from rows that stay unprocessed. What it made
// of erased ones goes, by a replay.
func TestEraseBehindOnly(t *testing.T) {
	t.Parallel()
	k := newKiosk(t)
	k.put("s_customer", "1.csv", "40,Bob\n")
	k.put("s_order", "1.csv", "3,40,2.50\n")
	k.run()
	k.put("s_customer", "2.csv", "39,Ada\n")
	k.put("s_order", "2.csv", "1,39,2.50\n4,40,9.00\n")
	for _, only := range []string{"010", "020", "110", "210"} {
		if _, err := k.runner().Run(t.Context(), "test", []string{only}); err != nil {
			t.Fatal(err)
		}
	}
	k.want("SELECT STRING_AGG(order_no || ' ' || name, ', ' ORDER BY order_no) FROM f_order", "1 Ada, 3 Bob, 4 Bob")
	result, err := k.runner().Delete(t.Context(), "test", customer("39"))
	if err != nil {
		t.Fatal(err)
	}
	if !result.Replayed {
		t.Error("the models were not replayed, and unprocessed rows were erased")
	}
	k.want("SELECT STRING_AGG(name, ' ') FROM d_customer", "Bob")
	k.want("SELECT STRING_AGG(order_no || ' ' || name, ', ' ORDER BY order_no) FROM f_order", "3 Bob, 4 Bob")
	k.want("SELECT COUNT(*) FROM s_customer", "1")
	k.want("SELECT COUNT(*) FROM s_order WHERE NOT processed", "0")
	// with nothing unprocessed among the rows, an increment does
	if result, err = k.runner().Delete(t.Context(), "test", customer("40")); err != nil {
		t.Fatal(err)
	}
	if result.Replayed {
		t.Error("the models were replayed, and every erased row was processed")
	}
	k.want("SELECT COUNT(*) FROM f_order", "0")
}

// TestEraseByMatches: several matches have to hold together, several lists one of them.
func TestEraseByMatches(t *testing.T) {
	t.Parallel()
	k := newKiosk(t)
	k.put("s_customer", "1.csv", "39,Ada\n40,Bob\n")
	k.put("s_order", "1.csv", "1,39,2.50\n2,39,3.50\n3,40,2.50\n4,40,9.00\n39,40,x\n")
	k.run()
	match := func(pairs ...string) transform.Selected {
		selected := transform.Selected{Table: "s_order"}
		for i := 0; i < len(pairs); i += 2 {
			selected.Matches = append(selected.Matches, transform.Match{Column: pairs[i], Value: pairs[i+1]})
		}
		return selected
	}
	both := transform.Selection{
		Strict: true,
		Of:     []transform.Selected{match("card", "39", "price", "2.5"), match("order_no", "4")},
	}
	if _, err := k.runner().Delete(t.Context(), "test", both); err != nil {
		t.Fatal(err)
	}
	k.want("SELECT STRING_AGG(CAST(order_no AS TEXT), ' ' ORDER BY order_no) FROM f_order", "2 3")
	k.want("SELECT raw_text FROM s_reject", "39,40,x")
	for _, tt := range []struct {
		one        transform.Selected
		said, hint string
	}{
		{match("crd", "39"), "table s_order has no column crd", `did you mean "card"?`},
		{match("price", "much"), `column price of s_order is of type numeric(8,2), and cannot hold "much"`, ""},
		{transform.Selected{Table: "s_ordr"}, `"s_ordr" is not a staging table of the project`,
			`did you mean "s_order"?`},
		{
			transform.Selected{Table: "f_order"}, `"f_order" is not a staging table of the project`,
			`did you mean "s_order"?`,
		},
	} {
		selection := transform.Selection{Strict: true, Of: []transform.Selected{tt.one}}
		_, err := k.runner().PreviewDelete(t.Context(), selection)
		var fault *transform.SelectionError
		if !errors.As(err, &fault) || fault.Error() != tt.said || fault.Hint() != tt.hint {
			t.Errorf("got %v, want %s (%s)", err, tt.said, tt.hint)
		}
	}
}

// TestDropAnyStagingTable: drop says what follows from a table, and empties it with its ledger and
// rejects.
func TestDropAnyStagingTable(t *testing.T) {
	t.Parallel()
	k := newKiosk(t)
	k.put("s_customer", "1.csv", "39,Ada\nx,Bob\n")
	k.put("s_order", "1.csv", "1,39,2.50\n")
	k.put("s_note", "1.csv", "39,late\n")
	k.run()
	names := []catalogue.Name{"s_customer", "s_note"}
	dropped, err := k.runner().PreviewDrop(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	const want = "[{s_customer 1 false [110_d_customer 210_f_order]} {s_note 1 false []}]"
	if got := fmt.Sprint(dropped); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := k.runner().Drop(t.Context(), "test", names); err != nil {
		t.Fatal(err)
	}
	k.want(
		"SELECT (SELECT COUNT(*) FROM s_customer) + (SELECT COUNT(*) FROM s_note) + (SELECT COUNT(*) FROM d_customer)",
		"0",
	)
	k.want("SELECT COUNT(*) FROM f_order WHERE name IS NULL", "1")
	k.want("SELECT STRING_AGG(table_name, ' ') FROM s_object", "s_order")
	k.want("SELECT COUNT(*) FROM s_reject", "0")
	k.run()
	k.want("SELECT name FROM f_order", "Ada")
}
