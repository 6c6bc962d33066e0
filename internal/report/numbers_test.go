package report_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/chart"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/warehouse"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

// engines runs a test on PostgreSQL and on the stand-in for Redshift, whose driver sends and reads
// values in another way.
func engines(t *testing.T, test func(t *testing.T, w *warehouse.Warehouse)) {
	for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			var dsn string
			if engine == sqlfile.Postgres {
				dsn = dwhtest.Database(t)
			} else {
				dsn = redshiftstandin.Start(t, redshiftstandin.Options{}).DSN
			}
			w, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(dsn)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(w.Close)
			if w.Engine() != engine {
				t.Fatalf("got the engine %s, want %s", w.Engine(), engine)
			}
			test(t, w)
		})
	}
}

// one is the only report of a folder.
func one(t *testing.T, engine sqlfile.Engine, text string) report.Report {
	t.Helper()
	all, err := report.Project(fstest.MapFS{"one.sql": &fstest.MapFile{Data: []byte(text)}}, "reports", engine)
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func run(t *testing.T, w *warehouse.Warehouse, r report.Report, values map[string]string) table.Table {
	t.Helper()
	out, err := r.Run(t.Context(), w.Pool(), values)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Numbers keep the scale of their type in every format.
func TestNumbersKeepTheirScale(t *testing.T) {
	t.Parallel()
	const sql = `-- chart: bar x=shop y=revenue,part,loss
SELECT CAST('a' AS VARCHAR(8)) AS shop, CAST(1270.9 AS NUMERIC(12, 2)) AS revenue,
    CAST(5 AS NUMERIC(8, 3)) AS part, CAST(-0.5 AS NUMERIC(12, 2)) AS loss, CAST(7 AS NUMERIC(38, 0)) AS whole,
    CAST(0.1 AS DOUBLE PRECISION) AS measured, CAST(NULL AS NUMERIC(12, 2)) AS nothing,
    CAST(12345678901234567890123456789012345.25 AS NUMERIC(38, 2)) AS large`
	engines(t, func(t *testing.T, w *warehouse.Warehouse) {
		result := run(t, w, one(t, w.Engine(), sql), nil)
		for format, want := range map[table.Format][]string{
			table.Text: {"1,270.90 ", "5.000", "-0.50", " 7 ", " 0.1 ",
				"12,345,678,901,234,567,890,123,456,789,012,345.25"},
			table.JSON: {`"revenue": 1270.90, "part": 5.000, "loss": -0.50, "whole": 7, "measured": 0.1, ` +
				`"nothing": null, "large": 12345678901234567890123456789012345.25}`},
			table.CSV:      {"a,1270.90,5.000,-0.50,7,0.1,,12345678901234567890123456789012345.25\n"},
			table.Markdown: {"1,270.90 |", "5.000 |", "-0.50 |"},
			table.HTML:     {">1,270.90<", ">5.000<", ">-0.50<"},
		} {
			var out bytes.Buffer
			if err := table.Write(&out, result, format); err != nil {
				t.Fatal(err)
			}
			for _, text := range want {
				if !strings.Contains(out.String(), text) {
					t.Errorf("%s: got no %q in\n%s", format, text, out.String())
				}
			}
		}
		picture, err := chart.SVG(result, chart.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{">1,270.90<", "a: 1,270.90<", "most 1,270.90 (a)", ">5.000<", ">-0.50<"} {
			if !strings.Contains(string(picture), text) {
				t.Errorf("svg: got no %q in\n%s", text, picture)
			}
		}
		var bars bytes.Buffer
		if err := table.Draw(&bars, result, table.ChartOptions{}); err != nil || !strings.Contains(bars.String(),
			" 1,270.90\n") {
			t.Errorf("bars: got %v and no 1,270.90 in\n%s", err, bars.String())
		}
		page, err := report.Document{Sections: []report.Section{{Name: "one", Table: result}}}.HTML()
		if err != nil || !strings.Contains(string(page), ">1,270.90</td>") || !strings.Contains(string(page),
			">1,270.90</text>") {
			t.Errorf("a page: got %v and no 1,270.90 in\n%s", err, page)
		}
	})
}

// The database says the scale of a sum, a difference or a product. An average has many digits, of
// which people are shown a few.
func TestComputedNumbers(t *testing.T) {
	t.Parallel()
	const sql = `SELECT SUM(sale.amount) AS total, AVG(sale.amount) AS average, SUM(sale.coin) AS coins,
    SUM(sale.amount) * 0 AS nothing
FROM (SELECT CAST(1.1 AS NUMERIC(12, 2)) AS amount, CAST(0.00000001 AS NUMERIC(20, 8)) AS coin
    UNION ALL SELECT CAST(2 AS NUMERIC(12, 2)), CAST(1 AS NUMERIC(20, 8))
    UNION ALL SELECT CAST(2.2 AS NUMERIC(12, 2)), CAST(1 AS NUMERIC(20, 8))) AS sale`
	w, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(dwhtest.Database(t))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	result := run(t, w, one(t, sqlfile.Postgres, sql), nil)
	for format, want := range map[table.Format]string{
		table.CSV: "5.30,1.7666666666666667,2.00000001,0.00\n",
		table.HTML: `>5.30</td><td class="number">1.76667</td><td class="number">2.00000001</td>` +
			`<td class="number">0.00<`,
	} {
		var out bytes.Buffer
		if err := table.Write(&out, result, format); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: got %v and no %q in\n%s", format, err, want, out.String())
		}
	}
}

// A parameter has the type that its value has in SQL, on both engines.
func TestValuesHaveTypes(t *testing.T) {
	t.Parallel()
	r := `-- param: limit 2
-- param: rate 0.5
-- param: from date
-- param: to date
-- param: day 2026-11-02
-- param: name "a b"
SELECT price.cents * :'rate' AS half, price.cents + :'limit' AS more, :'name' AS name,
    :'to' AS last, :'from' AS first, :'day' AS day
FROM (SELECT 3 AS cents, CAST('2026-11-01 23:59:59' AS TIMESTAMP) AS at UNION ALL SELECT 5,
	CAST('2026-11-02 00:00:00' AS TIMESTAMP)
    UNION ALL SELECT 7, CAST('2026-11-03 00:00:00' AS TIMESTAMP)) AS price
WHERE price.at >= :'from' AND price.at < :'to' + 1
ORDER BY price.cents
LIMIT :'limit' OFFSET 0`
	engines(t, func(t *testing.T, w *warehouse.Warehouse) {
		r := one(t, w.Engine(), r)
		for _, c := range []struct {
			values map[string]string
			want   string
		}{
			{nil, "1.5,5,a b,9999-12-31,0001-01-01,2026-11-02\n2.5,7,a b,9999-12-31,0001-01-01,2026-11-02\n"},
			{map[string]string{"from": "2026-11-02", "to": "2026-11-02", "name": "'; --"},
				"2.5,7,'; --,2026-11-02,2026-11-02,2026-11-02\n"},
			{map[string]string{"limit": "1", "rate": "1.255"}, "3.765,4,a b,9999-12-31,0001-01-01,2026-11-02\n"},
			{map[string]string{"limit": "5000000000", "rate": "-2", "to": "2026-11-01"},
				"-6,5000000003,a b,2026-11-01,0001-01-01,2026-11-02\n"},
		} {
			var out bytes.Buffer
			if err := table.Write(&out, run(t, w, r, c.values), table.CSV); err != nil {
				t.Fatal(err)
			}
			if _, got, _ := strings.Cut(out.String(), "\n"); got != c.want {
				t.Errorf("%v: got\n%swant\n%s", c.values, got, c.want)
			}
		}
	})
}
