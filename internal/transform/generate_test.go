package transform_test

import (
	"fmt"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/dwhtest/star"
)

// The alphabets are small, so that keys, titles, names and durations meet each other; none is NULL.
const none = "\x00"

func anyText(r *rapid.T, label string, values ...string) *string {
	value := rapid.SampledFrom(values).Draw(r, label)
	if value == none {
		return nil
	}
	return &value
}

func anyInteger(r *rapid.T, label string, values ...string) *int64 {
	text := anyText(r, label, values...)
	if text == nil {
		return nil
	}
	n, err := strconv.ParseInt(*text, 10, 64)
	if err != nil {
		r.Fatalf("%s: %v", label, err)
	}
	return &n
}

func anyNumber(r *rapid.T, label string, values ...string) *float64 {
	text := anyText(r, label, values...)
	if text == nil {
		return nil
	}
	n, err := strconv.ParseFloat(*text, 64)
	if err != nil {
		r.Fatalf("%s: %v", label, err)
	}
	return &n
}

var (
	titles      = []string{"T", "T ", "U", "It's \\ \"x\"", "Ünï 日本", "", " T", none}
	artistNames = []string{"Ann", "Ann ", "Bob", "112", "Zoë", "Bo", "", none}
	firstNames  = []string{"Ann", "Ann ", "Kim", "Jo", "O'Neil", "", none}
)

func anySong(r *rapid.T) star.Song {
	return star.Song{
		SongID:     anyText(r, "song_id", "S1", "S2", "S3", "S1 ", "s4", "", none),
		Title:      anyText(r, "title", titles...),
		ArtistID:   anyText(r, "artist_id", "A2", "A1", "A3", "A2 ", "a0", "", none),
		ArtistName: anyText(r, "artist_name", artistNames...),
		Location:   anyText(r, "artist_location", none, "Oslo", " Oslo, Norway  ", "Aarhus", "<a>", "  <b>", "", "  "),
		Latitude:   anyNumber(r, "artist_latitude", none, "0", "1.5", "-2.25"),
		Longitude:  anyNumber(r, "artist_longitude", none, "0", "15.47491", "-3"),
		Duration:   anyNumber(r, "duration", "100", "200", "150", "269.58322", none),
		Year:       anyInteger(r, "year", "0", "1999", "2001", "-1", none),
	}
}

func anyEvent(r *rapid.T) star.Event {
	return star.Event{
		Artist:    anyText(r, "artist", artistNames...),
		FirstName: anyText(r, "first_name", firstNames...),
		Gender:    anyText(r, "gender", none, "F", "M", "", "F ", "  "),
		LastName:  anyText(r, "last_name", "Koch", "Koch ", "Åse", none),
		Level:     anyText(r, "level", "free", "paid", "paid ", none),
		Location:  anyText(r, "location", "Oslo", "Oslo ", "", none),
		Page:      anyText(r, "page", "NextSong", "NextSong", "NextSong", "NextSong", "NextSong ", "Home", none),
		Song:      anyText(r, "song", titles...),
		UserAgent: anyText(r, "user_agent", "Mozilla", "\"M\"", none),
		UserID:    anyText(r, "user_id", "1", "2", "3", "1 ", "2", "1", "", "  ", none),
		Item:      anyInteger(r, "item_in_session", "0", "1", "0", "1", "0", none),
		Session:   anyInteger(r, "session_id", "1", "2", "1", "2", "1", none),
		TS: anyInteger(
			r, "ts", "1541106106796", "1541106106797", "1541109600000", "1541109599999", "-1",
			"-3600000", "0", "1546214400001", "1609459200999", none,
		),
		Length: anyNumber(r, "length", "150", "100", "200", "125", "269.58322", "0", none),
	}
}

func anyName(r *rapid.T) star.Name {
	return star.Name{
		Name: anyText(r, "name", firstNames...), Sex: anyText(
			r, "sex", "F", "M", "F ", "", none,
		), Births: anyInteger(r, "births", "5", "6", "7", none),
	}
}

