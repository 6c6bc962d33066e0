package lint_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/sqlfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// generated are the rules whose refused statement is made by a test, not read from a file.
var generated = []string{"statement-size"}

var kinds = []lint.Kind{lint.Migration, lint.Load, lint.Transform, lint.Query, lint.Report, lint.Check}

// parse reads a case, whose first line is -- kind: followed by the kind of file it stands for.
func parse(t *testing.T, name, text string) (*sqlfile.File, lint.Kind) {
	t.Helper()
	f, err := sqlfile.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(text, "\n")
	for _, kind := range kinds {
		if first == "-- kind: "+kind.String() {
			return f, kind
		}
	}
	t.Fatalf("%s: got %q as its first line, want -- kind: and a kind", name, first)
	return nil, 0
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files returns the base names, without .sql, of the cases in a folder.
func files(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("got no case in %s, want some", folder)
	}
	var names []string
	for _, file := range found {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".sql"))
	}
	return names
}

// show returns the findings as a terminal shows them.
func show(findings []lint.Finding) string {
	var b strings.Builder
	for _, finding := range findings {
		fmt.Fprintf(&b, "%s\n%s\nhint: %s\n\n", finding.Err.Error(), finding.Err.Snippet(), finding.Err.Hint)
	}
	return b.String()
}

func TestRefused(t *testing.T) {
	for _, name := range files(t, "testdata/refused") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, kind := parse(t, name+".sql", read(t, filepath.Join("testdata/refused", name+".sql")))
			findings := lint.File(f, kind)
			if len(findings) == 0 {
				t.Fatalf("got no finding, want some of rule %s", name)
			}
			for _, finding := range findings {
				if finding.Rule.Name != name {
					t.Errorf("got %v of rule %s, want rule %s alone", finding.Err, finding.Rule.Name, name)
				}
				if finding.Err.Line < 1 || finding.Err.Column < 1 || finding.Err.Source == "" {
					t.Errorf("got %#v, want a position and its line", finding.Err)
				}
			}
			golden := filepath.Join("testdata/refused", name+".golden")
			got := show(findings)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(read(t, golden), got); diff != "" {
				t.Errorf("%s: got +, want -:\n%s", golden, diff)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	for _, name := range files(t, "testdata/accepted") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, kind := parse(t, name+".sql", read(t, filepath.Join("testdata/accepted", name+".sql")))
			if got := lint.File(f, kind); len(got) > 0 {
				t.Errorf("got findings, want none:\n%s", show(got))
			}
		})
	}
}

func TestRulesAreComplete(t *testing.T) {
	refused, accepted := files(t, "testdata/refused"), files(t, "testdata/accepted")
	seen := map[string]bool{}
	for _, rule := range lint.Rules() {
		if seen[rule.Name] {
			t.Errorf("got rule %s twice, want it once", rule.Name)
		}
		seen[rule.Name] = true
		if page, ok := strings.CutPrefix(rule.Page, "dg/"); !ok || page == "" || strings.ContainsAny(page, " ./") {
			t.Errorf("rule %s: got page %q, want dg/ and the name of a page", rule.Name, rule.Page)
		}
		if rule.Why == "" || rule.Instead == "" {
			t.Errorf("rule %s: got Why %q and Instead %q, want both", rule.Name, rule.Why, rule.Instead)
		}
		if slices.Contains(generated, rule.Name) {
			continue
		}
		if !slices.Contains(refused, rule.Name) {
			t.Errorf("rule %s: got no testdata/refused/%[1]s.sql, want a statement that it refuses", rule.Name)
		}
		if !slices.Contains(accepted, rule.Name) {
			t.Errorf("rule %s: got no testdata/accepted/%[1]s.sql, want a near miss that it accepts", rule.Name)
		}
	}
	for _, name := range refused {
		if !seen[name] {
			t.Errorf("got testdata/refused/%s.sql, want a rule of that name", name)
		}
	}
}

// The project's own files are the largest case of what has to be accepted.
func TestProjectIsClean(t *testing.T) {
	root := os.DirFS("../..")
	for _, tt := range []struct {
		folder string
		kind   func(name string) lint.Kind
	}{
		{"migrations", func(string) lint.Kind { return lint.Migration }},
		{"transforms", lint.TransformKind},
		{"queries", func(string) lint.Kind { return lint.Query }},
	} {
		parsed, err := sqlfile.ParseFS(root, "", tt.folder+"/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		if len(parsed) == 0 {
			t.Errorf("got no file in %s, want some", tt.folder)
		}
		for _, f := range parsed {
			if got := lint.File(f, tt.kind(f.Name())); len(got) > 0 {
				t.Errorf("got findings, want none:\n%s", show(got))
			}
		}
	}
}

