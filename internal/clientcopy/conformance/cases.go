package conformance

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"maps"
	"strings"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

// Cases returns every case.
func Cases() []Case {
	var cases []Case
	for _, list := range [][]Case{
		recordCases(), mappingCases(), valueCases(), timeCases(), errorCases(), compressionCases(),
		encodingCases(), textCases(), refusalCases(),
	} {
		cases = append(cases, list...)
	}
	return cases
}

// data is objects by their name under data/.
func data(pairs ...string) map[string]string {
	objects := make(map[string]string)
	for i := 0; i < len(pairs); i += 2 {
		objects["data/"+pairs[i]] = pairs[i+1]
	}
	return objects
}

// with adds an object beside the data.
func with(objects map[string]string, key, body string) map[string]string {
	objects = maps.Clone(objects)
	objects[key] = body
	return objects
}

func reject(line int64, column, reason string) Reject {
	return Reject{Key: "data/a", Line: line, Column: column, Reason: reason}
}

const auto = "FORMAT AS JSON 'auto'"

const twoColumns = "id INTEGER, v VARCHAR(10)"

// recordCases: how records lie in an object.
func recordCases() []Case {
	both := []string{"1|a", "2|b"}
	c := func(row, name, body string) Case {
		return Case{Row: row, Name: name, Table: twoColumns, Objects: data("a", body), Options: auto, Rows: both}
	}
	cases := []Case{
		c("13", "one a line", "{\"id\":1,\"v\":\"a\"}\n{\"id\":2,\"v\":\"b\"}\n"),
		c("13", "no newline at the end", "{\"id\":1,\"v\":\"a\"}\n{\"id\":2,\"v\":\"b\"}"),
		c("13", "nothing between", `{"id":1,"v":"a"}{"id":2,"v":"b"}`),
		c("13", "pretty printed", "{\n  \"id\" : 1,\n  \"v\" : \"a\"\n}\n{\n  \"id\": 2,\n  \"v\": \"b\"\n}\n"),
		c("13", "carriage returns", "{\"id\":1,\"v\":\"a\"}\r\n{\"id\":2,\r\n\"v\":\"b\"}\r\n"),
		c("13", "blanks and empty lines", "\n\n  {\"id\":1,\"v\":\"a\"}\t \n\n\n {\"id\":2,\"v\":\"b\"}   \n\n"),
		c("13", "byte order mark", "\xef\xbb\xbf"+`{"id":1,"v":"a"}{"id":2,"v":"b"}`),
		{
			Row: "2", Name: "all objects under the prefix", Table: twoColumns,
			Objects: data("a", `{"id":1,"v":"a"}`, "x/y/b.bak", `{"id":2,"v":"b"}`), Options: auto,
			Rows: both,
		},
		{
			Row: "4", Name: "an empty object loads nothing", Ours: true, Table: twoColumns,
			Objects: data("a", `{"id":1,"v":"a"}`, "b", "", "c", `{"id":2,"v":"b"}`), Options: auto,
			Rows: both,
		},
		{
			Row: "4", Name: "white space alone loads nothing", Table: twoColumns,
			Objects: data("a", " \n \n"), Options: auto,
		},
		{
			Row: "1", Name: "rows are appended", Table: "id INTEGER",
			Objects: data("a", `{"id":1}{"id":1}`), Options: auto, Rows: []string{"1", "1"},
		},
		{Row: "13", Name: "an enclosing array is an error for each of its signs", Table: twoColumns,
			Objects: data(
				"a", "[\n{\"id\":1,\"v\":\"a\"},\n{\"id\":2,\"v\":\"b\"}\n]\n",
			), Options: auto + " MAXERROR 10", Rows: both,
			Rejects: []Reject{reject(1, "", `'['`), reject(2, "", `','`), reject(4, "", `']'`)}},
		{Row: "13", Name: "three signs reach MAXERROR 3", Table: twoColumns,
			Objects: data(
				"a", "[\n{\"id\":1,\"v\":\"a\"},\n{\"id\":2,\"v\":\"b\"}\n]\n",
			), Options: auto + " MAXERROR 3", Fails: "MAXERROR",
			Rejects: []Reject{reject(1, "", `'['`), reject(2, "", `','`), reject(4, "", `']'`)}},
		{Row: "14", Name: "an object of more than 4 MB fails whatever MAXERROR", Table: twoColumns,
			Objects: data(
				"a", `{"id":1,"v":"`+strings.Repeat("x", 4<<20)+`"}`,
			), Options: auto + " TRUNCATECOLUMNS MAXERROR 1000", Fails: "larger than 4 MB"},
		{Row: "14", Name: "an object of nearly 4 MB loads", Table: twoColumns,
			Objects: data(
				"a", `{"id":1,"v":"`+strings.Repeat("x", 4<<20-100)+`"}`,
			), Options: auto + " TRUNCATECOLUMNS", Rows: []string{"1|xxxxxxxxxx"}},
		{Row: "45", Name: "IGNOREHEADER skips lines even inside objects", Table: twoColumns,
			Objects: data(
				"a", "{\"id\":0,\n\"v\":\"no\"}\n{\"id\":1,\"v\":\"a\"}\n",
			), Options: auto + " IGNOREHEADER 2", Rows: []string{"1|a"}},
		{Row: "45", Name: "lines count from the first also with IGNOREHEADER", Table: twoColumns,
			Objects: data(
				"a", "header\n{\"id\":\"x\"}\n",
			), Options: auto + " IGNOREHEADER 1 MAXERROR 2", Rejects: []Reject{reject(2, "id", "")}},
		{
			Row: "45", Name: "a header longer than the object", Table: twoColumns,
			Objects: data("a", "x\ny"), Options: auto + " IGNOREHEADER 5",
		},
	}
	return cases
}

