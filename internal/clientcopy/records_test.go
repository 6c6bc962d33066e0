package clientcopy_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/clientcopy"
)

// retry runs records through a COPY in a transaction, which it commits.
func (f *fixture) retry(options string, records ...clientcopy.Record) []clientcopy.RecordResult {
	f.t.Helper()
	ctx := context.Background()
	conn := connect(f.t, f.dsn)
	tx, err := conn.Begin(ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	statement := parse(f.t, "COPY t FROM '"+f.dir+"' IAM_ROLE default "+options)
	results, err := clientcopy.CopyRecords(ctx, conn, f.store, statement, records, clientcopy.Options{})
	if err != nil {
		f.t.Fatalf("%s: %v", options, err)
	}
	if err := tx.Commit(ctx); err != nil {
		f.t.Fatal(err)
	}
	return results
}

// brief is a result in short: rows, and the lines and reasons of what was refused.
func brief(results []clientcopy.RecordResult) []string {
	var out []string
	for _, result := range results {
		text := fmt.Sprint(result.Rows)
		for _, reject := range result.Rejects {
			text += fmt.Sprintf(" %d %s", reject.Line, reject.Reason)
		}
		out = append(out, text)
	}
	return out
}

// TestCopyRecords: refused records go through another COPY by themselves, each with its own result.
func TestCopyRecords(t *testing.T) {
	f := newFixture(t, "id INTEGER, v VARCHAR(9)")
	record := func(line int64, text string) clientcopy.Record { return clientcopy.Record{Text: text, Line: line} }
	for _, tt := range []struct {
		options string
		records []clientcopy.Record
		want    []string
		rows    string
	}{
		{"CSV", []clientcopy.Record{record(7, "1,a"), record(9, "x,b"), record(12, "3,\"c\nd\"")},
			[]string{"1", `0 9 "x" is not an integer`, "1"}, "1|a\n3|c\nd"},
		// What concerns whole objects concerns no record.
		{"CSV GZIP IGNOREHEADER 1 ENCODING UTF16 MAXERROR 1", []clientcopy.Record{record(1, "1,é"), record(2, "x,")},
			[]string{"1", `0 2 "x" is not an integer`}, "1|é"},
		// A text that the COPY now reads as several records.
		{
			"CSV QUOTE '%'", []clientcopy.Record{record(8, "\"1,a\n2,b\n3,c")},
			[]string{"2 6 \"\\\"1\" is not an integer"}, "2|b\n3|c",
		},
		{"CSV", []clientcopy.Record{record(3, "")}, []string{"0 3 delimiter not found: 1 fields for 2 columns"}, ""},
		{"CSV IGNOREBLANKLINES", []clientcopy.Record{record(3, "")}, []string{"0"}, ""},
		{"DELIMITER '\\t'", []clientcopy.Record{record(3, "1\t"), record(4, "\t")}, []string{"1", "1"}, "|\n1|"},
		{jsonAuto, []clientcopy.Record{
			record(5, "{\n \"id\": 1,\n \"v\": \"a\"\n}"), record(6, `{"id":"x"}`),
			record(7, "{\"id\":"), record(8, "]"),
		},
			[]string{"1", `0 6 "x" is not an integer`, "0 7 the object is cut off: the file ends inside it",
				`0 8 ']' between records: records follow one another without commas or an enclosing array`}, "1|a"},
		// At such a record a COPY would fail; alone it is refused.
		{"JSON '" + f.dir + "/paths.json'", []clientcopy.Record{record(5, `[1]`), record(6, `[2, "b"]`)},
			[]string{"0 5 Invalid JSONPath format: Not an array or index out of range.", "1"}, "2|b"},
	} {
		f.write("paths.json", `{"jsonpaths": ["$[0]", "$[1]"]}`)
		if diff := cmp.Diff(tt.want, brief(f.retry(tt.options, tt.records...))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tt.options, diff)
		}
		if got := f.rows("SELECT id, v FROM t ORDER BY id NULLS FIRST"); strings.ReplaceAll(
			got,
			"NULL",
			"",
		) != tt.rows {
			t.Errorf("%s: got rows %q, want %q", tt.options, got, tt.rows)
		}
		exec(t, connect(t, f.dsn), "DELETE FROM t")
	}
}

