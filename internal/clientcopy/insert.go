package clientcopy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlliteral"
)

// maxInsert is the size at which an INSERT is sent, bytes. Redshift takes 16 MB
// (dg/c_redshift-sql). A row is at most 4 MB as JSON, and twice that when every byte of it has to
// be escaped, so that no statement reaches that limit.
const maxInsert = 4 << 20

// Insert is Copy for Redshift, from sources that Redshift cannot read itself: the rows go into
// INSERTs of many rows, as AWS advises where COPY cannot be used
// (dg/c_best-practices-multi-row-inserts). Result and errors are those of Copy.
func Insert(
	ctx context.Context, conn *pgx.Conn, store *objectstore.Store, stmt *copystmt.Statement,
	objects []Object, o Options,
) (Result, error) {
	if err := Check(stmt); err != nil {
		return Result{}, err
	}
	if conn == nil || store == nil {
		return Result{}, errors.New("copy needs a connection and a store")
	}
	return insertTo(ctx, conn, store, stmt, objects, nil, o)
}

// insertTo is Insert of a checked statement. bodies, where set, are the objects' bytes.
func insertTo(
	ctx context.Context, conn *pgx.Conn, store *objectstore.Store, stmt *copystmt.Statement,
	objects []Object, bodies [][]byte, o Options,
) (Result, error) {
	all, err := redshiftColumns(ctx, conn, stmt.Schema, stmt.Name)
	if errors.Is(err, ErrNoTable) {
		return Result{}, stmt.ErrorAt(
			"TABLE", fmt.Sprintf("table %s does not exist", stmt.Table),
			"create it first: COPY appends to a table", err,
		)
	}
	if err != nil {
		return Result{}, err
	}
	columns, err := chooseColumns(stmt, all)
	if err != nil {
		return Result{}, err
	}
	p, err := newPlan(ctx, store, stmt, columns)
	if err != nil {
		return Result{}, err
	}
	names := make([]string, len(columns))
	for i := range p.targets {
		t := &p.targets[i]
		t.orDefault = t.NotNull && t.HasDefault
		names[i] = pgx.Identifier{t.Name}.Sanitize()
	}
	l := newLoad(p, store, stmt, objects, o)
	l.bodies = bodies
	if stmt.NoLoad {
		return l.run(ctx, nil)
	}
	head := fmt.Sprintf("INSERT INTO %s (%s) VALUES\n", tableName(stmt), strings.Join(names, ", "))
	return l.run(ctx, &insert{conn: conn.PgConn(), head: head, targets: p.targets})
}

// insert is a sink that turns tuples into INSERTs.
type insert struct {
	conn    *pgconn.PgConn
	head    string
	targets []target
	sql     []byte
}