// mappingCases: which value goes into which column.
func mappingCases() []Case {
	paths := func(row, name, file, body string, rows ...string) Case {
		return Case{Row: row, Name: name, Table: twoColumns, Objects: with(data("a", body), "paths.json", file),
			Options: "FORMAT AS JSON '" + Root + "/paths.json'", Rows: rows}
	}
	failing := func(c Case, fails string) Case { c.Fails = fails; return c }
	return []Case{
		{
			Row: "15", Name: "auto ignores other keys and their order", Table: twoColumns,
			Objects: data("a", `{"z":[{"id":9}],"v":"a","id":1,"y":{"v":"no"}}`), Options: auto,
			Rows: []string{"1|a"},
		},
		{
			Row: "15", Name: "auto is case-sensitive", Table: "userid INTEGER",
			Objects: data("a", `{"userId":1}{"userid":2}`), Options: auto,
			Rows: []string{"NULL", "2"},
		},
		{
			Row: "16", Name: "auto ignorecase", Table: "userid INTEGER",
			Objects: data("a", `{"userId":1}{"USERID":2}{"userid":3}`),
			Options: "FORMAT AS JSON 'auto ignorecase'", Rows: []string{"1", "2", "3"},
		},
		{
			Row: "17", Name: "the last of equal keys counts", Ours: true, Table: twoColumns,
			Objects: data("a", `{"id":"soon","v":"a","id":1,"v":"b"}`), Options: auto,
			Rows: []string{"1|b"},
		},
		{
			Row: "35", Name: "an escaped key", Table: twoColumns,
			Objects: data("a", `{"i\u0064":1,"\u0076":"a"}`), Options: auto, Rows: []string{"1|a"},
		},
		{
			Row: "18", Name: "a missing key is NULL and not the default",
			Table: "id INTEGER, v VARCHAR(10) DEFAULT 'd'", Objects: data("a", `{"id":1}`),
			Options: auto, Rows: []string{"1|NULL"},
		},
		{
			Row: "18", Name: "NOT NULL with a default takes the default",
			Table: "id INTEGER, v VARCHAR(10) NOT NULL DEFAULT 'd', n NUMERIC(6,2) NOT NULL " +
				"DEFAULT 1.5, b BOOLEAN NOT NULL DEFAULT FALSE",
			Objects: data("a", `{"id":1}{"id":2,"v":null,"n":"","b":null}{"id":3,"v":"x","n":2,"b":true}`),
			Options: auto, Rows: []string{"1|d|1.50|f", "2|d|1.50|f", "3|x|2.00|t"},
		},
		{
			Row: "18", Name: "NOT NULL without a default refuses the record", Ours: true,
			Table:   "id INTEGER, v VARCHAR(10) NOT NULL",
			Objects: data("a", "{\"id\":1}\n{\"id\":2,\"v\":\"b\"}\n"),
			Options: auto + " MAXERROR 2", Rows: []string{"2|b"},
			Rejects: []Reject{reject(1, "v", "NULL in a NOT NULL column")},
		},
		{
			Row: "19", Name: "a column not in the list takes its default, else NULL",
			Table: "id INTEGER, v VARCHAR(10) DEFAULT 'd', w INTEGER", Columns: "id",
			Objects: data("a", `{"id":1,"v":"x","w":5}`), Options: auto, Rows: []string{"1|d|NULL"},
		},
		{
			Row: "19", Name: "a column not in the list that is NOT NULL without a default fails",
			Table: "id INTEGER, v VARCHAR(10) NOT NULL", Columns: "id",
			Objects: data("a", `{"id":1}`), Options: auto, Fails: "NOT NULL without a default",
		},
		{
			Row: "19", Name: "a column that does not exist fails", Table: twoColumns,
			Columns: "id, nope", Objects: data("a", `{"id":1}`), Options: auto,
			Fails: "column nope of table t does not exist",
		},
		{
			Row: "20", Name: "IDENTITY is generated without a column list",
			Table:   "id INTEGER GENERATED BY DEFAULT AS IDENTITY, v VARCHAR(10)",
			Objects: data("a", `{"id":7,"v":"a"}`), Options: auto, Rows: []string{"1|a"},
		},
		{
			Row: "20", Name: "IDENTITY in the list needs EXPLICIT_IDS",
			Table: "id INTEGER GENERATED BY DEFAULT AS IDENTITY, v VARCHAR(10)", Columns: "id, v",
			Objects: data("a", `{"id":7,"v":"a"}`), Options: auto, Fails: "IDENTITY",
		},
		{
			Row: "20", Name: "EXPLICIT_IDS loads IDENTITY",
			Table: "id INTEGER GENERATED BY DEFAULT AS IDENTITY, v VARCHAR(10)", Columns: "id, v",
			Objects: data("a", `{"id":7,"v":"a"}`), Options: auto + " EXPLICIT_IDS",
			Rows: []string{"7|a"},
		},
		{
			Row: "20", Name: "EXPLICIT_IDS needs IDENTITY", Table: twoColumns,
			Objects: data("a", `{"id":7,"v":"a"}`), Options: auto + " EXPLICIT_IDS",
			Fails: "EXPLICIT_IDS",
		},
		paths("21", "paths by position", `{"jsonpaths":["$['n']","$['name']"]}`, `{"name":"a","n":1}`, "1|a"),
		paths(
			"21", "another key name means auto", `{"paths":["$.n","$.name"]}`,
			`{"id":1,"v":"a","n":2,"name":"b"}`, "1|a",
		),
		failing(paths("21", "a malformed file fails", `{"jsonpaths":["$.n"`, `{"id":1}`), "not one JSON object"),
		failing(paths("21", "an empty path fails", `{"jsonpaths":["$.n",""]}`, `{"id":1}`), "empty path"),
		failing(paths("22", "the numbers of paths and columns must match", `{"jsonpaths":["$.n"]}`, `{"id":1}`),
			"Number of jsonpaths and the number of columns should match. JSONPath size: 1, "+
				"Number of columns in table or column list: 2"),
		paths(
			"23", "nested paths in dot notation", `{"jsonpaths":["$.a.b[1]","$.a.c.d"]}`,
			`{"a":{"c":{"d":"x"},"b":[5,6,7]}}`, "6|x",
		),
		paths(
			"23", "nested paths in bracket notation",
			`{"jsonpaths":["$['a']['b'][1]","$['a']['c']['d']"]}`,
			`{"a":{"b":[5, 6 ,7],"c": {"d" : "x"}}}`, "6|x",
		),
		paths("23", "root arrays", `{"jsonpaths":["$[1]","$[0]"]}`, "[\"a\",1,[2]]\n[\"b\", 2]", "1|a", "2|b"),
		paths("23", "one key for two columns", `{"jsonpaths":["$.a","$.a"]}`, `{"a":"1"}`, "1|1"),
		paths(
			"24", "a path that is not there is NULL", `{"jsonpaths":["$.a.b","$.c"]}`,
			`{"a":{}}{"a":5}{"a":null,"c":null}{}`, "NULL|NULL", "NULL|NULL", "NULL|NULL",
			"NULL|NULL",
		),
		failing(
			paths("24", "an index out of range fails", `{"jsonpaths":["$.a[2]","$.v"]}`, `{"a":[1,2]}`),
			"Invalid JSONPath format: Not an array or index out of range.",
		),
		failing(
			paths("24", "an index into what is no array fails", `{"jsonpaths":["$.a[0]","$.v"]}`, `{"a":{"0":1}}`),
			"Invalid JSONPath format: Not an array or index out of range.",
		),
		failing(
			paths("24", "an index out of a root array fails", `{"jsonpaths":["$[0]","$[5]"]}`, `[1,"a"]`),
			"Invalid JSONPath format: Not an array or index out of range.",
		),
		failing(
			paths(
				"24", "an index fails whatever MAXERROR", `{"jsonpaths":["$[0]","$[5]"]}`,
				`[1,"a"]`,
			).with(" MAXERROR 1000"),
			"Invalid JSONPath format",
		),
		paths("25", "path names are case-sensitive", `{"jsonpaths":["$.Id","$.v"]}`, `{"id":1,"v":"a"}`, "NULL|a"),
	}
}

func (c Case) with(options string) Case { c.Options += options; return c }

