package sample_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/sample"
)

func write(t testing.TB, o sample.Options) (string, sample.Summary) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "sample")
	s, err := sample.Write(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return dir, s
}

// fingerprint hashes every path and byte under dir.
func fingerprint(t testing.TB, dir string) string {
	t.Helper()
	hash := sha256.New()
	for _, path := range files(t, dir) {
		body, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(hash, "%s %d\n%s", path, len(body), body)
	}
	return fmt.Sprintf("%x", hash.Sum(nil))
}

// files are the relative paths of the regular files under dir, sorted; none when
// dir is not there.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == dir {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		paths = append(paths, filepath.ToSlash(relative))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// The bytes are a promise to whoever compares results between systems: when a
// change of them is meant, this hash changes with it.
func TestBytes(t *testing.T) {
	dir, _ := write(t, sample.Options{Songs: 300, Events: 5000, Seed: 1, Late: true})
	const want = "7667718a9b89b30c7b5a21e189ed7f766732214d23e8def28151cb3384e10c2a"
	if got := fingerprint(t, dir); got != want {
		t.Errorf("sample of seed 1: got hash %s, want %s", got, want)
	}
}

func TestSeedDecides(t *testing.T) {
	options := sample.Options{Songs: 100, Events: 1000, Seed: 1}
	first, _ := write(t, options)
	again, _ := write(t, options)
	options.Seed = 2
	other, _ := write(t, options)
	if fingerprint(t, first) != fingerprint(t, again) {
		t.Error("same seed: got other bytes, want the same")
	}
	for _, folder := range []string{"song_data", "log_data", "names"} {
		if fingerprint(t, filepath.Join(first, folder)) == fingerprint(t, filepath.Join(other, folder)) {
			t.Errorf("other seed: got the same %s, want another", folder)
		}
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	var want string
	for _, workers := range []int{1, 2, 16} {
		dir, _ := write(t, sample.Options{Songs: 700, Events: 20_000, Seed: 3, Late: true, Workers: workers})
		got := fingerprint(t, dir)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%d workers: got other bytes than one, want the same", workers)
		}
	}
}

// Late songs change nothing but their own folder.
func TestLateIsApart(t *testing.T) {
	o := sample.Options{Songs: 200, Events: 3000, Seed: 1}
	without, s := write(t, o)
	o.Late = true
	with, l := write(t, o)
	for _, folder := range []string{"song_data", "log_data", "names"} {
		if fingerprint(t, filepath.Join(without, folder)) != fingerprint(t, filepath.Join(with, folder)) {
			t.Errorf("with late songs: got another %s, want the same", folder)
		}
	}
	if got := files(t, filepath.Join(without, "late")); len(got) != 0 || s.LateSongs != 0 {
		t.Errorf("without late songs: got %v, %d songs, want none", got, s.LateSongs)
	}
	if l.LateSongs != 4 || l.LatePlays == 0 || l.LatePlays != s.LatePlays {
		t.Errorf(
			"late: got %d songs, %d and %d plays, want 4 songs and an equal number of plays",
			l.LateSongs, l.LatePlays, s.LatePlays,
		)
	}
}

type song struct {
	ArtistID  string          `json:"artist_id"`
	Latitude  *float64        `json:"artist_latitude"`
	Location  json.RawMessage `json:"artist_location"`
	Longitude *float64        `json:"artist_longitude"`
	Name      json.RawMessage `json:"artist_name"`
	Duration  float64         `json:"duration"`
	NumSongs  int             `json:"num_songs"`
	SongID    string          `json:"song_id"`
	Title     string          `json:"title"`
	Year      int             `json:"year"`
}

type event struct {
	Artist        *string  `json:"artist"`
	Auth          string   `json:"auth"`
	FirstName     *string  `json:"firstName"`
	Gender        *string  `json:"gender"`
	ItemInSession int      `json:"itemInSession"`
	LastName      *string  `json:"lastName"`
	Length        *float64 `json:"length"`
	Level         string   `json:"level"`
	Location      *string  `json:"location"`
	Method        string   `json:"method"`
	Page          string   `json:"page"`
	Registration  *float64 `json:"registration"`
	SessionID     int64    `json:"sessionId"`
	Song          *string  `json:"song"`
	Status        int      `json:"status"`
	TS            int64    `json:"ts"`
	UserAgent     *string  `json:"userAgent"`
	UserID        string   `json:"userId"`
}

