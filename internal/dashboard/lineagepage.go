package dashboard

import (
	"net/http"
	"slices"
)

// lineageBody is what the page of the lineage shows.
type lineageBody struct {
	Graph  *graph
	Tables []lineageTable // and the reports and checks behind them
	Whole  bool           // it shows reports and checks
}

// lineagePage shows the tables, what they are made from, the reports and checks that read them, and
// the state of each.
func (s *site) lineagePage(r *http.Request) (answer, error) {
	body := lineageBody{}
	switch r.URL.Query().Get("show") {
	case "":
		body.Whole = true
	case "tables":
	default:
		return nil, &badRequestError{"the only value of show is tables: show=tables"}
	}
	state, _ := s.source.State()
	l, err := s.look(r.Context(), state)
	if err != nil {
		return nil, err
	}
	lights, _ := s.lights(state, l.Checks)
	tables := s.tableStates(l, lights)
	nodes := slices.Clone(tables)
	if body.Whole {
		readers := s.readers(tables, lights)
		for i := range nodes {
			nodes[i].ReadBy = slices.Clone(nodes[i].ReadBy)
			for _, table := range readers {
				if slices.Contains(table.Reads, nodes[i].Name) {
					nodes[i].ReadBy = append(nodes[i].ReadBy, table.Name)
				}
			}
		}
		nodes, tables = append(nodes, readers...), append(tables, readers...)
	}
	body.Graph, body.Tables = newGraph(nodes), tables
	page := view{name: "lineage", Title: "Lineage", Nav: "Lineage", Body: body}
	if l.Err != nil {
		page.Again = unavailableAgain
	}
	return page, nil
}

// worstState is the worst of what checks found of a table, and whether it is stale: whether it does
// not follow from staging any more. Without either it is ok.
func worstState(states ...string) string {
	for _, name := range []string{"fail", "stale", "warn"} {
		if slices.Contains(states, name) {
			return name
		}
	}
	return "ok"
}

// tableStates are the tables of the lineage with the state of each.
func (s *site) tableStates(l look, lights []checkLight) []lineageTable {
	tables := slices.Clone(s.lineage.tables)
	if l.Asked.IsZero() {
		return tables // nobody knows
	}
	for i := range tables {
		tables[i].State = s.tableState(l, lights, tables[i].Name)
	}
	return tables
}

func (s *site) tableState(l look, lights []checkLight, name string) string {
	var states []string
	if slices.Contains(l.StaleTables, name) {
		states = append(states, "stale")
	}
	for _, light := range s.checksOf(name, lights) {
		states = append(states, light.Outcome)
	}
	return worstState(states...)
}

// readers are the reports, with the worst state of what they read, and the checks.
func (s *site) readers(tables []lineageTable, lights []checkLight) []lineageTable {
	known := func(names []string) (in []string, states []string) {
		for _, table := range tables {
			if slices.Contains(names, table.Name) {
				in, states = append(in, table.Name), append(states, table.State)
			}
		}
		return in, states
	}
	var out []lineageTable
	all, _ := s.Reports() // the page of reports says what is wrong with them
	for _, report := range all {
		node := lineageTable{
			Name: "report " + report.Name, Label: report.Name, Layer: "report",
			Link: reportPath(report.Name),
		}
		var states []string
		node.Reads, states = known(relations(report.Query.SQL(), s.Engine))
		if !slices.Contains(states, "") {
			node.State = worstState(states...)
		}
		out = append(out, node)
	}
	for _, light := range lights {
		node := lineageTable{
			Name: "check " + light.Name, Label: light.Name, Layer: "check", Link: checkPath(light.Name),
			State: light.Outcome,
		}
		node.Reads, _ = known(s.checkReads[light.Name])
		out = append(out, node)
	}
	return out
}
