package transform_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/transform"
)

// trips counts how often the client waits for an answer to what it sent.
type trips struct {
	net.Conn
	sent  atomic.Bool
	count *atomic.Int64
}

// Write implements net.Conn.
func (c *trips) Write(p []byte) (int, error) {
	if !c.sent.Swap(true) {
		c.count.Add(1)
	}
	return c.Conn.Write(p)
}

// Read implements net.Conn.
func (c *trips) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.sent.Store(false)
	}
	return n, err
}

// counting is a pool as the command line has it, which counts its round trips.
func (w *warehouse) counting(t *testing.T) (*pgxpool.Pool, *atomic.Int64) {
	t.Helper()
	count := &atomic.Int64{}
	config := w.pool.Config()
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &trips{Conn: conn, count: count}, nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, count
}

// TestRoundTrips bounds what a run asks of the server whatever its batch holds: a batch of a day,
// in as many objects as hours, and a run that finds nothing new.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	w.fill(20_000)
	s := newSource(t, t.TempDir())
	for i := range 10 {
		s.object(
			fmt.Sprintf("song_data/A/%d.json", i),
			star.Staging{Songs: []star.Song{song(fmt.Sprintf("N%d", i), fmt.Sprintf("A%d", i))}},
			"lines",
		)
	}
	for i := range 30 {
		var events []star.Event
		for item := range int64(33) {
			events = append(events, play(fmt.Sprint(i), item+int64(i)*3600))
		}
		s.object(fmt.Sprintf("log_data/%d.json", i), star.Staging{Events: events}, "lines")
	}
	pool, count := w.counting(t)
	for _, c := range []struct {
		name    string
		flagged int64
		most    int64
	}{
		{"a batch", 1000, 190},
		{"nothing new", 0, 20},
	} {
		before := count.Load()
		result := w.run(s.vars(), func(o *transform.Options) { o.Pool = pool })
		if result.Flagged != c.flagged {
			t.Errorf("%s: got %d rows flagged, want %d", c.name, result.Flagged, c.flagged)
		}
		if got := count.Load() - before; got > c.most {
			t.Errorf("%s: got %d round trips, want at most %d", c.name, got, c.most)
		} else {
			t.Logf("%s: %d round trips", c.name, got)
		}
	}
}
