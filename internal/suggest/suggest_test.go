package suggest_test

import (
	"testing"

	"github.com/sparkify/dwh/internal/suggest"
)

func TestNearest(t *testing.T) {
	known := []string{"migrate", "transform", "report", "song_data", "log_data"}
	for _, c := range []struct{ word, want string }{
		{"migrat", "migrate"},
		{"mirgate", "migrate"},
		{"Report", "report"},
		{"song-data", "song_data"},
		{"songdata", "song_data"},
		{"trans", "transform"},
		{"zebra", ""},
		{"", ""},
		{"x", ""},
	} {
		if got := suggest.Nearest(c.word, known); got != c.want {
			t.Errorf("Nearest(%q): got %q, want %q", c.word, got, c.want)
		}
	}
}

func TestHint(t *testing.T) {
	if got, want := suggest.Hint("tabel", []string{"table", "json"}), `did you mean "table"?`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := suggest.Hint("parquet", []string{"table", "json"}), "one of: table, json"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := suggest.Hint("x", make([]string, 30)); got != "" {
		t.Errorf("got %q, want nothing for a long list", got)
	}
}
