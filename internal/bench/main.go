// Command bench measures dwh against what the machine can do and what others do with the
// same data, and prints the tables of docs/speed.md.
//
//	go run ./internal/bench --scale small
//
// It asserts no time: the exit code is 0 whatever the figures are, 1 when something broke or
// results differ, 2 for a wrong command line, 130 when interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/sparkify/dwh/internal/bench/dataset"
	"github.com/sparkify/dwh/internal/bench/outcome"
	"github.com/sparkify/dwh/internal/interrupt"
	"github.com/sparkify/dwh/internal/table"
)

// settings are the command line.
type settings struct {
	only          wanted
	scale         string
	songs, events int
	rounds        int
	data          string // folder of existing data; "" for generated
	keep          string // work folder; "" for one that is deleted at the end
	profile       string // folder for profiles; "" for none
	duckdb        string // folder with node_modules; "" for none
	binary        string // of dwh; "" to build it
	json          string // file; "" for none
	format        table.Format
	idle          time.Duration // how long others are watched before each measured piece
}

// scale is a size of the data.
type scale struct {
	name          string
	songs, events int
}

func scales() []scale {
	return []scale{{"large", 100_000, 5_000_000}, {"medium", 40_000, 1_000_000}, {"small", 15_000, 200_000}}
}

func main() {
	ctx := interrupt.Context()
	s, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	report, err := run(ctx, s, os.Stderr)
	if err == nil {
		err = show(report, s, os.Stdout)
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if report.Broken() {
		os.Exit(1)
	}
}

// parse reads the command line.
func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{idle: 200 * time.Millisecond}
	var only, format string
	var growth bool
	var songs, events int
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(
		&only, "only", "",
		"measure just these `ROWS`, separated by commas: "+strings.Join(tableOrder(), ","),
	)
	flags.StringVar(
		&s.scale, "scale", "large",
		"generate `SIZE`: large (100,000 songs, 5,000,000 events), medium (40,000, 1,000,000) or "+
			"small (15,000, 200,000)",
	)
	flags.IntVar(&songs, "songs", 0, "generate `N` songs instead of the scale's")
	flags.IntVar(&events, "events", 0, "generate `M` events instead of the scale's")
	flags.IntVar(&s.rounds, "rounds", 3, "alternate `N` times")
	flags.StringVar(
		&s.data, "data", "",
		"use the song_data/ and log_data/ in `DIR`, which is only read, instead of generating",
	)
	flags.StringVar(
		&s.keep, "keep", "",
		"work in `DIR` and leave data and template databases there for the next run; delete it "+
			"when dwh loads or lays out tables in another way",
	)
	flags.StringVar(
		&s.profile, "profile", "",
		"write a CPU and an allocation profile of each of dwh's sides into `DIR`, from one more run of each",
	)
	flags.StringVar(
		&s.duckdb, "duckdb", "",
		"compare with DuckDB, whose @duckdb/node-api is in the node_modules of `DIR`",
	)
	flags.StringVar(
		&s.binary, "dwh", "",
		"measure this `FILE`, a dwh whose transforms are those of this tree, instead of building one",
	)
	flags.StringVar(&s.json, "json", "", "keep all figures in `FILE`")
	flags.StringVar(&format, "format", "text", "print as `FORMAT`: text or markdown")
	flags.BoolVar(
		&growth, "growth", false,
		"also run 1, 5 and 20 million events (a fifth, once and four times the scale's), which takes long",
	)
	flags.Usage = func() {
		_, _ = fmt.Fprint(
			stderr,
			"Measures dwh against what the machine can do and what others do with the same "+
				"data.\nThe scale large takes tens of minutes and 30 GB, small a few minutes.\n\n",
		)
		flags.PrintDefaults()
		_, _ = fmt.Fprint(
			stderr,
			"\nExamples:\n  go run ./internal/bench --scale small\n  go run ./internal/bench "+
				"--only load,batch --keep /var/tmp/bench --profile /tmp/profiles\n  go run "+
				"./internal/bench --duckdb ~/duckdb --format markdown --json bench.json\n",
		)
	}
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	known := false
	for _, item := range scales() {
		if item.name == s.scale {
			s.songs, s.events, known = item.songs, item.events, true
		}
	}
	switch {
	case !known:
		return s, fmt.Errorf("--scale is large, medium or small, not %q", s.scale)
	case songs < 0 || events < 0 || s.rounds < 1:
		return s, errors.New("--songs, --events and --rounds are positive numbers")
	}
	if songs > 0 {
		s.songs, s.scale = songs, "as given"
	}
	if events > 0 {
		s.events, s.scale = events, "as given"
	}
	if s.data != "" {
		s.scale = "as the data are"
		for _, name := range []string{"song_data", "log_data"} {
			if _, err := os.Stat(filepath.Join(s.data, name)); err != nil {
				return s, fmt.Errorf("--data: %w", err)
			}
		}
	}
	switch format {
	case "text":
		s.format = table.Text
	case "markdown":
		s.format = table.Markdown
	default:
		return s, fmt.Errorf("--format is text or markdown, not %q", format)
	}
	s.only = usual()
	if only != "" {
		s.only = nil
		for name := range strings.SplitSeq(only, ",") {
			s.only = append(s.only, strings.TrimSpace(name))
		}
	}
	if growth && !s.only.has("growth") {
		s.only = append(s.only, "growth")
	}
	if len(s.only) == 1 && s.only[0] == "memory" {
		return s, errors.New("memory is the peak over the other rows: name some of them too")
	}
	return s, s.only.unknown()
}

