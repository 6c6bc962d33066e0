package load

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
)

// lastURL is beyond every URL of either scheme in byte order.
const lastURL = "\U0010FFFF"

// ledger reads a table's known objects in the order of a listing. Both are in byte order of URLs
// (s_object.url has the C collation; Redshift has no other), so that one pass over each finds what
// is new, and neither has to fit in memory. From the first question to close it takes a connection
// of its own.
type ledger struct {
	pool   *pgxpool.Pool
	table  catalogue.Name
	prefix objectstore.URL // of the listing; "" for none

	conn        *pgxpool.Conn // nil before the first question
	rows        pgx.Rows
	more        bool              // rows stands at a row that was not compared yet
	first, past objectstore.URL   // rows has the URLs from first on and before past
	last        objectstore.URL   // of the latest question
	outcomes    map[string]string // of last, by etag
}

// open reads from the first object of a listing on, to the end of what its prefix can have.
func (l *ledger) open(ctx context.Context, first objectstore.URL) (err error) {
	if l.conn, err = l.pool.Acquire(ctx); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	l.outcomes = map[string]string{}
	l.first, l.past = first, objectstore.URL(lastURL)
	if strings.HasPrefix(string(first), string(l.prefix)) {
		l.past = l.prefix + lastURL
	}
	if l.rows, err = l.conn.Query(ctx, dwhdb.KnownObjects, string(l.table), string(first), string(l.past)); err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	return l.step()
}

// close gives the connection back.
func (l *ledger) close() {
	if l.rows != nil {
		l.rows.Close()
	}
	if l.conn != nil {
		l.conn.Release()
	}
}

func (l *ledger) step() error {
	if l.more = l.rows.Next(); !l.more {
		if err := l.rows.Err(); err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
	}
	return nil
}

// outcome is what the ledger says of the object's URL and etag; "" where they do not stand in it.
// Objects must be asked for in byte order of their URLs.
func (l *ledger) outcome(ctx context.Context, o objectstore.Object) (string, error) {
	if l.conn == nil {
		if err := l.open(ctx, o.URL); err != nil {
			return "", err
		}
	}
	if o.URL < l.last || o.URL < l.first || o.URL >= l.past {
		return "", fmt.Errorf("listing is out of order: %s after %s", o.URL, cmp.Or(l.last, l.first))
	}
	if o.URL != l.last {
		l.last = o.URL
		clear(l.outcomes)
	}
	for l.more {
		// A text is the same bytes in both formats, and to compare them takes no copy.
		row := l.rows.RawValues()
		if string(row[0]) > string(o.URL) {
			break
		}
		if string(row[0]) == string(o.URL) {
			l.outcomes[string(row[1])] = string(row[2])
		}
		if err := l.step(); err != nil {
			return "", err
		}
	}
	return l.outcomes[o.ETag], nil
}
