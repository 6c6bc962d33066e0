package embedded_test

import (
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/embedded"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// The files of the reports are reports of a project, and say the same SQL as sqlc's.
func TestReportFiles(t *testing.T) {
	files := fstest.MapFS{}
	for name, text := range embedded.ReportFiles() {
		files[name] = &fstest.MapFile{Data: text}
	}
	own, err := report.Project(files, "reports", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	all := embedded.Reports()
	if len(own) != len(all) {
		t.Errorf("got %d files, want %d", len(own), len(all))
	}
	// The parameters may have other numbers.
	plain := func(r report.Report) string {
		text := r.Query.SQL()
		for i, name := range r.Query.Params() {
			text = strings.ReplaceAll(text, "$"+strconv.Itoa(i+1), ":"+name)
		}
		return strings.TrimSpace(text)
	}
	for _, want := range all {
		got, err := report.Find(own, want.Name)
		if err != nil {
			t.Fatal(err)
		}
		if got.Title() != want.Title() || got.Description != want.Description || len(got.Params) != len(want.Params) {
			t.Errorf("%s: got another header: %v, want %v", want.Name, got, want)
		}
		_, sent, _ := strings.Cut(plain(want), "\n") // behind sqlc's line with the name
		if got := plain(got); got != sent {
			t.Errorf("%s: got\n%s\nwant\n%s", want.Name, got, sent)
		}
	}
}

// What a report's parameters are called stands in its query, and the other way round.
func TestReportsDeclareTheirParameters(t *testing.T) {
	for _, r := range embedded.Reports() {
		declared := map[string]bool{}
		for _, param := range r.Params {
			declared[param.Name] = true
		}
		for _, name := range r.Query.Params() {
			if !declared[name] {
				t.Errorf("%s: the query has %s, which the header does not declare", r.Name, name)
			}
			delete(declared, name)
		}
		for name := range declared {
			t.Errorf("%s: the header declares %s, which the query does not have", r.Name, name)
		}
	}
}
