// Package star is a second, slow implementation of the warehouse's rules in maps and sorts, which
// tests compare the SQL with.
package star

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Song is a row of s_song; nil is NULL.
type Song struct {
	SongID, Title, ArtistID, ArtistName, Location *string
	Latitude, Longitude, Duration                 *float64
	Year                                          *int64
}

// Event is a row of s_songplay_event, as far as the star depends on it; nil is NULL.
type Event struct {
	Artist, FirstName, Gender, LastName, Level, Location, Page, Song, UserAgent, UserID *string
	Item, Session, TS                                                                   *int64
	Length                                                                              *float64
}

// Name is a row of s_name; nil is NULL.
type Name struct {
	Name, Sex *string
	Births    *int64
}

// Staging is what the star is a function of.
type Staging struct {
	Songs  []Song
	Events []Event
	Names  []Name
}

// Null is how a NULL is written.
const Null = "∅"

// Columns are the columns of the five tables that Build writes, in its order.
func Columns() map[string][]string {
	return map[string][]string{
		"d_song":   {"song_id", "title", "artist_id", "year", "duration"},
		"d_artist": {"artist_id", "name", "location", "latitude", "longitude"},
		"d_user":   {"user_id", "first_name", "last_name", "gender", "level"},
		"d_time":   {"start_time", "hour", "day", "week", "month", "year", "weekday"},
		"f_songplay": {
			"songplay_id", "start_time", "played_at", "user_id", "artist_id", "song_id", "level",
			"session_id", "location", "user_agent",
		},
	}
}

// Build returns the rows of every table by its name. Values are in PostgreSQL's text form (times
// after Christ, numbers that it writes without an exponent) and parted by |; rows stand in byte
// order.
func Build(staged Staging) map[string][]string {
	s := trimmed(staged)
	plays := songplays(s.Events)
	out := map[string][]string{
		"d_song": songs(s.Songs), "d_artist": artists(s.Songs), "d_user": users(
			plays, s.Names,
		), "d_time": hours(plays), "f_songplay": facts(plays, s.Songs),
	}
	for _, rows := range out {
		slices.Sort(rows)
	}
	return out
}

// trimmed takes the blanks off the end of every text.
func trimmed(in Staging) Staging {
	cut := func(text *string) *string {
		if text == nil {
			return nil
		}
		short := strings.TrimRight(*text, " ")
		return &short
	}
	var out Staging
	for _, s := range in.Songs {
		s.SongID, s.Title, s.ArtistID, s.ArtistName, s.Location = cut(s.SongID), cut(s.Title), cut(
			s.ArtistID,
		), cut(s.ArtistName), cut(s.Location)
		out.Songs = append(out.Songs, s)
	}
	for _, e := range in.Events {
		e.Artist, e.FirstName, e.Gender, e.LastName, e.Level = cut(e.Artist), cut(
			e.FirstName,
		), cut(e.Gender), cut(e.LastName), cut(e.Level)
		e.Location, e.Page, e.Song, e.UserAgent, e.UserID = cut(e.Location), cut(e.Page), cut(e.Song), cut(
			e.UserAgent,
		), cut(e.UserID)
		out.Events = append(out.Events, e)
	}
	for _, n := range in.Names {
		n.Name, n.Sex = cut(n.Name), cut(n.Sex)
		out.Names = append(out.Names, n)
	}
	return out
}

// absent is NULL or empty.
func absent(text *string) bool { return text == nil || *text == "" }

// ascending orders with nil last.
func ascending[T cmp.Ordered](a, b *T) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Compare(*a, *b)
}

// descending orders the greatest first, with nil last.
func descending[T cmp.Ordered](a, b *T) int {
	if a == nil || b == nil {
		return ascending(a, b)
	}
	return cmp.Compare(*b, *a)
}

// first orders what holds before what does not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// year is the song's, 0 being unknown.
func year(s Song) *int64 {
	if s.Year != nil && *s.Year == 0 {
		return nil
	}
	return s.Year
}

