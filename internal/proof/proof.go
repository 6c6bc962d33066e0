// Package proof delivers staged rows again, in random parts, and compares each increment with a
// build of everything.
package proof

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Warehouse is what a proof works on. It writes to schemas of its own, within Tx, which the
// caller rolls back.
type Warehouse struct {
	Tx pgx.Tx // the transaction that all the work happens in
	// Renew rolls Tx back and begins another one, in which Session sends from then on. It is called
	// on Redshift only.
	Renew   func(ctx context.Context) (pgx.Tx, error)
	Session model.Session // sends what it gets in Tx
	Graph   *model.Graph
	Vars    map[string]string                  // psql variables
	Live    catalogue.Name                     // the schema of the tables that readers use
	Tables  map[catalogue.Name]catalogue.Table // of that schema
	Types   schema.Schema                      // the types of their columns
}

// DefaultSample is how many rows of a staging table a proof takes.
const DefaultSample = 2000

// Options say what to deliver.
type Options struct {
	Increments int    // how many; a first run comes before them
	Seed       uint64 // the same seed and the same staged rows give the same deliveries
	Sample     int    // rows of a staging table; 0 means DefaultSample
	// Large is from how many rows on a build plans a table of its own (model.Options).
	Large int64
	// Delivered, where set, is told of each delivery that agreed with a build.
	Delivered func(number int, rows, erased int)
}

// A Result is what a proof found.
type Result struct {
	Seed       uint64 // that of the Options: it repeats the proof
	Increments int    // that agreed with a build
	Rows       int64  // delivered
	Erased     int64  // rows that the deliveries erased
	// Refused is how many deliveries the models refused, in an increment and a build alike, because
	// of copies with a changed column: they came without. After three of them no more copies are
	// made.
	Refused    int
	Tables     []Table
	Difference *Difference // nil where every increment agreed with a build
	Duration   time.Duration
}

// A Table is one stored table behind the last delivery.
type Table struct {
	Name    catalogue.Name
	Rows    int64
	Changes int64 // rows that increments added, changed or removed
}

// A RefusedError says that the models refuse rows as they are staged, in an increment and in a
// build alike.
type RefusedError struct {
	Seed     uint64 // that of the Options: it repeats the proof
	Delivery int    // its number, from 1; 0 is the first run
	Err      error
}

func (e *RefusedError) Error() string {
	if e.Delivery == 0 {
		return fmt.Sprintf("%s of seed %d: %v", naming(e.Delivery), e.Seed, e.Err)
	}
	return fmt.Sprintf("%s of seed %d: a complete build fails too: %v", naming(e.Delivery), e.Seed, e.Err)
}

// Unwrap returns why.
func (e *RefusedError) Unwrap() error { return e.Err }

// naming names a delivery.
func naming(number int) string {
	if number == 0 {
		return "the first run"
	}
	return fmt.Sprintf("delivery %d", number)
}

// A NothingStagedError says that there is nothing to deliver.
type NothingStagedError struct{}

func (*NothingStagedError) Error() string { return "no row is staged in a table that a model reads" }

// Hint says what to do next.
func (*NothingStagedError) Hint() string { return "load something first: dwh run" }

// refusals is after how many refused deliveries a proof makes no more copies with a changed column.
const refusals = 3

// prover is one proof at work.
type prover struct {
	Warehouse
	Options
	random *rand.Rand
	staged []staging
	stored []stored
	deck   *deck
	result Result
	tried  int // deliveries of the transaction
}

