package transform

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
)

// erasedReason stands in s_reject for a record whose text was erased. Its row stays, so that
// nothing that reads the object again takes the record up.
const erasedReason = "erased"

// refusedRecord is a row of s_reject.
type refusedRecord struct {
	load, url, reason string
	line              int64
	raw               *string
}

// refusedOf are the refused records of a chosen table that hold the values: every one of a list.
func (c *chosen) refusedOf(ctx context.Context, q catalogue.Querier) ([]refusedRecord, error) {
	rows, err := q.Query(ctx, dwhdb.RejectTexts, string(c.table.Name))
	if err != nil {
		return nil, fmt.Errorf("read rejects: %w", err)
	}
	var out []refusedRecord
	var record refusedRecord
	var reason *string
	if _, err := pgx.ForEachRow(rows, []any{
		&record.load, &record.url, &record.line, &record.raw, &reason,
	}, func() error {
		record.reason = ""
		if reason != nil {
			record.reason = *reason
		}
		if c.refused(record) {
			out = append(out, record)
		}
		record.raw = nil
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read rejects: %w", err)
	}
	return out, nil
}

// refused tells whether a refused record holds the values. The reason quotes one of them.
func (c *chosen) refused(record refusedRecord) bool {
	if record.raw == nil && record.reason == erasedReason {
		return false
	}
	text := record.reason
	if record.raw != nil {
		text += "\n" + *record.raw
	}
	return slices.ContainsFunc(c.rejects, func(list []value) bool {
		return !slices.ContainsFunc(list, func(v value) bool { return !v.in(text) })
	})
}

// eraseRefused takes the texts out of refused records.
func (c *chosen) eraseRefused(ctx context.Context, q dwhdb.DBTX) error {
	records, err := c.refusedOf(ctx, q)
	if err != nil {
		return err
	}
	db := dwhdb.New(q)
	for _, record := range records {
		if _, err := db.EraseReject(ctx, dwhdb.EraseRejectParams{
			TableName: string(c.table.Name), LoadID: record.load, Url: record.url, Line: record.line,
		}); err != nil {
			return fmt.Errorf("erase reject: %w", err)
		}
	}
	return nil
}