// literals writes a row of an INSERT.
func literals(values ...any) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = "NULL"
		switch v := value.(type) {
		case *string:
			if v != nil {
				texts[i] = "'" + strings.ReplaceAll(*v, "'", "''") + "'"
			}
		case *int64:
			if v != nil {
				texts[i] = strconv.FormatInt(*v, 10)
			}
		case *float64:
			if v != nil {
				texts[i] = strconv.FormatFloat(*v, 'f', -1, 64)
			}
		}
	}
	return "(" + strings.Join(texts, ", ") + ")"
}

func insertSongs(rows []star.Song) string {
	var values []string
	for _, s := range rows {
		values = append(
			values,
			literals(
				s.SongID, s.Title, s.ArtistID, s.ArtistName, s.Location, s.Latitude, s.Longitude,
				s.Duration, s.Year,
			),
		)
	}
	return "INSERT INTO s_song (song_id, title, artist_id, artist_name, artist_location, " +
		"artist_latitude, artist_longitude, duration, year) VALUES " + strings.Join(values, ", ")
}

func insertEvents(rows []star.Event) string {
	var values []string
	for _, e := range rows {
		values = append(
			values,
			literals(
				e.Artist, e.FirstName, e.Gender, e.LastName, e.Level, e.Location, e.Page, e.Song,
				e.UserAgent, e.UserID, e.Item, e.Session, e.TS, e.Length,
			),
		)
	}
	return "INSERT INTO s_songplay_event (artist, first_name, gender, last_name, level, " +
		"location, page, song, user_agent, user_id, item_in_session, session_id, ts, length) " +
		"VALUES " + strings.Join(values, ", ")
}

func insertNames(rows []star.Name) string {
	var values []string
	for _, n := range rows {
		values = append(values, literals(n.Name, n.Sex, n.Births))
	}
	return "INSERT INTO s_name (name, sex, births) VALUES " + strings.Join(values, ", ")
}

// insert puts records into staging as a load would.
func insert(in star.Staging) string {
	var sql []string
	if len(in.Songs) > 0 {
		sql = append(sql, insertSongs(in.Songs))
	}
	if len(in.Events) > 0 {
		sql = append(sql, insertEvents(in.Events))
	}
	if len(in.Names) > 0 {
		sql = append(sql, insertNames(in.Names))
	}
	return strings.Join(sql, ";\n")
}

// repeated draws up to n records, some of them such as came before.
func repeated[T any](r *rapid.T, label string, before []T, n int, fresh func(*rapid.T) T) []T {
	var out []T
	for range rapid.IntRange(1, n).Draw(r, label) {
		if len(before) > 0 && rapid.IntRange(0, 3).Draw(r, label+" again") == 0 {
			out = append(out, before[rapid.IntRange(0, len(before)-1).Draw(r, label+" which")])
			continue
		}
		out = append(out, fresh(r))
	}
	return out
}

// star compares the five tables with the reference.
func (w *warehouse) star(staged star.Staging, history []string) {
	w.t.Helper()
	conn, err := w.pool.Acquire(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Release()
	want := star.Build(staged)
	for table, columns := range star.Columns() {
		list := ""
		for i, column := range columns {
			if i > 0 {
				list += " || '|' || "
			}
			list += fmt.Sprintf("COALESCE(CAST(%s AS TEXT), '∅')", column)
		}
		var got []string
		for _, row := range textRows(w.t, conn.Conn(), `SELECT `+list+` COLLATE "C" FROM `+table+` ORDER BY 1`) {
			got = append(got, row[0])
		}
		if g, x := strings.Join(got, "\n  "), strings.Join(want[table], "\n  "); g != x {
			w.t.Fatalf(
				"%s (%s):\ngot\n  %s\nwant\n  %s\nafter\n%s", table, strings.Join(columns, "|"), g,
				x, strings.Join(history, ";\n"),
			)
		}
	}
}
