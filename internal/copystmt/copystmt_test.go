package copystmt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

func statement(t *testing.T, e sqlfile.Engine, text string) sqlfile.Statement {
	t.Helper()
	f, err := sqlfile.Parse("x.sql", text)
	if err != nil {
		t.Fatal(err)
	}
	return f.Statements(e)[0]
}

func TestBindFaults(t *testing.T) {
	tests := []struct{ sql, want string }{
		{"COPY t FROM :'song_data'", "x.sql:1:13: variable :'song_data' is not defined"},
		{"COPY t FROM 'a'\nIAM_ROLE :'rolle'", "x.sql:2:10: variable :'rolle' is not defined"},
		{"COPY t FROM 'a'\nREGION AS :'regoin'", "x.sql:2:11: variable :'regoin' is not defined"},
		{"COPY t FROM 'a' NULL AS :'region'", "x.sql:1:25: variable :'region' is not defined"},
	}
	for _, tt := range tests {
		_, err := copystmt.Bind(statement(t, sqlfile.Postgres, tt.sql), map[string]string{"names": "x"})
		var fault *sqlfile.Error
		if !errors.As(err, &fault) || fault.Error() != tt.want {
			t.Errorf("%q: got error %v, want %s", tt.sql, err, tt.want)
		}
	}
}

func TestBindBlanksRegionOverLines(t *testing.T) {
	x, err := copystmt.Bind(
		statement(t, sqlfile.Redshift, "COPY t FROM :'a' REGION -- where\n  AS :'region' GZIP"),
		map[string]string{"a": `b\c`},
	)
	want := "COPY t FROM 'b\\\\c'                \n               GZIP"
	if err != nil || x.SQL != want {
		t.Fatalf("got %q, %v, want %q", x.SQL, err, want)
	}
	s, err := copystmt.Parse(x)
	if err != nil {
		t.Fatal(err)
	}
	if s.From != `b\c` || s.SQL(
		sqlfile.Redshift,
	) != "COPY t\nFROM 'b\\\\c'\nGZIP" || s.SQL(sqlfile.Postgres) != "COPY t\nFROM 'b\\c'\nGZIP" {
		t.Errorf(
			"got source %q and SQL %q, want the backslash doubled on Redshift only", s.From,
			s.SQL(sqlfile.Redshift),
		)
	}
}

func TestSource(t *testing.T) {
	tests := []struct {
		sql, want string
		ok        bool
	}{
		{"COPY t (\"from\", b) FROM /* where */ :'song_data' GZIP", "song_data", true},
		{"COPY t FROM 's3://b'", "", false},
		{"COPY t", "", false},
		{"SELECT a FROM :'b'", "", false},
	}
	for _, tt := range tests {
		if got, ok := copystmt.Source(statement(t, sqlfile.Postgres, tt.sql)); got != tt.want || ok != tt.ok {
			t.Errorf("%q: got %q, %v, want %q, %v", tt.sql, got, ok, tt.want, tt.ok)
		}
	}
}

// Places finds where the objects and the JSONPaths file are, with their offsets.
func TestPlaces(t *testing.T) {
	for sql, want := range map[string][]copystmt.Place{
		"COPY t (json) FROM :'a' FORMAT AS JSON :'p'": {
			{Variable: "a", Offset: 19}, {Variable: "p", JSONPaths: true, Offset: 39},
		},
		"COPY t FROM 'x' JSON AS 'p.json' GZIP": {
			{Literal: "x", Offset: 12}, {Literal: "p.json", JSONPaths: true, Offset: 24},
		},
		"COPY t FROM :'a' JSON 'AUTO'":                  {{Variable: "a", Offset: 12}},
		"COPY t FROM :'a' JSON":                         {{Variable: "a", Offset: 12}},
		"COPY t FROM :'a' REGION :'r' CSV NULL AS :'n'": {{Variable: "a", Offset: 12}},
		"SELECT a FROM :'b'":                            nil,
		"COPY t FROM":                                   nil,
	} {
		if diff := cmp.Diff(want, copystmt.Places(statement(t, sqlfile.Postgres, sql))); diff != "" {
			t.Errorf("%q: got +, want -:\n%s", sql, diff)
		}
	}
}