// valueCases: from a JSON value to a column.
func valueCases() []Case {
	// one loads values into one column, an expected row each.
	f := func(row, name, typ, options string, values ...string) Case {
		c := Case{Row: row, Name: name, Table: "v " + typ, Options: auto + " " + options}
		var body strings.Builder
		for i := 0; i < len(values); i += 2 {
			fmt.Fprintf(&body, "{\"v\":%s}\n", values[i])
			c.Rows = append(c.Rows, values[i+1])
		}
		c.Objects = data("a", body.String())
		return c
	}
	// bad loads a value that is refused.
	bad := func(row, name, typ, options, value, reason string) Case {
		return Case{
			Row: row, Name: name, Table: "v " + typ, Objects: data("a", "{\"v\":"+value+"}\n"),
			Options: auto + " MAXERROR 2 " + options, Rejects: []Reject{reject(1, "v", reason)},
		}
	}
	ours := func(c Case) Case { c.Ours = true; return c }
	return []Case{
		f(
			"27", "objects and arrays into VARCHAR", "VARCHAR(100)", "",
			"{ \"a\" :\n [ 1, \"x y\" ] }", `{"a":[1,"x y"]}`, `[]`, `[]`,
		),
		f("28", "null", "VARCHAR(10)", "", "null", "NULL"),
		f(
			"29", "numbers into VARCHAR as they stand", "VARCHAR(10)", "", "112", "112", "-0.50",
			"-0.50", "1e5", "1e5", "1.0", "1.0",
		),
		f(
			"30", "a fraction into BIGINT is cut", "BIGINT", "", "1540919166796.0", "1540919166796",
			"1.9", "1", "-1.9", "-1", "1.5e3", "1500", `"12.7"`, "12", "9223372036854775807",
			"9223372036854775807", "-9223372036854775808", "-9223372036854775808", "123e-1", "12",
			"0.0000000000000000000001e22", "1",
		),
		f("30", "SMALLINT and INTEGER limits", "SMALLINT", "", "32767", "32767", "-32768", "-32768"),
		bad("30", "a number out of range of SMALLINT", "SMALLINT", "", "32768", "out of range for smallint"),
		bad("30", "a number out of range of INTEGER", "INTEGER", "", "-2147483649", "out of range for integer"),
		bad("30", "a number out of range of BIGINT", "BIGINT", "", "9223372036854775808", "out of range for bigint"),
		bad("30", "a number far out of range", "BIGINT", "", "1e400", "out of range for bigint"),
		bad("30", "a word is no BIGINT", "BIGINT", "", `"soon"`, `"soon" is not a bigint`),
		bad("30", "a word is no INTEGER", "INTEGER", "", `"soon"`, `"soon" is not an integer`),
		bad("30", "an object is no BIGINT", "BIGINT", "", `{"a":1}`, `{"a":1} is not a bigint`),
		bad("32", "true is no BIGINT", "BIGINT", "", "true", "true is not a bigint"),
		f(
			"30", "NUMERIC is cut to its scale", "NUMERIC(8,2)", "", "20.259", "20.25", "-20.259",
			"-20.25", "5", "5.00", "1e3", "1000.00", "0.001", "0.00", `"123456.789"`, "123456.78",
			"0", "0.00",
		),
		f(
			"30", "ROUNDEC rounds", "NUMERIC(8,2)", "ROUNDEC", "20.259", "20.26", "-20.255",
			"-20.26", "20.254", "20.25", "9.999", "10.00", "9999.995", "10000.00", "0.005", "0.01",
			"0.004", "0.00",
		),
		bad("30", "NUMERIC out of range", "NUMERIC(4,2)", "", "100", "out of range for numeric(4,2)"),
		bad("30", "NUMERIC rounded out of range", "NUMERIC(4,2)", "ROUNDEC", "99.995", "out of range for numeric(4,2)"),
		f(
			"31", "exact decimals as strings", "NUMERIC(38,10)", "",
			`"1234567890123456789012345678.0123456789"`, "1234567890123456789012345678.0123456789",
		),
		f(
			"31", "DOUBLE PRECISION", "DOUBLE PRECISION", "", "0.1", "0.1", "-13.37698",
			"-13.37698", "1e300", "1e+300", "123456789012345678", "1.2345678901234568e+17", `"2.5"`,
			"2.5",
		),
		f(
			"31", "REAL is rounded once", "REAL", "", "0.1", "0.1", "16777217", "1.6777216e+07",
			"1.00000017881393432617187499", "1.0000001",
		),
		bad(
			"31", "DOUBLE PRECISION out of range", "DOUBLE PRECISION", "", "1e400",
			"out of range for double precision",
		),
		bad("31", "REAL out of range", "REAL", "", "1e39", "out of range for real"),
		bad("31", "hexadecimal is no number", "DOUBLE PRECISION", "", `"0x10"`, "not a double precision"),
		f(
			"32", "BOOLEAN", "BOOLEAN", "", "true", "t", "false", "f", "1", "t", "0", "f", `"yes"`,
			"t", `"N"`, "f", `"TRUE"`, "t",
		),
		bad("32", "another word is no BOOLEAN", "BOOLEAN", "", `"maybe"`, `"maybe" is not a boolean`),
		ours(f("32", "true and false into VARCHAR", "VARCHAR(10)", "", "true", "true", "false", "false")),
		f("33", "an empty string into VARCHAR", "VARCHAR(10)", "", `""`, ""),
		f("33", "an empty string with EMPTYASNULL", "VARCHAR(10)", "EMPTYASNULL", `""`, "NULL", `" "`, " "),
		f("33", "an empty string into INTEGER is NULL", "INTEGER", "", `""`, "NULL"),
		f("33", "an empty string into TIMESTAMP is NULL", "TIMESTAMP", "", `""`, "NULL"),
		f("34", "blanks with BLANKSASNULL", "VARCHAR(10)", "BLANKSASNULL", `"  \t"`, "NULL", `" a"`, " a"),
		f("34", "blanks without BLANKSASNULL", "VARCHAR(10)", "", `"  "`, "  "),
		f("34", "blanks into INTEGER are NULL", "INTEGER", "", `"  "`, "NULL"),
		f("34", "TRIMBLANKS", "VARCHAR(10)", "TRIMBLANKS", `" a  "`, " a", `"   "`, ""),
		f("35", "escapes", "VARCHAR(100)", "", `"a\nb\tc\\d\"e\/f\u00e9\ud83d\ude00"`, "a\nb\tc\\d\"e/fé😀"),
		ours(bad("35", "U+0000 is refused", "VARCHAR(10)", "", `"a\u0000b"`, "U+0000")),
		ours(bad("35", "half a surrogate pair is refused", "VARCHAR(10)", "", `"a\ud83db"`, "not valid UTF-8")),
		ours(
			f(
				"35", "half a surrogate pair with ACCEPTINVCHARS", "VARCHAR(10)", "ACCEPTINVCHARS",
				`"a\ud83db"`, "a???b",
			),
		),
		bad("36", "too many bytes", "VARCHAR(4)", "", `"ääb"`, "5 bytes are too long for character varying(4)"),
		f("36", "as many bytes as allowed", "VARCHAR(4)", "", `"ää"`, "ää"),
		f("36", "trailing blanks alone are cut", "VARCHAR(4)", "", `"abcd   "`, "abcd", `"ab   "`, "ab  "),
		ours(
			f(
				"36", "TRUNCATECOLUMNS cuts between characters", "VARCHAR(4)", "TRUNCATECOLUMNS",
				`"aäää"`, "aä", `"abcdef"`, "abcd", `"abc😀"`, "abc",
			),
		),
		bad("37", "invalid UTF-8", "VARCHAR(10)", "", "\"a\xffb\"", "byte 0xff at position 2 is not valid UTF-8"),
		f("37", "ACCEPTINVCHARS", "VARCHAR(10)", "ACCEPTINVCHARS", "\"a\xe2\x82b\xff\"", "a??b?"),
		f("37", "ACCEPTINVCHARS with a character", "VARCHAR(10)", "ACCEPTINVCHARS AS '^'", "\"\xf0\x9f\x98\"", "^^^"),
		f("37", "non-characters pass", "VARCHAR(10)", "", "\"\uFDD0\uFFFE\"", "\uFDD0\uFFFE"),
		f("37", "ACCEPTINVCHARS replaces non-characters", "VARCHAR(20)", "ACCEPTINVCHARS",
			"\"é\uFDCF\uFDD0x\uFDEF\uFDF0\"", "é\uFDCF???x???\uFDF0", "\"\U0001FFFF😀\uFFFE\uFFFD\"", "????😀???\uFFFD",
			`"\uffff"`, "???"),
		bad("38", "CHAR takes ASCII only", "CHAR(10)", "ACCEPTINVCHARS", `"ä"`, "not ASCII"),
		f("38", "CHAR is padded", "CHAR(4)", "", `"ab"`, "ab  "),
		bad("38", "CHAR too long", "CHAR(2)", "", `"abc"`, "too long for character(2)"),
	}
}

