package transform_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// chainMigration and chainTransforms are a chain of stores. A store's key is its code, which
// changes with its versions, and a closed store goes away. Orders refer to stores, to regions,
// which may arrive later, and to other orders.
const chainMigration = `
CREATE TABLE s_store (store_id INTEGER, code INTEGER, open BOOLEAN, version INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE s_region (region INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE s_order (order_id INTEGER, code INTEGER, region INTEGER, follows INTEGER, cancelled BOOLEAN, version INTEGER,
    processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE d_store (code INTEGER NOT NULL, store_id INTEGER, PRIMARY KEY (code));
CREATE TABLE d_region (region INTEGER NOT NULL, PRIMARY KEY (region));
CREATE TABLE f_order (order_id INTEGER NOT NULL, store INTEGER, region INTEGER, follows INTEGER, PRIMARY KEY (order_id));
CREATE TABLE f_sum (store INTEGER NOT NULL, orders BIGINT, PRIMARY KEY (store));`

var chainTransforms = fstest.MapFS{
	"101_store.sql": {Data: []byte(`-- store: one row per store, as its latest version says.
-- key:  store_id
-- pick: version DESC
-- from: s_store
SELECT store_id, code, open, version FROM s_store WHERE store_id IS NOT NULL;`)},
	"102_latest.sql": {Data: []byte(`-- latest: one row per order, as its latest version says.
-- key:  order_id
-- pick: version DESC
-- from: s_order
SELECT order_id, code, region, follows, cancelled, version FROM s_order WHERE order_id IS NOT NULL;`)},
	"110_d_store.sql": {Data: []byte(`-- d_store: one row per code of an open store.
-- key:  code
-- pick: store_id
-- from: store
SELECT code, store_id FROM store WHERE open AND code IS NOT NULL;`)},
	"120_d_region.sql": {Data: []byte(`-- d_region: one row per region.
-- key:  region
SELECT DISTINCT region FROM s_region WHERE region IS NOT NULL;`)},
	"210_f_order.sql": {Data: []byte(`-- f_order: one row per order that stands.
-- key:  order_id
-- from: latest
-- refers: d_store by code = store, d_region by region (warn), f_order by follows
SELECT order_id, code AS store, region, follows FROM latest WHERE NOT cancelled;`)},
	"220_f_sum.sql": {Data: []byte(`-- f_sum: one row per store that has orders.
-- key:  store
-- from: latest by code as store
-- refers: d_store by store
SELECT code AS store, COUNT(*) AS orders FROM latest WHERE NOT cancelled AND code IS NOT NULL GROUP BY code;`)},
}

var chainTables = []string{"s_store", "s_region", "s_order", "d_store", "d_region", "f_order", "f_sum", "dwh_transform"}

type chainStore struct {
	id, version int
	code        *int
	open        bool
}

type chainOrder struct {
	id, version           int
	code, region, follows *int
	cancelled             bool
}

// chain is what was delivered, and what follows from it.
type chain struct {
	stores  []chainStore
	regions []int
	orders  []chainOrder
}

// broken counts the violations of each check, those without any left out.
func (c chain) broken() map[string]int64 {
	stores, orders := map[int]chainStore{}, map[int]chainOrder{}
	for _, s := range c.stores {
		if known, ok := stores[s.id]; !ok || s.version > known.version {
			stores[s.id] = s
		}
	}
	for _, o := range c.orders {
		if known, ok := orders[o.id]; !ok || o.version > known.version {
			orders[o.id] = o
		}
	}
	codes, sums := map[int]bool{}, map[int]bool{}
	for _, s := range stores {
		if s.open && s.code != nil {
			codes[*s.code] = true
		}
	}
	maps.DeleteFunc(orders, func(_ int, o chainOrder) bool { return o.cancelled })
	out := map[string]int64{}
	for _, o := range orders {
		if o.code != nil && !codes[*o.code] {
			out["f_order-store"]++
			if !sums[*o.code] {
				sums[*o.code] = true
				out["f_sum-store"]++
			}
		}
		if o.region != nil && !slices.Contains(c.regions, *o.region) {
			out["f_order-region"]++
		}
		if o.follows != nil {
			if _, ok := orders[*o.follows]; !ok {
				out["f_order-follows"]++
			}
		}
	}
	return out
}