// Run makes a proof. An error is about the proof itself, such as a lost connection, or a
// *RefusedError: a difference is part of the result.
func Run(ctx context.Context, w Warehouse, o Options) (Result, error) {
	if o.Sample <= 0 {
		o.Sample = DefaultSample
	}
	if o.Large <= 0 {
		o.Large = 100_000
	}
	started := time.Now()
	p := &prover{Warehouse: w, Options: o, result: Result{Seed: o.Seed}}
	p.random = rand.New(rand.NewPCG(o.Seed, 0x6477682070726f6f)) //nolint:gosec // it has to repeat
	err := p.run(ctx)
	for _, s := range p.stored {
		p.result.Tables = append(p.result.Tables, Table{Name: s.table.Name, Rows: s.rows, Changes: s.changes})
	}
	p.result.Duration = time.Since(started)
	return p.result, err
}

func (p *prover) run(ctx context.Context) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	var rows, columns []int
	for _, s := range p.staged {
		rows, columns = append(rows, s.rows), append(columns, len(s.columns))
	}
	p.deck = newDeck(p.random, rows, columns, p.Increments)
	if p.deck.left() == 0 {
		return &NothingStagedError{}
	}
	for number := 0; number <= p.Increments; number++ {
		next := p.deck.next(number)
		fail := func(err error) error { return fmt.Errorf("%s of seed %d: %w", naming(number), p.Seed, err) }
		if chosen := p.deck.erasures(next, columns); len(chosen) > 0 {
			var err error
			if next.erase, err = p.resolve(ctx, next, chosen); err != nil {
				return fail(err)
			}
		}
		tried, err := p.try(ctx, next)
		if err != nil {
			return fail(err)
		}
		if tried.refused != nil && p.deck.anyCopies(next) {
			next = p.deck.withoutCopies(next)
			if tried, err = p.try(ctx, next); err != nil {
				return fail(err)
			}
			if p.result.Refused++; p.result.Refused == refusals {
				p.deck.dropCopies()
			}
		}
		if tried.refused != nil {
			return &RefusedError{Seed: p.Seed, Delivery: number, Err: tried.refused}
		}
		if tried.difference != nil {
			p.result.Difference = tried.difference
			return p.explain(ctx, next)
		}
		if err := p.accept(ctx, next, tried); err != nil {
			return fail(err)
		}
		if p.Delivered != nil {
			p.Delivered(number, len(next.items), len(next.erase))
		}
	}
	return nil
}

// A trial is what came of a delivery.
type trial struct {
	difference *Difference
	refused    error // by an increment and a build alike
	changes    map[string]model.Change
	// of stored tables that changed, where they have to be written again
	contents map[catalogue.Name][]byte
}

// try stages a delivery, makes an increment, builds everything and compares. On PostgreSQL all of
// that is undone: PostgreSQL keeps a lock on every table that a transaction has made, and has room
// for just so many (https://www.postgresql.org/docs/current/runtime-config-locks.html). A savepoint
// gives them back.
func (p *prover) try(ctx context.Context, next delivery) (tried trial, err error) {
	if p.Graph.Engine == sqlfile.Redshift {
		return p.tryRedshift(ctx, next)
	}
	err = p.undone(ctx, func() error {
		tried, err = p.deliver(ctx, next)
		return err
	})
	return tried, err
}

// What Difference.Msg says.
const (
	incrementFails = "the increment fails, but a complete build does not"
	buildFails     = "a complete build fails, but the increment did not"
)

// renewSchema makes an empty schema in the place of one that an earlier delivery has left.
func (p *prover) renewSchema(ctx context.Context, name catalogue.Name) error {
	if err := p.exec(ctx, catalogue.DropSchema(name), catalogue.CreateSchema(name), p.searchPath()); err != nil {
		return fmt.Errorf("make schema %s: %w", name, err)
	}
	return nil
}

// renewAfter is after how many tables and views of models Redshift gets a new transaction, so that
// none holds too many.
const renewAfter = 40

