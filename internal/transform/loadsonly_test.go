package transform_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/transform"
)

// TestLoadsWithoutModels: where there are only loads, no replay is needed for rows that a server
// has staged as processed, nor for a mark of a migration. Deliveries and erasures go on.
func TestLoadsWithoutModels(t *testing.T) {
	t.Parallel()
	k := newKiosk(t)
	delete(k.files, "105_bought.sql")
	delete(k.files, "110_d_customer.sql")
	delete(k.files, "210_f_order.sql")
	k.put("s_customer", "1.csv", "39,Ada\n")
	k.put("s_order", "1.csv", "1,39,2.50\n")
	k.put("s_note", "1.csv", "39,late\n")
	k.run()
	k.exec("INSERT INTO dwh_stale (subject, reason, since) VALUES ('s_customer', 'was rebuilt', NOW())")
	k.put("s_customer", "2.csv", "40,Bob\n")
	k.put("s_customer", "3.csv", "41,Eve\n")
	runner := k.runner()
	listed, err := objectstore.ParseURL(filepath.Join(k.dir, "s_customer") + "/")
	if err != nil {
		t.Fatal(err)
	}
	var objects []objectstore.Object
	for object, err := range runner.Store.List(t.Context(), listed) {
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	stream := runner.Stream("test")
	defer func() { _ = stream.Close(context.Background()) }()
	for batch := range slices.Chunk(objects, 1) {
		delivered, err := stream.Deliver(t.Context(), map[string][]objectstore.Object{"010_s_customer": batch})
		if err != nil {
			t.Fatalf("deliver %s: %v", batch[0].URL, err)
		}
		if len(delivered.Left) > 0 {
			t.Errorf("deliver %s: got %v left", batch[0].URL, delivered.Left)
		}
	}
	k.want("SELECT COUNT(*) FROM s_customer", "3")
	if _, err := k.runner().Delete(t.Context(), "test", customer("39")); err != nil {
		t.Fatalf("erase: %v", err)
	}
	k.want("SELECT STRING_AGG(name, ' ' ORDER BY name) FROM s_customer", "Bob Eve")
	withoutReplay := k.runner(func(o *transform.Options) { o.NoReplay = true })
	if _, err := withoutReplay.Run(t.Context(), "test", nil); err != nil {
		t.Errorf("run: %v", err)
	}
}
