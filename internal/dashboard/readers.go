package dashboard

import (
	"net/url"
	"slices"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// relations are the tables and views that a query reads, in the order of their names; none of a
// text that is no query.
func relations(sql string, engine sqlfile.Engine) []string {
	file, err := sqlfile.Parse("query", sql)
	if err != nil {
		return nil
	}
	statements := file.Statements(engine)
	if len(statements) == 0 {
		return nil
	}
	parsed, err := selectstmt.Parse(statements[0])
	if err != nil {
		return nil
	}
	var names []string
	for _, relation := range parsed.Relations() {
		names = append(names, relation.Relation)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// checkRelations are the tables that each check reads, by its name.
func checkRelations(checks []check.Check, engine sqlfile.Engine) map[string][]string {
	out := map[string][]string{}
	for _, c := range checks {
		out[c.Name] = relations(c.Query.SQL(), engine)
	}
	return out
}

// tablePath is the address of a table's page.
func tablePath(name string) string { return "/lineage/" + url.PathEscape(name) }

// reportLink is a report that reads a table.
type reportLink struct{ Name, Title, Link string }

// reportsOf are the reports that read a table.
func (s *site) reportsOf(table string) []reportLink {
	all, _ := s.Reports() // the page of reports says what is wrong with them
	var out []reportLink
	for _, report := range all {
		if slices.Contains(relations(report.Query.SQL(), s.Engine), table) {
			out = append(out, reportLink{report.Name, report.Title(), reportPath(report.Name)})
		}
	}
	return out
}

// checksOf are the checks that read a table.
func (s *site) checksOf(table string, all []checkLight) []checkLight {
	var out []checkLight
	for _, light := range all {
		if slices.Contains(s.checkReads[light.Name], table) {
			out = append(out, light)
		}
	}
	return out
}