// TestCutRejects: a reject says whether its text is the record byte for byte.
func TestCutRejects(t *testing.T) {
	f := newFixture(t, "id INTEGER, v VARCHAR(9)")
	long := strings.Repeat("y", 600)
	f.write("1.csv", "x,a\nx,\xff\nx,a\x00\nx,"+long+"\nx,a,\t \n\"x,"+long)
	result, err := f.copy("CSV MAXERROR 100000", f.objects(), clientcopy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, reject := range result.Rejects {
		got = append(got, fmt.Sprintf("%d %t %q", reject.Line, reject.Cut, reject.Raw[:min(len(reject.Raw), 9)]))
	}
	want := []string{
		`1 false "x,a"`,
		"2 true \"x,\ufffd\"",
		"3 true \"x,a\ufffd\"",
		`4 true "x,yyyyyyy"`,
		`5 false "x,a,\t "`,
		`6 true "\"x,yyyyyy"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestRecordsOfAnObject: records are read again from their object by the lines that they end at.
func TestRecordsOfAnObject(t *testing.T) {
	f := newFixture(t, "id INTEGER, v VARCHAR(9)")
	zipped := func(text string) string {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		return out.String()
	}
	archive := func() string {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for _, name := range []string{"a.csv", "b.csv"} {
			file, _ := w.Create(name)
			_, _ = file.Write([]byte("1," + name + "\nx," + name + "\n3,c\n"))
		}
		_ = w.Close()
		return out.String()
	}
	csv := "h,h\n1,a\n2,\"b\nb\"\n\n3,\xff\n\"x,y\n4,d"
	for _, tt := range []struct {
		name, body, options string
		lines               []int64
		want                map[int64][]string
	}{
		{
			"1.csv", csv, "CSV", []int64{1, 4, 6, 8},
			map[int64][]string{1: {"h,h"}, 4: {"2,\"b\nb\""}, 6: {"3,\xff"}, 8: {"\"x,y\n4,d"}},
		},
		{"2.csv", csv, "CSV IGNOREHEADER 1", []int64{1, 2, 3, 5}, map[int64][]string{2: {"1,a"}, 5: {""}}},
		{"3.csv.gz", zipped(csv), "CSV GZIP", []int64{2}, map[int64][]string{2: {"1,a"}}},
		{
			"4.txt", "1|a \\\nb|\t\n2|c\n", "DELIMITER '|' ESCAPE", []int64{2, 3},
			map[int64][]string{2: {"1|a \\\nb|\t"}, 3: {"2|c"}},
		},
		{"5.json", "{\n\"id\": 1}\n{\"id\": 2} {\"id\": \n{\"id\": 4}", jsonAuto, []int64{2, 3, 4}, map[int64][]string{
			2: {"{\n\"id\": 1}"}, 3: {`{"id": 2}`, `{"id":`}, 4: {`{"id": 4}`}}},
		{"6.zip", archive(), "CSV", []int64{2}, map[int64][]string{2: {"x,a.csv", "x,b.csv"}}},
	} {
		f.write(tt.name, tt.body)
		for _, o := range f.objects() {
			if !strings.HasSuffix(string(o.URL), tt.name) {
				continue
			}
			got, err := clientcopy.Records(t.Context(), f.store, parse(t, "COPY t FROM 'x' "+tt.options), o, tt.lines)
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", tt.name, diff)
			}
			o.ETag = "another"
			if _, err := clientcopy.Records(
				t.Context(), f.store, parse(t, "COPY t FROM 'x' "+tt.options), o, tt.lines,
			); err == nil {
				t.Errorf("%s in another version: got no error", tt.name)
			}
		}
	}
}

// TestOneRecord: a line that holds several records, or the end of one, is not taken for one.
func TestOneRecord(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		options, text string
		want          bool
	}{
		{jsonAuto, `{"id": "x"}`, true}, {jsonAuto, "{\n\"id\": \"x\"}", true}, {
			jsonAuto, `{"id": 1} {"id": "x"}`, false,
		},
		{jsonAuto, `{"id":`, true}, {jsonAuto, `{"id": 1}{"id":`, false}, {jsonAuto, `no JSON`, true},
		{"CSV", "1,x", true}, {
			"CSV", `1,"a b"`, true,
		}, {"CSV", `b",x`, false}, {"CSV", `b","x"`, false}, {"CSV", `1,"a`, false},
		{"DELIMITER '|'", "1|x", true}, {"DELIMITER '|' ESCAPE", "1|x", false}, {
			"DELIMITER '|' REMOVEQUOTES", "1|x", false,
		},
	} {
		if got := clientcopy.OneRecord(parse(t, "COPY t FROM 'x' "+tt.options), tt.text); got != tt.want {
			t.Errorf("%s %q: got %t, want %t", tt.options, tt.text, got, tt.want)
		}
	}
}
