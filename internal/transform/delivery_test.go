package transform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/transform"
)

// eventPaths is the JSONPaths file of events, in the order of the COPY's columns.
const eventPaths = `{"jsonpaths": ["$['artist']", "$['auth']", "$['firstName']", "$['gender']", "$['itemInSession']", "$['lastName']",
"$['length']", "$['level']", "$['location']", "$['method']", "$['page']", "$['registration']", "$['sessionId']", "$['song']",
"$['status']", "$['ts']", "$['userAgent']", "$['userId']"]}`

// source is a local folder that deliveries arrive in.
type source struct {
	t    tester
	dir  string
	held map[string]star.Staging // what an object holds
	seen map[string]bool         // its bytes are in staging
}

func newSource(t tester, dir string) *source {
	s := &source{t: t, dir: dir, held: map[string]star.Staging{}, seen: map[string]bool{}}
	for _, name := range []string{"song_data", "log_data", "names"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.write("paths.json", eventPaths)
	return s
}

func (s *source) vars() map[string]string {
	return map[string]string{
		"song_data": filepath.Join(
			s.dir, "song_data",
		), "log_data": filepath.Join(s.dir, "log_data"), "names": filepath.Join(s.dir, "names"),
		"log_jsonpaths": filepath.Join(s.dir, "paths.json"), "iam_role": "default",
	}
}

func (s *source) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	// Written beside and renamed, as careful producers do.
	if err := os.WriteFile(path+".part", []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		s.t.Fatal(err)
	}
}

// object writes records as an object; layout is how records follow each other.
func (s *source) object(name string, records star.Staging, layout string) {
	s.t.Helper()
	var texts []string
	for _, item := range records.Songs {
		texts = append(texts, encode(s.t, [][2]any{
			{"num_songs", 1}, {"artist_id", item.ArtistID}, {"artist_latitude", item.Latitude}, {
				"artist_longitude", item.Longitude,
			}, {"artist_location", item.Location},
			{
				"artist_name", item.ArtistName,
			}, {"song_id", item.SongID}, {"title", item.Title}, {"duration", item.Duration}, {"year", item.Year},
		}, layout))
	}
	for _, event := range records.Events {
		texts = append(texts, encode(s.t, [][2]any{
			{"artist", event.Artist}, {"auth", "Logged In"}, {
				"firstName", event.FirstName,
			}, {"gender", event.Gender}, {"itemInSession", event.Item}, {"lastName", event.LastName},
			{"length", event.Length}, {"level", event.Level}, {
				"location", event.Location,
			}, {"method", "PUT"}, {"page", event.Page}, {"registration", 1540344794796.0},
			{"sessionId", event.Session}, {"song", event.Song}, {"status", 200}, {"ts", event.TS}, {
				"userAgent", event.UserAgent,
			}, {"userId", event.UserID},
		}, layout))
	}
	for _, n := range records.Names {
		texts = append(texts, fmt.Sprintf("%s,%s,%d", csv(*n.Name), *n.Sex, *n.Births))
		layout = "lines"
	}
	s.write(
		name,
		strings.Join(
			texts,
			map[string]string{"lines": "\n", "pretty": "\n", "adjacent": "", "crlf": "\r\n"}[layout],
		)+"\n",
	)
	s.held[name], s.seen[name] = records, false
}

