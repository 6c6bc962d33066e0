package transform

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
)

// Selection names staged records by one key.
type Selection struct {
	SongID string
	UserID string
}

// table is the staging table that the selection is in.
func (s Selection) table() string {
	if s.SongID != "" {
		return "s_song"
	}
	return "s_songplay_event"
}

// keepStaged is how many of the selected rows are shown.
const keepStaged = 20

// Staged shows what a selection means.
type Staged struct {
	Table   string
	Rows    int64
	Sample  table.Table // the first rows
	Rejects int64       // refused records that name the key too
}

// Look returns what Delete would delete.
func (r *Runner) Look(ctx context.Context, s Selection) (Staged, error) {
	db := dwhdb.New(r.Pool)
	out := Staged{Table: s.table()}
	if s.SongID != "" {
		rows, err := db.SongRows(ctx, s.SongID)
		if err != nil {
			return out, fmt.Errorf("read staged songs: %w", err)
		}
		out.Rows = int64(len(rows))
		out.Sample.Columns = table.Columns("song_id", "title", "artist_id", "artist_name", "duration", "year")
		for _, row := range rows[:min(keepStaged, len(rows))] {
			out.Sample.Rows = append(out.Sample.Rows, []any{row.SongID, row.Title, row.ArtistID, row.ArtistName, row.Duration, row.Year})
		}
	} else {
		count, err := db.UserEventCount(ctx, s.UserID)
		if err != nil {
			return out, fmt.Errorf("read staged events: %w", err)
		}
		out.Rows = count
		rows, err := db.UserEvents(ctx, s.UserID, keepStaged)
		if err != nil {
			return out, fmt.Errorf("read staged events: %w", err)
		}
		out.Sample.Columns = table.Columns("ts", "page", "session_id", "item_in_session", "first_name", "last_name", "artist", "song")
		for i := range out.Sample.Columns {
			out.Sample.Columns[i].Kind = table.KindLabel
		}
		for _, row := range rows {
			out.Sample.Rows = append(out.Sample.Rows, []any{row.Ts, row.Page, row.SessionID, row.ItemInSession, row.FirstName, row.LastName, row.Artist, row.Song})
		}
	}
	rejects, err := s.rejects(ctx, db, out.Table)
	if err != nil {
		return out, err
	}
	out.Rejects = int64(len(rejects))
	return out, nil
}

// column is the column that the selection names rows by.
func (s Selection) column() (name, value string) {
	if s.SongID != "" {
		return "song_id", s.SongID
	}
	return "user_id", s.UserID
}

// Delete erases the staged rows of a selection, and what rejects quote of them, in one transaction:
// the models are brought up to date as in any other run, whose changes are rows that go away.
func (r *Runner) Delete(ctx context.Context, command string, s Selection) (Result, error) {
	return r.journaled(ctx, command, func(conn *pgx.Conn, j *journal, result *Result) error {
		if err := r.requireFresh(ctx, conn); err != nil {
			return err
		}
		var deleted int64
		started := time.Now()
		err := r.increment(ctx, conn, j, increment{
			steps: r.Steps, flag: true, first: func(pgx.Tx, *arrivals) error { return nil },
			erase: func(ctx context.Context, w *work) (map[string][]model.Erasure, error) {
				column, value := s.column()
				values := catalogue.Table{Schema: w.schema, Name: "dwh_erased"}
				if err := execAll(ctx, w.tx, catalogue.CreateValues(values)); err != nil {
					return nil, fmt.Errorf("note what to erase: %w", err)
				}
				if _, err := w.tx.Exec(ctx, catalogue.InsertValue(values), strings.TrimRight(value, " ")); err != nil {
					return nil, fmt.Errorf("note what to erase: %w", err)
				}
				if r.Engine == sqlfile.Postgres {
					if err := execAll(ctx, w.tx, catalogue.Analyze(values)); err != nil {
						return nil, fmt.Errorf("note what to erase: %w", err)
					}
				}
				return map[string][]model.Erasure{s.table(): {{Column: column, Values: values.SQL()}}}, nil
			},
			erased: func(ctx context.Context, tx pgx.Tx, rows int64) error {
				deleted = rows
				if err := s.eraseRejects(ctx, dwhdb.New(tx)); err != nil {
					return err
				}
				r.Failpoint("staging.deleted")
				return nil
			},
		}, result)
		if err != nil {
			return err
		}
		j.step("staging delete "+s.table(), started, deleted, 0, "", "done", "")
		return nil
	})
}

// Drop deletes every staged row of the tables, with their ledger and rejects, so that the next load begins from nothing, and
// replays the star from what is left.
func (r *Runner) Drop(ctx context.Context, command string, tables []string) (Result, error) {
	return r.journaled(ctx, command, func(conn *pgx.Conn, j *journal, result *Result) error {
		return r.replayAfter(ctx, conn, j, result, func(tx pgx.Tx) error {
			db := dwhdb.New(tx)
			for _, name := range tables {
				var err error
				switch name {
				case "s_song":
					_, err = db.DeleteSongs(ctx)
				case "s_songplay_event":
					_, err = db.DeleteEvents(ctx)
				case "s_name":
					_, err = db.DeleteNames(ctx)
				default:
					return fmt.Errorf("%s is no staging table of records", name)
				}
				if err != nil {
					return fmt.Errorf("delete from %s: %w", name, err)
				}
				if err := db.DeleteObjects(ctx, name); err != nil {
					return fmt.Errorf("delete the ledger of %s: %w", name, err)
				}
				if err := db.DeleteRejects(ctx, name); err != nil {
					return fmt.Errorf("delete the rejects of %s: %w", name, err)
				}
			}
			return nil
		}, nil)
	})
}

// requireFresh refuses to recompute keys in a warehouse that needs a replay anyway.
func (r *Runner) requireFresh(ctx context.Context, conn *pgx.Conn) error {
	marks, err := r.staleness(ctx, conn)
	if err != nil {
		return err
	}
	if len(marks) > 0 {
		return &StaleError{Marks: marks}
	}
	return nil
}

// rejects returns the refused records that name the selection's key.
func (s Selection) rejects(ctx context.Context, db *dwhdb.Queries, name string) ([]dwhdb.RejectTextsRow, error) {
	all, err := db.RejectTexts(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read rejects: %w", err)
	}
	key, id := `user_?id`, s.UserID
	if s.SongID != "" {
		key, id = `song_?id`, s.SongID
	}
	// A refused record may be anything; where it reads like "userId": "39", or holds the id as a text of its own, it is the user's.
	pattern, err := regexp.Compile(`(?i)"` + key + `"\s*:\s*"?` + regexp.QuoteMeta(strings.TrimRight(id, " ")) + ` *(?:["\s,}]|$)`)
	if err != nil {
		return nil, fmt.Errorf("search rejects: %w", err)
	}
	return slices.DeleteFunc(all, func(row dwhdb.RejectTextsRow) bool {
		return row.RawText == nil || !pattern.MatchString(*row.RawText)
	}), nil
}

func (s Selection) eraseRejects(ctx context.Context, db *dwhdb.Queries) error {
	name := s.table()
	rows, err := s.rejects(ctx, db, name)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := db.EraseReject(ctx, name, row.Url, row.Line); err != nil {
			return fmt.Errorf("erase reject: %w", err)
		}
	}
	return nil
}