// contents is a sample read back by encoding/json, strictly.
type contents struct {
	songs, late     []song
	events          []event
	songFiles       int
	lateFiles       int
	eventFiles      int
	severalInFile   int
	prettySongs     int
	prettyLogs      int
	concatenated    int // `}{`
	names, nameFile int
	bytes           int64
	text            string // of all song and event files
}

func readAll[T any](t testing.TB, body []byte) []T {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	var records []T
	for {
		var record T
		err := decoder.Decode(&record)
		if err == io.EOF {
			return records
		}
		if err != nil {
			t.Fatalf("decode: %v in %.300s", err, body)
		}
		records = append(records, record)
	}
}

var (
	songPath  = regexp.MustCompile(`^(late/)?song_data/([A-Z])/([A-Z])/([A-Z])/TR([A-Z]{5})[0-9A-F]{11}\.json$`)
	eventPath = regexp.MustCompile(`^log_data/(\d{4})/(\d{2})/(\d{4})-(\d{2})-\d{2}-events\.json$`)
	namesPath = regexp.MustCompile(`^names/yob\d{4}\.txt$`)
	nameLine  = regexp.MustCompile(`^[A-Z][a-z]+,[FM],[1-9][0-9]*$`)
)

func readBack(t testing.TB, dir string) contents {
	t.Helper()
	var c contents
	var text strings.Builder
	for _, path := range files(t, dir) {
		body, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if path == ".dwh-sample.json" {
			continue
		}
		c.bytes += int64(len(body))
		switch {
		case songPath.MatchString(path):
			m := songPath.FindStringSubmatch(path)
			if m[2]+m[3]+m[4] != m[5][:3] {
				t.Errorf("%s: got letters %s in the name, want those of the folders", path, m[5])
			}
			text.Write(body)
			songs := readAll[song](t, body)
			if len(songs) > 1 {
				c.severalInFile++
			}
			if bytes.Contains(body, []byte("\n    \"")) {
				c.prettySongs++
			}
			if bytes.Contains(body, []byte("}{")) {
				c.concatenated++
			}
			if m[1] != "" {
				c.late, c.lateFiles = append(c.late, songs...), c.lateFiles+1
			} else {
				c.songs, c.songFiles = append(c.songs, songs...), c.songFiles+1
			}
		case eventPath.MatchString(path):
			m := eventPath.FindStringSubmatch(path)
			if m[1] != m[3] || m[2] != m[4] {
				t.Errorf("%s: got a date outside its folder", path)
			}
			text.Write(body)
			events := readAll[event](t, body)
			if bytes.Contains(body, []byte("\n    \"")) {
				c.prettyLogs++
			}
			if bytes.Contains(body, []byte("}{")) {
				c.concatenated++
			}
			for i := 1; i < len(events); i++ {
				if events[i].TS < events[i-1].TS {
					t.Errorf("%s: event %d: got ts %d after %d, want ascending", path, i, events[i].TS, events[i-1].TS)
				}
			}
			c.events, c.eventFiles = append(c.events, events...), c.eventFiles+1
		case namesPath.MatchString(path):
			for line := range strings.Lines(string(body)) {
				if !nameLine.MatchString(strings.TrimSuffix(line, "\n")) {
					t.Errorf("%s: got line %q, want name,sex,births", path, line)
				}
				c.names++
			}
			c.nameFile++
		case path == "log_json_path.json":
			if got := readAll[struct{ JSONPaths []string }](t, body); len(got) != 1 || len(got[0].JSONPaths) != 18 {
				t.Errorf("%s: got %v, want 18 paths", path, got)
			}
		default:
			t.Errorf("got file %s, want only those of the layout", path)
		}
	}
	c.text = text.String()
	return c
}