func TestFields(t *testing.T) {
	s, err := copystmt.ParseText(
		`COPY "Music".s_song (song_id, "Title") FROM 's3://b/k' IAM_ROLE default CSV DELIMITER ` +
			`'\073' NULL AS '\N' ACCEPTINVCHARS MAXERROR 5`,
	)
	if err != nil {
		t.Fatal(err)
	}
	question, null := byte('?'), `\N`
	want := copystmt.Statement{
		Table: `"Music".s_song`, Schema: "Music", Name: "s_song", Columns: []string{
			"song_id", "Title",
		}, From: "s3://b/k",
		HasAuth: true, Auth: copystmt.Auth{
			Kind: copystmt.IAMRole, Default: true,
		}, Format: copystmt.CSV, Quote: '"', Delimiter: ";",
		NullAs: &null, AcceptInvChars: &question, MaxError: 5,
	}
	if diff := cmp.Diff(want, *s, same); diff != "" {
		t.Errorf("fields: got +, want -:\n%s", diff)
	}
	options := []string{"TABLE", "FROM", "IAM_ROLE", "CSV", "DELIMITER", "NULL AS", "ACCEPTINVCHARS", "MAXERROR"}
	if diff := cmp.Diff(options, s.Options()); diff != "" {
		t.Errorf("options: got +, want -:\n%s", diff)
	}
}