// tryRedshift is try on an engine without savepoints: an error ends the transaction.
func (p *prover) tryRedshift(ctx context.Context, next delivery) (trial, error) {
	if p.tried*len(p.Graph.Models) >= renewAfter {
		if err := p.renew(ctx); err != nil {
			return trial{}, err
		}
	}
	p.tried++
	tried, err := p.deliver(ctx, next)
	if err != nil || tried.refused == nil {
		return tried, err
	}
	if err := p.renew(ctx); err != nil || next.number == 0 {
		return tried, err
	}
	// Does a build refuse these rows, too?
	if err := p.insert(ctx, next.items, false); err != nil {
		return tried, err
	}
	if err := p.erase(ctx, next.erase); err != nil {
		return tried, err
	}
	_, whole := p.build(ctx)
	switch {
	case lost(ctx, whole):
		return tried, whole
	case whole == nil:
		return trial{difference: &Difference{Msg: incrementFails, Err: tried.refused}}, nil
	}
	return tried, p.renew(ctx)
}

// renew brings another transaction to the state of the last delivery that was accepted: the tables
// of the models agreed with a build.
func (p *prover) renew(ctx context.Context) (err error) {
	if p.Tx, err = p.Renew(ctx); err != nil {
		return err
	}
	p.tried = 0
	if err := p.open(ctx); err != nil {
		return err
	}
	if err := p.insert(ctx, p.deck.delivered, true); err != nil {
		return err
	}
	return p.fill(ctx)
}

// deliver does what try says, and leaves it as it is.
func (p *prover) deliver(ctx context.Context, next delivery) (tried trial, err error) {
	if err := p.insert(ctx, next.items, false); err != nil {
		return tried, err
	}
	if next.number == 0 {
		return p.first(ctx)
	}
	incremental := p.attempt(ctx, func() (err error) {
		tried.changes, err = p.increment(ctx, next)
		return err
	})
	switch {
	case lost(ctx, incremental):
		return tried, incremental
	case incremental != nil && p.Graph.Engine == sqlfile.Redshift:
		return trial{refused: incremental}, nil
	case incremental != nil:
		// As far as staging is concerned, the delivery is done: its rows are there, and those to
		// erase are not.
		if err := p.erase(ctx, next.erase); err != nil {
			return tried, err
		}
	}
	var run *model.Run
	whole := p.attempt(ctx, func() (err error) {
		run, err = p.build(ctx)
		return err
	})
	switch {
	case lost(ctx, whole):
		return tried, whole
	case whole != nil && incremental != nil:
		return trial{refused: incremental}, nil
	case whole != nil:
		return trial{difference: &Difference{Msg: buildFails, Err: whole}}, nil
	case incremental != nil:
		return trial{difference: &Difference{Msg: incrementFails, Err: incremental}}, nil
	}
	if tried.difference, err = p.compare(ctx, run); err != nil || tried.difference != nil {
		return tried, err
	}
	return tried, p.keep(ctx, &tried)
}

// lost tells whether an error says nothing about the models: the connection broke, or the server
// lacks something or was stopped (https://www.postgresql.org/docs/current/errcodes-appendix.html:
// classes 08, 53, 57 and 58).
func lost(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return ctx.Err() != nil || slices.Contains(
			[]string{"08", "53", "57", "58"}, refused.Code[:min(2, len(refused.Code))],
		)
	}
	var told *sqlfile.Error
	return ctx.Err() != nil || !errors.As(err, &told)
}

// first is a delivery to an empty warehouse: everything is built, as in a first run.
func (p *prover) first(ctx context.Context) (tried trial, err error) {
	err = p.attempt(ctx, func() error { return p.fill(ctx) })
	if lost(ctx, err) {
		return tried, err
	}
	if err != nil {
		return trial{refused: err}, nil
	}
	return tried, p.keep(ctx, &tried)
}

// fill builds everything and puts it into the empty tables of the models.
func (p *prover) fill(ctx context.Context) error {
	run, err := p.build(ctx)
	if err != nil {
		return err
	}
	for _, s := range p.stored {
		table := run.BuiltTable(string(s.table.Name))
		if table == nil {
			continue
		}
		sql := "INSERT INTO " + s.copied().SQL() + " (" + s.list("") + ")\nSELECT " + s.list("b.") +
			"\nFROM " + table.SQL + " AS b"
		if err := p.exec(ctx, sql); err != nil {
			return fmt.Errorf("fill %s: %w", s.table.Name, err)
		}
	}
	return nil
}

