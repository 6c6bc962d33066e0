package clientcopy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/clientcopy"
)

// TestBehindPattern: what follows a DATEFORMAT or a TIMEFORMAT is not lost without a word.
func TestBehindPattern(t *testing.T) {
	const standard = "TIMEFORMAT 'YYYY-MM-DD HH:MI:SS'"
	for _, tt := range []struct {
		typ, option, value, want string // "": refused
	}{
		{"TIMESTAMP", standard, "2020-01-01 10:00:00+02", "2020-01-01 10:00:00"},
		{"TIMESTAMP", standard, "2020-01-01 10:00:00.25Z", "2020-01-01 10:00:00.25"},
		{"TIMESTAMP", standard, "2020-01-01 10:00:00 PST", "2020-01-01 10:00:00"},
		{"TIMESTAMP", standard, " 2020-01-01 10:00:00  ", "2020-01-01 10:00:00"},
		{"TIMESTAMP", standard, "2020-01-01 10:00:00,5", ""},
		{"TIMESTAMP", standard, "2020-01-01 10:00:00 PM", ""},
		{"TIMESTAMP", standard, "2020-01-01 10:00:00 junk", ""},
		{"TIMESTAMP", "TIMEFORMAT 'YYYY-MM'", "2020-01-15", ""},
		{"TIMESTAMP", "TIMEFORMAT 'YYYY-MM-DD HH12:MI:SS AM'", "2020-01-01 12:00:00 am", "2020-01-01 00:00:00"},
		{"TIMESTAMP", "TIMEFORMAT 'YYYY-MM-DD HH12:MI:SS'", "2020-01-01 13:00:00", ""},
		{"TIMESTAMP", "TIMEFORMAT 'YYYY-MM-DD HH12:MI:SS'", "2020-01-01 00:00:00", ""},
		{"TIMESTAMPTZ", standard, "2020-01-01 10:00:00.5", "2020-01-01 10:00:00.5+00"},
		{"TIMESTAMPTZ", standard, "2020-01-01 10:00:00 UTC", ""},
		{"TIMESTAMPTZ", standard, "2020-01-01 10:00:00-08:30", ""},
		{"TIMESTAMPTZ", "TIMEFORMAT 'YYYY-MM-DDTHH:MI:SSZ'", "2020-01-01T10:00:00.5Z", "2020-01-01 10:00:00.5+00"},
		{"DATE", "DATEFORMAT 'YYYY-MM-DD'", "2020-01-01 10:00", "2020-01-01"},
		{"DATE", "DATEFORMAT 'YYYY-MM-DD'", "2020-01-01T10:00:00.123Z", "2020-01-01"},
		{"DATE", "DATEFORMAT 'MM/DD/YYYY'", "12/31/2020 10:00:00 PM", "2020-12-31"},
		{"DATE", "DATEFORMAT 'YYYY-MM-DD HH:MI:SS'", "2020-01-01 10:00:00+02", "2020-01-01"},
		{"DATE", "DATEFORMAT 'YYYY-MM-DD'", "2020-01-01abc", ""},
		{"DATE", "DATEFORMAT 'YYYY-MM-DD'", "2020-01-01-02", ""},
		{"DATE", "DATEFORMAT 'YYYY-MM-DD' ACCEPTANYDATE", "2020-01-01abc", "NULL"},
	} {
		f := newFixture(t, "v "+tt.typ)
		f.write("a", "\""+tt.value+"\"\n")
		result, err := f.copy("CSV MAXERROR 2 "+tt.option, f.objects(), clientcopy.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.TrimSuffix(f.rows("SELECT v::text FROM t"), "\n")
		if diff := cmp.Diff(tt.want, got); diff != "" || len(result.Rejects) == 0 == (tt.want == "") {
			t.Errorf("%s %s of %q: got %q and rejects %v, want %q",
				tt.typ, tt.option, tt.value, got, result.Rejects, tt.want)
		}
	}
}
