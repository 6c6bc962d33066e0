package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/notify"
	"github.com/sparkify/dwh/internal/server"
	"github.com/sparkify/dwh/internal/warehouse"
)

const (
	// tellWithin is how long a command that is done waits for its message to be taken.
	tellWithin = 10 * time.Second
	// tellAfter is how long a server's failure has to last before it is told: what a second try
	// mends is no news.
	tellAfter = 30 * time.Second
)

// teller tells a webhook what becomes of a command. Its methods do nothing on a nil teller, and
// never wait for the webhook while the command works. It is safe for concurrent use.
type teller struct {
	notifier interface {
		Send(e notify.Event)
		Close(ctx context.Context)
	}
	command string
	after   time.Duration // see tellAfter

	mu            sync.Mutex
	target        string
	known         []check.Check          // the project's checks
	checkFailed   bool                   // a check, when it was last made before this command
	recovers      bool                   // to be told when this command ends well
	problems      map[string]*time.Timer // of the server, by what fails; the timer tells it
	told          map[string]bool        // the problems that were told
	checksFailing []string
}

// toldCommands are the commands whose end is told.
func toldCommands() []string { return []string{"run", "transform", "check", "serve"} }

// newTeller returns the teller of a command, nil where the configuration names no webhook or
// nothing is to be told. What is wrong with the settings is a warning: the command does its work
// without.
func (a *app) newTeller(c *cli.Context, cfg *config.Config) *teller {
	if cfg.Notify.Webhook == "" || !slices.Contains(toldCommands(), c.Command.Name) || c.Bool("dry-run") ||
		c.Bool("plan") {
		return nil
	}
	n, err := newNotifier(a, cfg)
	if err != nil {
		a.out.Warn("notify.header_file: %v; no messages are sent to the webhook", err)
		return nil
	}
	return newTeller(n, c.Command.Name, tellAfter)
}

func newTeller(n *notify.Notifier, command string, after time.Duration) *teller {
	return &teller{notifier: n, command: command, after: after, problems: map[string]*time.Timer{},
		told: map[string]bool{}}
}

func newNotifier(a *app, cfg *config.Config) (*notify.Notifier, error) {
	return notify.New(notify.Options{
		URL: cfg.Notify.Webhook, Format: notify.Format(cfg.Notify.Format), HeaderFile: cfg.Notify.HeaderFile,
		Warn: func(format string, args ...any) { a.warnBeside(fmt.Sprintf(format, args...)) },
	})
}

func newEvent(kind notify.Kind) notify.Event {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return notify.Event{Kind: kind, At: time.Now(), Host: host, Version: Version()}
}

// event is an event of this command; t.mu is held.
func (t *teller) event(kind notify.Kind) notify.Event {
	e := newEvent(kind)
	e.Command, e.Target = t.command, t.target
	return e
}

// opened notes the warehouse, and whether the last run or check before this one failed. checks are
// the project's: what another one found, which a header or a file no longer demands, stands in the
// journal for good.
func (t *teller) opened(ctx context.Context, w *warehouse.Warehouse, checks []check.Check) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.target = w.Target()
	// Before the first migration there is no journal, and nothing that could recover.
	runs, err := dwhdb.New(w.Pool()).Runs(ctx, runsLookedAt)
	last := slices.IndexFunc(runs, func(run dwhdb.DwhRun) bool { return !repairs(run.Command) })
	runFailed := err == nil && last >= 0 && strings.Contains(journal.Seen(runs[last],
		time.Now()).Outcome, "fail")
	t.known = checks
	t.checkFailed = t.anyCheckFailed(ctx, w)
	t.recovers = runFailed || t.checkFailed
}

// runsLookedAt is among how many of the last runs opened looks for one that is told.
const runsLookedAt = 50

// repairs tells whether a run in the journal is of a command that is used after a failure, and
// whose end is not told: the failure is over when a run or a transform ends well.
func repairs(command string) bool {
	return slices.ContainsFunc(strings.Fields(command), func(word string) bool {
		return slices.Contains([]string{"staging", "reject", "migrate", "compact"}, word)
	})
}

// closing finds out whether a check that failed before the command still does; the warehouse is
// about to be closed.
func (t *teller) closing(w *warehouse.Warehouse) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.checkFailed {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), tellWithin)
	defer cancel()
	t.recovers = !t.anyCheckFailed(ctx, w)
}