func songs(staged []Song) []string {
	byID := map[string][]Song{}
	for _, s := range staged {
		if !absent(s.SongID) {
			byID[*s.SongID] = append(byID[*s.SongID], s)
		}
	}
	var out []string
	for id, copies := range byID {
		s := slices.MinFunc(copies, func(a, b Song) int {
			return cmp.Or(
				descending(year(a), year(b)), descending(a.Duration, b.Duration),
				ascending(a.Title, b.Title), ascending(a.ArtistID, b.ArtistID),
			)
		})
		out = append(out, line(id, s.Title, s.ArtistID, year(s), s.Duration))
	}
	return out
}

// place is an artist's location as d_artist holds it.
func place(s Song) *string {
	if s.Location == nil {
		return nil
	}
	text := strings.Trim(*s.Location, " ")
	if text == "" || text[0] == '<' {
		return nil
	}
	return &text
}

func artists(staged []Song) []string {
	byID := map[string][]Song{}
	carried := map[[2]string]map[string]bool{} // the songs of an artist_id and a name
	for _, s := range staged {
		if absent(s.ArtistID) {
			continue
		}
		byID[*s.ArtistID] = append(byID[*s.ArtistID], s)
		if !absent(s.ArtistName) && !absent(s.SongID) {
			key := [2]string{*s.ArtistID, *s.ArtistName}
			if carried[key] == nil {
				carried[key] = map[string]bool{}
			}
			carried[key][*s.SongID] = true
		}
	}
	var out []string
	for id, rows := range byID {
		songsOf := func(s Song) int {
			if absent(s.ArtistName) {
				return 0
			}
			return len(carried[[2]string{id, *s.ArtistName}])
		}
		length := func(s Song) *int {
			if s.ArtistName == nil {
				return nil
			}
			n := utf8.RuneCountInString(*s.ArtistName)
			return &n
		}
		s := slices.MinFunc(rows, func(a, b Song) int {
			return cmp.Or(
				first(!absent(a.ArtistName), !absent(b.ArtistName)),
				cmp.Compare(songsOf(b), songsOf(a)),
				ascending(length(a), length(b)),
				ascending(a.ArtistName, b.ArtistName),
				first(a.Latitude != nil, b.Latitude != nil),
				first(place(a) != nil, place(b) != nil),
				ascending(a.SongID, b.SongID),
				ascending(place(a), place(b)),
				ascending(a.Latitude, b.Latitude),
				ascending(a.Longitude, b.Longitude),
			)
		})
		out = append(out, line(id, s.ArtistName, place(s), s.Latitude, s.Longitude))
	}
	return out
}

// songplay is the event that counts among those of one id.
type songplay struct {
	id                string
	user              string
	session, item, ts int64
	event             Event
}

func songplays(events []Event) []songplay {
	byID := map[string][]songplay{}
	for _, e := range events {
		if e.Page == nil || *e.Page != "NextSong" || absent(
			e.UserID,
		) || e.Session == nil || e.Item == nil || e.TS == nil {
			continue
		}
		p := songplay{user: *e.UserID, session: *e.Session, item: *e.Item, ts: *e.TS, event: e}
		sum := sha256.Sum256([]byte(fmt.Sprintf("%s|%d|%d|%d", p.user, p.session, p.item, p.ts)))
		p.id = hex.EncodeToString(sum[:])
		byID[p.id] = append(byID[p.id], p)
	}
	var out []songplay
	for _, deliveries := range byID {
		out = append(out, slices.MinFunc(deliveries, func(x, y songplay) int {
			a, b := x.event, y.event
			return cmp.Or(
				ascending(a.Song, b.Song), ascending(
					a.Artist, b.Artist,
				), ascending(a.Length, b.Length), ascending(a.Level, b.Level), ascending(a.Location, b.Location),
				ascending(
					a.UserAgent, b.UserAgent,
				), ascending(
					a.FirstName, b.FirstName,
				), ascending(a.LastName, b.LastName), ascending(a.Gender, b.Gender),
			)
		}))
	}
	return out
}