// draw draws one delivery, most of it of things that are known, and returns it as SQL.
func (c *chain) draw(r *rapid.T, version int) string {
	value := func(label string, of int) *int {
		n := rapid.IntRange(-1, of).Draw(r, label)
		if n < 0 {
			return nil
		}
		return &n
	}
	text := func(n *int) string {
		if n == nil {
			return "NULL"
		}
		return fmt.Sprint(*n)
	}
	// Also an older version than one that came before.
	version = 10*rapid.IntRange(max(0, version-3), version).Draw(r, "version") + rapid.IntRange(0, 9).Draw(r, "of")
	taken := func(v int) bool {
		return slices.ContainsFunc(c.stores, func(s chainStore) bool { return s.version == v }) ||
			slices.ContainsFunc(c.orders, func(o chainOrder) bool { return o.version == v })
	}
	for taken(version) {
		version++
	}
	switch rapid.SampledFrom([]string{"store", "store", "region", "order", "order", "order"}).Draw(r, "what") {
	case "store":
		s := chainStore{
			rapid.IntRange(0, 4).Draw(r, "store"), version, value("code", 5),
			rapid.IntRange(0, 3).Draw(r, "open") > 0,
		}
		c.stores = append(c.stores, s)
		return fmt.Sprintf("INSERT INTO s_store VALUES (%d, %s, %t, %d)", s.id, text(s.code), s.open, s.version)
	case "region":
		region := rapid.IntRange(0, 5).Draw(r, "region")
		c.regions = append(c.regions, region)
		return fmt.Sprintf("INSERT INTO s_region VALUES (%d)", region)
	default:
		o := chainOrder{
			rapid.IntRange(0, 8).Draw(r, "order"), version, value("code", 5), value("region", 5),
			nil, rapid.IntRange(0, 5).Draw(r, "cancelled") == 0,
		}
		if rapid.IntRange(0, 3).Draw(r, "follows") == 0 {
			o.follows = value("follows", 8)
		}
		c.orders = append(c.orders, o)
		return fmt.Sprintf(
			"INSERT INTO s_order VALUES (%d, %s, %s, %s, %t, %d)", o.id, text(o.code),
			text(o.region), text(o.follows), o.cancelled, o.version,
		)
	}
}