// check compares a sample with its summary and with what holds for all of them.
func check(t testing.TB, dir string, o sample.Options, s sample.Summary) contents {
	t.Helper()
	c := readBack(t, dir)
	ids := map[string]bool{}
	known := map[string]bool{} // title and artist name, as the transforms compare them
	key := func(song, artist string) string {
		return strings.TrimRight(song, " ") + "\x00" + strings.TrimRight(artist, " ")
	}
	for _, song := range c.songs {
		ids[song.SongID] = true
		known[key(song.Title, text(song.Name))] = true
	}
	late := map[string]bool{}
	for _, song := range c.late {
		late[key(song.Title, text(song.Name))] = true
	}
	plays := map[string]bool{}
	var next, matched, latePlays, loggedOut int
	for _, e := range c.events {
		if e.Auth == "Logged Out" {
			loggedOut++
		}
		if e.Page != "NextSong" {
			continue
		}
		next++
		id := fmt.Sprint(e.UserID, "|", e.SessionID, "|", e.ItemInSession, "|", e.TS)
		if e.UserID == "" || plays[id] {
			continue
		}
		plays[id] = true
		switch k := key(*e.Song, *e.Artist); {
		case known[k]:
			matched++
		case late[k]:
			latePlays++
		}
	}
	got := sample.Summary{
		Dir: dir, Songs: len(c.songs), SongIDs: len(ids), SongObjects: c.songFiles,
		Events: len(c.events), EventObjects: c.eventFiles, NextSong: next, Songplays: len(plays),
		Matched: matched, Repeated: s.Repeated, LoggedOut: loggedOut, Users: s.Users,
		Names: c.names, NameObjects: c.nameFile, LateSongs: len(c.late), LateObjects: c.lateFiles,
		LatePlays: latePlays, Bytes: c.bytes,
	}
	if !o.Late {
		got.LatePlays = s.LatePlays
	}
	if got != s {
		t.Errorf("summary of %+v: got %+v, want what was read back, %+v", o, s, got)
	}
	if s.Songs != o.Songs || s.Events != o.Events {
		t.Errorf("got %d songs, %d events, want %d and %d", s.Songs, s.Events, o.Songs, o.Events)
	}
	return c
}

// text is a name as COPY stores it: the string, or a number's own token.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func TestSummary(t *testing.T) {
	for _, o := range []sample.Options{
		{},
		{Songs: 1, Events: 1, Late: true},
		{Songs: 61, Events: 1882, Seed: 1, Late: true},
		{Songs: 1000, Events: 30_000, Seed: 7, Late: true},
		{Songs: 500, Seed: 7},
		{Events: 500, Seed: 7, Late: true},
	} {
		dir, s := write(t, o)
		check(t, dir, o, s)
	}
}

func TestSummaryOfAnySize(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o := sample.Options{
			Songs:  rapid.IntRange(0, 60).Draw(r, "songs"),
			Events: rapid.IntRange(0, 200).Draw(r, "events"), Seed: rapid.Uint64().Draw(r, "seed"),
			Late: rapid.Bool().Draw(r, "late"), Workers: rapid.IntRange(0, 4).Draw(r, "workers"),
		}
		dir, err := os.MkdirTemp("", "sample")
		if err != nil {
			r.Fatal(err)
		}
		defer os.RemoveAll(dir)
		s, err := sample.Write(context.Background(), dir, o)
		if err != nil {
			r.Fatal(err)
		}
		check(t, dir, o, s)
		if t.Failed() {
			r.FailNow()
		}
	})
}