// timeCases: dates and times.
func timeCases() []Case {
	f := func(row, name, typ, options string, values ...string) Case {
		c := Case{Row: row, Name: name, Table: "v " + typ, Options: auto + " " + options}
		var body strings.Builder
		for i := 0; i < len(values); i += 2 {
			fmt.Fprintf(&body, "{\"v\":%s}\n", values[i])
			c.Rows = append(c.Rows, values[i+1])
		}
		c.Objects = data("a", body.String())
		return c
	}
	bad := func(row, name, typ, options, value, reason string) Case {
		return Case{
			Row: row, Name: name, Table: "v " + typ, Objects: data("a", "{\"v\":"+value+"}\n"),
			Options: auto + " MAXERROR 2 " + options, Rejects: []Reject{reject(1, "v", reason)},
		}
	}
	return []Case{
		f(
			"39", "no TIMEFORMAT", "TIMESTAMP", "", `"2018-11-11 02:33:56.796"`,
			"2018-11-11 02:33:56.796", `"2018-11-11 02:33:56"`, "2018-11-11 02:33:56",
			`"0001-01-01 00:00:00"`, "0001-01-01 00:00:00",
		),
		bad(
			"39", "no TIMEFORMAT knows no T", "TIMESTAMP", "", `"2018-11-11T02:33:56"`,
			"is not a timestamp without time zone",
		),
		bad("39", "no TIMEFORMAT knows no epoch", "TIMESTAMP", "", "1541106106796", "1541106106796 is not a timestamp"),
		bad("39", "auto knows no epoch", "TIMESTAMP", "TIMEFORMAT 'auto'", "1541106106796", "is not a timestamp"),
		f(
			"39", "auto", "TIMESTAMP", "TIMEFORMAT 'auto'", `"2018-11-11T02:33:56.796Z"`,
			"2018-11-11 02:33:56.796", `"11/12/2018 02:33 PM"`, "2018-11-12 14:33:00",
			`"Nov 11, 2018"`, "2018-11-11 00:00:00", `"20181111 023356"`, "2018-11-11 02:33:56",
		),
		f(
			"39", "epochsecs", "TIMESTAMP", "TIMEFORMAT 'epochsecs'", "1541106106",
			"2018-11-01 21:01:46", `"1541106106.5"`, "2018-11-01 21:01:46.5", "-1",
			"1969-12-31 23:59:59",
		),
		f(
			"39", "epochmillisecs", "TIMESTAMP", "TIMEFORMAT 'epochmillisecs'", "1541106106796",
			"2018-11-01 21:01:46.796", `"1541106106796.0"`, "2018-11-01 21:01:46.796",
		),
		f(
			"39", "epochmillisecs with time zone is UTC", "TIMESTAMPTZ",
			"TIMEFORMAT 'epochmillisecs'", "1541106106796", "2018-11-01 21:01:46.796+00",
		),
		bad("39", "an epoch out of range", "TIMESTAMP", "TIMEFORMAT 'epochsecs'", "1e18", "out of range"),
		{
			Row: "39", Name: "keywords of TIMEFORMAT are case-sensitive", Table: "v TIMESTAMP",
			Objects: data("a", `{"v":1}`), Options: auto + " TIMEFORMAT 'EPOCHSECS'",
			Fails: "TIMEFORMAT",
		},
		f(
			"39", "a format", "TIMESTAMP", "TIMEFORMAT 'DD.MM.YYYY HH:MI:SS'",
			`"11.12.2018 02:33:56"`, "2018-12-11 02:33:56",
		),
		bad("39", "text behind a TIMEFORMAT", "TIMESTAMP", "TIMEFORMAT 'YYYY-MM-DD HH:MI:SS'",
			`"2020-01-01 10:00:00 PM"`, `is not a timestamp without time zone: " PM" follows what`),
		bad("39", "a zone behind a TIMEFORMAT", "TIMESTAMPTZ", "TIMEFORMAT 'YYYY-MM-DD HH:MI:SS'",
			`"2020-01-01 10:00:00+02"`, `is not a timestamp with time zone: a TIMEFORMAT has no place`),
		bad("39", "a time behind a TIMEFORMAT without one", "TIMESTAMP", "TIMEFORMAT 'YYYY-MM-DD'",
			`"2020-01-01 10:00:00"`, "is not a timestamp"),
		bad("39", "an hour that HH12 has not", "TIMESTAMP", "TIMEFORMAT 'YYYY-MM-DD HH12:MI:SS'",
			`"2020-01-01 13:00:00"`, "is not a timestamp"),
		bad("39", "text behind a DATEFORMAT", "DATE", "DATEFORMAT 'YYYY-MM-DD'", `"2020-01-01abc"`, "is not a date"),
		f("39", "a DATEFORMAT", "DATE", "DATEFORMAT 'MM/DD/YYYY'", `"12/31/2018"`, "2018-12-31"),
		f(
			"39", "the format holds for all TIMESTAMP columns", "TIMESTAMP, w TIMESTAMP",
			"TIMEFORMAT 'epochsecs'", `0,"w":1`, "1970-01-01 00:00:00|1970-01-01 00:00:01",
		),
		f("40", "a TIMESTAMP without time", "TIMESTAMP", "", `"2018-11-11"`, "2018-11-11 00:00:00"),
		f(
			"40", "a DATE with a time", "DATE", "", `"2018-11-11 23:59:59"`, "2018-11-11",
			`"2000-02-29"`, "2000-02-29",
		),
		bad("40", "a day that does not exist", "DATE", "", `"2018-02-29"`, `"2018-02-29" is not a date`),
		f(
			"39", "auto knows the forms of the guide's page", "TIMESTAMP", "TIMEFORMAT 'auto'",
			`"J2451187"`, "1999-01-08 00:00:00", `"Jan-08-95 BC"`, "0095-01-08 00:00:00 BC",
			`"19960108 040809"`, "1996-01-08 04:08:09", `"960108 040809"`, "1996-01-08 04:08:09",
			`"1996.008"`, "1996-01-08 00:00:00", `"1996-01-08 04:05:06.789"`,
			"1996-01-08 04:05:06.789", `"17 Dec 07:37:16 1997 PST"`, "1997-12-17 07:37:16",
			`"12/17/1997 07:37:16.00 PST"`, "1997-12-17 07:37:16", `"1997-12-17 07:37:16-08"`,
			"1997-12-17 07:37:16", `"12.17.1997 07:37:16.00 PST"`, "1997-12-17 07:37:16",
			`"J2345678 04:05:06.789"`, "1710-02-23 04:05:06.789", `"03/31/2003"`,
			"2003-03-31 00:00:00", `"March 31, 2003"`, "2003-03-31 00:00:00",
			`"03.31.2003 18:45:05.123456"`, "2003-03-31 18:45:05.123456",
		),
		f(
			"39", "auto with a time zone", "TIMESTAMPTZ", "TIMEFORMAT 'auto'",
			`"17 Dec 07:37:16 1997 PST"`, "1997-12-17 15:37:16+00", `"1997-12-17 07:37:16-08"`,
			"1997-12-17 15:37:16+00", `"2019-02-11T05:09:12.195Z"`, "2019-02-11 05:09:12.195+00",
		),
		f(
			"39", "auto for a DATE", "DATE", "DATEFORMAT 'auto'", `"J2451187"`, "1999-01-08",
			`"Jan-08-95 BC"`, "0095-01-08 BC", `"1996.128"`, "1996-05-07", `"1996.366"`,
			"1996-12-31", `"2018-111"`, "2018-04-21", `"960108"`, "1996-01-08", `"1/8/99"`,
			"1999-01-08", `"Nov-12-18"`, "2018-11-12", `"2018-11-12T23:59:59Z"`, "2018-11-12",
			`"2018-1-2"`, "2018-01-02",
		),
		bad(
			"39", "auto takes no digits that are no day of the year", "DATE", "DATEFORMAT 'auto'",
			`"2018-1112"`, "is not a date",
		),
		bad("39", "auto takes no date that lacks its day", "DATE", "DATEFORMAT 'auto'", `"1996.12"`, "is not a date"),
		bad("39", "auto takes no name of a moment", "TIMESTAMP", "TIMEFORMAT 'auto'", `"now"`, "is not a timestamp"),
		bad(
			"39", "auto takes no number of seconds", "TIMESTAMP", "TIMEFORMAT 'auto'", `1541101112`,
			"is not a timestamp",
		),
		refusedFormat("TIMEFORMAT 'YYYY-MM-DD HH:MI:SSOF'"), refusedFormat(
			"TIMEFORMAT 'YYYY-MM-DD HH:MI:SS TZ'",
		), refusedFormat("TIMEFORMAT 'YYYY-MM-DD HH:MI:SStz'"),
		bad("39", "a DATE shorter than YYYY-MM-DD", "DATE", "", `"202-04-17"`, "length must be 10 or more"),
		bad("39", "a DATE without its zeros", "DATE", "", `"2018-1-12"`, "length must be 10 or more"),
		bad(
			"39", "a DATE shorter than its DATEFORMAT", "DATE", "DATEFORMAT 'MM/DD/YYYY'",
			`"1/8/2018"`, "length must be 10 or more",
		),
		bad(
			"39", "a DATE shorter than a short DATEFORMAT", "DATE", "DATEFORMAT 'YYMMDD'",
			`"18111"`, "length must be 6 or more",
		),
		f(
			"41", "ACCEPTANYDATE takes a short DATE for NULL", "DATE",
			"DATEFORMAT 'MM/DD/YYYY' ACCEPTANYDATE", `"1/8/2018"`, "NULL",
		),
		f(
			"39", "TIMESTAMPTZ with an offset", "TIMESTAMPTZ", "", `"2018-11-11 02:33:56+02"`,
			"2018-11-11 00:33:56+00", `"2018-11-11 02:33:56"`, "2018-11-11 02:33:56+00",
		),
		f(
			"41", "ACCEPTANYDATE", "DATE", "DATEFORMAT 'YYYY-MM-DD' ACCEPTANYDATE", `"00/00/00"`,
			"NULL", `"2018-11-11"`, "2018-11-11",
		),
	}
}

