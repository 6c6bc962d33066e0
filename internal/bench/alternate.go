package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sparkify/dwh/internal/bench/machine"
)

// side is one of the things that a measurement compares.
type side struct {
	name string // unique in its measurement
	ours bool   // dwh's, which is profiled when profiles are wanted
	// prepare is not measured: a fresh database, a file out of the way.
	prepare func(ctx context.Context) error
	// run returns the seconds that count.
	run func(ctx context.Context) (float64, error)
	// verify tells whether the result is right. round counts from 0, so that what takes long can be
	// looked at once.
	verify func(ctx context.Context, round int) error
	// discard frees what the run made.
	discard func(ctx context.Context) error
}

// alternate runs all sides in each of the rounds, in an order that rotates, and returns the seconds
// of each side by its name. Everything dirty is on disk before a piece is measured.
func (l *lab) alternate(ctx context.Context, what string, rounds int, sides []side) (map[string][]float64, error) {
	seconds := map[string][]float64{}
	for round := range rounds {
		for i := range sides {
			s := sides[(round+i)%len(sides)]
			took, err := l.once(ctx, s, round)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			seconds[s.name] = append(seconds[s.name], took)
			l.say("%s, round %d of %d: %s %.2f s", what, round+1, rounds, s.name, took)
		}
	}
	if l.profiled == "" {
		return seconds, nil
	}
	// Apart from the rounds: a profile costs time.
	for _, s := range sides {
		if !s.ours {
			continue
		}
		l.profiling = what + "-" + s.name
		_, err := l.once(ctx, s, rounds)
		l.profiling = ""
		if err != nil {
			return nil, fmt.Errorf("profile of %s: %w", s.name, err)
		}
	}
	return seconds, nil
}

func (l *lab) once(ctx context.Context, s side, round int) (seconds float64, err error) {
	if s.prepare != nil {
		if err := s.prepare(ctx); err != nil {
			return 0, fmt.Errorf("prepare: %w", err)
		}
	}
	if s.discard != nil {
		defer func() {
			if discardErr := s.discard(context.WithoutCancel(ctx)); err == nil && discardErr != nil {
				err = discardErr
			}
		}()
	}
	if err := l.checkpoint(ctx); err != nil {
		return 0, err
	}
	if err := l.warm(); err != nil {
		return 0, err
	}
	l.busy = append(l.busy, machine.Busy(ctx, l.settings.idle))
	if seconds, err = s.run(ctx); err != nil {
		return 0, err
	}
	if s.verify != nil {
		err = s.verify(ctx, round)
	}
	return seconds, err
}

// warm reads the data and what was made of them, so that all sides find them in the system's page
// cache: whoever came first would wait for the disk.
func (l *lab) warm() error {
	for _, root := range []string{l.path("data"), l.path("events.csv")} {
		err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			file, err := os.Open(name)
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }()
			_, err = io.Copy(io.Discard, file)
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read the data: %w", err)
		}
	}
	return nil
}

// onCopy fills in a side's prepare and discard: it works on a fresh copy of a template.
func (l *lab) onCopy(from template, s side) side {
	s.prepare = func(ctx context.Context) error { return l.copyOf(ctx, from, database(s.name)) }
	s.discard = func(ctx context.Context) error { return l.drop(ctx, database(s.name)) }
	return s
}

// database is what a side's database is called.
func database(name string) string { return "bench_run_" + name }

// runDWH is a side's run: dwh on its database.
func (l *lab) runDWH(name, measured string, env []string, args ...string) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		r, err := l.dwh(ctx, child{args: args, database: database(name), env: env, measured: measured})
		return r.seconds, err
	}
}

// runScript is a side's run: psql with a file on a database.
func (l *lab) runScript(name, file string) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		r, err := l.runPSQL(ctx, database(name), "-f", file)
		return r.seconds, err
	}
}

// write puts a file into the work folder.
func (l *lab) write(name string, text []byte) (path string, err error) {
	path = l.path(name)
	return path, os.WriteFile(path, text, 0o644)
}
