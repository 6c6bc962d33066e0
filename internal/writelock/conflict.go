package writelock

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// Conflict recognizes what ends a transaction because of another one, so that it is to be run again as a whole: SQLSTATE 40001 and
// 40P01, and Redshift's errors 1023 (serializable isolation violation) and 1018 (relation made after the snapshot), which
// come as XX000 with the number in the text (dg/c_serial_isolation).
func Conflict(err error) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return false
	}
	if refused.Code == "40001" || refused.Code == "40P01" {
		return true
	}
	text := refused.Message + " " + refused.Detail
	return refused.Code == "XX000" && (containsNumber(text, "1023") || containsNumber(text, "1018"))
}

// containsNumber finds number in text as a whole number.
func containsNumber(text, number string) bool {
	digit := func(i int) bool { return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9' }
	for i := 0; i+len(number) <= len(text); i++ {
		if text[i:i+len(number)] == number && !digit(i-1) && !digit(i+len(number)) {
			return true
		}
	}
	return false
}
