package transform_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

const (
	needsOrder = "-- s_order: orders.\nCOPY s_order (id)\nFROM :'orders'\nFORMAT AS JSON :'paths';\n"
	needsStore = "-- s_store: stores.\n-- optional\n-- files: *.csv\nCOPY s_store (id)\n" +
		"FROM :'stores'\nFORMAT AS JSON :'paths';\n"
	needsItem = "-- s_item: items.\nCOPY s_item (id) FROM 's3://bucket/items' FORMAT AS CSV;\n"
)

func loads(t *testing.T) []transform.Step {
	t.Helper()
	all, err := transform.Steps(fstest.MapFS{
		"010_s_order.sql": {Data: []byte(needsOrder)}, "020_s_store.sql": {Data: []byte(needsStore)},
		"030_s_item.sql": {Data: []byte(needsItem)},
	}, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Missing names what nobody gives, with its place. An optional load that nobody gives misses
// nothing.
func TestMissing(t *testing.T) {
	for _, c := range []struct {
		vars map[string]string
		want string
	}{
		{nil, "transforms/010_s_order.sql:3:6: x; transforms/010_s_order.sql:4:16: x"},
		{map[string]string{"orders": "o", "stores": ""}, "transforms/010_s_order.sql:4:16: x"},
		{map[string]string{"orders": "o", "paths": "p"}, ""},
		{map[string]string{"stores": "s", "orders": "o"},
			"transforms/010_s_order.sql:4:16: x; transforms/020_s_store.sql:6:16: x"},
		{map[string]string{"stores": "s", "paths": "p"}, "transforms/010_s_order.sql:3:6: x"},
	} {
		var got []string
		for _, need := range transform.Missing(loads(t), c.vars) {
			got = append(got, need.ErrorAt("x", "").Error())
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%v: got %q, want %q", c.vars, strings.Join(got, "; "), c.want)
		}
	}
}

func TestNeeds(t *testing.T) {
	var got []string
	for _, step := range loads(t) {
		for _, need := range step.Needs() {
			got = append(got, fmt.Sprintf("%s %q %q %v %v", need.File.Name, need.Source, need.Literal,
				need.JSONPaths, need.File.Optional))
		}
	}
	want := `010_s_order "orders" "" false false; 010_s_order "paths" "" true false; ` +
		`020_s_store "stores" "" false true; ` +
		`020_s_store "paths" "" true true; 030_s_item "" "s3://bucket/items" false false`
	if strings.Join(got, "; ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, "; "), want)
	}
}

func TestTakes(t *testing.T) {
	all := loads(t)
	for url, want := range map[objectstore.URL]string{
		"s3://bucket/a.csv": "", "s3://bucket/a.pdf": "020_s_store takes only *.csv",
	} {
		ok, reason := all[1].Takes(objectstore.Object{URL: url})
		if ok != (want == "") || reason != want {
			t.Errorf("%s: got %v, %q, want %q", url, ok, reason, want)
		}
		if ok, _ := all[0].Takes(objectstore.Object{URL: url}); !ok {
			t.Errorf("%s: got it left out of a load without files:", url)
		}
	}
}

// A relative path in a COPY, and `-- optional` in a model, are refused where they stand.
func TestLoadFaults(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"relative": {"010_s_a.sql", "COPY s_a (id)\nFROM 'data/a' FORMAT AS CSV;\n",
			`t/010_s_a.sql:2:6: the relative path "data/a" depends on the folder where dwh starts`},
		"relative paths": {"010_s_a.sql", "COPY s_a (id) FROM 's3://b/a'\nFORMAT AS JSON 'p.json';\n",
			`t/010_s_a.sql:2:16: the relative path "p.json" depends on the folder where dwh starts`},
		"optional model": {
			"110_d_a.sql",
			"-- d_a: a.\n-- key: id\n-- optional\n-- from: s_a\nSELECT id FROM s_a AS s_a;\n",
			"t/110_d_a.sql:3:1: optional: only a load, a 0xx file, can be skipped",
		},
	} {
		_, err := transform.Steps(fstest.MapFS{c.file: {Data: []byte(c.text)}}, "t", sqlfile.Postgres)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	for _, text := range []string{
		"COPY s_a (id) FROM '/data/a' FORMAT AS CSV;\n", "COPY s_a (id) FROM 'file:///a' FORMAT AS JSON 'auto';\n",
	} {
		if _, err := transform.Steps(
			fstest.MapFS{"010_s_a.sql": {Data: []byte(text)}}, "t", sqlfile.Postgres,
		); err != nil {
			t.Errorf("%q: got %v, want no error", text, err)
		}
	}
}
