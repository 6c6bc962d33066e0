package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/bench/outcome"
)

// eventColumns are those of the COPY that loads events.
const eventColumns = "artist, auth, first_name, gender, item_in_session, last_name, length, " +
	"level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id"

// measureLoad compares the load of events from a folder with psql's COPY of the same rows.
func measureLoad(ctx context.Context, l *lab, _ wanted) ([]outcome.Row, error) {
	row := outcome.Row{
		Name: "load", What: "newline-delimited events in a folder into s_songplay_event, ledger " +
			"included", Peer: `psql \copy of the same rows as CSV, one connection`,
		Limit: "1.95x", Goal: outcome.Goal{Unit: outcome.Times, AtLeast: 1.4, Aim: 1.8},
	}
	if l.psql == "" {
		row.Missing = errNoPSQL.Error()
		return []outcome.Row{row}, nil
	}
	csv, err := l.renderCSV(ctx)
	if err != nil {
		return nil, err
	}
	var digests [2]string
	verify := func(name string, i int) func(context.Context, int) error {
		return func(ctx context.Context, round int) error {
			if err := l.verifyStaged(ctx, database(name), 0, l.set.EventRecords); err != nil || round > 0 {
				return err
			}
			// Once, that the rows are the same and not only as many.
			var err error
			if digests[i], err = l.digest(ctx, database(name)); err != nil {
				return err
			}
			if digests[0] != "" && digests[1] != "" && digests[0] != digests[1] {
				return &differenceError{"dwh and psql loaded different rows"}
			}
			return nil
		}
	}
	copyFrom := fmt.Sprintf(`\copy s_songplay_event (%s) FROM '%s' WITH (FORMAT csv)`, eventColumns, csv)
	seconds, err := l.alternate(ctx, "load", l.settings.rounds, []side{
		l.onCopy(migrated, side{
			name: "dwh", ours: true, verify: verify("dwh", 0),
			run: l.runDWH(
				"dwh", "load from a folder", nil, "transform", "--only", "020", "--log-data",
				l.set.Events, "--log-jsonpaths", l.set.JSONPaths,
			),
		}),
		l.onCopy(migrated, side{
			name: "psql", verify: verify("psql", 1),
			run: func(ctx context.Context) (float64, error) {
				r, err := l.runPSQL(ctx, database("psql"), "-c", copyFrom)
				return r.seconds, err
			},
		}),
	})
	if err != nil {
		return nil, err
	}
	row.Ours, row.Theirs = seconds["dwh"], seconds["psql"]
	row.Values = outcome.Speedups(row.Ours, row.Theirs)
	return []outcome.Row{row}, nil
}

// renderCSV writes the base's events as CSV, and returns the file.
func (l *lab) renderCSV(ctx context.Context) (string, error) {
	if err := l.ensure(ctx, staged); err != nil {
		return "", err
	}
	want, err := l.fingerprint()
	if err != nil {
		return "", err
	}
	file, mark := l.path("events.csv"), l.path("events.csv.of")
	if strings.ContainsRune(file, '\'') {
		return "", errors.New("the work folder's name holds a quote, which psql's \\copy cannot take")
	}
	if have, err := os.ReadFile(mark); err == nil && string(have) == want {
		return file, nil
	}
	l.say("writing the events as CSV")
	if err := os.RemoveAll(mark); err != nil {
		return "", err
	}
	if _, err := l.runPSQL(
		ctx, string(staged), "-c",
		fmt.Sprintf(`\copy (SELECT %s FROM s_songplay_event) TO '%s' WITH (FORMAT csv)`, eventColumns, file),
	); err != nil {
		return "", err
	}
	return file, os.WriteFile(mark, []byte(want), 0o644)
}

// digest is the same for the same events, whatever their order.
func (l *lab) digest(ctx context.Context, database string) (digest string, err error) {
	err = l.query(ctx, database, func(conn *pgx.Conn) error {
		return conn.QueryRow(
			ctx,
			"SELECT SUM(HASHTEXTEXTENDED(CAST(ROW("+eventColumns+") AS TEXT), 0)::NUMERIC)::TEXT FROM s_songplay_event",
		).Scan(&digest)
	})
	return digest, err
}
