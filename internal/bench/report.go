package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/sparkify/dwh/internal/bench/outcome"
	"github.com/sparkify/dwh/internal/dwhdb"
)

// reportRounds is how many rounds a report gets for one of the others': it takes so little that few
// would only tell the machine's mood.
const reportRounds = 3

// measureReport compares a report with psql running its SQL.
func measureReport(ctx context.Context, l *lab, _ wanted) ([]outcome.Row, error) {
	row := outcome.Row{
		Name: "report", What: "dwh report songplays-by-level", Peer: "psql running the same SQL", Limit: "0 ms",
		Goal: outcome.Goal{Unit: outcome.Milliseconds, AtLeast: 50, Aim: 15, Lower: true},
	}
	if l.psql == "" {
		row.Missing = errNoPSQL.Error()
		return []outcome.Row{row}, nil
	}
	if err := l.copyOf(ctx, star, database("report")); err != nil {
		return nil, err
	}
	// the next copy drops it too
	defer func() { _ = l.drop(context.WithoutCancel(ctx), database("report")) }()
	// psql sends no parameters, so that the query is prepared with the range that dwh gives it.
	text := "PREPARE report AS\n" + dwhdb.SongplaysByLevel + ";\nEXECUTE report ('0001-01-01', '9999-12-31');\n"
	sql, err := l.write("report.sql", []byte(text))
	if err != nil {
		return nil, err
	}
	printed := map[string]string{}
	seconds, err := l.alternate(ctx, "report", reportRounds*l.settings.rounds, []side{
		{name: "dwh", ours: true, run: func(ctx context.Context) (float64, error) {
			r, err := l.dwh(
				ctx,
				child{
					args:     []string{"report", "songplays-by-level", "--format", "csv"},
					database: database("report"), measured: "report",
				},
			)
			printed["dwh"] = strings.ReplaceAll(r.stdout, "\r\n", "\n")
			return r.seconds, err
		}},
		{name: "psql", run: func(ctx context.Context) (float64, error) {
			r, err := l.runPSQL(ctx, database("report"), "--csv", "-f", sql)
			printed["psql"] = r.stdout
			return r.seconds, err
		}},
	})
	if err != nil {
		return nil, err
	}
	if printed["dwh"] != printed["psql"] {
		return nil, &differenceError{fmt.Sprintf("the report prints %q, psql %q", printed["dwh"], printed["psql"])}
	}
	row.Ours, row.Theirs = seconds["dwh"], seconds["psql"]
	row.Values = outcome.Delays(row.Ours, row.Theirs)
	return []outcome.Row{row}, nil
}