func TestStatementSize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		length int
		want   int
	}{{1 << 20, 0}, {16 << 20, 1}} {
		text := "INSERT INTO t (a) VALUES ('" + strings.Repeat("x", tt.length) + "');\n"
		f, err := sqlfile.Parse("t.sql", text)
		if err != nil {
			t.Fatal(err)
		}
		findings := lint.File(f, lint.Transform)
		if got := len(findings); got != tt.want {
			t.Errorf("a statement of %d bytes: got %d findings, want %d", len(text), got, tt.want)
		}
		for _, finding := range findings {
			if got := finding.Rule.Name; got != "statement-size" {
				t.Errorf("got rule %s, want statement-size", got)
			}
		}
	}
}

// What may stand in a file depends on what the file is for.
func TestStatementsByKind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sql  string
		want []lint.Kind // kinds that accept it
	}{
		{"CREATE TABLE t (a INTEGER);", []lint.Kind{lint.Migration, lint.Transform}},
		{"ALTER TABLE t ADD COLUMN a INTEGER;", []lint.Kind{lint.Migration}},
		{"CREATE SCHEMA s;", []lint.Kind{lint.Migration}},
		{"DROP VIEW v;", []lint.Kind{lint.Migration, lint.Transform}},
		{"INSERT INTO t (a) VALUES (1);", []lint.Kind{lint.Migration, lint.Transform, lint.Query}},
		{"DELETE FROM t;", []lint.Kind{lint.Migration, lint.Transform, lint.Query}},
		{"SELECT a FROM t;", []lint.Kind{lint.Migration, lint.Transform, lint.Query, lint.Report, lint.Check}},
		{
			"(SELECT a FROM t) UNION (SELECT b FROM t);",
			[]lint.Kind{lint.Migration, lint.Transform, lint.Query, lint.Report, lint.Check},
		},
		{"SELECT a FROM t;\nSELECT b FROM t;", []lint.Kind{lint.Migration, lint.Transform, lint.Query}},
		{"SELECT a INTO u FROM t;", []lint.Kind{lint.Migration, lint.Transform}},
		{"SELECT a /*redshift , b */ FROM t;", []lint.Kind{lint.Migration, lint.Transform, lint.Report, lint.Check}},
		{"SELECT a FROM t WHERE b = :'b';", []lint.Kind{lint.Migration, lint.Transform, lint.Report, lint.Check}},
		{"/*postgres*/ SELECT 1 /*redshift*/;\nSELECT 2;", []lint.Kind{lint.Migration, lint.Transform}},
		{"COPY t (a) FROM 's3://b/k' IAM_ROLE default FORMAT AS CSV;", []lint.Kind{lint.Load}},
		{"COPY t (a) FROM 's3://b/k' IAM_ROLE default FORMAT AS CSV;\nSELECT 1;", nil},
		{"COPY t (a) FROM 's3://b/k' IAM_ROLE default FORMAT AS CSV MAXERROR x;", nil},
		{"CREATE INDEX i ON t (a);", nil},
		{"VALUES (1);", nil},
		{"-- nothing", []lint.Kind{lint.Migration, lint.Transform, lint.Query}},
		{"1 + 1;", nil},
		{"((;", nil},
	} {
		f, err := sqlfile.Parse("t.sql", tt.sql+"\n")
		if err != nil {
			t.Fatalf("%s: %v", tt.sql, err)
		}
		for _, kind := range kinds {
			findings := lint.File(f, kind)
			if got, want := len(findings) == 0, slices.Contains(tt.want, kind); got != want {
				t.Errorf("%s\nin a %s: got accepted %t, want %t\n%s", tt.sql, kind, got, want, show(findings))
			}
		}
	}
}

