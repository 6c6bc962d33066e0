package dashboard

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/table"
)

// result is a report's first rows, or a check's.
type result struct {
	key   string
	table table.Table
	cut   bool
	count int64 // of a check, all violations
	at    time.Time
	took  time.Duration
}

const (
	keptResults = 16
	// A result serves for ten times as long as it took, within these bounds: a page's chart is
	// fetched right after the page, and a report that takes seconds is not to run for every batch
	// that is committed while somebody looks at it.
	leastFresh, mostFresh = 3 * time.Second, 2 * time.Minute
)

// fresh is how long the result goes on serving.
func (r result) fresh() time.Duration {
	return min(max(10*r.took, leastFresh), mostFresh) - time.Since(r.at)
}

// results keep the latest few, so that a page and its chart run a report once and show the same.
type results struct {
	mu   sync.Mutex
	list []result // the latest first
}

func newResults() *results { return &results{} }

func (k *results) get(key string) (result, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := slices.IndexFunc(k.list, func(r result) bool { return r.key == key && r.fresh() > 0 })
	if at < 0 {
		return result{}, false
	}
	return k.list[at], true
}

func (k *results) put(r result) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list = slices.DeleteFunc(k.list, func(old result) bool { return old.key == r.key || old.fresh() <= 0 })
	k.list = slices.Insert(k.list, 0, r)
	k.list = k.list[:min(len(k.list), keptResults)]
}

// result runs a report for its page, unless that was done just now.
func (s *site) result(ctx context.Context, r report.Report, given map[string]string) (result, error) {
	text, err := json.Marshal([]any{r.Name, r.Query.SQL(), given})
	if err != nil {
		return result{}, err
	}
	key := hashOf(text)
	if found, ok := s.results.get(key); ok {
		return found, nil
	}
	started := time.Now()
	out := result{key: key}
	rows := &bounded{rows: readRows, enough: shownRows, bytes: s.MaxBytes / keptResults}
	if err := s.warehouse.read(ctx, func(tx pgx.Tx) (err error) {
		rows.Querier = tx
		out.table, err = r.Run(ctx, rows, given)
		return err
	}); err != nil {
		return result{}, err
	}
	out.cut, out.at, out.took = rows.cut, time.Now(), time.Since(started)
	s.results.put(out)
	return out, nil
}
