package transform

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Options are what a Runner needs. Pool and Engine are required.
type Options struct {
	Pool    *pgxpool.Pool     // connections to the warehouse
	Engine  sqlfile.Engine    // of the warehouse behind Pool
	Version string            // of dwh, for the journal
	Steps   []Step            // the project's, in the order of their numbers
	Vars    map[string]string // psql variables; a source that is not configured is absent or empty
	Loading
	Checking
	Building
	Watching
	Wait     bool // wait for another dwh instead of failing
	NoReplay bool // fail instead of replaying a stale warehouse
}

// Loading says how a Runner loads.
type Loading struct {
	Copier load.Copier        // nil: nothing can be loaded
	Store  *objectstore.Store // what Copier copies from
	// BatchObjects and BatchBytes bound what one transaction loads; 0 means the defaults, 10,000
	// objects and 1 GiB.
	BatchObjects int
	BatchBytes   int64
	// NoLoad leaves the 0xx files out: the rows that are staged are all there is. It goes without a
	// Copier.
	NoLoad bool
}

// Checking says what a Runner checks.
type Checking struct {
	Checks []check.Check // those that the gate and CheckAfter make
	// Settings are the checks' settings. Leave Now out: it is set whenever checks run.
	Settings check.Settings
	// FullCheck says that CheckAfter follows each run, so that a first run may make all checks
	// while its rows are at hand.
	FullCheck bool
}

// Building says how a Runner builds tables.
type Building struct {
	// ParallelRows is from how many unprocessed rows on PostgreSQL is asked to transform by several
	// of its processes, which take some 10 ms to start; 0 means 100,000.
	ParallelRows int64
	// Scratch begins the names of the schemas in which a run builds and compares, so that runs in
	// several schemas of one database do not wait for one another; "" means dwh.
	Scratch catalogue.Name
	// Flush, where set, writes to disk what the server has written to its files, for a PostgreSQL
	// server on this machine. A run that hands over large tables calls it before its commit, which
	// would otherwise do so while readers wait.
	Flush func() error
}

// Watching says who is told what a Runner does.
type Watching struct {
	Logger   *slog.Logger      // of what the run does; nil discards
	Observer progress.Observer // is told of each step; nil: nobody
	// Heartbeat is how often a run says in the journal that it works; 0 means every minute.
	Heartbeat time.Duration
	// Failpoint, where set, is called at named moments; the crash tests end the process there.
	Failpoint func(name string)
}

// Defaults of Options.
const (
	DefaultBatchObjects = 10_000  // objects that one transaction loads
	DefaultBatchBytes   = 1 << 30 // bytes that one transaction loads, as stored: 1 GiB
	DefaultParallelRows = 100_000 // unprocessed rows, see Building.ParallelRows
	defaultScratch      = "dwh"
)

// The ends of the names of a run's scratch schema, and of the one of a comparison, which does not
// wait for a run.
const (
	scratchSuffix    = "_scratch"
	comparisonSuffix = "_compare"
)

// An OptionsError says why Options are refused. Msg is the reason, in a sentence.
type OptionsError struct{ Msg string }

func (e *OptionsError) Error() string { return "options of a Runner: " + e.Msg }

// contradiction says what in the options is missing or contradicts something else; "" for nothing.
func (o Options) contradiction() string {
	switch {
	case o.Pool == nil:
		return "Pool is missing"
	case o.Engine != sqlfile.Postgres && o.Engine != sqlfile.Redshift:
		return fmt.Sprintf("Engine is %q, want %q or %q", o.Engine, sqlfile.Postgres, sqlfile.Redshift)
	case o.Copier != nil && o.Store == nil:
		return "there is a Copier, and no Store that it copies from"
	case o.Copier == nil && o.Store != nil:
		return "there is a Store, and no Copier that copies from it"
	case o.NoLoad && o.Copier != nil:
		return "NoLoad says that nothing is loaded, and there is a Copier"
	case o.Flush != nil && o.Engine != sqlfile.Postgres:
		return "Flush is for a PostgreSQL server, and Engine is " + string(o.Engine)
	case o.FullCheck && len(o.Checks) == 0:
		return "FullCheck says that all checks follow a run, and there are no Checks"
	case !o.Settings.Now.IsZero():
		return "Settings.Now is set, and checks run at the time that a run sets"
	}
	if msg := o.negative(); msg != "" {
		return msg
	}
	return o.badSteps()
}

// negative says which number is below 0.
func (o Options) negative() string {
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"BatchObjects", int64(o.BatchObjects)}, {"BatchBytes", o.BatchBytes},
		{"ParallelRows", o.ParallelRows}, {"Heartbeat", int64(o.Heartbeat)},
	} {
		if limit.value < 0 {
			return fmt.Sprintf("%s is %d, want 0 for the default, or more", limit.name, limit.value)
		}
	}
	return ""
}

// badSteps says what is wrong with the steps.
func (o Options) badSteps() string {
	for i, step := range o.Steps {
		if at := slices.IndexFunc(o.Steps, func(s Step) bool { return s.Name == step.Name }); at < i {
			return "the step " + step.Name + " is there twice"
		}
		if step.Load && o.Copier == nil && !o.NoLoad && step.Configured(o.Vars) {
			return "the load " + step.Name + " has a source, and there is neither a Copier nor NoLoad"
		}
	}
	return ""
}

// withDefaults returns the options with their defaults.
func (o Options) withDefaults() Options {
	if o.BatchObjects == 0 {
		o.BatchObjects = DefaultBatchObjects
	}
	if o.BatchBytes == 0 {
		o.BatchBytes = DefaultBatchBytes
	}
	if o.ParallelRows == 0 {
		o.ParallelRows = DefaultParallelRows
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = func(progress.Event) {}
	}
	if o.Scratch == "" {
		o.Scratch = defaultScratch
	}
	if o.Failpoint == nil {
		o.Failpoint = func(string) {}
	}
	return o
}