func TestTransformKind(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]lint.Kind{
		"transforms/010_s_song.sql": lint.Load, "030_s_name.sql": lint.Load,
		"transforms/110_d_song.sql": lint.Transform, "0/210_f_songplay.sql": lint.Transform,
		"d_song.sql": lint.Transform,
	} {
		if got := lint.TransformKind(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// A position is that of the file, whatever the markers before it blanked.
func TestPositionBehindMarkers(t *testing.T) {
	t.Parallel()
	f, err := sqlfile.Parse(
		"t.sql",
		"SELECT /*postgres*/ 'é😀' /*redshift 'x' */ AS a,\n\t/*redshift NOW() */ AS b, LOCALTIME AS c FROM t;\n",
	)
	if err != nil {
		t.Fatal(err)
	}
	findings := lint.File(f, lint.Transform)
	var got []string
	for _, finding := range findings {
		got = append(got, fmt.Sprintf("%d:%d %s", finding.Err.Line, finding.Err.Column, finding.Rule.Name))
	}
	if want := []string{"2:13 now", "2:28 now"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v\n%s", got, want, show(findings))
	}
}

func TestErr(t *testing.T) {
	t.Parallel()
	if err := lint.Err(nil); err != nil {
		t.Errorf("no findings: got error %v, want none", err)
	}
	file, err := sqlfile.Parse("one.sql", "TRUNCATE t;\n")
	if err != nil {
		t.Fatal(err)
	}
	two, err := sqlfile.Parse("two.sql", "SELECT 1 AS a;\nVACUUM t;\nLOCK t;\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		files []*sqlfile.File
		more  string
	}{
		{[]*sqlfile.File{file}, ""},
		{[]*sqlfile.File{file, two}, " (and 2 more findings)"},
	} {
		err := lint.Err(lint.Files(tt.files, lint.Transform))
		want := "one.sql:1:1: TRUNCATE: on Redshift it commits the current transaction " +
			"and cannot be rolled back [truncate]" + tt.more
		if err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
		var fault *sqlfile.Error
		if !errors.As(err, &fault) || fault.Line != 1 || fault.Hint != "DELETE FROM t (dg/r_TRUNCATE)" {
			t.Errorf("got %#v as a *sqlfile.Error, want the first finding", fault)
		}
		var found *lint.FindingsError
		if !errors.As(err, &found) || found.ExitCode() != 1 {
			t.Errorf("got %#v, want a *FindingsError with exit code 1", err)
		}
	}
}

// TestFormatWithATimeZone: lint says what Redshift would refuse when the COPY runs.
func TestFormatWithATimeZone(t *testing.T) {
	for _, format := range []string{"YYYY-MM-DD HH:MI:SSOF", "YYYY-MM-DD HH:MI:SS TZ", "YYYY-MM-DD HH:MI:SS tz"} {
		f, kind := parse(t, "010_t.sql", "-- kind: load\nCOPY t (d)\nFROM :'d'\nIAM_ROLE :'iam_role'\nFORMAT AS "+
			"JSON 'auto'\nTIMEFORMAT '"+format+"';\n")
		got := lint.File(f, kind)
		if len(got) != 1 {
			t.Fatalf("%s: got %d findings, want one", format, len(got))
		}
		if e := got[0].Err; e.Line != 6 || e.Column != 1 || !strings.Contains(e.Msg, "holds the time zone") {
			t.Errorf("%s: got %v, want TIMEFORMAT's position and the time zone", format, e)
		}
		if instead := got[0].Rule.Instead; !strings.HasPrefix(instead, "write TIMEFORMAT 'auto'") {
			t.Errorf("%s: got advice %q, want 'auto'", format, instead)
		}
	}
}

// TestColumnList: a load has a column list, and it does not name the flag that dwh sets.
func TestColumnList(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"":                    "2:6 COPY has no column list [copy]",
		" (id, processed)":    "2:15 COPY may not load the column processed, which dwh sets [copy]",
		" (PROCESSED, d)":     "2:11 COPY may not load the column processed, which dwh sets [copy]",
		" (id, processed_at)": "",
	} {
		f, kind := parse(t, "010_s_t.sql", "-- kind: load\nCOPY s_t"+list+"\nFROM :'d'\nFORMAT AS CSV;\n")
		got := ""
		for _, finding := range lint.File(f, kind) {
			got += fmt.Sprintf("%d:%d %s", finding.Err.Line, finding.Err.Column, finding.Err.Msg)
		}
		if got != want {
			t.Errorf("list %q: got %q, want %q", list, got, want)
		}
	}
}
