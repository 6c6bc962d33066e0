package dashboard_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/embedded"
)

// Everything that asks the warehouse, in Redshift's SQL.
func TestRedshift(t *testing.T) {
	t.Parallel()
	standin := redshiftstandin.Start(t, redshiftstandin.Options{})
	if err := load(standin.DSN); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, standin.DSN, project(t, map[string]string{"writing": "DELETE FROM f_songplay;\n"}))
	plays := dwhtest.Query(t, standin.Backing, "SELECT count(*) FROM f_songplay")[0][0]
	overview := s.page(
		"/", 200, `<th scope="row"><a href="/lineage/f_songplay">f_songplay</a></th>`,
		`>`+plays+`<`, "rejects-in-last-load", "Newest songplay",
	)
	for _, unwanted := range []string{
		"none yet</span></dd></div>\n<div class=\"tile\"><dt>Waiting", "unknown", "What to do",
		"not run yet",
	} {
		if strings.Contains(overview.body, unwanted) {
			t.Errorf("overview: got %q", unwanted)
		}
	}
	s.page(link(t, runLink, s.page("/runs", 200).body), 200, "210_f_songplay", "f_songplay-unique")
	s.page(
		link(t, recordLink, s.page("/rejects?table=s_songplay_event&url=broken", 200, "broken.json").body),
		200, "&lt;script&gt;",
	)
	s.page("/lineage/s_song", 200, "As Redshift gets it")
	s.page(
		"/lineage/f_songplay", 200, "character varying(64)", "20 rows", `id="history-scroll"`,
		">f_songplay-unique</a> ",
	)
	s.page("/checks/rejects-in-last-load", 200, "violations", `id="violations-scroll"`, "broken.json")
	// The project's file is broken, so that the built-in reports are shown.
	s.page("/reports", 200, "writing.sql")
	for _, report := range embedded.Reports() {
		if report.Name != "artist-locations" {
			s.page("/reports/"+report.Name, 200, `id="result-scroll"`)
		}
	}
	s.page("/reports/artist-locations?artist=x&from=2018-11-01", 200, "No rows")
	s.page("/reports/daily-activity?from=2018-11-05&to=2018-11-06&t.sort=day&t.order=descending", 200,
		"2 rows", "2018-11-05", "2018-11-06")
	s.page("/reports/artists-gaining?to=2018-11-20", 200, "2018-11-14", `href="/reports/artist-locations?artist=`)
	if strings.Contains(overview.body, "not known now") || !strings.Contains(overview.body,
		"in the seven days before") {
		t.Errorf("overview: got no tiles in\n%s", overview.body)
	}
	for _, statement := range standin.Statements() {
		if strings.Contains(statement, "statement_timeout") {
			return
		}
	}
	t.Errorf("got no statement timeout among the statements")
}