func (s *insert) send(ctx context.Context, l *load) (aborted bool, err error) {
	s.sql = make([]byte, 0, maxInsert+maxInsert/4)
	for {
		select {
		case b, open := <-l.full:
			if !open {
				if l.failed() {
					return true, nil
				}
				return false, s.flush(ctx)
			}
			err := s.block(ctx, b)
			l.put(b)
			if err != nil {
				return false, err
			}
		case <-l.stopped:
			return true, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// block adds the tuples of a block, which holds whole ones.
func (s *insert) block(ctx context.Context, b []byte) error {
	for len(b) > 0 {
		if len(s.sql) == 0 {
			s.sql = append(s.sql, s.head...)
		} else {
			s.sql = append(s.sql, ",\n"...)
		}
		b = b[2:] // the number of fields
		s.sql = append(s.sql, '(')
		for i := range s.targets {
			if i > 0 {
				s.sql = append(s.sql, ", "...)
			}
			length := int32(binary.BigEndian.Uint32(b))
			b = b[4:]
			switch length {
			case -1:
				s.sql = append(s.sql, sqlliteral.Null...)
			case -2:
				s.sql = append(s.sql, sqlliteral.Default...)
			default:
				s.sql = appendValue(s.sql, b[:length], &s.targets[i])
				b = b[length:]
			}
		}
		s.sql = append(s.sql, ')')
		if len(s.sql) >= maxInsert {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *insert) flush(ctx context.Context) error {
	if len(s.sql) == 0 {
		return nil
	}
	// By the simple protocol, and past pgx's tracers: the text holds people's data.
	_, err := s.conn.Exec(ctx, string(s.sql)).ReadAll()
	if cap(s.sql) > 4*maxInsert {
		s.sql = nil
	}
	s.sql = s.sql[:0]
	return err
}

// Days and microseconds are counted from 2000 in the binary format.
var epoch2000 = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// appendValue writes a binary field, as encoder.field made it, as a literal.
func appendValue(dst, v []byte, t *target) []byte {
	switch t.typ {
	case typeSmallint:
		return sqlliteral.AppendInteger(dst, int64(int16(binary.BigEndian.Uint16(v))))
	case typeInteger:
		return sqlliteral.AppendInteger(dst, int64(int32(binary.BigEndian.Uint32(v))))
	case typeBigint:
		return sqlliteral.AppendInteger(dst, int64(binary.BigEndian.Uint64(v)))
	case typeDouble:
		return sqlliteral.AppendDouble(dst, math.Float64frombits(binary.BigEndian.Uint64(v)), 64)
	case typeReal:
		return sqlliteral.AppendDouble(dst, float64(math.Float32frombits(binary.BigEndian.Uint32(v))), 32)
	case typeBoolean:
		return sqlliteral.AppendBoolean(dst, v[0] != 0)
	case typeDate:
		dst = append(dst, "DATE '"...)
		dst = sqlliteral.AppendMoment(
			dst, epoch2000.AddDate(0, 0, int(int32(binary.BigEndian.Uint32(v)))), "2006-01-02",
		)
		return append(dst, '\'')
	case typeTimestamp, typeTimestamptz:
		moment := time.UnixMicro(int64(binary.BigEndian.Uint64(v)) + epoch2000.UnixMicro())
		if t.typ == typeTimestamp {
			return sqlliteral.AppendTimestamp(dst, moment)
		}
		dst = append(dst, "TIMESTAMPTZ '"...)
		return append(sqlliteral.AppendMoment(dst, moment, "2006-01-02 15:04:05.999999+00"), '\'')
	case typeNumeric:
		dst = append(dst, "CAST('"...)
		dst = appendDecimal(dst, v)
		if t.Precision > 0 {
			return fmt.Appendf(dst, "' AS NUMERIC(%d,%d))", t.Precision, t.Scale)
		}
		return append(dst, "' AS NUMERIC)"...)
	}
	return sqlliteral.AppendText(dst, v)
}

// appendDecimal writes PostgreSQL's binary NUMERIC, digits to the base of 10,000, in decimal.
func appendDecimal(dst, v []byte) []byte {
	word := func(i int) int { return int(int16(binary.BigEndian.Uint16(v[2*i:]))) }
	digits, weight, sign, scale := word(0), word(1), word(2), word(3)
	if uint16(sign) == 0xC000 {
		return append(dst, "NaN"...)
	}
	if sign == 0x4000 {
		dst = append(dst, '-')
	}
	digit := func(i int) int { // of 10,000^(weight-i)
		if i < 0 || i >= digits {
			return 0
		}
		return word(4 + i)
	}
	if weight < 0 {
		dst = append(dst, '0')
	}
	for i := 0; i <= weight; i++ {
		if i == 0 {
			dst = fmt.Appendf(dst, "%d", digit(i))
		} else {
			dst = fmt.Appendf(dst, "%04d", digit(i))
		}
	}
	if scale > 0 {
		dst = append(dst, '.')
		at := len(dst)
		for i := weight + 1; len(dst)-at < scale; i++ {
			dst = fmt.Appendf(dst, "%04d", digit(i))
		}
		dst = dst[:at+scale]
	}
	return dst
}

// redshiftColumns is Columns by views that Redshift has too; its pg_attribute knows neither
// IDENTITY nor generated columns.
func redshiftColumns(ctx context.Context, q Querier, schema, table string) ([]Column, error) {
	where := "CAST(current_schema() AS VARCHAR(127))"
	args := []any{table}
	if schema != "" {
		where = "CAST($2 AS VARCHAR(127))"
		args = append(args, schema)
	}
	rows, err := q.Query(ctx, `
		SELECT
			CAST(c.column_name AS VARCHAR(127)),
			CAST(c.data_type AS VARCHAR(127)),
			CAST(c.character_maximum_length AS BIGINT),
			CAST(c.numeric_precision AS BIGINT),
			CAST(c.numeric_scale AS BIGINT),
			CAST(c.is_nullable AS VARCHAR(3)),
			CAST(c.column_default AS VARCHAR(1024))
		FROM information_schema.columns AS c
		WHERE c.table_name = CAST($1 AS VARCHAR(127))
			AND c.table_schema = `+where+`
		ORDER BY c.ordinal_position`, args...)
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", table, err)
	}
	columns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Column, error) {
		var c Column
		var length, precision, scale *int64
		var nullable string
		var otherwise *string
		if err := row.Scan(&c.Name, &c.Type, &length, &precision, &scale, &nullable, &otherwise); err != nil {
			return c, err
		}
		if length != nil {
			c.Length = int(*length)
		}
		if c.Type == "numeric" && precision != nil && scale != nil {
			c.Precision, c.Scale = int(*precision), int(*scale)
		}
		c.NotNull = nullable == "NO"
		if otherwise != nil {
			// An IDENTITY column's default reads "identity"(…).
			c.Identity = strings.Contains(*otherwise, "identity")
			c.HasDefault = !c.Identity
		}
		return c, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", table, err)
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("read the columns of %s: %w", table, ErrNoTable)
	}
	return columns, nil
}
