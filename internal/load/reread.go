package load

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
)

// erased is the reason of a record whose text somebody has erased.
const erased = "erased"

// text is that of a refused record.
type text struct {
	meant bool // the record is to be tried by itself
	known bool // and this is its text
	text  string
}

// texts are the texts of records: those that are kept, and where these are not all of it, what the
// objects say.
func (p *part) texts(ctx context.Context, rows []dwhdb.RefusedRecordsRow) ([]text, error) {
	out := make([]text, len(rows))
	missing := map[version][]int{}
	var order []version
	for i, row := range rows {
		v := version{row.Url, row.LoadID}
		_, whole := p.unloaded[v]
		switch {
		case whole, row.RawText == nil && row.Reason != nil && *row.Reason == erased:
			continue
		case p.unable != nil:
			out[i].meant = true
		case row.Exact && row.RawText != nil:
			out[i] = text{meant: true, known: true, text: *row.RawText}
		case row.Exact: // a record without any text
			out[i] = text{meant: true, known: true}
		default:
			out[i].meant = true
			if missing[v] == nil {
				order = append(order, v)
			}
			missing[v] = append(missing[v], i)
		}
	}
	if p.unable != nil {
		p.Observer(progress.Event{
			Kind: progress.Warning, Step: p.file.Name,
			Text: fmt.Sprintf("refused records cannot be tried one by one: %v", p.unable),
		})
	}
	for _, v := range order {
		if err := p.reread(ctx, rows, missing[v], out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// reread reads records of one version of an object from it again. Where that version is there no
// more, their texts stay unknown.
func (p *part) reread(ctx context.Context, rows []dwhdb.RefusedRecordsRow, places []int, out []text) error {
	url, etag := objectstore.URL(rows[places[0]].Url), rows[places[0]].Etag
	object, there, err := p.current(ctx, url, etag)
	if err != nil || !there {
		return err
	}
	var lines []int64
	for _, i := range places {
		lines = append(lines, rows[i].Line)
	}
	found, err := clientcopy.Records(ctx, p.Store, p.statement, object, lines)
	switch {
	case ctx.Err() != nil, errors.Is(err, objectstore.ErrCredentials):
		return err
	case err != nil:
		p.Observer(progress.Event{
			Kind: progress.Warning, Step: p.file.Name, Text: fmt.Sprintf(
				"refused records cannot be read again: %v", err,
			),
		})
		return nil
	}
	for _, i := range places {
		out[i].text, out[i].known = theOne(found[rows[i].Line], rows[i].RawText)
	}
	return nil
}

// theOne is the record that begins with what is kept of it; false where none does, or different
// ones do.
func theOne(candidates []string, kept *string) (string, bool) {
	var name string
	found := false
	for _, candidate := range candidates {
		if kept != nil && !begins(candidate, *kept) {
			continue
		}
		if found && candidate != name {
			return "", false
		}
		name, found = candidate, true
	}
	return name, found
}

// begins tells whether a record begins with what is kept of it. Of bytes that are no UTF-8 a
// replacement is kept, and the views of Redshift have a period for what is not ASCII
// (dg/r_STL_LOAD_ERRORS).
func begins(record, kept string) bool {
	record = strings.ReplaceAll(strings.ToValidUTF8(record, "\uFFFD"), "\x00", "\uFFFD")
	for _, want := range kept {
		got, size := utf8.DecodeRuneInString(record)
		if size == 0 || got != want && want != '.' && want != '\uFFFD' {
			return false
		}
		record = record[size:]
	}
	return true
}

// current is an object as it is now, if it is still the version that was loaded.
func (l *Loader) current(ctx context.Context, url objectstore.URL, etag *string) (objectstore.Object, bool, error) {
	if etag == nil {
		return objectstore.Object{}, false, nil
	}
	object, err := l.Store.Stat(ctx, url)
	switch {
	case errors.Is(err, objectstore.ErrNotExist):
		return object, false, nil
	case err != nil:
		return object, false, fmt.Errorf("look for a refused object: %w", err)
	}
	return object, object.ETag == *etag, nil
}
