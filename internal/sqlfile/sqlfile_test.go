package sqlfile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/sqlfile"
)

func parse(t *testing.T, text string) *sqlfile.File {
	t.Helper()
	f, err := sqlfile.Parse("transforms/x.sql", text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// statement returns the only statement of the text.
func statement(t *testing.T, e sqlfile.Engine, text string) sqlfile.Statement {
	t.Helper()
	statements := parse(t, text).Statements(e)
	if len(statements) != 1 {
		t.Fatalf("got %d statements of %q, want 1", len(statements), text)
	}
	return statements[0]
}

func TestParseEngine(t *testing.T) {
	for _, name := range []string{"postgres", "redshift"} {
		if got, err := sqlfile.ParseEngine(name); err != nil || string(got) != name {
			t.Errorf("ParseEngine(%q): got %q, %v, want %q", name, got, err, name)
		}
	}
	if _, err := sqlfile.ParseEngine(
		"oracle",
	); err == nil || err.Error() != `unknown engine "oracle": write postgres or redshift` {
		t.Errorf("got error %v, want one that names both engines", err)
	}
}

func TestHeader(t *testing.T) {
	tests := map[string]struct {
		text string
		want sqlfile.Header
	}{
		"transform": {
			"-- d_time: one row per hour\n-- in which a song was played.\n-- reads:  " +
				"s_songplay_event, s_song\n-- writes: d_time\nSELECT 1;\n",
			sqlfile.Header{Description: "d_time: one row per hour in which a song was played."},
		},
		"check": {
			"\n-- Plays of nobody.\n-- Severity: warn\n-- gate: no\n-- date: no key\nSELECT 1;\n",
			sqlfile.Header{Description: "Plays of nobody. date: no key", Severity: "warn", Gate: "no"},
		},
		"report": {
			"-- title: Best days\n-- param: limit 3 how many days\n-- param: artist - whose plays\n-- param: since\n" +
				"-- param: to \"1 May\"\n-- chart: bar x=day\n-- tile: total\n-- link: artist " +
				"other artist\nSELECT 1;\n",
			sqlfile.Header{
				Title: "Best days",
				Params: []sqlfile.Param{
					{Name: "limit", Default: "3", Help: "how many days", Line: 2, Column: 1},
					{Name: "artist", Help: "whose plays", Required: true, Line: 3, Column: 1},
					{Name: "since", Required: true, Line: 4, Column: 1},
					{Name: "to", Default: "1 May", Line: 5, Column: 1},
				},
				Chart: sqlfile.Line{Text: "bar x=day", Line: 6, Column: 1, At: 11},
				Tiles: []sqlfile.Line{{Text: "total", Line: 7, Column: 1, At: 10}},
				Links: []sqlfile.Line{{Text: "artist other artist", Line: 8, Column: 1, At: 10}},
			},
		},
		"load": {
			"-- s_order: orders.\n-- optional\n-- erase: user_id\n-- erase: mail as e-mail\nSELECT 1;\n",
			sqlfile.Header{Description: "s_order: orders.", Optional: true, Erase: []sqlfile.Erase{
				{Column: "user_id", Flag: "user_id", Line: 3, At: 1}, {Column: "mail", Flag: "e_mail", Line: 4, At: 1},
			}},
		},
		"migration": {
			"-- +goose Up\n\n-- s_song: staged songs.\nSELECT 1;\n",
			sqlfile.Header{Description: "s_song: staged songs."},
		},
		"ends at a gap": {"-- One.\n\n-- reads: a\nSELECT 1;\n", sqlfile.Header{Description: "One."}},
		"none":          {"SELECT 1; -- reads: a\n", sqlfile.Header{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parse(t, tt.text).Header()); diff != "" {
				t.Errorf("header of %q: got +, want -:\n%s", tt.text, diff)
			}
		})
	}
}

func TestHeaderFaults(t *testing.T) {
	for text, want := range map[string]string{
		"-- severity: bad\n":                       `f.sql:1:1: unknown severity "bad"`,
		"-- severity: warn\n-- severity: warn\n":   "f.sql:2:1: severity: is given twice",
		"-- gate: never\n":                         `f.sql:1:1: gate: must be yes or no, not "never"`,
		"-- a\n-- titel: x\n-- sverity: warn\n":    `f.sql:3:1: unknown key "sverity" in the file's header`,
		"-- param: a-b\n":                          `f.sql:1:1: param: "a-b" is not a name`,
		"-- param: a\n-- param: a 3\n":             "f.sql:2:1: param: a is given twice",
		"-- erase: user id\n":                      `f.sql:1:1: erase: needs a column, not "user id"`,
		"-- chart: bar\n-- chart: line\n":          "f.sql:2:1: chart: is given twice",
		"-- title:\n":                              "f.sql:1:1: title: is empty",
		"-- a report\n-- params: limit 3\n":        `f.sql:2:1: unknown key "params" in the file's header`,
		"-- a report\n-- charts: none\nSELECT 1\n": `f.sql:2:1: unknown key "charts" in the file's header`,
	} {
		_, err := sqlfile.Parse("f.sql", text)
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestTokens(t *testing.T) {
	type token struct {
		Kind  sqlfile.Kind
		Value string
	}
	tests := map[string][]token{
		"SELECT a$b, \"x\"\"y\"": {
			{sqlfile.KindWord, "SELECT"}, {sqlfile.KindWord, "a$b"}, {sqlfile.KindOp, ","},
			{sqlfile.KindQuotedIdent, `x"y`},
		},
		"'it''s' E'a\\'b' $$c$$ $t$ $$ $t$": {
			{sqlfile.KindString, "it's"}, {sqlfile.KindString, `a\'b`}, {sqlfile.KindDollarString, "c"}, {
				sqlfile.KindDollarString, " $$ ",
			},
		},
		`'a\' `: {{sqlfile.KindString, `a\`}},
		"x::text :'y' :\"z\"": {
			{sqlfile.KindWord, "x"}, {sqlfile.KindOp, "::"}, {sqlfile.KindWord, "text"},
			{sqlfile.KindVariable, "y"}, {sqlfile.KindVariable, "z"},
		},
		"x::'y'":        {{sqlfile.KindWord, "x"}, {sqlfile.KindOp, "::"}, {sqlfile.KindString, "y"}},
		"':''x' --:'x'": {{sqlfile.KindString, ":'x"}, {sqlfile.KindComment, "--:'x'"}},
		"1.5e-3 .5 1..2 $12": {
			{sqlfile.KindNumber, "1.5e-3"}, {sqlfile.KindNumber, ".5"}, {sqlfile.KindNumber, "1"},
			{sqlfile.KindOp, ".."}, {sqlfile.KindNumber, "2"}, {sqlfile.KindParam, "$12"},
		},
		"a<=-1 b--c": {
			{sqlfile.KindWord, "a"}, {sqlfile.KindOp, "<="}, {sqlfile.KindOp, "-"},
			{sqlfile.KindNumber, "1"}, {sqlfile.KindWord, "b"}, {sqlfile.KindComment, "--c"},
		},
		"/**//*+ hint *//*-*//*x*/;": {
			{sqlfile.KindComment, "/**/"}, {
				sqlfile.KindComment, "/*+ hint */",
			}, {sqlfile.KindComment, "/*-*/"}, {sqlfile.KindMarker, "/*x*/"}, {sqlfile.KindSemicolon, ";"},
		},
	}
	for sql, want := range tests {
		var got []token
		for _, t := range sqlfile.Tokens(sql) {
			got = append(got, token{t.Kind, t.Value()})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("tokens of %q: got +, want -:\n%s", sql, diff)
		}
	}
	tokens := sqlfile.Tokens("SELECT\n\t'é', x")
	if last := tokens[len(tokens)-1]; last.Line != 2 || last.Column != 7 || !last.Is("X") {
		t.Errorf("got %+v, want the word x at 2:7", last)
	}
}

func TestVariables(t *testing.T) {
	s := statement(t, sqlfile.Postgres, "-- one\n\nSELECT é, :'a',\n  x::text, ':''b', /* :'c' */ $$:'d'$$, :\"e\" ;\n")
	want := []sqlfile.Variable{
		{Name: "a", Quote: '\'', Line: 3, Column: 11, Start: 11, End: 15},
		{Name: "e", Quote: '"', Line: 4, Column: 41, Start: 57, End: 61},
	}
	if diff := cmp.Diff(want, s.Variables()); diff != "" {
		t.Errorf("variables: got +, want -:\n%s", diff)
	}
	if s.Line() != 3 || s.Keyword() != "SELECT" {
		t.Errorf("got %s on line %d, want SELECT on line 3", s.Keyword(), s.Line())
	}
	if err := s.ErrorAt(57, "bad", "", nil); err.Error() != "transforms/x.sql:4:41: bad" {
		t.Errorf("got %v, want the position 4:41", err)
	}
}

func TestVariableInMarkerIsForRedshift(t *testing.T) {
	text := "SELECT 1 /*redshift , :'x' */;\n"
	if got := statement(t, sqlfile.Postgres, text).Variables(); len(got) != 0 {
		t.Errorf("on PostgreSQL: got %v, want none", got)
	}
	if got := statement(t, sqlfile.Redshift, text).Variables(); len(got) != 1 || got[0].Column != 23 {
		t.Errorf("on Redshift: got %v, want x at column 23", got)
	}
}

func TestExpand(t *testing.T) {
	vars := map[string]string{"plain": "a", "quotes": `it's "it"`, "backslash": `a\b'`, "empty": ""}
	tests := []struct {
		engine    sqlfile.Engine
		sql, want string
	}{
		{sqlfile.Postgres, `SELECT :'plain', x::text, :"plain"`, `SELECT 'a', x::text, "a"`},
		{sqlfile.Postgres, `SELECT :'quotes', :"quotes", :'empty'`, `SELECT 'it''s "it"', "it's ""it""", ''`},
		{sqlfile.Postgres, `SELECT :'backslash'`, `SELECT 'a\b'''`},
		{sqlfile.Redshift, `SELECT :'backslash'`, `SELECT 'a\\b'''`},
		{sqlfile.Redshift, `SELECT :"backslash"`, `SELECT "a\b'"`},
	}
	for _, tt := range tests {
		x, err := statement(t, tt.engine, tt.sql).Expand(vars)
		if err != nil || x.SQL != tt.want {
			t.Errorf("%s on %s: got %q, %v, want %q", tt.sql, tt.engine, x.SQL, err, tt.want)
		}
	}
}

func TestExpandFaults(t *testing.T) {
	vars := map[string]string{"song_data": "x", "nul": "a\x00b", "latin": "caf\xe9", "empty": ""}
	tests := []struct{ sql, want, hint string }{
		{
			"SELECT\n  :'song_dat'", "transforms/x.sql:2:3: variable :'song_dat' is not defined",
			`did you mean "song_data"?`,
		},
		{
			"SELECT :'names'", "transforms/x.sql:1:8: variable :'names' is not defined",
			"defined are: empty, latin, nul, song_data",
		},
		{
			"SELECT :'nul'",
			"transforms/x.sql:1:8: value of variable :'nul': it holds a NUL character",
			"correct its value in the configuration",
		},
		{
			"SELECT :'latin'",
			"transforms/x.sql:1:8: value of variable :'latin': it is not valid UTF-8",
			"correct its value in the configuration",
		},
		{
			`SELECT :"empty"`,
			`transforms/x.sql:1:8: value of variable :"empty": an identifier cannot be empty`,
			"correct its value in the configuration",
		},
	}
	for _, tt := range tests {
		_, err := statement(t, sqlfile.Postgres, tt.sql).Expand(vars)
		var fault *sqlfile.Error
		if !errors.As(err, &fault) || fault.Error() != tt.want || fault.Hint != tt.hint {
			t.Errorf("%q: got %v with hint %q, want %s with hint %q", tt.sql, err, fault.Hint, tt.want, tt.hint)
		}
	}
}

func TestPosition(t *testing.T) {
	s := statement(t, sqlfile.Postgres, "-- one\nSELECT :'a' AS é,\n\tbad, :'a', more")
	x, err := s.Expand(map[string]string{"a": "long\nvalue"})
	if err != nil {
		t.Fatal(err)
	}
	at := func(part string) int { return len([]rune(x.SQL[:strings.Index(x.SQL, part)])) + 1 }
	tests := []struct{ char, line, column int }{
		{0, 2, 1}, {1, 2, 1}, {at("'long"), 2, 8}, {at("value"), 2, 8}, {at("AS"), 2, 13}, {at("é"), 2, 16},
		{at("bad"), 3, 2}, {at("more"), 3, 13}, {len([]rune(x.SQL)) + 1, 3, 17}, {1 << 30, 3, 17},
	}
	for _, tt := range tests {
		if line, column := x.Position(tt.char); line != tt.line || column != tt.column {
			t.Errorf("character %d: got %d:%d, want %d:%d", tt.char, line, column, tt.line, tt.column)
		}
	}
	cause := errors.New("42703")
	fault := x.ErrorAt(at("bad"), "column bad does not exist", "", cause)
	if got, want := fault.Error()+"\n"+fault.Snippet(),
		"transforms/x.sql:3:2: column bad does not exist\n\tbad, :'a', more\n\t^"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(fault, cause) {
		t.Errorf("got %v, want an error that wraps its cause", fault)
	}
	if line, column := (sqlfile.Expanded{}).Position(1); line != 0 || column != 0 {
		t.Errorf("position in nothing: got %d:%d, want 0:0", line, column)
	}
	if got := sqlfile.Plain("", "SELECT\nx").ErrorAt(8, "bad", "", nil).Error(); got != "2:1: bad" {
		t.Errorf("got %q, want %q", got, "2:1: bad")
	}
}

func TestReplaceRefusesOverlaps(t *testing.T) {
	s := statement(t, sqlfile.Postgres, "SELECT 1")
	for _, edits := range [][]sqlfile.Edit{
		{{Start: 0, End: 4}, {Start: 3, End: 5}}, {{Start: 5, End: 99}}, {{Start: 3, End: 2}},
	} {
		if _, err := s.Replace(edits); err == nil {
			t.Errorf("edits %v: got no error, want one", edits)
		}
	}
	x, err := s.Replace([]sqlfile.Edit{{Start: 7, End: 8, Text: "2"}, {Start: 0, End: 0, Text: "EXPLAIN "}})
	if err != nil || x.SQL != "EXPLAIN SELECT 2" {
		t.Errorf("got %q, %v, want %q", x.SQL, err, "EXPLAIN SELECT 2")
	}
}

func TestSnippet(t *testing.T) {
	long := strings.Repeat("a", 150) + "X" + strings.Repeat("b", 150)
	tests := map[string]struct {
		line   string
		column int
		want   string
	}{
		"tab":        {"\tSELECT\tx", 9, "\tSELECT\tx\n\t      \t^"},
		"wide":       {"歌 é x", 5, "歌 é x\n     ^"},
		"at the end": {"SELECT", 7, "SELECT\n      ^"},
		"behind it":  {"SELECT", 99, "SELECT\n      ^"},
		"control":    {"a\x1b[31m b", 8, "a\ufffd[31m b\n       ^"},
		"long": {
			long, 151,
			"…" + strings.Repeat("a", 100) + "X" + strings.Repeat("b", 99) + "…\n" + strings.Repeat(" ", 101) + "^",
		},
		"unknown": {"", 1, ""},
	}
	for name, tt := range tests {
		if got := (&sqlfile.Error{Line: 1, Column: tt.column, Source: tt.line}).Snippet(); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestErrorIsOneLine(t *testing.T) {
	tests := []struct {
		fault sqlfile.Error
		want  string
	}{
		{sqlfile.Error{File: "a.sql", Line: 1, Column: 2, Msg: "one\n  two"}, "a.sql:1:2: one two"},
		{sqlfile.Error{File: "a.sql", Line: 1, Err: errors.New("cause")}, "a.sql:1: cause"},
		{sqlfile.Error{Msg: "bad"}, "bad"},
	}
	for _, tt := range tests {
		if got := tt.fault.Error(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestRedact(t *testing.T) {
	tests := []struct{ sql, want string }{
		{"COPY t FROM 's3://b' IAM_ROLE 'arn' REGION 'r'", "COPY t FROM 's3://b' IAM_ROLE 'arn' REGION 'r'"},
		{
			"ACCESS_KEY_ID 'a' secret_access_key\n'b''c' SESSION_TOKEN $$d$$",
			"ACCESS_KEY_ID 'xxxxx' secret_access_key\n'xxxxx' SESSION_TOKEN 'xxxxx'",
		},
		{"WITH CREDENTIALS AS /* why */ 'a=b' NULL AS 'c'", "WITH CREDENTIALS AS /* why */ 'xxxxx' NULL AS 'c'"},
		{
			"ACCESS_KEY_ID /*postgres*/ 'a' /*redshift 'b' */ 'c'",
			"ACCESS_KEY_ID /*postgres*/ 'xxxxx' /*redshift 'xxxxx' */ 'c'",
		},
		{"/*redshift MASTER_SYMMETRIC_KEY 'a' */ 'b'", "/*redshift MASTER_SYMMETRIC_KEY 'xxxxx' */ 'b'"},
		{"SECRET_ACCESS_KEY 'open", "SECRET_ACCESS_KEY 'xxxxx'"},
	}
	for _, tt := range tests {
		if got := sqlfile.Redact(tt.sql); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.sql, got, tt.want)
		}
	}
	x := sqlfile.Plain("", "COPY t FROM 'x' CREDENTIALS 'secret'")
	if got := fmt.Sprintf("%v %+v", x, x); strings.Contains(got, "secret") {
		t.Errorf("got %q, want no secret in it", got)
	}
}

func TestParseFS(t *testing.T) {
	fsys := fstest.MapFS{
		"210_f_songplay.sql": {Data: []byte("SELECT 2;\n")},
		"010_s_song.sql":     {Data: []byte("SELECT 1;\n")},
		"embed.go":           {Data: []byte("package transforms\n")},
	}
	files, err := sqlfile.ParseFS(fsys, "transforms", "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Name())
	}
	if diff := cmp.Diff([]string{"transforms/010_s_song.sql", "transforms/210_f_songplay.sql"}, got); diff != "" {
		t.Errorf("names: got +, want -:\n%s", diff)
	}
	fsys["220_bad.sql"] = &fstest.MapFile{Data: []byte("SELECT 'a")}
	if _, err := sqlfile.ParseFS(
		fsys, "transforms", "*.sql",
	); err == nil || err.Error() != "transforms/220_bad.sql:1:8: string literal is never closed" {
		t.Errorf("got error %v, want one with the file's name", err)
	}
	if _, err := sqlfile.ParseFS(fsys, "", "["); err == nil {
		t.Error("got no error for a malformed pattern, want one")
	}
}

func TestStatementsAreACopy(t *testing.T) {
	f := parse(t, "SELECT 1;\n;\n-- nothing\n(SELECT 2)")
	statements := f.Statements(sqlfile.Postgres)
	if len(statements) != 2 || statements[1].Keyword() != "SELECT" || statements[1].SQL() != "(SELECT 2)" {
		t.Fatalf("got %v, want two SELECTs", statements)
	}
	statements[0] = statements[1]
	if got := f.Statements(sqlfile.Postgres)[0].SQL(); got != "SELECT 1" {
		t.Errorf("got %q after the caller's change, want SELECT 1", got)
	}
}