// refusedFormat is a format string with a time zone (r_DATEFORMAT_and_TIMEFORMAT_strings).
func refusedFormat(option string) Case {
	return Case{Row: "39", Name: "a time zone is refused: " + option, Table: "v TIMESTAMPTZ", Objects: data(
		"a", `{"v":"2018-11-12 04:05:06+02"}`,
	),
		Options: auto + " MAXERROR 9 " + option, Fails: "TIMEFORMAT"}
}

// errorCases: rejects, their lines, and MAXERROR.
func errorCases() []Case {
	c := func(row, name, body, options string, rows []string, rejects ...Reject) Case {
		return Case{
			Row: row, Name: name, Ours: true, Table: twoColumns, Objects: data("a", body),
			Options: auto + " " + options, Rows: rows, Rejects: rejects,
		}
	}
	fails := func(c Case) Case { c.Fails, c.Ours = "MAXERROR", false; return c }
	bad := "{\"id\":\"x\"}\n{\"id\":1,\"v\":\"a\"}\n{\"id\":\"y\"}\n"
	return []Case{
		fails(c("42", "no MAXERROR fails at the first error", bad, "", nil, reject(1, "id", `"x" is not an integer`))),
		fails(c("42", "MAXERROR 0 fails at the first error", bad, "MAXERROR 0", nil, reject(1, "id", `"x"`))),
		fails(c("42", "MAXERROR 1 fails at the first error", bad, "MAXERROR 1", nil, reject(1, "id", `"x"`))),
		fails(
			c(
				"42", "MAXERROR n fails at n errors", bad, "MAXERROR 2", nil,
				reject(1, "id", `"x"`), reject(3, "id", `"y"`),
			),
		),
		c(
			"42", "below MAXERROR the good rows load", bad, "MAXERROR 3", []string{"1|a"},
			reject(1, "id", `"x"`), reject(3, "id", `"y"`),
		),
		c(
			"46", "the line is the last of a bad object",
			"{\"id\":1,\"v\":\"a\"}\n{\n\"id\":\n\"x\"\n}\n", "MAXERROR 2", []string{"1|a"},
			reject(5, "id", `"x"`),
		),
		c(
			"46", "two bad objects in a line", "{\"id\":\"x\"}{\"id\":\"y\"}{\"id\":1,\"v\":\"a\"}",
			"MAXERROR 5", []string{"1|a"}, reject(1, "id", `"x"`), reject(1, "id", `"y"`),
		),
		c(
			"46", "a broken object and the next line",
			"{\"id\":1,\"v\":\"a\n{\"id\":2,\"v\":\"b\"}\n", "MAXERROR 5", []string{"2|b"},
			reject(1, "", "invalid JSON: unexpected end of line"),
		),
		c(
			"46", "an object that lacks its end", "{\"id\":1\n{\"id\":2,\"v\":\"b\"}\n",
			"MAXERROR 5", []string{"2|b"}, reject(1, "", "invalid JSON"),
		),
		c(
			"46", "a record cut off behind a colon",
			"{\"id\":1,\"v\":\n{\"id\":2,\"v\":\"b\"}\n{\"id\":3,\"v\":\"c\"}\n", "MAXERROR 5",
			[]string{"2|b", "3|c"}, reject(1, "", ""),
		),
		c(
			"46", "a record cut off behind a colon at the end",
			"{\"id\":1,\"v\":\n{\"id\":2,\"v\":\"b\"}\n", "MAXERROR 5", []string{"2|b"},
			reject(1, "", "cut off"),
		),
		c(
			"46", "a broken word", "{\"id\":soon}\n{\"id\":2,\"v\":\"b\"}\n", "MAXERROR 5",
			[]string{"2|b"}, reject(1, "", `unexpected "s"`),
		),
		c(
			"46", "a broken object of several lines",
			"{\n\"id\":soon,\n\"v\":\"a\"\n}\n{\"id\":2,\"v\":\"b\"}\n", "MAXERROR 5",
			[]string{"2|b"}, reject(4, "", `unexpected "s"`),
		),
		c(
			"46", "other text is one error a run",
			"hello world\n{\"id\":2,\"v\":\"b\"}\nx {\"id\":3,\"v\":\"c\"} y z\n", "MAXERROR 5",
			[]string{"2|b", "3|c"}, reject(1, "", "not JSON"), reject(3, "", "not JSON"),
			reject(3, "", "not JSON"),
		),
		c(
			"46", "a cut off object is one error", "{\"id\":2,\"v\":\"b\"}\n{\"id\":3,\n\"v\":\"c",
			"MAXERROR 5", []string{"2|b"}, reject(3, "", "cut off"),
		),
		c(
			"46", "a number cut off", "{\"id\":2,\"v\":\"b\"}\n{\"id\":3", "MAXERROR 5",
			[]string{"2|b"}, reject(2, "", "cut off"),
		),
		c(
			"46", "numbers that JSON has not",
			"{\"id\":01}\n{\"id\":+1}\n{\"id\":.5}\n{\"id\":1.}\n{\"id\":0x1}\n{\"id\":1,\"v\":\"a\"}\n",
			"MAXERROR 9", []string{"1|a"}, reject(1, "", "invalid JSON"),
			reject(2, "", "invalid JSON"), reject(3, "", "invalid JSON"),
			reject(4, "", "invalid JSON"), reject(5, "", "invalid JSON"),
		),
		c(
			"46", "a comma at the end", "{\"id\":1,}\n{\"id\":1,\"v\":\"a\"}\n", "MAXERROR 9",
			[]string{"1|a"}, reject(1, "", `unexpected "}"`),
		),
		{Row: "46", Name: "rejects stand in the order of objects", Table: twoColumns, Objects: data(
			"a", `{"id":"x"}`, "b", `{"id":1,"v":"a"}`, "c", `{"id":"y"}`,
		), Options: auto + " MAXERROR 9",
			Rows: []string{"1|a"}, Rejects: []Reject{
				reject(1, "id", `"x"`), {Key: "data/c", Line: 1, Column: "id", Reason: `"y"`},
			}},
		{
			Row: "49", Name: "NOLOAD parses and loads nothing", Table: twoColumns,
			Objects: data("a", "{\"id\":1}{\"id\":\"x\"}"), Options: auto + " NOLOAD MAXERROR 2",
			Rejects: []Reject{reject(1, "id", `"x"`)},
		},
		fails(c("49", "NOLOAD counts errors", bad, "NOLOAD", nil, reject(1, "id", `"x"`))),
	}
}

