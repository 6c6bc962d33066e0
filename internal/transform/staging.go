package transform

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhdb"
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

// Delete erases the staged rows of a selection, what rejects quote of them, and what the star made of them, in one transaction. The keys
// concerned are recomputed by the transforms; with transforms of a project's own, which may make anything of a row, the star
// is replayed instead.
func (r *Runner) Delete(ctx context.Context, command string, s Selection, own bool) (Result, error) {
	return r.journaled(ctx, command, func(conn *pgx.Conn, j *journal, result *Result) error {
		if err := r.requireFresh(ctx, conn); err != nil {
			return err
		}
		var deleted int64
		var started time.Time
		work := func(tx pgx.Tx) error {
			started = time.Now()
			db := dwhdb.New(tx)
			var err error
			if s.SongID != "" {
				deleted, err = deleteSong(ctx, db, s.SongID)
			} else {
				deleted, err = deleteUser(ctx, db, s.UserID)
			}
			if err != nil {
				return err
			}
			if err := s.eraseRejects(ctx, db); err != nil {
				return err
			}
			r.Failpoint("staging.deleted")
			return nil
		}
		var err error
		if own {
			err = r.replayAfter(ctx, conn, j, result, work)
		} else {
			err = r.incrementalAfter(ctx, conn, j, r.Steps, true, result, func(tx pgx.Tx, _ *arrivals) error { return work(tx) })
		}
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
		})
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

// deleteSong deletes the song and has everything looked at again that its absence may change: the artist's other songs, and the
// plays of an artist of that name.
func deleteSong(ctx context.Context, db *dwhdb.Queries, id string) (int64, error) {
	rows, err := db.SongRows(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("read staged songs: %w", err)
	}
	deleted, err := db.DeleteSongRows(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("delete staged songs: %w", err)
	}
	if err := db.DeleteDimensionSong(ctx, id); err != nil {
		return 0, fmt.Errorf("delete from d_song: %w", err)
	}
	var artists, names []string
	for _, row := range rows {
		if id := trimmed(row.ArtistID); id != "" && !slices.Contains(artists, id) {
			artists = append(artists, id)
		}
		if row.ArtistName != nil && !slices.Contains(names, trimmed(row.ArtistName)) {
			names = append(names, trimmed(row.ArtistName))
		}
	}
	for _, artist := range artists {
		// The transform writes the row again if a song of the artist is left.
		if err := db.DeleteDimensionArtist(ctx, artist); err != nil {
			return 0, fmt.Errorf("delete from d_artist: %w", err)
		}
		if err := db.UnflagArtistSongs(ctx, artist); err != nil {
			return 0, fmt.Errorf("unflag songs: %w", err)
		}
	}
	for _, name := range names {
		if err := db.UnflagArtistEvents(ctx, name); err != nil {
			return 0, fmt.Errorf("unflag events: %w", err)
		}
	}
	return deleted, nil
}

func trimmed(text *string) string {
	if text == nil {
		return ""
	}
	return strings.TrimRight(*text, " ")
}

// deleteUser deletes the user's events and all that the star made of them.
func deleteUser(ctx context.Context, db *dwhdb.Queries, id string) (int64, error) {
	deleted, err := db.DeleteUserEvents(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("delete staged events: %w", err)
	}
	if _, err := db.DeleteUserSongplays(ctx, id); err != nil {
		return 0, fmt.Errorf("delete from f_songplay: %w", err)
	}
	if err := db.DeleteDimensionUser(ctx, id); err != nil {
		return 0, fmt.Errorf("delete from d_user: %w", err)
	}
	if err := db.DeleteEmptyHours(ctx); err != nil {
		return 0, fmt.Errorf("delete from d_time: %w", err)
	}
	return deleted, nil
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
