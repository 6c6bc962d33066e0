package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/warehouse"
)

// A missingError is an address that nothing stands at.
type missingError struct {
	what   string // such as: report "x"; "" for a page
	advice string
}

func (e *missingError) Error() string {
	if e.what == "" {
		return "there is no page at this address"
	}
	return "there is no " + e.what
}

// Hint says where else to look.
func (e *missingError) Hint() string { return e.advice }

// A methodError is a request that would write.
type methodError struct{ method string }

func (e *methodError) Error() string {
	return fmt.Sprintf("the method %.20q is not allowed: these pages are read-only", e.method)
}

// A badRequestError is an address whose values are malformed.
type badRequestError struct{ problem string }

func (e *badRequestError) Error() string { return e.problem }

// A busyError says that as many views, or streams, are open as may be.
type busyError struct{ most int }

func (e *busyError) Error() string {
	return fmt.Sprintf("the limit of %d open views is reached", e.most)
}

// Hint says what to do about it.
func (e *busyError) Hint() string { return "try again in a moment" }

// An unreachableError says that the warehouse could not be asked.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string { return "the warehouse does not answer: " + e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

// A slowError says that a statement took longer than it may.
type slowError struct {
	limit time.Duration
	err   error
}

func (e *slowError) Error() string {
	return fmt.Sprintf(
		"the query took longer than %s and was cancelled, so that it does not block others",
		words(e.limit),
	)
}
func (e *slowError) Unwrap() error { return e.err }

// Hint says what to do about it.
func (e *slowError) Hint() string {
	return "ask for less data, or run the report on the command line, which has no limit"
}

// A tooLargeError says that a result is larger than the server is to hold in memory.
type tooLargeError struct{ limit int }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the result is larger than %s", table.Bytes(int64(e.limit)))
}

// Hint says what to do about it.
func (e *tooLargeError) Hint() string {
	return "run it on the command line: dwh report NAME --format csv"
}

// problem is an error as a page shows it.
type problem struct {
	Title   string
	Text    string
	Snippet string // the line of SQL that is at fault, with a caret
	Hint    string
	Status  int
}

// problemOf sorts an error.
func problemOf(err error) problem {
	p := problem{
		Title: "Something went wrong", Text: err.Error(), Hint: hintOf(err),
		Status: http.StatusInternalServerError,
	}
	var missing *missingError
	var method *methodError
	var bad *badRequestError
	var busy *busyError
	var unreachable *unreachableError
	var slow *slowError
	var large *tooLargeError
	var placed *sqlfile.Error
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &missing):
		p.Title, p.Status = "Not found", http.StatusNotFound
		if p.Hint == "" {
			p.Hint = "use the links at the top of the page"
		}
	case errors.As(err, &method):
		p.Title, p.Status = "Not allowed", http.StatusMethodNotAllowed
	case errors.As(err, &bad):
		p.Title, p.Status = "Bad request", http.StatusBadRequest
	case errors.As(err, &busy):
		p.Title, p.Status = "Busy", http.StatusServiceUnavailable
	case errors.As(err, &unreachable):
		p.Title, p.Status = "Warehouse unreachable", http.StatusServiceUnavailable
		if p.Hint = advice(err); p.Hint == "" {
			p.Hint = "check that the database server runs and that this machine can reach it; dwh doctor says " +
				"more; this page shows when the server answers again"
		}
	case errors.As(err, &slow):
		p.Title, p.Status = "Too slow", http.StatusGatewayTimeout
	case errors.As(err, &large):
		p.Title, p.Status = "Too large", http.StatusRequestEntityTooLarge
	case errors.As(err, &placed):
		p.Title, p.Snippet = "Error in the SQL", placed.Snippet()
	case errors.As(err, &refused):
		p.Title = "The warehouse refused the query"
		switch refused.Code {
		case "42P01", "3F000": // undefined_table, invalid_schema_name
			p.Text = "a table that this page reads does not exist: " + query.Message(refused)
			p.Hint = "run dwh migrate up"
		}
	}
	return p
}

// advice is what an error itself says to do.
func advice(err error) string {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if hinter, ok := inner.(interface{ Hint() string }); ok && hinter.Hint() != "" {
			return hinter.Hint()
		}
	}
	return ""
}

// hintOf is what to do about an error, "" when that is unknown.
func hintOf(err error) string {
	if hint := advice(err); hint != "" {
		return hint
	}
	var placed *sqlfile.Error
	if errors.As(err, &placed) {
		return placed.Hint
	}
	return warehouse.PgErrorHint(err)
}