// anyCheckFailed tells whether a check of the project failed when it was last made; t.mu is held.
func (t *teller) anyCheckFailed(ctx context.Context, w *warehouse.Warehouse) bool {
	found, err := dwhdb.New(w.Pool()).LatestChecks(ctx)
	return err == nil && slices.ContainsFunc(found, func(c dwhdb.DwhCheck) bool {
		return c.Outcome == "fail" && slices.ContainsFunc(
			t.known, func(item check.Check) bool { return item.Name == c.Name },
		)
	})
}

const (
	// seeChecks is for a check over what readers see.
	seeChecks = `see the violations with "dwh check"`
	// seeRun is for a check that refused a commit: the tables hold none of what it found.
	seeRun = `"dwh history" lists the runs, and "dwh history RUN" shows the checks of one`
)

// failure is what an error is told as; t.mu is held.
func (t *teller) failure(err error) notify.Event {
	e := t.event(notify.RunFailed)
	var failed *check.FailedError
	if errors.As(err, &failed) {
		e.Kind = notify.CheckFailed
		e.Checks = failedChecks(failed.Results)
	}
	e.Error, e.Hint = printable(config.RedactText(strings.TrimSpace(err.Error()))), printable(hintOf(err))
	switch {
	case e.Kind != notify.CheckFailed || e.Hint != "":
	case failed.Kept:
		e.Hint = seeRun
	default:
		e.Hint = seeChecks
	}
	return e
}

func failedChecks(results []check.Result) []notify.Check {
	var list []notify.Check
	for _, result := range results {
		list = append(list, notify.Check{Name: result.Check.Name, Violations: result.Violations})
	}
	return list
}

// ended tells how the command ended, and waits for a while until what was told is taken. A mistake
// on the command line and an interruption are not told: somebody sits there.
func (t *teller) ended(ctx context.Context, err error) {
	if t == nil {
		return
	}
	t.mu.Lock()
	for _, timer := range t.problems {
		timer.Stop()
	}
	switch {
	case ctx.Err() != nil:
	case err != nil && exitCode(err) != exitUsage:
		t.notifier.Send(t.failure(err))
	case err == nil && t.recovers && t.command != "serve":
		t.notifier.Send(t.event(notify.Recovered))
	}
	t.mu.Unlock()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
	defer cancel()
	t.notifier.Close(closing)
}

// watch tells what happens to the server.
func (t *teller) watch(e server.Event) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case e.Problem != nil:
		t.problem(*e.Problem)
	case e.Recovered != "":
		if timer := t.problems[e.Recovered]; timer != nil {
			timer.Stop()
			delete(t.problems, e.Recovered)
		}
		if t.told[e.Recovered] {
			delete(t.told, e.Recovered)
			recovered := t.event(notify.Recovered)
			t.notifier.Send(recovered)
		}
	case e.Quarantine != nil:
		quarantined := t.event(notify.Quarantined)
		quarantined.Object, quarantined.Error = printable(string(e.Quarantine.URL)), printable(e.Quarantine.Reason)
		quarantined.Hint = fmt.Sprintf("dwh reject retry %s", shellWord(printable(string(e.Quarantine.URL))))
		if e.Quarantine.Hint != "" {
			quarantined.Hint = printable(e.Quarantine.Hint) + "; then " + quarantined.Hint
		}
		t.notifier.Send(quarantined)
	case e.Mended != "":
		mended := t.event(notify.Recovered)
		mended.Object = printable(string(e.Mended))
		t.notifier.Send(mended)
	case e.Checks != nil:
		t.checks(e.Checks)
	}
}

// problem tells a failure that lasts; t.mu is held.
func (t *teller) problem(p server.Problem) {
	if t.problems[p.What] != nil {
		return
	}
	e := t.event(notify.RunFailed)
	e.Error, e.Hint = printable(config.RedactText(p.Text)), printable(p.Hint)
	t.problems[p.What] = time.AfterFunc(max(t.after-time.Since(p.Since), 0), func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.problems[p.What] != nil { // it was not mended meanwhile
			t.told[p.What] = true
			t.notifier.Send(e)
		}
	})
}

// checks tells which checks fail, when these are others than the last time; t.mu is held.
func (t *teller) checks(results []check.Result) {
	var failing []check.Result
	var names []string
	for _, result := range results {
		if result.Outcome() == "fail" {
			failing, names = append(failing, result), append(names, result.Check.Name)
		}
	}
	switch {
	case slices.Equal(names, t.checksFailing):
		return
	case len(names) > 0:
		e := t.event(notify.CheckFailed)
		e.Checks = failedChecks(failing)
		e.Hint = seeChecks
		t.notifier.Send(e)
	default:
		t.notifier.Send(t.event(notify.Recovered))
	}
	t.checksFailing = names
}