// run measures what the settings want.
func run(ctx context.Context, s settings, log io.Writer) (report *outcome.Report, err error) {
	l, err := open(ctx, s, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.lay(ctx); err != nil {
		return nil, err
	}
	version, err := l.dwh(ctx, child{args: []string{"--version"}})
	if err != nil {
		return nil, err
	}
	held, err := l.implied(ctx)
	if err != nil {
		return nil, err
	}
	report = &outcome.Report{
		Date: time.Now().UTC(), Version: strings.TrimSpace(
			version.stdout,
		), Machine: l.kind(), Scale: s.scale, Rounds: s.rounds,
		Data: outcome.Data{
			Source: l.set.Source, Songs: held.Songs, SongObjects: l.set.SongObjects,
			Events: held.Events, EventObjects: l.set.EventObjects, Plays: held.Plays, Bytes: l.set.Bytes,
		},
	}
	if err := l.measureAll(ctx, s.only, report); err != nil {
		return nil, err
	}
	report.Memory = l.memory
	report.Finish()
	return report, nil
}

// lay generates the data, or lays out those that the settings name.
func (l *lab) lay(ctx context.Context) (err error) {
	dir := l.path("data")
	if l.settings.data == "" {
		l.set, err = l.generate(ctx, dir, l.settings.songs, l.settings.events)
		return err
	}
	from, err := filepath.Abs(l.settings.data)
	if err != nil {
		return err
	}
	var files, bytes int64
	for _, name := range []string{"song_data", "log_data"} {
		f, b, err := dataset.Measure(filepath.Join(from, name))
		if err != nil {
			return fmt.Errorf("--data: %w", err)
		}
		files, bytes = files+f, bytes+b
	}
	source := fmt.Sprintf("data of %s: %d files, %d bytes", filepath.Base(from), files, bytes)
	if l.set, err = dataset.Open(dir, source); l.set != nil || err != nil {
		return err
	}
	l.say("laying out %s", from)
	if l.set, err = dataset.Make(ctx, from, dir, source, false); err != nil {
		return fmt.Errorf("lay out %s: %w", from, err)
	}
	return nil
}

// show prints the report and keeps it.
func show(report *outcome.Report, s settings, stdout *os.File) error {
	width := 0
	if columns, _, err := term.GetSize(int(stdout.Fd())); err == nil {
		width = columns
	}
	if err := report.Write(stdout, s.format, width); err != nil {
		return err
	}
	if s.json == "" {
		return nil
	}
	return report.Save(s.json)
}
