package transform_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/transform"
)

// retry tries the refused records of all tables again, and returns what is told of each.
func (k *kiosk) retry(change ...func(*transform.Options)) string {
	k.t.Helper()
	retried, err := k.runner(change...).Retry(k.t.Context(), "test", "", "")
	if err != nil {
		k.t.Fatalf("retry: %v", err)
	}
	var out []string
	for _, again := range retried.Loads {
		out = append(
			out,
			fmt.Sprintf(
				"%s tried %d loaded %d rows %d refused %d unread %d objects %d %d %d",
				again.Table,
				again.Tried,
				again.Loaded,
				again.Rows,
				again.Refused,
				again.Unread,
				again.Objects,
				again.ObjectRows,
				again.ObjectRejects,
			),
		)
		if again.Removed > 0 {
			out[len(out)-1] += fmt.Sprintf(" removed %d", again.Removed)
		}
	}
	return strings.Join(out, ", ")
}

// settled fails the test unless another try and another run find nothing to do, and a rebuild gives
// what is stored.
func (k *kiosk) settled() {
	k.t.Helper()
	before := k.one("SELECT COUNT(*) || ' ' || COALESCE(SUM(price), 0) FROM s_order")
	k.run()
	if got := k.retry(); strings.Contains(got, "loaded 1") || strings.Contains(got, "objects 1") {
		k.t.Errorf("retry again: got %s, want nothing loaded", got)
	}
	k.run()
	if after := k.one("SELECT COUNT(*) || ' ' || COALESCE(SUM(price), 0) FROM s_order"); after != before {
		k.t.Errorf("orders: got %s, want %s as before", after, before)
	}
	// The ledger counts what became of every record.
	k.want(`SELECT COUNT(*) FROM (
		SELECT o.url FROM s_object AS o LEFT JOIN s_reject AS r ON r.url = o.url AND r.load_id = o.load_id AND r.table_name = o.table_name AND r.outcome = 'loaded'
		WHERE o.table_name = 's_order' GROUP BY o.url, o.load_id, o.rejects HAVING o.rejects <> COUNT(r.url)) AS wrong`, "0")
	k.want("SELECT (SELECT COUNT(*) FROM s_order) - (SELECT SUM(rows) FROM s_object WHERE table_name = 's_order')", "0")
	result, err := k.runner().Compare(k.t.Context())
	if err != nil || result.Changed() {
		k.t.Errorf("compare: got %+v, %v, want no difference", result.Differences, err)
	}
}

// orders changes the COPY of the orders.
func (k *kiosk) orders(options string) { k.load("020_s_order", "order_no, card, price", options, "") }

