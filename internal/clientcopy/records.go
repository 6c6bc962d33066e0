package clientcopy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/jsonpaths"
	"github.com/sparkify/dwh/internal/objectstore"
)

// A Record is the text of a record that a COPY has refused, to be tried again by itself.
type Record struct {
	Text string // as it stood in its object: decompressed, in UTF-8, without its end of line
	Line int64  // its last line there
}

// RecordResult is what became of a Record. A text may turn out to be several records.
type RecordResult struct {
	Rows int64 // loaded of it; with no Rejects either, the COPY passes over it
	// Rejects are refused, by the lines of the object.
	Rejects []RecordError
}

// alone is the statement for records that were taken out of their objects: they have neither header
// lines nor a compression, and are in UTF-8. Any number of them may be refused.
func alone(stmt *copystmt.Statement) *copystmt.Statement {
	changed := *stmt
	changed.IgnoreHeader, changed.Compression, changed.Encoding = 0, copystmt.None, ""
	changed.MaxError = math.MaxInt32
	return &changed
}

// CopyRecords loads records into the statement's table as Copy loads objects. What is wrong with
// records alone is no error: the result has one element a record, in order.
func CopyRecords(
	ctx context.Context,
	conn *pgx.Conn,
	store *objectstore.Store,
	stmt *copystmt.Statement,
	records []Record,
	o Options,
) ([]RecordResult, error) {
	return loadRecords(ctx, conn, store, stmt, records, o, copyTo)
}

// InsertRecords is CopyRecords for Redshift, by INSERTs.
func InsertRecords(
	ctx context.Context,
	conn *pgx.Conn,
	store *objectstore.Store,
	stmt *copystmt.Statement,
	records []Record,
	o Options,
) ([]RecordResult, error) {
	return loadRecords(ctx, conn, store, stmt, records, o, insertTo)
}

type loader func(
	ctx context.Context, conn *pgx.Conn, store *objectstore.Store, stmt *copystmt.Statement,
	objects []Object, bodies [][]byte, o Options,
) (Result, error)

func loadRecords(
	ctx context.Context,
	conn *pgx.Conn,
	store *objectstore.Store,
	stmt *copystmt.Statement,
	records []Record,
	o Options,
	do loader,
) ([]RecordResult, error) {
	if err := Check(stmt); err != nil {
		return nil, err
	}
	if conn == nil || store == nil {
		return nil, errors.New("copy needs a connection and a store")
	}
	if len(records) == 0 {
		return nil, nil
	}
	objects, bodies := make([]Object, len(records)), make([][]byte, len(records))
	for i, record := range records {
		body := record.Text
		if body == "" {
			body = "\n" // a blank line
		}
		bodies[i] = []byte(body)
		objects[i] = Object{URL: "file:///record", Size: int64(len(body))}
	}
	o.Workers = 1 // so that all of a text is held back until it is known to be good
	result, err := do(ctx, conn, store, alone(stmt), objects, bodies, o)
	if err != nil {
		return nil, err
	}
	out := make([]RecordResult, len(records))
	rest := result.Rejects
	for i, object := range result.Objects {
		own := rest[:object.Rejects]
		rest = rest[object.Rejects:]
		out[i].Rows = object.Rows
		for _, reject := range own {
			first := records[i].Line - int64(strings.Count(records[i].Text, "\n"))
			reject.Line = max(first+reject.Line-1, 1)
			out[i].Rejects = append(out[i].Rejects, reject)
		}
	}
	return out, nil
}

// Records reads the records of an object, of exactly the version given, that end at some of its
// lines. It returns them by line: of an archive, several files may have a record there. Whether a
// record is good does not matter.
func Records(
	ctx context.Context,
	store *objectstore.Store,
	stmt *copystmt.Statement,
	o Object,
	lines []int64,
) (map[int64][]string, error) {
	if err := Check(stmt); err != nil {
		return nil, err
	}
	p, err := newTextlessPlan(ctx, store, stmt)
	if err != nil {
		return nil, err
	}
	wanted := map[int64]bool{}
	var last int64
	for _, line := range lines {
		wanted[line] = true
		last = max(last, line)
	}
	l := newLoad(p, store, stmt, []Object{o}, Options{Workers: 1})
	w := l.newWorker(ctx)
	defer w.expand.close()
	w.win.buf = make([]byte, windowSize)
	found := map[int64][]string{}
	w.out.rawMax = maxRecord
	w.out.each = func(line int64, record []byte) error {
		if wanted[line] {
			found[line] = append(found[line], string(record))
		}
		if line > last && w.part == "" { // a line may end several records
			return errStopped
		}
		return nil
	}
	var fatal *FatalError
	if err := w.read(o, nil); err != nil && !errors.Is(err, errStopped) && !errors.As(err, &fatal) {
		return nil, fmt.Errorf("read records of %s: %w", o.URL, err)
	}
	return found, nil
}

// newTextlessPlan is a plan that tells records apart, and knows no columns.
func newTextlessPlan(ctx context.Context, store *objectstore.Store, stmt *copystmt.Statement) (*plan, error) {
	if stmt.Format != copystmt.JSON {
		return newPlan(ctx, store, stmt, nil)
	}
	p := &plan{ignoreHeader: stmt.IgnoreHeader}
	if !slices.Contains([]string{copystmt.PathsAuto, copystmt.PathsAutoIgnoreCase}, stmt.JSONPaths) {
		paths, err := readPaths(ctx, store, stmt)
		if err != nil {
			return nil, err
		}
		if !paths.Auto {
			// Whether a record may be an array depends on the paths.
			p.json, p.targets = compilePaths(make([]Column, len(paths.Paths)), paths.Paths)
			return p, nil
		}
	}
	p.json, p.targets = compilePaths(nil, []jsonpaths.Path{})
	return p, nil
}

// OneRecord tells whether the text of a line is one record by itself: neither the end of one that
// began on an earlier line, nor several.
func OneRecord(stmt *copystmt.Statement, text string) bool {
	switch {
	case stmt.Format == copystmt.JSON:
		decoder := json.NewDecoder(strings.NewReader(text))
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return true // it is broken, and nothing of it was loaded
		}
		return strings.TrimSpace(text[decoder.InputOffset():]) == ""
	case stmt.Format != copystmt.CSV && stmt.Format != copystmt.Delimited,
		len(stmt.Delimiter) != 1,
		stmt.Escape,
		stmt.RemoveQuotes:
		return false
	}
	return newTextPlan(stmt).fields([]byte(text), true) != nil
}