// TestGateKeepsReferences delivers random stores, regions and orders. The gate of an increment,
// which sees what the run touched, finds exactly what a check of everything finds, and no state is
// committed that violates a check of severity error.
func TestGateKeepsReferences(t *testing.T) {
	t.Parallel()
	setRounds(t)
	shared := newWarehouse(t)
	shared.exec(chainMigration)
	shared.exec("CREATE SCHEMA saved")
	for _, table := range chainTables {
		shared.exec("CREATE TABLE saved." + table + " (LIKE " + table + ")")
	}
	file, err := sqlfile.Parse("migrations/00001_chain.sql", "-- Tables.\n\n-- +goose Up\n"+chainMigration)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := schema.FromMigrations([]*sqlfile.File{file}, sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	steps := read(t, chainTransforms)
	checks, err := transform.Derived(steps, tables)
	if err != nil {
		t.Fatal(err)
	}
	severity := map[string]check.Severity{}
	for _, c := range checks {
		severity[c.Name] = c.Severity
	}
	const expected = "d_region-key d_region-unique d_store-key d_store-unique f_order-follows " +
		"f_order-key f_order-region " +
		"f_order-store f_order-unique f_sum-key f_sum-store f_sum-unique rejects-in-last-load staged-unprocessed"
	if got := strings.Join(slices.Sorted(maps.Keys(severity)), " "); got != expected {
		t.Fatalf("checks: got %s, want %s", got, expected)
	}
	copied := func(w *warehouse, from, to string) {
		var sql strings.Builder
		for _, table := range chainTables {
			fmt.Fprintf(
				&sql, "DELETE FROM %[2]s.%[1]s; INSERT INTO %[2]s.%[1]s SELECT * FROM %[3]s.%[1]s;",
				table, to, from,
			)
		}
		w.exec(sql.String())
	}
	refused, committed := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		w := shared.with(r)
		for _, table := range chainTables {
			w.exec("DELETE FROM " + table)
		}
		own := func(o *transform.Options) { o.Steps, o.Checks = steps, checks }
		unchecked := func(o *transform.Options) { o.Steps, o.Checks = steps, []check.Check{} }
		errorsOf := func(broken map[string]int64) map[string]int64 {
			broken = maps.Clone(broken)
			maps.DeleteFunc(broken, func(name string, _ int64) bool { return severity[name] != check.Error })
			return broken
		}
		found := func(results []check.Result) map[string]int64 {
			out := map[string]int64{}
			for _, item := range results {
				if item.Violations > 0 {
					out[item.Check.Name] = item.Violations
				}
			}
			return out
		}
		var history []string
		told := func(format string, args ...any) {
			r.Fatalf(format+"\n%s", append(args, strings.Join(history, ";\n"))...)
		}
		everything := func() map[string]int64 {
			results, err := w.runner(nil, own).Check(r.Context(), "", nil)
			if err != nil {
				told("check: %v", err)
			}
			return found(results)
		}
		var now chain
		for step := range rapid.IntRange(3, 12).Draw(r, "steps") {
			copied(w, "public", "saved")
			was := chain{slices.Clone(now.stores), slices.Clone(now.regions), slices.Clone(now.orders)}
			noted := len(history)
			for range rapid.IntRange(1, 6).Draw(r, "rows") {
				history = append(history, now.draw(r, step))
				w.exec(history[len(history)-1])
			}
			want := errorsOf(now.broken())
			history = append(history, "-- run")
			_, err := w.runner(nil, own).Run(r.Context(), "test", nil)
			var failed *check.FailedError
			switch {
			case err == nil && len(want) == 0:
				committed++
				if got := everything(); !maps.Equal(got, now.broken()) {
					told("check of everything: got %v, want %v", got, now.broken())
				}
				if rapid.IntRange(0, 4).Draw(r, "replay") == 0 {
					if result, err := w.runner(nil, own).Replay(r.Context(), "test"); err != nil || result.Changed() {
						told("replay: got %v, %v, want no difference", result.Differences, err)
					}
				}
			case errors.As(err, &failed):
				refused++
				if got := found(failed.Results); !maps.Equal(got, want) {
					told("gate: got %v, want %v", got, want)
				}
				if _, err := w.runner(nil, unchecked).Run(r.Context(), "test", nil); err != nil {
					told("unchecked run: %v", err)
				}
				if got := everything(); !maps.Equal(got, now.broken()) {
					told("check of everything: got %v, want %v", got, now.broken())
				}
				copied(w, "saved", "public")
				now, history = was, history[:noted]
			default:
				told("run: got %v, want %v", err, want)
			}
		}
	})
	t.Logf("%d runs were committed, %d refused", committed, refused)
	if committed == 0 || refused == 0 {
		t.Errorf("got %d committed and %d refused runs, want some of both", committed, refused)
	}
}

