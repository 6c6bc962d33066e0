package warehouse_test

import (
	"slices"
	"testing"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/warehouse"
)

func TestSchemas(t *testing.T) {
	unsetPG(t)
	for dsn, want := range map[string][]string{
		"":                   nil,
		"postgres://u:p@h/d": nil,
		"not a connection":   nil,
		"host=h dbname=d user=u search_path=Sales":                             {"sales"},
		"postgres://u:p@h/d?search_path=sales":                                 {"sales"},
		"postgres://u:p@h/d?search_path=%22$user%22,%20%22S%22,public":         {"u", "S", "public"},
		"postgres://u:p@h/d?options=-csearch_path%3Da":                         {"a"},
		"postgres://u:p@h/d?options=-c%20search_path%3Da,%5C%20b%20-c%20x%3Dy": {"a", "b"},
		"postgres://u:p@h/d?options=--search_path%3Dpg_catalog,a":              {"a"},
	} {
		if got := warehouse.Schemas(&config.Config{DatabaseURL: config.Secret(dsn)}); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", dsn, got, want)
		}
	}
	t.Setenv("PGOPTIONS", "-c search_path=analytics")
	got := warehouse.Schemas(&config.Config{DatabaseURL: "postgres://u:p@h/d"})
	if want := []string{"analytics"}; !slices.Equal(got, want) {
		t.Errorf("PGOPTIONS: got %q, want %q", got, want)
	}
}
