package report_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/chart"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/warehouse"
)

// What is wrong with a header is an error with its place, when the file is read.
func TestHeaderFaults(t *testing.T) {
	t.Parallel()
	const limit, whole = "the default of limit must be a whole number from 1", "the default of n must be a whole number"
	for header, want := range map[string]string{
		"-- chart:":                                  "r/one.sql:1:1: chart: is empty",
		"-- chart: pie":                              `r/one.sql:1:11: chart: unknown kind "pie"`,
		"-- chart: line day":                         `r/one.sql:1:16: chart: "day" is not KEY=COLUMN`,
		"-- chart: line z=day":                       `r/one.sql:1:16: chart: unknown key "z"`,
		"-- chart: x=day line":                       `r/one.sql:1:17: chart: "line" is not KEY=COLUMN`,
		"-- chart: bar x=":                           "r/one.sql:1:15: chart: x= names no column",
		"-- chart: bar x=a x=b":                      "r/one.sql:1:19: chart: x= is given twice",
		"-- chart: bar y=a y=b":                      "r/one.sql:1:19: chart: y= is given twice",
		"-- chart: none x=a":                         "r/one.sql:1:16: chart: none has no columns",
		"-- chart: bar y=a,b,c,d,e,f,g":              "r/one.sql:1:29: chart: y= names 7 columns",
		"-- days\n-- param: limit 0":                 "r/one.sql:2:1: param: " + limit + `, not "0"`,
		"-- param: n 99999999999999999999":           "r/one.sql:1:1: param: " + whole + `, not "99999999999999999999"`,
		"-- caption:":                                "r/one.sql:1:1: caption: names no column",
		"-- caption: a\n-- caption: b":               "r/one.sql:2:1: caption: is given twice",
		"-- title: Größe\n-- chart: bar x=größe,  z": `r/one.sql:2:25: chart: "z" is not KEY=COLUMN`,
	} {
		files := fstest.MapFS{"one.sql": &fstest.MapFile{Data: []byte(header + "\nSELECT 1 AS one\n")}}
		_, err := report.Project(files, "r", sqlfile.Postgres)
		var at *sqlfile.Error
		if !errors.As(err, &at) || at.Error() != want || at.Hint == "" {
			t.Errorf("%s: got %v, want %s, with a hint", header, err, want)
		}
	}
}

// dwh report list is the list of reports, so no report can have this name.
func TestNameOfTheListIsRefused(t *testing.T) {
	t.Parallel()
	const want = "reports/list.sql: a report cannot have the name list"
	files := fstest.MapFS{"list.sql": &fstest.MapFile{Data: []byte("SELECT 1 AS one\n")}}
	_, err := report.Project(files, "reports", sqlfile.Postgres)
	var at *sqlfile.Error
	if !errors.As(err, &at) || at.Error() != want || at.Hint == "" {
		t.Errorf("got %v, want %s, with a hint", err, want)
	}
	files = fstest.MapFS{"list-of-shops.sql": files["list.sql"]}
	if _, err := report.Project(files, "reports", sqlfile.Postgres); err != nil {
		t.Errorf("got %v for another name that begins with list", err)
	}
}

// A value that no query can take is refused before a query runs.
func TestValueFaults(t *testing.T) {
	t.Parallel()
	r := one(t, sqlfile.Postgres, "-- param: day date\n-- param: name -\nSELECT :'day' AS day, :'name' AS name\n")
	for _, c := range []struct{ day, name, want string }{
		{"0001-01-01", "Größe", ""},
		{"9999-12-31", "", ""},
		{"0000-01-01", "a", `report one: --day must be a date such as 2018-11-30, not "0000-01-01"`},
		{"0000-12-31", "a", `report one: --day must be a date such as 2018-11-30, not "0000-12-31"`},
		{"2018-11-01", "a\xff", `report one: --name must be a text in UTF-8, not "a\xff"`},
		{"2018-11-01", "a\x00", `report one: --name must be a text in UTF-8, not "a\x00"`},
	} {
		err := r.Validate(map[string]string{"day": c.day, "name": c.name})
		var fault *report.ValueError
		if c.want == "" {
			if err != nil {
				t.Errorf("%q, %q: got %v, want no error", c.day, c.name, err)
			}
		} else if !errors.As(err, &fault) || fault.Error() != c.want {
			t.Errorf("%q, %q: got %v, want %s", c.day, c.name, err, c.want)
		}
	}
}

// Columns of a chart's line may have blanks in their names.
func TestChartNamesColumns(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *warehouse.Warehouse) {
		r := one(t, w.Engine(), `-- chart: x="best day" y="the sum",n
SELECT 'a' AS other, 'b' AS "best day", 1 AS n, 2 AS "the sum", 3 AS more`)
		labels, measures := run(t, w, r, nil).Axes()
		if len(labels) != 1 || labels[0] != 1 || len(measures) != 2 || measures[0] != 3 || measures[1] != 2 {
			t.Errorf("got %v and %v, want [1] and [3 2]", labels, measures)
		}
		var flat *table.NoMeasureError
		if _, err := chart.SVG(run(t, w, one(t, w.Engine(), "-- chart: none\nSELECT 1 AS n, 2 AS m"), nil),
			chart.Options{}); !errors.As(err, &flat) || !flat.Off {
			t.Errorf("got %v, want that there is no chart", err)
		}
	})
}
