package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/sparkify/dwh/internal/dwhdb"
)

// NewestName is what the dashboard calls the moment of Newest.
const NewestName = "Newest songplay"

// Newest is the moment of the newest songplay; zero for none.
func Newest(ctx context.Context, db dwhdb.DBTX) (time.Time, error) {
	found, err := dwhdb.New(db).NewestPlay(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the newest songplay: %w", err)
	}
	for _, ms := range found {
		return time.UnixMilli(ms).UTC(), nil
	}
	return time.Time{}, nil
}