// compressed returns body compressed.
func compressed(kind, body string) string {
	var b bytes.Buffer
	switch kind {
	case "GZIP":
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(body)) // a bytes.Buffer takes everything
		_ = w.Close()
	case "ZSTD":
		w, err := zstd.NewWriter(&b)
		if err != nil {
			panic(err) // only of options, and there are none
		}
		_, _ = w.Write([]byte(body))
		_ = w.Close()
	}
	return b.String()
}

// bzip2Object is two streams of bzip2 with a record each; the standard library only reads the
// format.
const bzip2Object = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x84\x3f\x17\x92\x00\x00\x07\xd9\x80\x00\x10\x10\x04\x20\x10\x24\x20\x01\x0a\x20\x00\x22\x00\x69\x90\x80\x69\xa6\x84\x78\x20\x4d\x97\x50\xca\x3c\x5d\xc9\x14\xe1\x42\x42\x10\xfc\x5e\x48\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xea\x7c\x30\x79\x00\x00\x07\xd9\x80\x00\x10\x10\x04\x10\x10\x14\x20\x01\x0a\x20\x00\x22\x00\x69\x90\x80\x69\xa6\x84\x78\x20\x4d\x97\x50\xca\x3c\x5d\xc9\x14\xe1\x42\x43\xa9\xf0\xc1\xe4"

// compressionCases: compression is the statement's, not the suffix's.
func compressionCases() []Case {
	first, second := "{\"id\":1,\"v\":\"a\"}\n", "{\"id\":2,\"v\":\"b\"}\n"
	unreadable := func(name, option, body, reason string) Case {
		return Case{Row: "12", Name: name, Table: twoColumns, Objects: data("a", body, "b", compressed(option, first)),
			Options: auto + " " + option + " MAXERROR 2", Rows: []string{"1|a"}, Rejects: []Reject{
				reject(0, "", reason),
			}}
	}
	whole := compressed("GZIP", strings.Repeat(first+second, 100))
	return []Case{
		{
			Row: "12", Name: "GZIP", Table: twoColumns,
			Objects: data("a", compressed("GZIP", first+second)), Options: auto + " GZIP",
			Rows: []string{"1|a", "2|b"},
		},
		{
			Row: "12", Name: "GZIP of several members", Table: twoColumns,
			Objects: data("a", compressed("GZIP", first)+compressed("GZIP", second)),
			Options: auto + " GZIP", Rows: []string{"1|a", "2|b"},
		},
		{
			Row: "12", Name: "ZSTD", Table: twoColumns,
			Objects: data("a", compressed("ZSTD", first+second)), Options: auto + " ZSTD",
			Rows: []string{"1|a", "2|b"},
		},
		{
			Row: "12", Name: "ZSTD of several frames", Table: twoColumns,
			Objects: data("a", compressed("ZSTD", first)+compressed("ZSTD", second)),
			Options: auto + " ZSTD", Rows: []string{"1|a", "2|b"},
		},
		{
			Row: "12", Name: "BZIP2 of several streams", Table: twoColumns,
			Objects: data("a", bzip2Object), Options: auto + " BZIP2", Rows: []string{"1|a", "2|b"},
		},
		{
			Row: "12", Name: "the suffix is not looked at", Table: twoColumns,
			Objects: data("a.gz", first), Options: auto, Rows: []string{"1|a"},
		},
		unreadable("a plain file under GZIP cannot be read", "GZIP", first, "the object is not compressed"),
		unreadable("a plain file under ZSTD cannot be read", "ZSTD", first, "the object is not compressed"),
		unreadable(
			"another compression cannot be read", "GZIP", compressed("ZSTD", first),
			"the object is compressed with ZSTD",
		),
		unreadable("nothing of a broken GZIP file loads", "GZIP", whole[:len(whole)-9], ""),
	}
}