// TestGateSeesWhatAnOtherModelLeaves: a row that is referred to and goes away is found also where a
// script takes it away, and where the fact is not among the steps that run.
func TestGateSeesWhatAnOtherModelLeaves(t *testing.T) {
	t.Parallel()
	for name, only := range map[string][]string{"everything": nil, "the dimension": {"110"}} {
		for kind, store := range map[string]string{
			"model": "-- d_store: one row per store.\n-- key: code\nSELECT DISTINCT " +
				"s_store.code, 1 AS store_id FROM s_store WHERE NOT EXISTS (SELECT 1 FROM " +
				"s_region WHERE region = s_store.code);",
			"script": "-- d_store: one row per store.\n-- script\n-- reads: s_store, " +
				"s_region\n-- writes: d_store\nDELETE FROM d_store;\n" +
				"INSERT INTO d_store (code, store_id) SELECT DISTINCT code, 1 FROM s_store WHERE " +
				"NOT EXISTS (SELECT 1 FROM s_region WHERE region = s_store.code);",
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				w := newWarehouse(t)
				w.exec(chainMigration)
				all := read(t, fstest.MapFS{
					"110_d_store.sql": {Data: []byte(store)},
					"210_f_order.sql": {
						Data: []byte(
							"-- f_order: one row per order.\n-- key: order_id\n-- from: " +
								"s_order\n-- refers: d_store by code = store\n" +
								"SELECT order_id, code AS store, region, follows FROM s_order;",
						),
					},
				})
				checks, err := transform.Derived(all, nil)
				if err != nil {
					t.Fatal(err)
				}
				with := func(o *transform.Options) { o.Steps, o.Checks = all, checks }
				w.exec(
					"INSERT INTO s_store VALUES (1, 1, TRUE, 1), (2, 2, TRUE, 1); INSERT INTO " +
						"s_order VALUES (1, 1, 1, NULL, FALSE, 1), (2, 2, 1, NULL, FALSE, 1)",
				)
				w.run(nil, with)
				w.exec("INSERT INTO s_region VALUES (2)")
				_, err = w.runner(nil, with).Run(t.Context(), "test", only)
				var failed *check.FailedError
				if !errors.As(err, &failed) || len(
					failed.Results,
				) != 1 || failed.Results[0].Check.Name != "f_order-store" || failed.Results[0].Violations != 1 {
					t.Fatalf("got %v, want 1 violation of f_order-store", err)
				}
				const hint = "if d_store may arrive later, write (warn) after refers: d_store " +
					"by store in 210_f_order.sql"
				if got, _, _ := strings.Cut(failed.Hint(), "\nnote: "); got != hint {
					t.Errorf("hint: got %q, want %q", failed.Hint(), hint)
				}
				if got := w.one("SELECT COUNT(*) FROM d_store"); got != "2" {
					t.Errorf("stores: got %s, want 2 as before", got)
				}
			})
		}
	}
}

// TestUngatedCheck: a check with `gate: no` lets every commit pass but that of a replay, which
// looks at everything.
func TestUngatedCheck(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	own, err := check.Project(fstest.MapFS{
		"few.sql": {
			Data: []byte(
				"-- One play at most.\n-- severity: error\n-- gate: no\nSELECT COUNT(*) AS plays " +
					"FROM f_songplay HAVING COUNT(*) > 1",
			),
		},
	}, "checks", sqlfile.Postgres, nil)
	if err != nil {
		t.Fatal(err)
	}
	with := func(o *transform.Options) { o.Checks = append(star.Checks(t), own...) }
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 2)}}, "lines")
	result := w.run(s.vars(), with)
	if slices.ContainsFunc(result.Checks, func(r check.Result) bool { return r.Check.Name == "few" }) {
		t.Errorf("the gate made the check few")
	}
	results, err := w.runner(nil, with).CheckAfter(t.Context(), &result)
	if err != nil {
		t.Fatal(err)
	}
	if last := results[len(results)-1]; last.Check.Name != "few" || last.Violations != 1 {
		t.Errorf("behind the run: got %s with %d violations, want few with 1", last.Check.Name, last.Violations)
	}
	var failed *check.FailedError
	if _, err := w.runner(nil, with).Replay(t.Context(), "test"); !errors.As(err, &failed) {
		t.Errorf("replay: got %v, want a *check.FailedError", err)
	}
}
