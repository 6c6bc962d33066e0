package nativecopy_test

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/nativecopy"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/warehouse"
)

func TestMain(m *testing.M) {
	flag.Parse()
	dwhtest.Main(m)
}

// The generic message of a failed COPY comes when patience has ended, and names the time.
func TestErrorsThatNeverCome(t *testing.T) {
	bucket := dwhtest.S3(t)
	bucket.Setenv(t)
	server := redshiftstandin.Start(t, redshiftstandin.Options{S3: bucket.Client()})
	w, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(server.DSN)})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Pool().Exec(t.Context(), "CREATE TABLE t (id INTEGER)"); err != nil {
		t.Fatal(err)
	}
	if err := server.HideLoads(true); err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"id":"x"}`)
	bucket.Put("data/a.json", body)
	copier, err := nativecopy.New(nativecopy.Options{
		Pool: w.Pool(), Store: objectstore.New(objectstore.Options{}),
		WorkPrefix: objectstore.URL(bucket.URL("work")), Patience: 700 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := w.Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	began := time.Now()
	_, err = copier.Copy(
		t.Context(),
		conn.Conn(),
		statement(t, "COPY t (id) FROM '"+bucket.URL("data")+"' IAM_ROLE default JSON 'auto'"),
		[]objectstore.Object{{URL: objectstore.URL(bucket.URL("data/a.json")), Size: int64(len(body))}},
		nil,
	)
	var fault *nativecopy.Error
	if !errors.As(err, &fault) || !strings.Contains(err.Error(), "700ms") ||
		!strings.Contains(fault.Hint(), "sys_load_error_detail") {
		t.Errorf("got %v, want that the views show nothing after 700ms", err)
	}
	// The statement does not say it.
	if !slices.ContainsFunc(server.Statements(), func(sql string) bool {
		return strings.HasPrefix(sql, "COPY") && strings.Contains(sql, "COMPUPDATE OFF")
	}) {
		t.Errorf("got %q, want a COPY with COMPUPDATE OFF", server.Statements())
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s, want about the patience", took)
	}
}
