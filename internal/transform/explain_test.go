package transform_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/transform"
)

// history is how many events are staged and processed before the batch.
const history = 150_000

// fill stages and publishes events and songs as if an earlier run had done it, and lets the planner
// know.
func (w *warehouse) fill(events int) {
	w.t.Helper()
	w.exec(fmt.Sprintf(`
		INSERT INTO s_song (song_id, title, artist_id, artist_name, duration, year, processed)
		SELECT 'S' || n, 'Title ' || n, 'A' || n / 5, 'Artist ' || n / 5, 100 + n %% 300, 1950 + n %% 70, TRUE
		FROM generate_series(1, %[1]d / 50) AS n;

		INSERT INTO s_songplay_event (artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, processed)
		SELECT 'Artist ' || n * 7919 %% (%[1]d / 100), 'Logged In', 'First' || n %% 97, 'F', n %% 50, 'Last', 100 + n %% 300, 'free', 'San Francisco-Oakland-Hayward, CA', 'PUT', 'NextSong',
			1540344794796, n / 50, 'Title ' || n * 104729 %% (%[1]d / 20), 200, 1541106106796 + n * 1000, 'Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36', CAST(n / 50 %% 3000 AS VARCHAR), TRUE
		FROM generate_series(CAST(1 AS BIGINT), %[1]d) AS n`, events))
	w.exec(`
		INSERT INTO f_songplay (songplay_id, start_time, played_at, user_id, artist_id, level, session_id, location, user_agent)
		SELECT ENCODE(SHA256(CONVERT_TO(user_id || '|' || session_id || '|' || item_in_session || '|' || ts, 'UTF8')), 'hex'),
			DATE_TRUNC('hour', TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second'), TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second' + MOD(ts, 1000) / 1000.0 * INTERVAL '1 second',
			user_id, NULL, level, session_id, location, user_agent
		FROM s_songplay_event;

		INSERT INTO d_time
		SELECT start_time, EXTRACT(hour FROM start_time), EXTRACT(day FROM start_time), EXTRACT(week FROM start_time), EXTRACT(month FROM start_time),
			EXTRACT(year FROM start_time), MOD(CAST(EXTRACT(dow FROM start_time) AS INTEGER) + 6, 7)
		FROM f_songplay GROUP BY start_time;

		INSERT INTO d_user (user_id, first_name, last_name, gender, level, last_ts, last_session_id, last_item_in_session)
		SELECT DISTINCT ON (user_id) user_id, first_name, last_name, gender, level, ts, session_id, item_in_session
		FROM s_songplay_event ORDER BY user_id, ts DESC;

		INSERT INTO d_song (song_id, title, artist_id, year, duration) SELECT song_id, title, artist_id, year, duration FROM s_song;

		INSERT INTO d_artist (artist_id, name) SELECT artist_id, artist_name FROM s_song GROUP BY 1, 2`)
	// Flagging moves rows, and a server of some age has vacuumed.
	w.exec("VACUUM ANALYZE")
	for _, step := range steps(w.t) {
		if !step.Load {
			w.exec(
				"INSERT INTO dwh_transform (name, fingerprint, run_id) VALUES ('" + step.Name +
					"', '" + step.Fingerprint + "', 'before')",
			)
		}
	}
}

// batch stages 1,000 new events, some late, and 10 new songs of artists who were played already.
func (w *warehouse) batch(events int) {
	w.t.Helper()
	w.exec(fmt.Sprintf(`
		INSERT INTO s_song (song_id, title, artist_id, artist_name, duration, year)
		SELECT 'N' || n, 'Title ' || n * 10, 'A' || n, 'Artist ' || n * 11, 100, 2000 FROM generate_series(1, 10) AS n;

		INSERT INTO s_songplay_event (artist, item_in_session, length, level, page, session_id, song, ts, user_id)
		SELECT 'Artist ' || n, n %% 50, 120, 'paid', 'NextSong', %[1]d + n / 50, 'Title ' || n, 1541106106796 + CAST(%[1]d + n AS BIGINT) * 1000, CAST(n %% 3000 AS VARCHAR)
		FROM generate_series(1, 900) AS n;

		INSERT INTO s_songplay_event (artist, item_in_session, length, level, page, session_id, song, ts, user_id)
		SELECT artist, item_in_session, length, level, page, session_id, song, ts, user_id FROM s_songplay_event WHERE ts BETWEEN 1541206206796 AND 1541206305796`, events))
}

// deliver puts the same as batch into the objects of a source.
func (w *warehouse) deliver(s *source, events int64) {
	w.t.Helper()
	var batch star.Staging
	for n := range int64(10) {
		batch.Songs = append(batch.Songs, star.Song{
			SongID: text(fmt.Sprint("N", n+1)), Title: text(
				fmt.Sprint("Title ", (n+1)*10),
			), ArtistID: text(fmt.Sprint("A", n+1)), ArtistName: text(
				fmt.Sprint("Artist ", (n+1)*11),
			), Duration: number(100),
		})
	}
	add := func(artist, title string, session, item, ts int64, user string) {
		batch.Events = append(batch.Events, star.Event{
			Artist: text(
				artist,
			), Song: text(title), Item: integer(item), Length: number(120), Level: text("paid"), Page: text(
				"NextSong",
			), Session: integer(session), TS: integer(ts), UserID: text(user),
		})
	}
	for n := int64(1); n <= 900; n++ {
		add(
			fmt.Sprint("Artist ", n), fmt.Sprint("Title ", n), events+n/50, n%50,
			1541106106796+(events+n)*1000, fmt.Sprint(n%3000),
		)
	}
	for _, row := range w.rows(
		"SELECT artist, song, session_id, item_in_session, ts, user_id FROM s_songplay_event " +
			"WHERE ts BETWEEN 1541206206796 AND 1541206305796",
	) {
		var session, item, ts int64
		if _, err := fmt.Sscan(strings.Join(row[2:5], " "), &session, &item, &ts); err != nil {
			w.t.Fatal(err)
		}
		add(row[0], row[1], session, item, ts, row[5])
	}
	s.object("song_data/1.json", star.Staging{Songs: batch.Songs}, "lines")
	s.object("log_data/1.json", star.Staging{Events: batch.Events}, "lines")
}

