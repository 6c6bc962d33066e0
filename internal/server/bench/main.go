// Command bench measures how long objects take from landing in a folder to their rows in
// f_songplay, and how many a server takes in a row.
//
//	go run ./internal/server/bench --events 5000000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/sample"
	"github.com/sparkify/dwh/internal/warehouse"
)

// settings are the command line.
type settings struct {
	dataDir          string
	events, songs    int
	objects, each    int
	rate             float64
	floods, flooding int
}

func main() {
	var s settings
	flag.StringVar(&s.dataDir, "data-dir", "", "folder of the private PostgreSQL; a temporary one by default")
	flag.IntVar(&s.events, "events", 5_000_000, "events to stage before")
	flag.IntVar(&s.songs, "songs", 2000, "songs to stage before")
	flag.IntVar(&s.objects, "objects", 300, "objects to land one by one")
	flag.IntVar(&s.each, "each", 10, "events in each of them")
	flag.Float64Var(&s.rate, "rate", 10, "of them a second")
	flag.IntVar(&s.floods, "flood-objects", 2000, "objects to land at once")
	flag.IntVar(&s.flooding, "flood-each", 100, "events in each of those")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (s settings) run(ctx context.Context) error {
	root, err := os.MkdirTemp("", "dwh-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	if err := os.Chmod(root, 0o755); err != nil { // root's server runs as another user
		return err
	}
	kept := s.dataDir != ""
	if !kept {
		s.dataDir = filepath.Join(root, "postgres")
	}
	dwh := func(args ...string) error {
		if code := cli.Main(
			ctx, append([]string{"dwh"}, args...), os.Environ(), strings.NewReader(""), io.Discard,
			os.Stderr,
		); code != 0 {
			return fmt.Errorf("dwh %s: exit code %d", strings.Join(args, " "), code)
		}
		return nil
	}
	target, err := warehouse.Private(ctx, s.dataDir, "dwh_bench", nil)
	if err != nil {
		return err
	}
	if !kept {
		defer func() { _ = dwh("local", "stop", "--data-dir", s.dataDir) }()
	}
	dsn := target.DSN.Reveal()
	if err := os.Setenv("DWH_DATABASE_URL", dsn); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	// Apart from the server's folder: a sample wants an empty one.
	root = filepath.Join(root, "source")
	source, err := s.stage(ctx, conn, root, dwh)
	if err != nil {
		return err
	}

	serving, halt := context.WithCancel(ctx)
	ended := make(chan int, 1)
	out, in := io.Pipe()
	go func() {
		ended <- cli.Main(
			serving, append([]string{"dwh", "serve", "--listen", "127.0.0.1:0"}, source...),
			os.Environ(), strings.NewReader(""), io.Discard, in,
		)
		_ = in.Close()
	}()
	ready := make(chan struct{})
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		text := make([]byte, 4096)
		said := ""
		for {
			n, err := out.Read(text)
			if said != "" || strings.Contains(string(text[:n]), "working") {
				if said == "" {
					said = "working"
					close(ready)
				}
			}
			if err != nil {
				return
			}
		}
	}()
	defer func() {
		halt()
		<-ended
		<-drained
	}()
	select {
	case <-ready:
	case code := <-ended:
		ended <- code
		return fmt.Errorf("the server ended with code %d", code)
	}
	if err := s.latency(ctx, conn, root); err != nil {
		return err
	}
	return s.flood(ctx, conn, root)
}

// stage fills the warehouse and returns the flags of the source.
func (s settings) stage(ctx context.Context, conn *pgx.Conn, root string, dwh func(...string) error) ([]string, error) {
	if _, err := sample.Write(ctx, root, sample.Options{Songs: s.songs, Events: 1, Seed: 1}); err != nil {
		return nil, err
	}
	log := filepath.Join(root, "landing")
	if err := os.MkdirAll(log, 0o755); err != nil {
		return nil, err
	}
	// Songs that come again from another folder would heal every play there is.
	songs := filepath.Join(root, "songs")
	if err := os.MkdirAll(songs, 0o755); err != nil {
		return nil, err
	}
	paths := filepath.Join(root, "log_json_path.json")
	source := []string{"--song-data", songs, "--log-data", log, "--log-jsonpaths", paths}
	if err := dwh("migrate", "up", "--quiet"); err != nil {
		return nil, err
	}
	var staged, heard int
	if err := conn.QueryRow(
		ctx, `SELECT (SELECT count(*) FROM s_songplay_event), (SELECT count(*) FROM s_song)`,
	).Scan(&staged, &heard); err != nil {
		return nil, err
	}
	if heard == 0 {
		// The events of the sample stay out: those of the bench are made below.
		none := filepath.Join(root, "none")
		if err := os.MkdirAll(none, 0o755); err != nil {
			return nil, err
		}
		if err := dwh("run", "--no-full-check", "--quiet", "--song-data", filepath.Join(root, "song_data"),
			"--log-data", none, "--log-jsonpaths", paths); err != nil {
			return nil, err
		}
	}
	if staged >= s.events {
		return source, nil
	}
	fmt.Printf("staging %d events\n", s.events-staged)
	// 5,000 users, a play a second, each of a staged song.
	if _, err := conn.Exec(ctx, `
		INSERT INTO s_songplay_event (artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page,
			registration, session_id, song, status, ts, user_agent, user_id)
		SELECT song.artist_name, 'Logged In', 'F' || (n % 5000), CASE WHEN n % 2 = 0 THEN 'F' ELSE 'M' END, n % 50, 'L', song.duration,
			CASE WHEN n % 3 = 0 THEN 'paid' ELSE 'free' END, 'Somewhere, US', 'PUT', 'NextSong', 1540344794796, n / 50, song.title, 200,
			1541000000000 + CAST(n AS BIGINT) * 1000, 'agent', CAST(n / 50 % 5000 AS TEXT)
		FROM generate_series(CAST($1 AS INTEGER), CAST($2 AS INTEGER)) AS n
		INNER JOIN (SELECT ROW_NUMBER() OVER (ORDER BY song_id, title) AS place, * FROM s_song) AS song
			ON song.place = n % CAST($3 AS INTEGER) + 1`, staged+1, s.events, s.songs); err != nil {
		return nil, err
	}
	if err := dwh("transform", "--replay"); err != nil {
		return nil, err
	}
	_, err := conn.Exec(ctx, `VACUUM ANALYZE`)
	return source, err
}

