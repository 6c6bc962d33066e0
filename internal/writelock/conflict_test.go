package writelock_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/writelock"
)

func TestConflict(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&pgconn.PgError{Code: "40001"}, true},
		{&pgconn.PgError{Code: "40P01"}, true},
		{
			fmt.Errorf(
				"load: %w",
				&pgconn.PgError{
					Code: "XX000", Message: "1023",
					Detail: "Serializable isolation violation on table - 108261",
				},
			),
			true,
		},
		{&pgconn.PgError{Code: "XX000", Message: "ERROR: 1018", Detail: "Relation does not exist"}, true},
		{&pgconn.PgError{Code: "XX000", Message: "could not complete because of conflict with concurrent " +
			"transaction"}, true},
		{&pgconn.PgError{Code: "XX000", Message: "ERROR", Detail: "Could not complete because of conflict with " +
			"concurrent transaction"}, true},
		{&pgconn.PgError{Code: "42601", Message: "could not complete because of conflict with concurrent " +
			"transaction"}, false},
		{&pgconn.PgError{Code: "XX000", Message: "cache lookup failed"}, false},
		{&pgconn.PgError{Code: "XX000", Message: "failed at 11023 rows"}, false},
		{&pgconn.PgError{Code: "42601", Message: "1023"}, false},
		{errors.New("1023"), false},
		{nil, false},
	} {
		if got := writelock.Conflict(c.err); got != c.want {
			t.Errorf("%v: got %v, want %v", c.err, got, c.want)
		}
	}
}
