package transform_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// TestNewRefusesContradictions: options that lack something or contradict one another are refused
// before anything runs, with a sentence.
func TestNewRefusesContradictions(t *testing.T) {
	t.Parallel()
	store := objectstore.New(objectstore.Options{})
	pool, err := pgxpool.New(t.Context(), "host=/nowhere") // it connects only when it is used
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	for _, c := range []struct {
		change func(*transform.Options)
		want   string // "": they are taken
	}{
		{func(*transform.Options) {}, ""},
		{func(o *transform.Options) { o.Pool = nil }, "Pool is missing"},
		{func(o *transform.Options) { o.Engine = "" }, `Engine is "", want "postgres" or "redshift"`},
		{func(o *transform.Options) { o.Store = nil }, "there is a Copier, and no Store that it copies from"},
		{func(o *transform.Options) { o.Copier = nil }, "there is a Store, and no Copier that copies from it"},
		{
			func(o *transform.Options) { o.NoLoad = true },
			"NoLoad says that nothing is loaded, and there is a Copier",
		},
		{func(o *transform.Options) { o.Loading = transform.Loading{NoLoad: true} }, ""},
		{func(o *transform.Options) { o.Loading = transform.Loading{} }, ""},
		{
			func(o *transform.Options) {
				o.Loading, o.Vars = transform.Loading{}, map[string]string{"song_data": "songs/"}
			},
			"the load 010_s_song has a source, and there is neither a Copier nor NoLoad",
		},
		{
			func(o *transform.Options) { o.Engine, o.Flush = sqlfile.Redshift, func() error { return nil } },
			"Flush is for a PostgreSQL server, and Engine is redshift",
		},
		{
			func(o *transform.Options) { o.Checks, o.FullCheck = []check.Check{}, true },
			"FullCheck says that all checks follow a run, and there are no Checks",
		},
		{func(o *transform.Options) { o.BatchObjects = -1 }, "BatchObjects is -1, want 0 for the default, or more"},
		{func(o *transform.Options) { o.Heartbeat = -5 }, "Heartbeat is -5, want 0 for the default, or more"},
		{
			func(o *transform.Options) { o.Steps = append(o.Steps, o.Steps[0]) },
			"the step 010_s_song is there twice",
		},
	} {
		o := transform.Options{
			Pool: pool, Engine: sqlfile.Postgres, Version: "test", Steps: steps(t),
			Loading: transform.Loading{Copier: load.ClientCopier{Store: store}, Store: store},
		}
		c.change(&o)
		_, err := transform.New(o)
		var refused *transform.OptionsError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("got %v, want no error", err)
		case c.want != "" && (!errors.As(err, &refused) || refused.Msg != c.want):
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}