// TestRetryRefusedRecords: once the COPY has changed, a run says how many refused records wait, and
// a retry loads those that it can. Nothing is loaded twice.
func TestRetryRefusedRecords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, before, after string
		objects             map[string]string
		told                string // by retry
		orders              string // the numbers and prices in the end
		left                string // lines and texts that stay refused
	}{
		{"some records", "CSV MAXERROR 100", "CSV NULL AS 'none' MAXERROR 1",
			map[string]string{"1.csv": "1,39,2.50\n2,39,none\n3,40,\"x\"\n", "2.csv": "4,40,1.00\n"},
			"s_order tried 2 loaded 1 rows 1 refused 1 unread 0 objects 0 0 0", "1 2.50, 2, 4 1.00", `3 3,40,"x"`},
		{"no record of an object", "CSV MAXERROR 100", "CSV DELIMITER ';' MAXERROR 100",
			map[string]string{"1.csv": "1;39;2.50\n2;39;3.50\n3;40;x\n", "2.csv": "4,40,1.00\n"},
			"s_order tried 0 loaded 0 rows 0 refused 0 unread 0 objects 1 2 1", "1 2.50, 2 3.50, 4 1.00", "3 3;40;x"},
		{"names in the first line", "CSV MAXERROR 100", "CSV IGNOREHEADER 1 MAXERROR 100",
			map[string]string{"1.csv": "order_no,card,price\n1,39,2.50\nx,39,1.00\n"},
			"s_order tried 2 loaded 0 rows 0 refused 1 unread 0 objects 0 0 0 removed 1", "1 2.50", "3 x,39,1.00"},
		{"several lines", "CSV MAXERROR 100", "CSV ACCEPTINVCHARS NULL AS 'none' MAXERROR 100",
			map[string]string{"1.csv": "1,39,2.50\n2,\"3\n9\",none\n3,40,1.00\n"},
			"s_order tried 1 loaded 1 rows 1 refused 0 unread 0 objects 0 0 0", "1 2.50, 2, 3 1.00", ""},
		{"a quote that took the rest", "CSV MAXERROR 100", "CSV QUOTE '%' MAXERROR 100",
			map[string]string{"1.csv": "1,39,2.50\n2,\"40,3.50\n3,40,4.50\n4,40,x\n"},
			"s_order tried 1 loaded 0 rows 2 refused 1 unread 0 objects 0 0 0", "1 2.50, 2 3.50, 3 4.50", "4 4,40,x"},
		{"bytes that are no UTF-8", "CSV MAXERROR 100", "CSV ACCEPTINVCHARS '4' MAXERROR 100",
			map[string]string{"1.csv": "1,39,2.50\n2,\xff0,3.50\n"},
			"s_order tried 1 loaded 1 rows 1 refused 0 unread 0 objects 0 0 0", "1 2.50, 2 3.50", ""},
		{
			"trailing blanks and empty fields", "DELIMITER '\\t' MAXERROR 100",
			"DELIMITER '\\t' NULL AS 'none' MAXERROR 100",
			map[string]string{"1.csv": "1\t39\t2.50\nnone\t\t\n"},
			"s_order tried 1 loaded 1 rows 1 refused 0 unread 0 objects 0 0 0", "1 2.50", "",
		},
		{"JSON", "JSON 'auto' MAXERROR 100", "JSON 'auto' TRUNCATECOLUMNS MAXERROR 100",
			map[string]string{
				"1.json": "{\"order_no\": 1, \"card\": 39, \"price\": 2.5}\n{\n  \"order_no\": " +
					"2, \"card\": \"12345678901234567\",\n" +
					"  \"price\": 3.5}\n[\n{\"order_no\": \"x\"}\n",
			},
			"s_order tried 3 loaded 1 rows 1 refused 2 unread 0 objects 0 0 0", "1 2.50, 2 3.50",
			`5 [, 6 {"order_no": "x"}`},
		{"from text to JSON", "CSV MAXERROR 100", "JSON 'auto' MAXERROR 100",
			map[string]string{
				"1.json": "{\"order_no\": 1, \"card\": 39, \"price\": 2.5}\n",
				"2.csv":  "2,40,1.00\n{\"order_no\": 3}\n",
			},
			"s_order tried 1 loaded 1 rows 1 refused 0 unread 0 objects 1 1 0", "1 2.50, 2 1.00, 3", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := newKiosk(t)
			// Cards that are no numbers are not this test's matter.
			k.files["105_bought.sql"].Data = bytes.ReplaceAll(
				k.files["105_bought.sql"].Data,
				[]byte("CAST(card AS INTEGER)"),
				[]byte("39"),
			)
			k.orders(tt.before)
			for name, text := range tt.objects {
				k.put("s_order", name, text)
			}
			if result := k.run(); len(result.Waiting) != 0 {
				t.Errorf("got %+v waiting, want none: the COPY is the same", result.Waiting)
			}
			refused := k.one("SELECT COUNT(*) FROM s_reject")
			k.orders(tt.after)
			var warned []string
			result, err := k.runner(func(o *transform.Options) {
				o.Observer = func(e progress.Event) {
					if e.Kind == progress.Warning {
						warned = append(warned, e.Text)
					}
				}
			}).Run(t.Context(), "test", nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Waiting) != 1 || fmt.Sprint(result.Waiting[0].Records) != refused || len(warned) != 1 ||
				!strings.Contains(
					warned[0],
					": the COPY at transforms/020_s_order.sql:3 has changed since; try again with dwh reject retry",
				) {
				t.Errorf("got %+v waiting, and %q, want %s records", result.Waiting, warned, refused)
			}
			if got := k.retry(); got != tt.told {
				t.Errorf("got %s, want %s", got, tt.told)
			}
			if result := k.run(); len(result.Waiting) != 0 {
				t.Errorf("got %+v waiting after it, want none", result.Waiting)
			}
			k.want(
				"SELECT COALESCE(STRING_AGG(RTRIM(order_no || ' ' || COALESCE(price || '', '')), "+
					"', ' ORDER BY order_no), '') FROM s_order WHERE order_no IS NOT NULL",
				tt.orders,
			)
			k.want(
				"SELECT COALESCE(STRING_AGG(line || ' ' || raw_text, ', ' ORDER BY line), '') FROM s_reject",
				tt.left,
			)
			k.settled()
		})
	}
}

