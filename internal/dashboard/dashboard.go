// Package dashboard serves the pages of dwh serve: what the server does and what the warehouse
// holds, to read alone.
package dashboard

import (
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/server"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// Options are what a Dashboard needs; a zero setting means its default.
type Options struct {
	// Pool says how to connect. The dashboard opens connections of its own, so that pages never
	// take one from the work.
	Pool   *pgxpool.Pool
	Engine sqlfile.Engine
	// Reports are read for each view, so that a project's are as they are in its folder. What is
	// returned with an error is shown beside it. Nil for none.
	Reports func() ([]report.Report, error)
	Checks  []check.Check
	// Settings are what checks are told; Now is set where one is made.
	Settings check.Settings
	Steps    []transform.Step // for the lineage
	// Newest tells the moment of the newest record, under the name Newest.Name; nil shows none.
	Newest *Newest
	// SQL is the text of a step as the engine gets it, without secrets.
	SQL func(transform.Step) (string, error)

	Timeout     time.Duration // of a statement; 0: DefaultTimeout
	Concurrency int           // how many views read the warehouse at once
	MaxBytes    int           // of a report that is downloaded, as the database sends it
	Logger      *slog.Logger  // of the dashboard; nil: none
}

// Newest is the tile about the newest record of a project.
type Newest struct {
	Name string // of the tile, such as "Newest order"
	// At is that moment; zero for no record.
	At func(ctx context.Context, db dwhdb.DBTX) (time.Time, error)
}

// The defaults of Options.
const (
	DefaultTimeout     = 15 * time.Second // of one statement
	DefaultConcurrency = 4                // statements at once
	DefaultMaxBytes    = 32 << 20         // bytes of one result
)

// Dashboard makes the pages. Close it when nobody asks for them any more.
type Dashboard struct {
	Options
	warehouse *reader
	views     *views
	results   *results
	newest    *newestDays
	pulse     *pulse
	streams   chan struct{} // holds one for each client that listens for changes
	pages     map[string]*template.Template
	assets    *assets
	lineage   *lineage
	// checkReads are the tables that each check reads.
	checkReads map[string][]string
}

// New returns a Dashboard. Nothing is connected before the first view.
func New(ctx context.Context, o Options) (*Dashboard, error) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Reports == nil {
		o.Reports = func() ([]report.Report, error) { return nil, nil }
	}
	if o.SQL == nil {
		o.SQL = func(step transform.Step) (string, error) { return step.File.Render(o.Engine), nil }
	}
	d := &Dashboard{Options: o, streams: make(chan struct{}, maxStreams), lineage: newLineage(o.Steps),
		checkReads: checkRelations(o.Checks, o.Engine)}
	var err error
	if d.assets, err = newAssets(); err != nil {
		return nil, fmt.Errorf("read the dashboard's assets: %w", err)
	}
	if d.pages, err = parsePages(d.assets, o.Checks); err != nil {
		return nil, fmt.Errorf("read the dashboard's pages: %w", err)
	}
	if d.warehouse, err = newReader(ctx, o); err != nil {
		return nil, err
	}
	d.views, d.results, d.pulse, d.newest = newViews(), newResults(), newPulse(), newNewestDays()
	return d, nil
}

// Close closes the dashboard's connections; it waits for those in use.
func (d *Dashboard) Close() { d.warehouse.close() }

// Handler serves the pages for a server's state. It answers GET and HEAD alone.
func (d *Dashboard) Handler(source server.StateSource) http.Handler {
	s := &site{Dashboard: d, source: source}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page(s.overview))
	mux.HandleFunc("GET /reports", s.page(s.reports))
	mux.HandleFunc("GET /reports/{name}", s.page(s.report))
	mux.HandleFunc("GET /reports/{name}/{file}", s.page(s.reportFile))
	mux.HandleFunc("GET /runs", s.page(s.runs))
	mux.HandleFunc("GET /runs/{id}", s.page(s.run))
	mux.HandleFunc("GET /lineage", s.page(s.lineagePage))
	mux.HandleFunc("GET /lineage/{table}", s.page(s.tablePage))
	mux.HandleFunc("GET /checks/{name}", s.page(s.checkPage))
	mux.HandleFunc("GET /rejects", s.page(s.rejects))
	mux.HandleFunc("GET /rejects/record", s.page(s.reject))
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /assets/{hash}/{name}", s.page(s.asset))
	mux.HandleFunc("/", s.page(func(*http.Request) (answer, error) { return nil, &missingError{} }))
	return s.guard(mux)
}

// site is a dashboard over one server's state.
type site struct {
	*Dashboard
	source server.StateSource
}
