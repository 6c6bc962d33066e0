package clientcopy_test

import (
	"slices"
	"testing"

	"github.com/sparkify/dwh/internal/clientcopy"
)

// TestTrimmed: the result names the text columns in which no value that was loaded ends in a blank.
func TestTrimmed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "id INTEGER, a VARCHAR(4), b TEXT, c CHAR(4), d VARCHAR(4) NOT NULL DEFAULT 'x '")
	for name, c := range map[string]struct {
		options, body string
		want          []string
	}{
		"none has a blank":      {jsonAuto, `{"id":1,"a":"x","b":" y","d":"z"}`, []string{"a", "b", "d"}},
		"one has":               {jsonAuto, `{"id":1,"a":"x ","b":"y","d":"z"}`, []string{"b", "d"}},
		"only the last row":     {jsonAuto, `{"a":"x","b":"y","d":"z"}{"a":"x","b":"y ","d":"z"}`, []string{"a", "d"}},
		"an escaped blank":      {jsonAuto, `{"a":"x","b":"y\u0020","d":"z"}`, []string{"a", "d"}},
		"not ASCII":             {jsonAuto, `{"a":"é ","b":"é","d":"z"}`, []string{"b", "d"}},
		"a default that has":    {jsonAuto, `{"a":"x","b":"y"}`, []string{"a", "b"}},
		"NULL, empty, a number": {jsonAuto, `{"a":null,"b":"","d":7}`, []string{"a", "b", "d"}},
		"blanks that are cut":   {jsonAuto, `{"a":"xxxx  ","b":"y","d":"z"}`, []string{"a", "b", "d"}},
		"a text that was cut": {
			jsonAuto + " TRUNCATECOLUMNS", `{"a":"xxx xx","b":"y","d":"z"}`, []string{"b", "d"},
		},
		"blanks that the COPY trims": {"CSV TRIMBLANKS", "1,x  ,y ,z,z\n", []string{"a", "b", "d"}},
		"of CSV":                     {"CSV", "1,x,y ,z,z\n", []string{"a", "d"}},
		"a tab is no blank":          {"DELIMITER ','", "1,x\t,y,z,z\n", []string{"a", "b", "d"}},
	} {
		f.t, f.dir = t, t.TempDir()
		f.write("a", c.body)
		exec(t, connect(t, f.dsn), "TRUNCATE t")
		got, err := f.copy(c.options, f.objects(), clientcopy.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(got.Trimmed, c.want) {
			t.Errorf("%s: got %v, want %v", name, got.Trimmed, c.want)
		}
		for _, column := range got.Trimmed {
			if n := f.rows("SELECT COUNT(*) FROM t WHERE " + column + " <> RTRIM(" + column + ")"); n != "0" {
				t.Errorf("%s: got %s rows of %s with a blank at the end, want 0", name, n, column)
			}
		}
	}
}