// TestRetryReadsCutTexts: a text that is kept in part is read from its object again, if that is
// still the one that was loaded.
func TestRetryReadsCutTexts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("9", 700)
	for _, tt := range []struct {
		name   string
		change func(k *kiosk)
		told   string
		rows   string
	}{
		{"as it was", func(*kiosk) {}, "s_order tried 2 loaded 2 rows 2 refused 0 unread 0 objects 0 0 0", "3"},
		{"gone", func(k *kiosk) {
			if err := os.Remove(filepath.Join(k.dir, "s_order", "1.csv")); err != nil {
				k.t.Fatal(err)
			}
		}, "s_order tried 1 loaded 1 rows 1 refused 0 unread 1 objects 0 0 0", "2"},
		{
			"rewritten", func(k *kiosk) { k.put("s_order", "1.csv", "7,39,1.00\n") },
			"s_order tried 1 loaded 1 rows 1 refused 0 unread 1 objects 0 0 0", "2",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := newKiosk(t)
			k.orders("CSV MAXERROR 100000")
			k.put("s_order", "1.csv", "1,39,2.50\n2,"+long+",1.00\n3,39,none\n")
			k.run()
			k.want(
				"SELECT STRING_AGG(LENGTH(raw_text) || ' ' || exact, ', ' ORDER BY line) FROM s_reject",
				"512 false, 9 true",
			)
			k.orders("CSV TRUNCATECOLUMNS NULL AS 'none' MAXERROR 100")
			k.files["105_bought.sql"].Data = bytes.ReplaceAll(
				k.files["105_bought.sql"].Data,
				[]byte("CAST(card AS INTEGER)"),
				[]byte("39"),
			)
			tt.change(k)
			if got := k.retry(); got != tt.told {
				t.Errorf("got %s, want %s", got, tt.told)
			}
			k.want("SELECT COUNT(*) FROM s_order", tt.rows)
			k.run()
			k.settled()
		})
	}
}

// TestRetryWholeObjectThatIsGone: of an object that is there no more, the texts are tried.
func TestRetryWholeObjectThatIsGone(t *testing.T) {
	t.Parallel()
	k := newKiosk(t)
	k.orders("CSV MAXERROR 100")
	k.put("s_order", "1.csv", "1,39,none\n2,39,none\n")
	k.put("s_order", "2.csv", "3,39,none\n")
	k.run()
	k.orders("CSV NULL AS 'none' MAXERROR 100")
	k.put("s_order", "1.csv", "1,39,9.00\n")
	if got, want := k.retry(), "s_order tried 2 loaded 2 rows 2 refused 0 unread 0 objects 1 1 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	k.want("SELECT STRING_AGG(CAST(order_no AS TEXT), ' ' ORDER BY order_no) FROM s_order", "1 2 3")
	k.want("SELECT COUNT(*) FROM s_reject", "0")
}