func csv(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// encode writes a JSON object. A text of digits is written as a number: COPY takes its source
// token.
func encode(t tester, fields [][2]any, layout string) string {
	var out bytes.Buffer
	out.WriteString("{")
	for i, field := range fields {
		if i > 0 {
			out.WriteString(",")
		}
		value := field[1]
		if text, ok := value.(*string); ok && text != nil && *text == "112" {
			value = 112
		}
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%q:%s", field[0], bytes.TrimSpace(text.Bytes()))
	}
	out.WriteString("}")
	if layout != "pretty" {
		return out.String()
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, out.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	return pretty.String()
}

// take adds to staged what the next load will bring.
func (s *source) take(staged *star.Staging) {
	for name, records := range s.held {
		if s.seen[name] {
			continue
		}
		s.seen[name] = true
		staged.Songs, staged.Events, staged.Names = append(staged.Songs, records.Songs...), append(
			staged.Events, records.Events...,
		), append(staged.Names, records.Names...)
	}
}

// TestDeliveredObjectsEndInOneStar is the property of TestDeliveriesEndInOneStar through the
// loader: objects in a folder, split and laid out in any way, copied, rewritten with more records,
// touched and deleted between runs that load in batches of any size.
func TestDeliveredObjectsEndInOneStar(t *testing.T) {
	t.Parallel()
	setRounds(t)
	shared := newWarehouse(t)
	root := t.TempDir()
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		w := shared.with(r)
		w.empty()
		round++
		s := newSource(r, filepath.Join(root, fmt.Sprint(round)))
		batch := rapid.SampledFrom([]int{1, 2, 3, 1000}).Draw(r, "objects a batch")
		parallel := rapid.SampledFrom([]int64{0, 1}).Draw(r, "parallel rows")
		var staged star.Staging
		var history []string
		run := func() {
			history = append(history, "run")
			result := w.run(s.vars(), func(o *transform.Options) { o.BatchObjects, o.ParallelRows = batch, parallel })
			s.take(&staged)
			for _, load := range result.Loads {
				if load.Rejects+load.Unreadable+load.Changed > 0 {
					r.Fatalf("load %s: got %+v, want no rejects", load.Step, load)
				}
			}
		}
		for range rapid.IntRange(1, 7).Draw(r, "operations") {
			var names []string
			for name := range s.held {
				names = append(names, name)
			}
			slices.Sort(names)
			layout := rapid.SampledFrom([]string{"lines", "pretty", "adjacent", "crlf"}).Draw(r, "layout")
			operation := rapid.SampledFrom(
				[]string{"song", "events", "events", "names", "more", "copy", "touch", "delete", "run", "replay"},
			).Draw(r, "operation")
			if len(names) == 0 && slices.Contains([]string{"more", "copy", "touch", "delete"}, operation) {
				operation = "events"
			}
			fresh := fmt.Sprint(len(history))
			switch operation {
			case "song":
				name := "song_data/A/B/" + fresh + ".json"
				s.object(name, star.Staging{Songs: repeated(r, "songs", staged.Songs, 3, anySong)}, layout)
				history = append(history, "new "+name)
			case "events":
				name := "log_data/2018/11/" + fresh + "-events.json"
				s.object(name, star.Staging{Events: repeated(r, "events", staged.Events, 5, anyEvent)}, layout)
				history = append(history, "new "+name)
			case "names":
				name := "names/yob" + fresh + ".txt"
				s.object(name, star.Staging{Names: repeated(r, "names", nil, 3, anyFullName)}, layout)
				history = append(history, "new "+name)
			case "more":
				name := rapid.SampledFrom(names).Draw(r, "object")
				records := s.held[name]
				switch {
				case records.Songs != nil:
					records.Songs = append(
						slices.Clone(records.Songs),
						repeated(r, "songs", records.Songs, 2, anySong)...,
					)
				case records.Events != nil:
					records.Events = append(
						slices.Clone(records.Events),
						repeated(r, "events", records.Events, 2, anyEvent)...,
					)
				default:
					records.Names = append(slices.Clone(records.Names), anyFullName(r))
				}
				s.object(name, records, layout)
				history = append(history, "more in "+name)
			case "copy":
				name := rapid.SampledFrom(names).Draw(r, "object")
				to := filepath.Dir(name) + "/copy" + fresh + filepath.Ext(name)
				s.object(to, s.held[name], layout)
				history = append(history, "copy of "+name)
			case "touch":
				name := rapid.SampledFrom(names).Draw(r, "object")
				s.object(name, s.held[name], layout)
				history = append(history, "again "+name)
			case "delete":
				name := rapid.SampledFrom(names).Draw(r, "object")
				if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
					r.Fatal(err)
				}
				delete(s.held, name)
				history = append(history, "delete "+name)
			case "run":
				run()
				w.star(staged, history)
			case "replay":
				history = append(history, "replay")
				w.replay()
				w.star(staged, history)
			}
		}
		run()
		w.star(staged, history)
		again := w.run(s.vars())
		for _, load := range again.Loads {
			if load.Objects+load.Rows != 0 || again.Flagged != 0 {
				r.Fatalf("a second run: got %+v, want nothing loaded", load)
			}
		}
		w.consistent(history)
	})
}

// anyFullName has what a yobYYYY.txt file always has.
func anyFullName(r *rapid.T) star.Name {
	return star.Name{
		Name: anyText(
			r, "name", "Ann", "Ann ", "Kim", "Jo", "O'Neil",
		), Sex: anyText(r, "sex", "F", "M"), Births: anyInteger(r, "births", "5", "6", "7"),
	}
}
