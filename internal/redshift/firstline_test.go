package redshift_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

// TestFirstLineWithNames: a line with the names of the columns that Redshift refuses is told by its
// text, whether the COPY goes on or ends there, and by INSERTs as well.
func TestFirstLineWithNames(t *testing.T) {
	for _, method := range []string{"copy", "insert"} {
		t.Run(method, func(t *testing.T) {
			n := newNative(t, redshiftstandin.Options{}, "DWH_LOAD_METHOD="+method)
			n.bucket.Put("names/yob1999.txt", []byte("name,sex,births\nAda,F,3\n"))
			n.bucket.Put("names/yob2000.txt", []byte("Ada,F,4\n"))
			_, stderr := n.must(append(n.args, "--names", n.bucket.URL("names"))...)
			want := "warning: 030_s_name: " + n.bucket.URL("names/yob1999.txt") +
				" begins with the names of the columns, and the COPY reads that line as a record: " +
				"add IGNOREHEADER 1 to the COPY at transforms/030_s_name.sql:6"
			if got := strings.Count(stderr, want); got != 1 {
				t.Errorf("got %d times %q, want it once:\n%s", got, want, stderr)
			}
			n.want("SELECT COUNT(*) FROM s_name", "2")
		})
	}
}