// increment makes an increment of what is staged and not flagged, without the rows to erase.
func (p *prover) increment(ctx context.Context, next delivery) (map[string]model.Change, error) {
	if err := p.renewSchema(ctx, scratch); err != nil {
		return nil, err
	}
	erase, err := p.erasing(ctx, next.erase)
	if err != nil {
		return nil, err
	}
	waiting, err := p.unprocessed(ctx)
	if err != nil {
		return nil, err
	}
	in := map[string]model.Staged{}
	for i, s := range p.staged {
		name := string(s.table.Name)
		in[name] = model.Staged{Unprocessed: waiting[i], Erase: erase[name]}
	}
	run := model.NewRun(model.Options{
		Graph: p.Graph, Session: p.Session, Vars: p.Vars, Scratch: string(scratch), Live: string(live),
		Staged: in, Large: p.Large,
	})
	if err := run.Increment(ctx, p.Graph.Models, func(*model.Model, model.Change) error { return nil }); err != nil {
		return nil, err
	}
	_, err = run.Erase(ctx)
	return run.Changes, err
}

// unprocessed counts the rows of each staging table that are not flagged.
func (p *prover) unprocessed(ctx context.Context) ([]int64, error) {
	tables := make([]catalogue.Table, len(p.staged))
	counts := make([]int64, len(p.staged))
	into := make([]any, len(p.staged))
	for i, s := range p.staged {
		tables[i], into[i] = s.copied(), &counts[i]
	}
	if err := p.Tx.QueryRow(ctx, catalogue.CountUnprocessed(tables)).Scan(into...); err != nil {
		return nil, fmt.Errorf("count the rows of a delivery: %w", err)
	}
	return counts, nil
}

// build builds every model from what is staged.
func (p *prover) build(ctx context.Context) (*model.Run, error) {
	if err := p.renewSchema(ctx, built); err != nil {
		return nil, err
	}
	run := model.NewRun(model.Options{
		Graph: p.Graph, Session: p.Session, Vars: p.Vars, Scratch: string(built), Live: string(live),
		Staged: map[string]model.Staged{}, Large: p.Large,
	})
	if err := run.Build(ctx, p.Graph.Models, func(*model.Model, *model.Table) error { return nil }); err != nil {
		return nil, err
	}
	return run, p.exec(ctx, p.searchPath()) // a script sets another
}

// keep notes, on PostgreSQL, what the stored tables that changed hold.
func (p *prover) keep(ctx context.Context, tried *trial) error {
	for _, s := range p.stored {
		unchanged := tried.changes != nil && s.model.Kind != model.Script && tried.changes[s.model.Name].Sum() == 0
		if unchanged || p.Graph.Engine == sqlfile.Redshift {
			continue
		}
		var rows bytes.Buffer
		sql := "COPY " + s.copied().SQL() + " (" + s.list("") + ") TO STDOUT"
		if _, err := p.Tx.Conn().PgConn().CopyTo(ctx, &rows, sql); err != nil {
			return fmt.Errorf("read %s: %w", s.table.Name, err)
		}
		if tried.contents == nil {
			tried.contents = map[catalogue.Name][]byte{}
		}
		tried.contents[s.table.Name] = rows.Bytes()
	}
	return nil
}