func TestErrorsPointIntoTheFile(t *testing.T) {
	x, err := copystmt.Bind(
		statement(t, sqlfile.Postgres, "-- head\nCOPY t (a,\n  b)\nFROM :'src' -- é\nFORMAT AS PARQUET\n  ENCRYPTED;"),
		map[string]string{"src": "a much longer value"},
	)
	if err != nil {
		t.Fatal(err)
	}
	s, err := copystmt.Parse(x)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		err  error
		want string
	}{
		{
			s.Unsupported("PARQUET", "convert it"),
			"x.sql:5:11: PARQUET is not supported on PostgreSQL, where dwh itself copies",
		},
		{
			s.Unsupported("ENCRYPTED", ""),
			"x.sql:6:3: ENCRYPTED is not supported on PostgreSQL, where dwh itself copies",
		},
		{s.ErrorAt("FROM", "nothing there", "", nil), "x.sql:4:1: nothing there"},
		{s.ErrorAt("TABLE", "no such table", "", nil), "x.sql:2:6: no such table"},
		{s.ErrorAt("GZIP", "bad", "", nil), "x.sql:2:1: bad"},
		{s.ErrorAtColumn(1, "no such column", "", nil), "x.sql:3:3: no such column"},
		{s.ErrorAtColumn(9, "no such column", "", nil), "x.sql:2:6: no such column"},
		{new(copystmt.Statement).Unsupported("SSH", ""), "SSH is not supported on PostgreSQL, where dwh itself copies"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestNothingPrintsSecrets(t *testing.T) {
	for _, sql := range []string{
		"COPY t FROM 'a' ACCESS_KEY_ID 'hush' SECRET_ACCESS_KEY 'hush' SESSION_TOKEN 'hush' " +
			"ENCRYPTED MASTER_SYMMETRIC_KEY 'hush'",
		"COPY t FROM 'a' CREDENTIALS 'aws_iam_role=hush'",
	} {
		s, err := copystmt.ParseText(sql)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		logger := slog.New(slog.NewJSONHandler(&log, nil))
		logger.Info("copy", "statement", s, "value", *s, "auth", s.Auth)
		slog.New(slog.NewTextHandler(&log, nil)).Info("copy", "statement", s, "value", *s, "auth", s.Auth)
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		prints := []string{log.String(), string(text)}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			prints = append(
				prints, fmt.Sprintf(verb, s), fmt.Sprintf(verb, *s), fmt.Sprintf(verb, s.Auth),
				fmt.Sprintf(verb, &s.Auth), fmt.Sprintf(verb, struct{ S copystmt.Statement }{*s}),
			)
		}
		for _, print := range prints {
			if strings.Contains(print, "hush") || strings.Contains(print, fmt.Sprintf("%x", "hush")) {
				t.Errorf("got %q, want no secret in it", print)
			}
		}
		if got := strings.Count(s.SQL(sqlfile.Redshift), "hush"); got != strings.Count(sql, "hush") {
			t.Errorf("SQL: got %d secrets, want all of them to be sent", got)
		}
	}
}

// TestStringReadsBack: whatever options a statement has, in whatever order, its canonical text is
// the same statement.
func TestStringReadsBack(t *testing.T) {
	value := rapid.StringOf(rapid.RuneFrom([]rune("a%é'\" \\\tN0|")))
	some := value.Filter(func(s string) bool { return s != "" })
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	rapid.Check(t, func(t *rapid.T) {
		str := func(label string) string { return quote(some.Draw(t, label)) }
		char := func(label string) string {
			return quote(string(rapid.RuneFrom([]rune("^~'\"\\\t\x01\x7f")).Draw(t, label)))
		}
		options := []string{
			"IAM_ROLE default", "MANIFEST", "REGION AS " + str(
				"region",
			), "ACCEPTANYDATE", "ACCEPTINVCHARS " + char("acceptinvchars"),
			"BLANKSASNULL", "DATEFORMAT " + str(
				"dateformat",
			), "EMPTYASNULL", "ENCODING UTF16", "EXPLICIT_IDS", "ROUNDEC",
			"IGNOREHEADER " + fmt.Sprint(
				rapid.IntRange(0, 9).Draw(t, "ignoreheader"),
			), "TIMEFORMAT " + str("timeformat"), "TRIMBLANKS",
			"TRUNCATECOLUMNS", "COMPROWS 1000", "COMPUPDATE PRESET", "MAXERROR " + fmt.Sprint(
				rapid.IntRange(0, copystmt.MaxMaxError).Draw(t, "maxerror"),
			),
			"NOLOAD", "STATUPDATE", "ENCRYPTED", rapid.SampledFrom(
				[]string{"GZIP", "BZIP2", "LZOP", "ZSTD"},
			).Draw(t, "compression"),
		}
		switch rapid.SampledFrom([]string{"json", "csv", "text"}).Draw(t, "format") {
		case "json":
			options = append(options, "FORMAT JSON AS "+str("jsonpaths"))
		case "csv":
			options = append(
				options, "CSV", "QUOTE "+char("quote"), "DELIMITER "+str("delimiter"),
				"NULL AS "+quote(value.Draw(t, "null")), "FILLRECORD",
			)
		case "text":
			options = append(options, "DELIMITER AS "+str("delimiter"), "ESCAPE", "REMOVEQUOTES", "IGNOREBLANKLINES")
		}
		chosen := rapid.SliceOfDistinct(rapid.SampledFrom(options), rapid.ID).Draw(t, "chosen")
		if !strings.Contains(strings.Join(chosen, " "), "CSV") {
			chosen = append(chosen[:0:0], chosen...)
			for i, option := range chosen {
				if strings.HasPrefix(option, "QUOTE") {
					chosen[i] = "CSV " + option
				}
			}
		}
		ident := rapid.StringOf(rapid.RuneFrom([]rune("aB_1 \".é"))).Filter(func(s string) bool { return s != "" })
		columns := rapid.SliceOfDistinct(ident, rapid.ID).Draw(t, "columns")
		sql := `COPY "` + strings.ReplaceAll(ident.Draw(t, "table"), `"`, `""`) + `"`
		for i, c := range columns {
			sql += map[bool]string{true: "(", false: ","}[i == 0] + `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		if len(columns) > 0 {
			sql += ")"
		}
		sql += " FROM " + str("from") + " " + strings.Join(chosen, " ")
		s, err := copystmt.ParseText(sql)
		if err != nil {
			t.Fatalf("%q: got error %v, want none", sql, err)
		}
		for _, text := range []string{s.String(), s.SQL(sqlfile.Postgres)} {
			again, err := copystmt.ParseText(text)
			if err != nil {
				t.Fatalf("%q becomes %q: got error %v, want none", sql, text, err)
			}
			if diff := cmp.Diff(*s, *again, same); diff != "" {
				t.Fatalf("%q becomes %q: got +, want -:\n%s", sql, text, diff)
			}
		}
		// On Redshift the same statement is sent, its backslashes doubled.
		sent := statementOf(t, s.SQL(sqlfile.Redshift))
		if diff := cmp.Diff(*s, *sent, same); diff != "" {
			t.Fatalf("on Redshift: got +, want -:\n%s", diff)
		}
	})
}

func statementOf(t *rapid.T, sql string) *copystmt.Statement {
	f, err := sqlfile.Parse("x.sql", sql)
	if err != nil {
		t.Fatal(err)
	}
	x, err := f.Statements(sqlfile.Redshift)[0].Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := copystmt.Parse(x)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func FuzzParseText(f *testing.F) {
	f.Add("COPY s.t (a, \"b\") FROM 's3://b/k' IAM_ROLE default FORMAT AS JSON 'auto' MAXERROR 10;")
	f.Add("COPY t FROM 'a' WITH CREDENTIALS AS 'b' CSV QUOTE '''' DELIMITER '\\001' NULL AS '' COMPUPDATE PRESET")
	f.Fuzz(func(t *testing.T, sql string) {
		s, err := copystmt.ParseText(sql)
		if err != nil {
			var fault *sqlfile.Error
			if !errors.As(err, &fault) || fault.Line < 1 || fault.Column < 1 {
				t.Fatalf("%q: got error %v, want an *sqlfile.Error with a position", sql, err)
			}
			return
		}
		again, err := copystmt.ParseText(s.String())
		if err != nil {
			t.Fatalf("%q becomes %q: got error %v, want none", sql, s.String(), err)
		}
		if diff := cmp.Diff(*s, *again, same); diff != "" {
			t.Fatalf("%q becomes %q: got +, want -:\n%s", sql, s.String(), diff)
		}
	})
}