func users(plays []songplay, names []Name) []string {
	latest := map[string]songplay{}
	for _, p := range plays {
		held, ok := latest[p.user]
		if !ok || cmp.Or(
			cmp.Compare(p.ts, held.ts), cmp.Compare(p.session, held.session),
			cmp.Compare(p.item, held.item),
		) > 0 {
			latest[p.user] = p
		}
	}
	var out []string
	for user, p := range latest {
		gender := p.event.Gender
		if absent(gender) {
			gender = sexOf(p.event.FirstName, names)
		}
		out = append(out, line(user, p.event.FirstName, p.event.LastName, gender, p.event.Level))
	}
	return out
}

func sexOf(firstName *string, names []Name) *string {
	var same []Name
	for _, n := range names {
		if firstName != nil && n.Name != nil && *n.Name == *firstName {
			same = append(same, n)
		}
	}
	if len(same) == 0 {
		return nil
	}
	n := slices.MinFunc(
		same,
		func(a, b Name) int { return cmp.Or(descending(a.Births, b.Births), ascending(a.Sex, b.Sex)) },
	)
	if absent(n.Sex) {
		return nil
	}
	return n.Sex
}

func hours(plays []songplay) []string {
	seen := map[time.Time]bool{}
	var out []string
	for _, p := range plays {
		start := hour(p.ts)
		if seen[start] {
			continue
		}
		seen[start] = true
		_, week := start.ISOWeek()
		weekday := (int(start.Weekday()) + 6) % 7
		out = append(
			out,
			line(moment(start), start.Hour(), start.Day(), week, int(start.Month()), start.Year(), weekday),
		)
	}
	return out
}

func hour(ts int64) time.Time {
	at := time.UnixMilli(ts).UTC()
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), 0, 0, 0, time.UTC)
}

func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05.999999") }

func facts(plays []songplay, staged []Song) []string {
	var out []string
	for _, p := range plays {
		var song, artist *string
		var matching []Song
		for _, s := range staged {
			if p.event.Artist == nil || s.ArtistName == nil || *s.ArtistName != *p.event.Artist || absent(s.ArtistID) {
				continue
			}
			if artist == nil || *s.ArtistID < *artist {
				artist = s.ArtistID
			}
			if p.event.Song != nil && s.Title != nil && *s.Title == *p.event.Song && !absent(s.SongID) {
				matching = append(matching, s)
			}
		}
		if len(matching) > 0 {
			distance := func(s Song) float64 {
				switch {
				case p.event.Length == nil:
					return 0
				case s.Duration == nil:
					return math.Inf(1)
				}
				return math.Abs(*s.Duration - *p.event.Length)
			}
			s := slices.MinFunc(matching, func(a, b Song) int {
				return cmp.Or(
					cmp.Compare(distance(a), distance(b)), ascending(a.SongID, b.SongID),
					ascending(a.ArtistID, b.ArtistID),
				)
			})
			song, artist = s.SongID, s.ArtistID
		}
		out = append(
			out,
			line(
				p.id, moment(hour(p.ts)), moment(time.UnixMilli(p.ts)), p.user, artist, song,
				p.event.Level, p.session, p.event.Location, p.event.UserAgent,
			),
		)
	}
	return out
}

// line writes a row's values.
func line(values ...any) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = Null
		switch v := value.(type) {
		case *string:
			if v != nil {
				texts[i] = *v
			}
		case *int64:
			if v != nil {
				texts[i] = strconv.FormatInt(*v, 10)
			}
		case *float64:
			if v != nil {
				texts[i] = strconv.FormatFloat(*v, 'f', -1, 64)
			}
		default:
			texts[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(texts, "|")
}