// TestRetryOfArchives: a record of an archive is found by its line and its text.
func TestRetryOfArchives(t *testing.T) {
	t.Parallel()
	k := newKiosk(t)
	k.orders("CSV MAXERROR 100")
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, name := range []string{"a.csv", "b.csv"} {
		file, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(
			file,
			"%d,39,2.50\n%d,39,no\xffne%s\n%d,39,x\n",
			name[0],
			int(name[0])+100,
			name[:1],
			int(name[0])+200,
		)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	k.put("s_order", "1.zip", archive.String())
	k.run()
	k.orders("CSV NULL AS 'x' MAXERROR 100")
	if got, want := k.retry(), "s_order tried 4 loaded 2 rows 2 refused 2 unread 0 objects 0 0 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	k.want("SELECT STRING_AGG(CAST(order_no AS TEXT), ' ' ORDER BY order_no) FROM s_order", "97 98 297 298")
	k.want("SELECT STRING_AGG(SUBSTR(reason, 1, 7), ' ' ORDER BY reason) FROM s_reject", "a.csv:  b.csv: ")
}

// TestRetryNeverRevives: what was erased among refused records stays erased, also where nothing of
// its object was loaded.
func TestRetryNeverRevives(t *testing.T) {
	t.Parallel()
	k := newKiosk(t)
	k.put("s_order", "1.csv", "1;39;2.50\n2;40;3.50\n")
	k.put("s_order", "2.csv", "3,39,none\n4,40,none\n5,40,1.00\n")
	k.run()
	if _, err := k.runner().Delete(t.Context(), "test", customer("39")); err != nil {
		t.Fatal(err)
	}
	k.orders("CSV NULL AS 'none' MAXERROR 100")
	k.retry()
	k.orders("CSV DELIMITER ';' MAXERROR 100")
	k.retry()
	k.want("SELECT STRING_AGG(CAST(order_no AS TEXT), ' ' ORDER BY order_no) FROM s_order", "2 4 5")
	k.want("SELECT STRING_AGG(line || reason, ' ' ORDER BY url) FROM s_reject", "1erased 1erased")
	if result := k.run(); len(result.Waiting) != 0 {
		t.Errorf("got %+v waiting, want none: nobody can try them again", result.Waiting)
	}
}

// TestRetryScope: one table, one object; and what failed as a whole is left to the next load.
func TestRetryScope(t *testing.T) {
	t.Parallel()
	k := newKiosk(t)
	k.put("s_order", "1.csv", "1,39,none\n9,39,1.00\n")
	k.put("s_order", "2.csv", "2,39,none\n8,39,1.00\n")
	k.put("s_customer", "1.csv", "none,Ada\n39,Bob\n")
	k.run()
	k.orders("CSV NULL AS 'none' MAXERROR 100")
	k.load("010_s_customer", "card_no, name", "CSV NULL AS 'none' MAXERROR 100", "")
	url := func(table, name string) objectstore.URL {
		u, err := objectstore.ParseURL(filepath.Join(k.dir, table, name))
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	try := func(table catalogue.Name, u objectstore.URL) (int64, error) {
		retried, err := k.runner().Retry(t.Context(), "test", table, u)
		return retried.Rows(), err
	}
	if rows, err := try("", url("s_order", "1.csv")); rows != 1 || err != nil {
		t.Errorf("an object: got %d rows, %v, want 1", rows, err)
	}
	var nothing *load.RetryError
	if _, err := try("", url("s_order", "1.csv")); !errors.As(err, &nothing) || !nothing.Loaded {
		t.Errorf("an object again: got %v, want a *load.RetryError", err)
	}
	if _, err := try("s_customer", url("s_order", "2.csv")); !errors.As(err, &nothing) {
		t.Errorf("an object of another table: got %v, want a *load.RetryError", err)
	}
	if rows, err := try("s_order", ""); rows != 1 || err != nil {
		t.Errorf("a table: got %d rows, %v, want 1", rows, err)
	}
	if rows, err := try("", ""); rows != 1 || err != nil {
		t.Errorf("all: got %d rows, %v, want 1", rows, err)
	}
	if rows, err := try("", ""); rows != 0 || err != nil {
		t.Errorf("all again: got %d rows, %v, want none", rows, err)
	}
	// A batch that failed is not loaded: the next load tries it, and nothing else does.
	k.orders("CSV")
	k.put("s_order", "3.csv", "3,39,none\n")
	if _, err := k.runner().Run(t.Context(), "test", nil); err == nil {
		t.Fatal("got no error, want a refused record")
	}
	if rows, err := try("", ""); rows != 0 || err != nil {
		t.Errorf("a failed batch: got %d rows, %v, want none", rows, err)
	}
	k.orders("CSV NULL AS 'none'")
	k.run()
	k.want("SELECT STRING_AGG(CAST(order_no AS TEXT), ' ' ORDER BY order_no) FROM s_order", "1 2 3 8 9")
}

// TestRetryThatFails leaves everything as it was.
func TestRetryThatFails(t *testing.T) {
	t.Parallel()
	k := newKiosk(t)
	k.put("s_order", "1.csv", "1;39;2.50\n2;39;x\n")
	k.put("s_order", "2.csv", "3,39,none\n4,39,1.00\n")
	k.run()
	rejects := "SELECT STRING_AGG(line || raw_text || reason, ' ' ORDER BY url, line) FROM s_reject"
	before := k.one(rejects)
	// The server refuses the row: nothing of the transaction stays.
	k.orders("CSV NULL AS 'none' MAXERROR 100")
	k.exec("ALTER TABLE s_order ADD CONSTRAINT odd CHECK (order_no <> 3)")
	if _, err := k.runner().Retry(t.Context(), "test", "", ""); err == nil {
		t.Fatal("got no error, want the server's")
	}
	if after := k.one(rejects); after != before {
		t.Errorf("got %s, want %s as before", after, before)
	}
	k.exec("ALTER TABLE s_order DROP CONSTRAINT odd")
	// The COPY of today allows no bad record: the object is not read again, and stays where it is.
	k.orders("CSV DELIMITER ';'")
	_, err := k.runner().Retry(t.Context(), "test", "", "")
	var refused *load.RefusedError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a *load.RefusedError", err)
	}
	k.want("SELECT COUNT(*) FROM s_reject WHERE url LIKE '%1.csv'", "2")
	k.want("SELECT COUNT(*) FROM s_object WHERE url LIKE '%1.csv'", "1")
	k.orders("CSV DELIMITER ';' MAXERROR 2")
	k.retry()
	k.want("SELECT STRING_AGG(CAST(order_no AS TEXT), ' ' ORDER BY order_no) FROM s_order", "1 4")
}
