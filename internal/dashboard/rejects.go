package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhdb"
)

// sendable tells whether a text of a client's can be bound to a parameter, and is no longer than
// what is compared to it.
func sendable(text string, most int) bool {
	return len(text) <= most && utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

type rejectsBody struct {
	Table, URL string // the filter
	Tables     []string
	Rejects    []rejectRow
	paging
}

// rejectRow is a refused record as the list shows it.
type rejectRow struct {
	dwhdb.RejectsPageRow
	Link   string
	Column string
	Raw    string
	More   bool // the record is longer than Raw
}

// rejectLink is the address of a line's rejects.
func rejectLink(load, table, object string, line int64) string {
	return "/rejects/record?" + url.Values{
		"load": {load}, "table": {table}, "url": {object}, "line": {strconv.FormatInt(line, 10)},
	}.Encode()
}

func (s *site) rejects(r *http.Request) (answer, error) {
	page, err := pageOf(r)
	if err != nil {
		return nil, err
	}
	values := r.URL.Query()
	body := rejectsBody{Table: values.Get("table"), URL: strings.TrimSpace(values.Get("url"))}
	if !sendable(body.Table, 127) || !sendable(body.URL, 2048) {
		return nil, &badRequestError{
			"the filter is too long, or has characters that no table or object name has",
		}
	}
	for _, step := range s.Steps {
		if step.Load {
			body.Tables = append(body.Tables, string(step.Table))
		}
	}
	ctx := r.Context()
	var rows []dwhdb.RejectsPageRow
	if err := s.warehouse.read(ctx, func(tx pgx.Tx) (err error) {
		first, last := places(page)
		rows, err = dwhdb.New(tx).RejectsPage(
			ctx,
			dwhdb.RejectsPageParams{TableName: body.Table, Url: body.URL, FirstPlace: first, LastPlace: last},
		)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read the rejects: %w", err)
	}
	if len(rows) == 0 && page > 1 {
		return nil, &missingError{
			what:   fmt.Sprintf("page %s does not exist: there are fewer rejects", number(int64(page))),
			advice: "see the latest ones at /rejects",
		}
	}
	rows, body.paging = cutPage(r, page, rows)
	for _, rejectsPageRow := range rows {
		row := rejectRow{
			RejectsPageRow: rejectsPageRow, Link: rejectLink(
				rejectsPageRow.LoadID, rejectsPageRow.TableName, rejectsPageRow.Url,
				rejectsPageRow.Line,
			),
			Raw: rejectsPageRow.RawStart, More: rejectsPageRow.RawBytes > int64(len(rejectsPageRow.RawStart)),
		}
		if rejectsPageRow.ColumnName != nil {
			row.Column = *rejectsPageRow.ColumnName
		}
		body.Rejects = append(body.Rejects, row)
	}
	return view{name: "rejects", Title: "Rejects", Nav: "Rejects", Body: body}, nil
}

type rejectBody struct {
	Load, Table, URL string
	RunLink          string
	Line             int64
	Records          []dwhdb.RejectsAtRow
	Raw              string
	Bytes            int64
	Download         string
	Objects          string // the address of all rejects of the object
}

func (s *site) reject(r *http.Request) (answer, error) {
	values := r.URL.Query()
	body := rejectBody{Load: values.Get("load"), Table: values.Get("table"), URL: values.Get("url")}
	line, err := strconv.ParseInt(values.Get("line"), 10, 64)
	if err != nil || !sendable(body.Load, 64) || !sendable(body.Table, 127) || !sendable(body.URL, 2048) {
		return nil, &badRequestError{"the address of a record needs load, table, url and line"}
	}
	body.Line = line
	ctx := r.Context()
	if err := s.warehouse.read(ctx, func(tx pgx.Tx) (err error) {
		body.Records, err = dwhdb.New(tx).RejectsAt(
			ctx,
			dwhdb.RejectsAtParams{LoadID: body.Load, TableName: body.Table, Url: body.URL, Line: line},
		)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read the rejects: %w", err)
	}
	if len(body.Records) == 0 {
		return nil, &missingError{
			what:   "reject of that line",
			advice: "perhaps it was loaded or erased since; see the other rejects at /rejects",
		}
	}
	for _, record := range body.Records {
		if record.RawText != nil {
			body.Raw = *record.RawText
			break
		}
	}
	body.Bytes = int64(len(body.Raw))
	if values.Get("format") == "text" {
		// Shown as it is: as text that no browser takes for anything else.
		return file{
			kind: "text/plain; charset=utf-8", text: []byte(body.Raw), policy: dataPolicy,
			cache: "no-store", download: "reject-line-" + strconv.FormatInt(line, 10) + ".txt",
		}, nil
	}
	values.Set("format", "text")
	body.Download = "/rejects/record?" + values.Encode()
	body.RunLink = "/runs/" + url.PathEscape(body.Load)
	body.Objects = "/rejects?" + url.Values{"url": {body.URL}}.Encode()
	return view{name: "reject", Title: "Rejected record", Nav: "Rejects", Body: body}, nil
}
