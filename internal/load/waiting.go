package load

import (
	"context"
	"fmt"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
)

// A Waiting load has refused records that another text of its COPY has refused.
type Waiting struct {
	Step    string         // the load's, such as 020_s_order
	Table   catalogue.Name // the staging table that it fills
	Records int64          // how many they are, at least 1
	Place   string         // of the COPY: file and line
}

// WaitingLoads returns the loads with refused records that wait to be tried again, because the text
// of the COPY has changed since it refused them.
func WaitingLoads(ctx context.Context, db *dwhdb.Queries, files []*File) ([]Waiting, error) {
	rows, err := db.RefusedByText(ctx)
	if err != nil {
		return nil, fmt.Errorf("read rejects: %w", err)
	}
	var out []Waiting
	for _, file := range files {
		waiting := Waiting{Step: file.Name, Table: file.Table, Place: file.place()}
		for _, row := range rows {
			if row.TableName == string(file.Table) && (row.Fingerprint == nil || *row.Fingerprint != file.Fingerprint) {
				waiting.Records += row.Records
			}
		}
		if waiting.Records > 0 {
			out = append(out, waiting)
		}
	}
	return out, nil
}

// place is where the COPY stands: file and line.
func (f *File) place() string {
	at := f.copy.ErrorAt(0, "", "", nil)
	return fmt.Sprintf("%s:%d", at.File, at.Line)
}