// wide returns body in UTF-16, with or without its byte order mark.
func wide(order binary.AppendByteOrder, mark bool, body string) string {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, unit := range utf16.Encode([]rune(body)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// encodingCases: ENCODING holds for every object (copy-parameters-data-conversion).
func encodingCases() []Case {
	body := "{\"id\":1,\"v\":\"é😀\"}\n{\"id\":2,\n\"v\":\"b\"}\n"
	rows := []string{"1|é😀", "2|b"}
	c := func(name, option, object string) Case {
		return Case{
			Row: "encoding", Name: name, Table: twoColumns, Objects: data("a", object),
			Options: auto + " " + option, Rows: rows,
		}
	}
	unreadable := func(name, option, object, reason string) Case {
		return Case{Row: "encoding", Name: name, Table: twoColumns, Objects: data(
			"a", object, "b", wide(binary.LittleEndian, true, body),
		),
			Options: auto + " MAXERROR 2 " + option, Rows: rows, Rejects: []Reject{reject(0, "", reason)}}
	}
	little, big := binary.LittleEndian, binary.BigEndian
	long := strings.Repeat(" ", 40_000) + body // more than is decoded at once, at an odd place
	return []Case{
		c("UTF8", "ENCODING UTF8", body),
		c("UTF16 with the mark of little endian", "ENCODING UTF16", wide(little, true, body)),
		c("UTF16 with the mark of big endian", "ENCODING AS UTF16", wide(big, true, body)),
		c("UTF16LE without a mark", "ENCODING UTF16LE", wide(little, false, body)),
		c("UTF16LE with a mark", "ENCODING UTF16LE", wide(little, true, body)),
		c("UTF16BE without a mark", "ENCODING UTF16BE", wide(big, false, body)),
		c("UTF16BE with a mark", "ENCODING UTF16BE", wide(big, true, body)),
		c("UTF16 in several pieces", "ENCODING UTF16", wide(little, true, long)),
		c("UTF16 under GZIP", "ENCODING UTF16 GZIP", compressed("GZIP", wide(little, true, body))),
		{
			Row: "encoding", Name: "ISO88591", Table: twoColumns,
			Objects: data("a", "{\"id\":1,\"v\":\"\xe9\xff\"}\n"),
			Options: auto + " ENCODING ISO88591", Rows: []string{"1|éÿ"},
		},
		{
			Row: "encoding", Name: "ISO88591 that begins like a mark", Table: twoColumns,
			Objects: data("a", "\xff\xfe|1\n"), Columns: "v, id", Options: "ENCODING ISO88591",
			Rows: []string{"1|ÿþ"},
		},
		{
			Row: "encoding", Name: "CSV in UTF16", Table: twoColumns,
			Objects: data("a", wide(little, true, "1,\"ä,b\"\r\n2,b\n")),
			Options: "FORMAT AS CSV ENCODING UTF16", Rows: []string{"1|ä,b", "2|b"},
		},
		{Row: "encoding", Name: "lines count in characters", Table: twoColumns, Objects: data(
			"a", wide(big, true, "{\"id\":1}\n{\"id\":\"x\"}\n"),
		), Options: auto + " ENCODING UTF16 MAXERROR 2",
			Rows: []string{"1|NULL"}, Rejects: []Reject{reject(2, "id", `"x" is not an integer`)}},
		unreadable("UTF8 under UTF16", "ENCODING UTF16", body, "without a byte order mark of UTF-16"),
		unreadable(
			"UTF16 without a mark under UTF16", "ENCODING UTF16", wide(little, false, body),
			"without a byte order mark of UTF-16",
		),
		unreadable("UTF16 that is cut off", "ENCODING UTF16", wide(little, true, body)+"x", "within a character"),
	}
}

// textCases: CSV and delimited text.
func textCases() []Case {
	csv := func(row, name, body, options string, rows ...string) Case {
		return Case{
			Row: row, Name: name, Table: twoColumns, Objects: data("a", body),
			Options: "FORMAT AS CSV " + options, Rows: rows,
		}
	}
	bad := func(c Case, rejects ...Reject) Case { c.Rejects = rejects; c.Options += " MAXERROR 9"; return c }
	plain := func(name, body, options string, rows ...string) Case {
		return Case{Row: "csv", Name: name, Table: twoColumns, Objects: data("a", body), Options: options, Rows: rows}
	}
	names := Case{
		Row: "csv", Name: "names", Table: "name VARCHAR(20), sex VARCHAR(1), births INTEGER",
		Objects: data("yob1880.txt", "Mary,F,7065\r\nAnna,F,2604\r\n", "yob1881.txt", "Mary,F,6919\n"),
		Options: "FORMAT AS CSV", Rows: []string{"Mary|F|7065", "Anna|F|2604", "Mary|F|6919"},
	}
	return []Case{
		names,
		csv(
			"csv", "quotes, delimiters and newlines in quotes",
			"1,\"a,b\"\n2,\"x\ny\"\n3,\"q\"\"q\"\n4,\"\"\n", "", "1|a,b", "2|x\ny", "3|q\"q", "4|",
		),
		csv("csv", "another quote", "1,'a,b'\n2,'it''s'\n", "QUOTE AS ''''", "1|a,b", "2|it's"),
		csv("csv", "another delimiter", "1;a\n2;b,c\n", "DELIMITER ';'", "1|a", "2|b,c"),
		csv("csv", "a tab for delimiter", "1\ta\n2\t\"b\"\n", "DELIMITER '\\t'", "1|a", "2|b"),
		csv("csv", "blanks around quotes do not count", "1, \"a\" \n", "", "1|a"),
		csv("csv", "IGNOREHEADER", "id,v\n1,a\n", "IGNOREHEADER 1", "1|a"),
		csv("csv", "byte order mark", "\xef\xbb\xbf1,a\n", "", "1|a"),
		csv("csv", "no newline at the end", "1,a\n2,b", "", "1|a", "2|b"),
		csv("33", "empty fields", ",\n,\"\"\n", "", "NULL|", "NULL|"),
		csv("33", "empty fields with EMPTYASNULL", "1,\n", "EMPTYASNULL", "1|NULL"),
		csv("33", "empty fields in quotes with EMPTYASNULL", "1,\"\"\n", "EMPTYASNULL", "1|NULL"),
		csv("33", "empty fields with NULL AS ''", "1,\n2,\"\"\n3,\" \"\n", "NULL AS ''", "1|NULL", "2|NULL", "3| "),
		csv("34", "blank fields with BLANKSASNULL", "1,  \n", "BLANKSASNULL", "1|NULL"),
		csv("csv", "NULL AS", "1,none\n2,\"none\"\n", "NULL AS 'none'", "1|NULL", "2|none"),
		csv("csv", "the default NULL string", "1,\\N\n", "", "1|NULL"),
		csv("csv", "TRIMBLANKS", "1,a  \n", "TRIMBLANKS", "1|a"),
		csv("csv", "IGNOREBLANKLINES", "1,a\n\n\r\n2,b\n", "IGNOREBLANKLINES", "1|a", "2|b"),
		bad(
			csv("csv", "a blank line is a short record", "1,a\n\n2,b\n", "", "1|a", "2|b"),
			reject(2, "v", "delimiter not found"),
		),
		csv("csv", "FILLRECORD fills VARCHAR with empty strings", "1\n2,b\n", "FILLRECORD", "1|", "2|b"),
		csv("csv", "FILLRECORD with EMPTYASNULL", "1\n2,b\n", "FILLRECORD EMPTYASNULL", "1|NULL", "2|b"),
		csv("csv", "FILLRECORD with NULL AS ''", "1\n2,b\n", "FILLRECORD NULL AS ''", "1|NULL", "2|b"),
		csv("csv", "FILLRECORD with another NULL AS", "1\n2,b\n", "FILLRECORD NULL AS 'b'", "1|", "2|NULL"),
		plain("FILLRECORD of delimited text", "1\n2|b\n", "FILLRECORD", "1|", "2|b"),
		{
			Row: "csv", Name: "FILLRECORD fills other types with NULL",
			Table:   "id INTEGER, v VARCHAR(10), c CHAR(2), n INTEGER, d DATE",
			Objects: data("a", "1\n2,b\n"), Options: "FORMAT AS CSV FILLRECORD",
			Rows: []string{"1||NULL|NULL|NULL", "2|b|NULL|NULL|NULL"},
		},
		bad(csv("csv", "too few fields", "1\n2,b\n", "", "2|b"), reject(1, "v", "delimiter not found")),
		bad(csv("csv", "too many fields", "1,a,x\n2,b\n", "", "2|b"), reject(1, "", "extra column(s) found")),
		bad(csv("csv", "text after a closing quote", "1,\"a\"b\n2,b\n", "", "2|b"), reject(1, "", "quote")),
		bad(csv("csv", "a quote that is never closed", "1,a\n2,\"b\n", "", "1|a"), reject(2, "", "never closed")),
		bad(
			csv("46", "the line of a bad CSV record", "1,a\nx,\"b\nc\"\n2,b\n", "", "1|a", "2|b"),
			reject(3, "id", `"x" is not an integer`),
		),
		bad(
			csv("30", "a fraction or an exponent in text is no integer",
				"1.9,a\n1.,a\n.5,a\n1e3,a\n-2.0,a\n+1,a\n-2,b\n003,c\n", "", "1|a", "-2|b", "3|c"),
			reject(1, "id", `"1.9" is not an integer`), reject(2, "id", `"1." is not an integer`),
			reject(3, "id", `".5" is not an integer`), reject(4, "id", `"1e3" is not an integer`),
			reject(5, "id", `"-2.0" is not an integer`),
		),
		bad(
			plain("a fraction in delimited text is no integer", "1.0|a\n2|b\n", "", "2|b"),
			reject(1, "id", `"1.0" is not an integer`),
		),
		bad(csv("35", "NUL in a field", "1,a\x00b\n", ""), reject(1, "v", "U+0000")),
		plain("delimited by default", "1|a\n2|b\n", "", "1|a", "2|b"),
		plain("ESCAPE", "1|a\\|b\n2|x\\\ny\n3|\\\\\n", "ESCAPE", "1|a|b", "2|x\ny", "3|\\"),
		plain(
			"ESCAPE of the default NULL string",
			"1|\\N\n2|\\\\N\n3|x\\\\N\n", "ESCAPE", "1|NULL", "2|NULL", "3|x\\N",
		),
		plain("ESCAPE with NULL AS", "1|none\n2|\\\\N\n", "ESCAPE NULL AS 'none'", "1|NULL", "2|\\N"),
		plain("ESCAPE of a carriage return", "1|v\\\r\n2|\\\r\r\n3|v\\\r", "ESCAPE", "1|v\r", "2|\r", "3|v\r"),
		plain("REMOVEQUOTES", "1|\"a\"\n'2'|'b|c'\n", "REMOVEQUOTES", "1|a", "2|b|c"),
		plain("REMOVEQUOTES NULL AS ''", "1|\"\"\n2|''\n3|\n", "REMOVEQUOTES NULL AS ''", "1|NULL", "2|NULL", "3|NULL"),
		plain("REMOVEQUOTES EMPTYASNULL", "1|\"\"\n2|\n", "REMOVEQUOTES EMPTYASNULL", "1|NULL", "2|NULL"),
		bad(
			plain("REMOVEQUOTES refuses the line of a quote that is never closed",
				"1|'tis\n2|rock'\n3|\"ok\"\n4|\"x\r\n", "REMOVEQUOTES", "2|rock'", "3|ok"),
			reject(1, "", "quote"), reject(4, "", "quote"),
		),
		bad(
			plain("REMOVEQUOTES at the end of the object", "1|ok\n2|\"Blue", "REMOVEQUOTES", "1|ok"),
			reject(2, "", "quote"),
		),
		plain("REMOVEQUOTES with ESCAPE", "1|\"a\\\nb\"\n2|'b\\'c'\n", "REMOVEQUOTES ESCAPE", "1|a\nb", "2|b'c"),
		plain("quotes are text without REMOVEQUOTES", "1|\"a\"\n", "", "1|\"a\""),
	}
}

// refusalCases: what this COPY does not do it refuses by name; what means nothing here it accepts.
func refusalCases() []Case {
	refused := func(option, options string) Case {
		return Case{
			Row: "B1", Name: "refuses " + option, Ours: true, Table: twoColumns,
			Objects: data("a", `{"id":1}`), Options: options, Fails: option,
		}
	}
	return []Case{
		refused("PARQUET", "FORMAT AS PARQUET"), refused("ORC", "FORMAT AS ORC"), refused(
			"AVRO", "FORMAT AS AVRO 'auto'",
		),
		refused(
			"FIXEDWIDTH", "FIXEDWIDTH 'id:3,v:10'",
		), refused("noshred", "FORMAT AS JSON 'noshred'"), refused("LZOP", auto+" LZOP"),
		refused("IGNOREALLERRORS", auto+" IGNOREALLERRORS"),
		{Row: "48", Name: "options without meaning here", Table: twoColumns, Objects: data("a", `{"id":1,"v":"a"}`),
			Options: auto +
				" REGION 'us-west-2' COMPUPDATE OFF STATUPDATE ON COMPROWS 1000 ENCODING UTF8", Rows: []string{"1|a"}},
		{
			Row: "1", Name: "a type that COPY cannot load", Ours: true, Table: "id INTEGER, v UUID",
			Objects: data("a", `{"id":1}`), Options: auto, Fails: "type uuid",
		},
	}
}