// planner is a pgx tracer that has the server explain every statement without parameters before it
// runs.
type planner struct {
	mu    sync.Mutex
	plans []plan
	errs  []error
}

type plan struct {
	sql  string
	Node node `json:"Plan"`
}

type node struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Cond     string `json:"Index Cond"`
	Parent   string `json:"Parent Relationship"`
	Plans    []node
}

// walk calls f for the node and all below it.
func (n node) walk(f func(node)) {
	f(n)
	for _, below := range n.Plans {
		below.walk(f)
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (p *planner) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if len(data.Args) > 0 || conn.PgConn().TxStatus() != 'T' {
		return ctx
	}
	words := strings.Fields(stripComments(data.SQL))
	switch {
	case len(words) < 4:
		return ctx
	case words[0] == "CREATE" && (words[1] != "TABLE" || words[3] != "AS"):
		return ctx
	case !strings.Contains(" CREATE INSERT DELETE UPDATE SELECT WITH ", " "+words[0]+" "):
		return ctx
	}
	// The lower layer, so that the tracer does not see its own statement.
	results, err := conn.PgConn().Exec(ctx, "EXPLAIN (FORMAT JSON) "+data.SQL).ReadAll()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("explain %s: %w", data.SQL, err))
		return ctx
	}
	var found []plan
	if err := json.Unmarshal(results[0].Rows[0][0], &found); err != nil {
		p.errs = append(p.errs, err)
		return ctx
	}
	found[0].sql = data.SQL
	p.plans = append(p.plans, found[0])
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*planner) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func stripComments(sql string) string {
	var out strings.Builder
	for line := range strings.Lines(sql) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// TestCostFollowsTheBatch looks at the plan of every statement of an incremental run over a small
// batch behind a long history, the gate's and the flags' included: none reads all events or all
// plays.
func TestCostFollowsTheBatch(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"staged", "arriving"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			costFollowsTheBatch(t, name == "arriving")
		})
	}
}

func costFollowsTheBatch(t *testing.T, arriving bool) {
	w := newWarehouse(t)
	started := time.Now()
	w.fill(history)
	var vars map[string]string
	if arriving {
		s := newSource(t, t.TempDir())
		vars = s.vars()
		w.deliver(s, history)
	} else {
		w.batch(history)
	}
	t.Logf("made %d events in %s", history, time.Since(started).Round(time.Millisecond))

	p := &planner{}
	traced := w.traced(t, p)
	started = time.Now()
	result, err := w.runner(vars, func(o *transform.Options) { o.Pool = traced }).Run(t.Context(), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("transformed the batch in %s, with explaining", time.Since(started).Round(time.Millisecond))
	for _, err := range p.errs {
		t.Error(err)
	}
	if result.Flagged != 1010 {
		t.Errorf("rows flagged: got %d, want 1010", result.Flagged)
	}
	if len(p.plans) < 30 {
		t.Errorf("plans: got %d, want those of all transforms, checks and flags", len(p.plans))
	}
	seen := map[string]int{}
	for _, item := range p.plans {
		item.Node.walk(func(n node) {
			if n.Type == "Bitmap Index Scan" {
				seen[n.Index]++ // it names no relation
			}
			if n.Relation != "s_songplay_event" && n.Relation != "f_songplay" {
				return
			}
			if n.Parent == "InitPlan" {
				return // an EXISTS, which ends at the first row
			}
			seen[n.Relation]++
			if n.Index != "" {
				seen[n.Index]++
			}
			reads := strings.Contains(n.Type, "Scan") && !strings.Contains(n.Type, "Bitmap Heap")
			if strings.Contains(n.Type, "Seq Scan") || reads && n.Cond == "" && n.Index != "s_songplay_event_new" {
				t.Errorf("%s of %s %s in\n%s", n.Type, n.Relation, n.Index, item.sql)
			}
		})
	}
	if seen["s_songplay_event"] < 5 || seen["f_songplay"] < 3 {
		t.Errorf("nodes about the tables: got %v, want 5 of s_songplay_event and 3 of f_songplay", seen)
	}
	// Earlier deliveries by key, and plays to heal by title and by artist.
	if seen["s_songplay_event_songplay"] < 1 || seen["s_songplay_event_song"] < 2 {
		t.Errorf("indexes: got %v, want s_songplay_event_songplay and twice s_songplay_event_song", seen)
	}
	if healed := w.one("SELECT COUNT(*) FROM f_songplay WHERE artist_id IS NOT NULL"); healed == "0" {
		t.Errorf("healed plays: got %s, want some", healed)
	}
}
