// Package acceptance builds warehouses that dwh was not made for, and compares them with
// computations outside SQL.
package acceptance_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

func TestMain(m *testing.M) {
	flag.Parse()
	dwhtest.Main(m)
}

// powerTables are the stored tables of testdata/power, with the columns that are compared, in
// order.
var powerTables = map[string]string{
	"d_customer": "customer_id, valid_from, valid_to, name, segment",
	"d_meter":    "meter_id, customer_id, region, version",
	"f_reading":  "reading_id, day, meter_id, region, customer_id, segment, read_at, wh, price, in_outage",
	"f_day":      "day, region, readings, wh, cost",
	"f_region":   "region, place, wh, permille",
}

// TestPower delivers the records of an electricity company in ten random parts: late, twice,
// corrected. After each, every table is what Go computes from what was delivered.
func TestPower(t *testing.T) {
	t.Parallel()
	for range dwhtest.Rounds(t, 1) {
		seed := rand.Uint64N(1 << 32)
		t.Run(fmt.Sprintf("seed_%d", seed), func(t *testing.T) {
			t.Parallel()
			dsn := dwhtest.Database(t)
			deliverPower(t, rand.New(rand.NewPCG(seed, 1)), dsn, dsn)
		})
	}
}

// TestPowerOnRedshift is the same on the stand-in for Redshift.
func TestPowerOnRedshift(t *testing.T) {
	t.Parallel()
	server := redshiftstandin.Start(t, redshiftstandin.Options{WithTLS: true})
	seed := rand.Uint64N(1 << 32)
	t.Logf("seed %d", seed)
	deliverPower(t, rand.New(rand.NewPCG(seed, 1)), server.DSN, server.Backing)
}

// deliverPower delivers to the warehouse dsn, whose tables stand in the database shown.
func deliverPower(t *testing.T, random *rand.Rand, dsn, shown string) {
	dir := filepath.Join(t.TempDir(), "power")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "power"))); err != nil {
		t.Fatal(err)
	}
	sources := []string{"customers", "meters", "readings", "tariffs", "outages"}
	settings := "project: .\nsources:\n"
	for _, name := range sources {
		settings += "  " + name + ": data/" + name + "\n"
	}
	put(t, filepath.Join(dir, "dwh.yaml"), settings)
	for _, name := range sources {
		if err := os.MkdirAll(filepath.Join(dir, "data", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dwh := func(args ...string) {
		t.Helper()
		var out bytes.Buffer
		env := []string{"HOME=" + dir, "DATABASE_URL=" + dsn}
		args = append([]string{"dwh"}, append(args, "--project", dir)...)
		if code := cli.Main(
			context.WithoutCancel(t.Context()), args, env, strings.NewReader(""), &out, &out,
		); code != 0 {
			t.Fatalf("%s: got exit code %d, want 0\n%s", strings.Join(args, " "), code, out.String())
		}
	}
	waiting := generate(random)
	random.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
	var known []record
	const deliveries = 10
	for number := range deliveries {
		n := len(waiting) / (deliveries - number)
		if number < deliveries-1 {
			n = min(len(waiting), random.IntN(2*n+1))
		}
		part := waiting[:n]
		waiting = waiting[n:]
		// Some of what came before comes again.
		for range min(len(known), random.IntN(5)) {
			part = append(slices.Clone(part), known[random.IntN(len(known))])
		}
		files := map[string]string{}
		for _, r := range part {
			files[r.source()] += r.line()
		}
		for name, text := range files {
			if name == "customers" {
				text = "customer_id,name,segment,changed_at,version\n" + text
			}
			put(t, filepath.Join(dir, "data", name, fmt.Sprintf("%02d.txt", number)), text)
		}
		known = append(known, part...)
		dwh("run")
		want := computePower(known)
		for table, columns := range powerTables {
			var got []string
			for _, row := range dwhtest.Query(t, shown, "SELECT "+columns+" FROM "+table) {
				got = append(got, strings.Join(row, "|"))
			}
			slices.Sort(got)
			slices.Sort(want[table])
			if !slices.Equal(got, want[table]) {
				t.Fatalf("delivery %d: %s:\ngot\n  %s\nwant\n  %s", number+1, table, strings.Join(got, "\n  "),
					strings.Join(want[table], "\n  "))
			}
		}
	}
	if len(waiting) > 0 || len(known) < 100 {
		t.Errorf("got %d records delivered and %d left, want all delivered", len(known), len(waiting))
	}
	dwh("verify")
	dwh("verify", "--increments", "10")
}

// TestPowerIsShort: all of it is said in at most 130 lines of models.
func TestPowerIsShort(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join("testdata", "power", "transforms", "[12]*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(text), "\n")
	}
	if len(names) < 11 || lines > 130 {
		t.Errorf("got %d models in %d lines, want 11 in at most 130", len(names), lines)
	}
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