// accept makes what a delivery that agreed with a build has left the state for the next one.
func (p *prover) accept(ctx context.Context, done delivery, tried trial) error {
	p.deck.accept(done)
	p.result.Rows += int64(len(done.items))
	p.result.Erased += int64(len(done.erase))
	if done.number > 0 {
		p.result.Increments++
	}
	for i, entry := range p.stored {
		p.stored[i].changes += tried.changes[entry.model.Name].Sum()
	}
	if p.Graph.Engine == sqlfile.Redshift {
		for _, s := range p.staged {
			if err := p.exec(ctx, catalogue.FlagProcessed(s.copied())); err != nil {
				return fmt.Errorf("flag the rows of %s: %w", s.table.Name, err)
			}
		}
		return p.countStored(ctx)
	}
	if err := p.insert(ctx, done.items, true); err != nil {
		return err
	}
	if err := p.erase(ctx, done.erase); err != nil {
		return err
	}
	for _, entry := range p.stored {
		rows, changed := tried.contents[entry.table.Name]
		if !changed {
			continue
		}
		if err := p.exec(ctx, "DELETE FROM "+entry.copied().SQL()); err != nil {
			return fmt.Errorf("write %s: %w", entry.table.Name, err)
		}
		sql := "COPY " + entry.copied().SQL() + " (" + entry.list("") + ") FROM STDIN"
		if _, err := p.Tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(rows), sql); err != nil {
			return fmt.Errorf("write %s: %w", entry.table.Name, err)
		}
		if err := p.exec(ctx, catalogue.Analyze(entry.copied())); err != nil {
			return fmt.Errorf("analyze %s: %w", entry.table.Name, err)
		}
	}
	for i, s := range p.staged {
		if p.delivers(done, i) {
			if err := p.exec(ctx, catalogue.Analyze(s.copied())); err != nil {
				return fmt.Errorf("analyze %s: %w", s.table.Name, err)
			}
		}
	}
	return p.countStored(ctx)
}

// countStored counts the rows of the stored tables.
func (p *prover) countStored(ctx context.Context) error {
	for i, s := range p.stored {
		if err := p.Tx.QueryRow(ctx, catalogue.CountRows(s.copied())).Scan(&p.stored[i].rows); err != nil {
			return fmt.Errorf("count %s: %w", s.table.Name, err)
		}
	}
	return nil
}

// erase deletes staged rows.
func (p *prover) erase(ctx context.Context, rows []item) error {
	for table, s := range p.staged {
		var ids []string
		for _, row := range rows {
			if row.table == table {
				ids = append(ids, fmt.Sprint(row.id))
			}
		}
		if len(ids) == 0 {
			continue
		}
		sql := "DELETE FROM " + s.copied().SQL() + " WHERE " + rowID.SQL() + " IN (" + strings.Join(ids, ", ") + ")"
		if err := p.exec(ctx, sql); err != nil {
			return fmt.Errorf("erase rows of %s: %w", s.table.Name, err)
		}
	}
	return nil
}

// delivers tells whether a delivery stages or erases rows of a staging table.
func (p *prover) delivers(d delivery, table int) bool {
	for _, rows := range [][]item{d.items, d.erase} {
		for _, row := range rows {
			if row.table == table {
				return true
			}
		}
	}
	return false
}

// attempt does something so that its failure undoes that and nothing else, where the engine can:
// Redshift has no savepoints.
func (p *prover) attempt(ctx context.Context, do func() error) error {
	if p.Graph.Engine == sqlfile.Redshift {
		return do()
	}
	within, err := p.Tx.Begin(ctx)
	if err != nil {
		return fmt.Errorf("set a savepoint: %w", err)
	}
	if err := do(); err != nil {
		if undone := within.Rollback(ctx); undone != nil {
			return errors.Join(undone, err)
		}
		return err
	}
	return within.Commit(ctx)
}

// undone does something and undoes it, whatever comes of it.
func (p *prover) undone(ctx context.Context, do func() error) error {
	within, err := p.Tx.Begin(ctx)
	if err != nil {
		return fmt.Errorf("set a savepoint: %w", err)
	}
	err = do()
	if undone := within.Rollback(ctx); undone != nil {
		return errors.Join(undone, err)
	}
	return err
}
