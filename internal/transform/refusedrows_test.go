package transform_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// An error about rows shows their values as the server writes them, whatever their types.
func TestRefusedRowsAreReadable(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	const key = "token, at, lasts, day, moment, share, price, truth, codes"
	const types = `token UUID, at TIME, lasts INTERVAL, day DATE, moment TIMESTAMPTZ, share REAL, price NUMERIC(6, 2),
		truth BOOLEAN, codes BIGINT[]`
	w.exec("CREATE TABLE s_visit (" + types + ", g INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL)")
	w.exec("CREATE TABLE f_visit (" + types + ", g INTEGER, n BIGINT, PRIMARY KEY (" + key + "))")
	for _, group := range []string{"1", "2"} {
		w.exec(`INSERT INTO s_visit VALUES ('a0ee8400-e29b-41d4-a716-446655440000', '10:11:12', '2 hours', '2018-11-01',
			'2018-11-01 12:00:00+02', 0.1, 5, true, '{1,2}', ` + group + ")")
	}
	steps := read(t, fstest.MapFS{"110_f_visit.sql": {Data: []byte(`-- f_visit: one row per visit.
-- key:  ` + key + `
-- pick: n DESC
-- from: s_visit by g
SELECT ` + key + `, g, COUNT(*) AS n FROM s_visit WHERE g IS NOT NULL AND ` +
		strings.ReplaceAll(key, ", ", " IS NOT NULL AND ") + ` IS NOT NULL GROUP BY ` + key + `, g;`)}})
	_, err := w.runner(nil, func(o *transform.Options) { o.Steps, o.Checks = steps, []check.Check{} }).
		Run(t.Context(), "test", nil)
	const want = "(token = a0ee8400-e29b-41d4-a716-446655440000, at = 10:11:12, lasts = 02:00:00, day = 2018-11-01, " +
		"moment = 2018-11-01 10:00:00, share = 0.1, price = 5.00, truth = true, codes = {1,2})"
	var refused *sqlfile.Error
	if !errors.As(err, &refused) || !strings.Contains(refused.Hint, want) {
		t.Errorf("got %#v, want an error with a hint that holds %s", err, want)
	}
}