// A sample of a few hundred songs shows every oddity of the real data.
func TestOddities(t *testing.T) {
	o := sample.Options{Songs: 300, Events: 5000, Seed: 1, Late: true}
	dir, s := write(t, o)
	c := check(t, dir, o, s)
	seen := map[string]int{}
	count := func(what string, is bool) {
		if is {
			seen[what]++
		} else {
			seen[what] += 0
		}
	}
	years := map[string]int{}
	spellings := map[string]string{} // by artist_id
	owners := map[string]string{}    // artist_id by name
	for _, song := range c.songs {
		name := text(song.Name)
		_, err := strconv.Atoi(string(song.Name))
		count("numeric artist name", err == nil)
		count("artist spelt two ways", spellings[song.ArtistID] != "" && spellings[song.ArtistID] != name)
		spellings[song.ArtistID] = name
		count("name of two artists", owners[name] != "" && owners[name] != song.ArtistID)
		owners[name] = song.ArtistID
		count("numeric location", string(song.Location) == "27")
		count("null location", string(song.Location) == "null")
		count("empty location", string(song.Location) == `""`)
		count("HTML location", strings.HasPrefix(text(song.Location), "<a href="))
		count("null latitude", song.Latitude == nil)
		count("latitude", song.Latitude != nil)
		count("year 0", song.Year == 0)
		year, again := years[song.SongID]
		count("song_id again with another year", again && year != song.Year)
		years[song.SongID] = song.Year
		count("title with trailing blanks", strings.HasSuffix(song.Title, " "))
		count("backslash in a title", strings.Contains(song.Title, `\`))
		count("quotation marks in a title", strings.Contains(song.Title, `"`))
		count("tab in a title", strings.Contains(song.Title, "\t"))
		count("apostrophe in a title", strings.Contains(song.Title, "'"))
		count("slash in a title", strings.Contains(song.Title, "/"))
		if song.Duration < 60 || song.Duration > 1200 || song.NumSongs != 1 {
			t.Errorf(
				"song %s: got duration %g, num_songs %d, want a usual song", song.SongID,
				song.Duration, song.NumSongs,
			)
		}
	}
	pages, levels := map[string]int{}, map[string]string{}
	for _, e := range c.events {
		pages[e.Page]++
		count(
			"logged-out event with empty userId",
			e.Auth == "Logged Out" && e.UserID == "" && e.Page != "NextSong" &&
				e.FirstName == nil && e.Registration == nil,
		)
		count("play without a user", e.Page == "NextSong" && e.UserID == "")
		count("gender null", e.UserID != "" && e.Gender == nil)
		count("gender empty", e.UserID != "" && e.Gender != nil && *e.Gender == "")
		count("event without song", e.Page != "NextSong" && e.Song == nil && e.Artist == nil && e.Length == nil)
		count("user who changes level", e.UserID != "" && levels[e.UserID] != "" && levels[e.UserID] != e.Level)
		levels[e.UserID] = e.Level
		count("title with trailing blanks in an event", e.Song != nil && strings.HasSuffix(*e.Song, " "))
		count("paid", e.Level == "paid")
		count("free", e.Level == "free")
	}
	for _, page := range []string{
		"NextSong", "Home", "Login", "Logout", "Settings", "Help", "About", "Upgrade", "Downgrade",
		"Error", "Submit Upgrade", "Submit Downgrade",
	} {
		count("page "+page, pages[page] > 0)
	}
	count("event twice", s.Repeated > 0)
	count("late song", s.LateSongs > 0 && s.LatePlays > 0)
	count("several objects in a song file", c.severalInFile > 0)
	count("pretty-printed songs", c.prettySongs > 0)
	count("pretty-printed events", c.prettyLogs > 0)
	count("nothing between objects", c.concatenated > 1)
	for what, part := range map[string]string{
		"escaped character": `\u00`, "escaped pair": `\ud83c\udfb5`, "raw character": "é",
		"escaped slash": `\/`, "float registration": `.0,"sessionId"`,
	} {
		count(what, strings.Contains(c.text, part))
	}
	for what, n := range seen {
		if n == 0 {
			t.Errorf("%s: got none, want some", what)
		}
	}
	if share := 100 * s.Matched / s.Songplays; share < 25 || share > 38 {
		t.Errorf("matched plays: got %d %%, want about 30 %%", share)
	}
}

// Listening has its hours, its days and its favourites.
func TestDistributions(t *testing.T) {
	dir, _ := write(t, sample.Options{Songs: 1000, Events: 40_000, Seed: 5})
	var hours [24]int
	songs := map[string]int{}
	levels := map[string]int{}
	for _, e := range readBack(t, dir).events {
		if e.Page == "NextSong" {
			hours[e.TS/3_600_000%24]++
			songs[*e.Song+*e.Artist]++
			levels[e.Level]++
		}
	}
	if hours[19] < 3*hours[4] {
		t.Errorf("plays at 19 and 4 o'clock: got %d and %d, want a peak in the evening", hours[19], hours[4])
	}
	top := 0
	for _, n := range songs {
		top = max(top, n)
	}
	if top < 60 || len(songs) < 3000 {
		t.Errorf("got %d different songs, the first with %d plays, want favourites and a long tail", len(songs), top)
	}
	if levels["paid"] < 4000 || levels["free"] < 4000 {
		t.Errorf("plays by level: got %v, want a good share of both", levels)
	}
}

// Each song has one rank, and a late song is among the favourites.
func TestRanks(t *testing.T) {
	for _, c := range []struct{ songs, late int }{
		{1, 1}, {2, 1}, {9, 1}, {50, 1}, {51, 2}, {300, 6}, {1000, 20}, {10, 10},
	} {
		ranked := sample.Ranked(c.songs, c.late)
		if first := slices.IndexFunc(ranked, func(song int) bool { return song >= c.songs }); first > 3 {
			t.Errorf("%+v: got the first late song at rank %d, want at most 3", c, first)
		}
		slices.Sort(ranked)
		for i, song := range ranked {
			if song != i {
				t.Errorf("%+v: got song %d at place %d of the sorted ranks, want each song once", c, song, i)
				break
			}
		}
	}
}

func TestFolderInUse(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "own.txt")
	if err := os.WriteFile(own, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := fingerprint(t, dir)
	_, err := sample.Write(context.Background(), dir, sample.Options{Songs: 1})
	if !errors.Is(err, sample.ErrNotEmpty) || !strings.Contains(err.Error(), dir) {
		t.Errorf("folder in use: got %v, want ErrNotEmpty with the folder named", err)
	}
	if after := fingerprint(t, dir); after != before {
		t.Error("folder in use: got it changed, want it untouched")
	}
	if _, err := sample.Write(context.Background(), own, sample.Options{}); err == nil {
		t.Error("a file as folder: got no error, want one")
	}
}

func TestEarlierSampleIsReplaced(t *testing.T) {
	dir, _ := write(t, sample.Options{Songs: 50, Events: 500, Seed: 1, Late: true})
	o := sample.Options{Songs: 10, Events: 100, Seed: 2}
	s, err := sample.Write(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	check(t, dir, o, s)
	fresh, _ := write(t, o)
	if fingerprint(t, dir) != fingerprint(t, fresh) {
		t.Error("replaced: got other bytes than in a fresh folder, want the same")
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	for _, o := range []sample.Options{{Songs: -1}, {Events: -1}, {Workers: -1}, {Songs: sample.Largest + 1}} {
		dir := filepath.Join(t.TempDir(), "out")
		if _, err := sample.Write(context.Background(), dir, o); !errors.Is(err, sample.ErrOptions) {
			t.Errorf("%+v: got %v, want ErrOptions", o, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%+v: got the folder made, want nothing written", o)
		}
	}
	if _, err := sample.Write(context.Background(), "", sample.Options{}); !errors.Is(err, sample.ErrOptions) {
		t.Errorf("no folder: got %v, want ErrOptions", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := sample.Write(
		ctx, filepath.Join(t.TempDir(), "out"), sample.Options{Songs: 10},
	); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestSummaryString(t *testing.T) {
	s := sample.Summary{
		Dir: "out", Songs: 15_000, SongObjects: 14_900, Events: 1_000_000, EventObjects: 100,
		Songplays: 800_000, Matched: 248_000, Users: 12_500, Names: 348, LateSongs: 300,
		LatePlays: 4185, Bytes: 480_400_000,
	}
	want := "15,000 songs in 14,900 files; 1,000,000 events in 100 files, 800,000 plays among " +
		"them (31 % of known songs), by 12,500 users; 348 baby names; 480 MB in out\n" +
		"300 more songs in " + filepath.Join(
		"late", "song_data",
	) + " come late: copied into song_data they match 4,185 earlier plays"
	if got := s.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func BenchmarkEvents(b *testing.B) {
	for b.Loop() {
		dir, s := write(b, sample.Options{Songs: 1000, Events: 100_000, Seed: 1})
		b.SetBytes(s.Bytes)
		if err := os.RemoveAll(dir); err != nil {
			b.Fatal(err)
		}
	}
}
