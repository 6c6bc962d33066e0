package publish

import (
	"context"
	"fmt"
)

// checkpoint writes to disk, beside a transaction, what the transaction has made, if its commit
// would have to, while it holds the locks of tables that readers want. So it is where wal_level is
// minimal (https://www.postgresql.org/docs/current/populate.html#POPULATE-PITR).
type checkpoint struct {
	handover *Handover
	level    string     // wal_level, "" until it is known
	done     chan error // of the checkpoint under way; nil without
}

// needed tells whether there is anything to flush.
func (c *checkpoint) needed(ctx context.Context) (bool, error) {
	if c.level == "" {
		if err := c.handover.tx.QueryRow(ctx, "SHOW wal_level").Scan(&c.level); err != nil {
			return false, fmt.Errorf("read wal_level: %w", err)
		}
	}
	return c.level == "minimal", nil
}

// begin starts a checkpoint where one is needed, unless it is not the last and another is under
// way: what was loaded so far is written while more is loaded, so that at the end little is left to
// wait for.
func (c *checkpoint) begin(ctx context.Context, last bool) error {
	if needed, err := c.needed(ctx); err != nil || !needed {
		return err
	}
	if c.done != nil {
		select {
		case <-c.done:
		default:
			if !last {
				return nil
			}
			<-c.done
		}
	}
	done := make(chan error, 1)
	c.done = done
	h := c.handover
	go func() { // wait, or the next begin, waits for it
		_, err := h.Pool.Exec(ctx, "CHECKPOINT")
		if err == nil && last && h.Flush != nil {
			// No checkpoint knows of what was written past the server's buffers, as a new index is.
			if err := h.Flush(); err != nil {
				h.Logger.Debug("not flushed", "error", err)
			}
		}
		done <- err
	}()
	return nil
}

// wait ends when no checkpoint is under way any more; false says that the last one failed.
func (c *checkpoint) wait() bool {
	if c.done == nil {
		return true
	}
	err := <-c.done
	c.done = nil
	if err != nil {
		c.handover.Logger.Debug("no checkpoint", "error", err)
	}
	return err == nil
}