// object writes one object of events, new ones each time, and returns the moment it landed.
func object(root, name string, n, events int) (time.Time, error) {
	var text strings.Builder
	for i := range events {
		fmt.Fprintf(
			&text,
			`{"artist":"A","auth":"Logged `+
				`In","firstName":"F","gender":"F","itemInSession":%d,"lastName":"L","length":200.5,"level":"free","location":"X","method":"PUT","page":"NextSong","registration":1540344794796.0,"sessionId":%d,"song":"S","status":200,"ts":%d,"userAgent":"u","userId":"%d"}`+"\n",
			i, 1_000_000+n, time.Now().UnixMilli()+int64(i), (n*7+i)%5000,
		)
	}
	hidden := filepath.Join(root, "."+name)
	if err := os.WriteFile(hidden, []byte(text.String()), 0o644); err != nil {
		return time.Time{}, err
	}
	err := os.Rename(hidden, filepath.Join(root, "landing", name))
	return time.Now(), err
}

// latency lands objects one by one.
func (s settings) latency(ctx context.Context, conn *pgx.Conn, root string) error {
	landed := map[string]time.Time{}
	var took []time.Duration
	prefix := fmt.Sprintf("one-%d-", time.Now().Unix())
	pause := time.Duration(float64(time.Second) / s.rate)
	next := time.Now()
	for n := 0; n < s.objects || len(landed) > 0; {
		if n < s.objects && !time.Now().Before(next) {
			name := fmt.Sprintf("%s%06d.json", prefix, n)
			at, err := object(root, name, int(time.Now().UnixMilli()%1e9)*10, s.each)
			if err != nil {
				return err
			}
			landed[name] = at
			n++
			next = next.Add(pause)
		}
		// The ledger's row is committed together with the object's rows in f_songplay.
		rows, err := conn.Query(
			ctx, `SELECT url FROM s_object WHERE url >= $1 ORDER BY url`,
			"file://"+filepath.Join(root, "landing", prefix),
		)
		if err != nil {
			return err
		}
		seen, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		now := time.Now()
		for _, url := range seen {
			if at, ok := landed[filepath.Base(url)]; ok {
				took = append(took, now.Sub(at))
				delete(landed, filepath.Base(url))
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
	if len(took) == 0 {
		return errors.New("no object was seen")
	}
	slices.Sort(took)
	at := func(p float64) time.Duration {
		return took[min(len(took)-1, int(p*float64(len(took))))].Round(time.Millisecond)
	}
	fmt.Printf(
		"landing to visible: %d objects of %d events, %.0f a second: p50 %s, p99 %s, max %s\n",
		len(took), s.each, s.rate, at(0.5), at(0.99), at(1),
	)
	return nil
}

// flood lands many objects at once.
func (s settings) flood(ctx context.Context, conn *pgx.Conn, root string) error {
	count := func() (n int, err error) {
		err = conn.QueryRow(ctx, `SELECT count(*) FROM s_object`).Scan(&n)
		return n, err
	}
	before, err := count()
	if err != nil {
		return err
	}
	started := time.Now()
	for n := range s.floods {
		if _, err := object(
			root, fmt.Sprintf("flood-%d-%06d.json", started.Unix(), n),
			int(started.Unix()%1e5)*100_000+n, s.flooding,
		); err != nil {
			return err
		}
	}
	for {
		now, err := count()
		if err != nil {
			return err
		}
		if now >= before+s.floods {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	took := time.Since(started).Seconds()
	fmt.Printf("sustained: %d objects of %d events in %.1f s: %.0f objects/s, %.0f events/s\n",
		s.floods, s.flooding, took, float64(s.floods)/took, float64(s.floods*s.flooding)/took)
	return nil
}
