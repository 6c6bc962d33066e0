package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/bench/machine"
	"github.com/sparkify/dwh/internal/bench/outcome"
)

// measurement yields some rows of the table: what is compared with one another runs side by side.
type measurement struct {
	rows    []string // what --only calls them
	measure func(ctx context.Context, l *lab, wanted wanted) ([]outcome.Row, error)
	asked   bool // only by its name, never by default
	told    bool // nothing runs: it tells of what ran before
}

// wanted are the names of the rows to measure.
type wanted []string

func (w wanted) has(name string) bool { return slices.Contains(w, name) }

// measurements are all there are, in the order in which they run.
func measurements() []measurement {
	return []measurement{
		{rows: []string{"load"}, measure: measureLoad},
		{rows: []string{"s3-large"}, measure: measureLarge},
		{rows: []string{"s3-songs"}, measure: measureSongs},
		{rows: []string{"fresh", "increment"}, measure: measureFresh},
		{rows: []string{"transforms", "replay"}, measure: measureTransforms},
		{rows: []string{"batch"}, measure: measureBatch},
		{rows: []string{"report"}, measure: measureReport},
		{rows: []string{"memory"}, measure: measureMemory, told: true},
		{rows: []string{"growth"}, measure: measureGrowth, asked: true},
	}
}

// tableOrder is how the rows stand in the table.
func tableOrder() []string {
	return []string{
		"load", "s3-large", "s3-songs", "fresh", "transforms", "increment", "batch", "replay",
		"memory", "report", "growth",
	}
}

// usual are the rows that are measured when none are named.
func usual() wanted {
	var names wanted
	for _, m := range measurements() {
		if !m.asked {
			names = append(names, m.rows...)
		}
	}
	return names
}

// measureAll runs what is wanted. What breaks is told in its rows, and the rest goes on; the error
// is for what ends everything.
func (l *lab) measureAll(ctx context.Context, w wanted, report *outcome.Report) error {
	for _, m := range measurements() {
		var here wanted
		for _, name := range m.rows {
			if w.has(name) {
				here = append(here, name)
			}
		}
		if len(here) == 0 {
			continue
		}
		around := outcome.Around{Rows: strings.Join(here, ", "), Before: machine.Load()}
		l.busy = nil
		started := time.Now()
		rows, err := m.measure(ctx, l, here)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			l.say("%s: %v", around.Rows, err)
			rows = nil
			for _, name := range here {
				rows = append(rows, outcome.Row{Name: name, Broken: firstLine(err)})
			}
		}
		around.After, around.Seconds = machine.Load(), time.Since(started).Seconds()
		report.Rows = append(report.Rows, rows...)
		if m.told {
			continue
		}
		for _, share := range l.busy {
			around.Busy += share / float64(len(l.busy))
		}
		if !around.Quiet() {
			l.say("warning: the machine is not quiet: others use %.0f %% of it", 100*around.Busy)
		}
		report.Around = append(report.Around, around)
	}
	order := tableOrder()
	slices.SortStableFunc(
		report.Rows,
		func(a, b outcome.Row) int { return slices.Index(order, a.Name) - slices.Index(order, b.Name) },
	)
	return nil
}

// firstLine is the error as a cell shows it.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

var errNoPSQL = errors.New("there is no psql beside the server's binaries or in PATH")

func machineKind() outcome.Machine {
	return outcome.Machine{
		CPU: machine.CPU(), Cores: machine.Cores(), Memory: machine.Memory(),
		System: machine.System(),
	}
}

// unknown tells which names are no rows.
func (w wanted) unknown() error {
	for _, name := range w {
		if !slices.Contains(tableOrder(), name) {
			return fmt.Errorf("--only: there is no row %q: the rows are %s", name, strings.Join(tableOrder(), ", "))
		}
	}
	return nil
}
