package clientcopy_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhtest"
)

func TestColumns(t *testing.T) {
	conn := connect(t, dwhtest.Database(t))
	exec(t, conn, `CREATE SCHEMA s; SET search_path = s;
		CREATE TABLE "Odd name" (a VARCHAR(7) NOT NULL, gone INTEGER, b NUMERIC(10,3) DEFAULT 1, c TEXT, d CHAR(3), e NUMERIC, i BIGINT GENERATED ALWAYS AS IDENTITY,
			g INTEGER GENERATED ALWAYS AS (length(c)) STORED, ts TIMESTAMP);
		ALTER TABLE "Odd name" DROP COLUMN gone`)
	want := []clientcopy.Column{
		{Name: "a", Type: "character varying", Length: 7, NotNull: true},
		{Name: "b", Type: "numeric", Precision: 10, Scale: 3, HasDefault: true},
		{Name: "c", Type: "text"},
		{Name: "d", Type: "character", Length: 3},
		{Name: "e", Type: "numeric"},
		{Name: "i", Type: "bigint", NotNull: true, Identity: true},
		{Name: "g", Type: "integer", Generated: true},
		{Name: "ts", Type: "timestamp without time zone"},
	}
	for _, table := range []string{`"Odd name"`, `s."Odd name"`} {
		got, err := clientcopy.Columns(t.Context(), conn, table)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: columns differ (-want +got):\n%s", table, diff)
		}
	}
	if _, err := clientcopy.Columns(t.Context(), conn, "absent"); !errors.Is(err, clientcopy.ErrNoTable) {
		t.Errorf("absent table: got error %v, want ErrNoTable", err)
	}
}
