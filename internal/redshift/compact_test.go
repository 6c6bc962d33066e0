package redshift_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/compact"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Small objects go to Redshift in packs; the ledger and the rejects speak of the originals.
func TestCompact(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	n.must("migrate", "up")
	const objects = 150
	for i := range objects {
		body := event("1", i, 0, "1541000000000")
		switch i {
		case 10:
			body = strings.TrimSpace(body) // no newline at its end
		case 20:
			body = "\n\n" + body + event("2", i, 1, `"soon"`) + event("2", i, 2, "1541000002000")
		case 30:
			body = `{"artist":"cut off`
		case 40:
			body = "[" + body + "]"
		case 50:
			body = strings.ReplaceAll(body, ",", ",\n")
		}
		n.bucket.Put(fmt.Sprintf("log/%03d.json", i), []byte(body))
	}
	args := append([]string{"compact"}, n.args[1:]...)
	_, stderr := n.must(args...)
	if !strings.Contains(stderr, "packed 148 objects into 1") {
		t.Errorf("got\n%s\nwant how many objects were packed", stderr)
	}
	n.want("SELECT COUNT(*) FROM s_object", "150")
	n.want("SELECT COUNT(*) FROM s_object WHERE url LIKE '%/log/%' AND rejects IS NOT NULL", "150")
	// The lines of the two that could not be packed are no records: nobody knows the rows of
	// either.
	n.want("SELECT COUNT(*) FROM s_object WHERE url LIKE '%/log/%' AND rows IS NOT NULL", "148")
	n.want("SELECT rows || '/' || rejects FROM s_object WHERE url LIKE '%/020.json'", "2/1")
	n.want("SELECT rows || '/' || rejects FROM s_object WHERE url LIKE '%/050.json'", "1/0")
	n.want("SELECT line FROM s_reject WHERE url LIKE '%/020.json'", "4")
	n.want("SELECT raw_text FROM s_reject WHERE url LIKE '%/020.json'", strings.TrimSpace(event("2", 20, 1, `"soon"`)))
	n.want("SELECT COUNT(*) FROM s_songplay_event", n.one("SELECT SUM(rows) + 1 FROM s_object"))
	if left := keys(t, n.bucket, "work"); len(left) > 0 {
		t.Errorf("got %q left under the work prefix, want nothing", left)
	}
	copies := 0
	for _, statement := range n.server.Statements() {
		if strings.HasPrefix(statement, "COPY") {
			copies++
			if strings.Count(statement, "COMPUPDATE OFF") != 1 {
				t.Errorf("got %s, want COMPUPDATE OFF once", statement)
			}
		}
	}
	if copies != 2 {
		t.Errorf("got %d COPYs, want one of the pack and one of what could not be packed", copies)
	}
	// Nothing is new, however it was loaded.
	n.must(args...)
	n.must(n.args...)
	n.want("SELECT COUNT(*) FROM s_object", "150")
	n.must("verify")
}

// A pack that is finished when the load breaks off is taken up by the next.
func TestCompactResumes(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{}, "DWH_LOAD_COMPACT=true")
	n.must("migrate", "up")
	for i := range 20 {
		n.bucket.Put(fmt.Sprintf("log/%03d.json", i), []byte(event("1", i, 0, "1541000000000")))
	}
	// The COPY meets a conflict after the pack was made, and then the commit another one.
	n.server.Raise1023(2)
	_, stderr := n.must(n.args...)
	for _, want := range []string{"packed 20 objects into 1", "using a pack of an earlier attempt"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("got\n%s\nwant %q in it", stderr, want)
		}
	}
	n.want("SELECT COUNT(*) FROM s_songplay_event", "20")
	n.want("SELECT COUNT(*) FROM s_object", "20")
	n.want("SELECT COUNT(*) FROM f_songplay", "20")
}

// At MAXERROR the packs' rejects are told of the originals.
func TestCompactMaxError(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{}, "DWH_LOAD_COMPACT=true")
	n.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")))
	n.bucket.Put("log/b.json", []byte(strings.Repeat(event("1", 1, 0, `"soon"`), 1100)))
	code, _, stderr := n.run(n.args...)
	if code != 1 || !strings.Contains(stderr, "log/b.json:1: column ts") {
		t.Errorf("got exit code %d and\n%s\nwant 1 and the first record", code, stderr)
	}
	n.want("SELECT COUNT(*) FROM s_songplay_event", "0")
	n.want("SELECT COUNT(*) FROM s_reject WHERE url LIKE '%/b.json' AND outcome = 'failed'", "1000")
	if left := keys(t, n.bucket, "work"); len(left) > 0 {
		t.Errorf("got %q left under the work prefix, want nothing", left)
	}
}

func TestSweepKeepsNewPacks(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	n.bucket.Put("work/dwh/packs/s_song-1.json.gz", []byte("x"))
	n.bucket.Put("work/other", []byte("x"))
	store := objectstore.New(objectstore.Options{})
	prefix := objectstore.URL(n.bucket.URL("work"))
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{time.Hour, 0}, {8 * 24 * time.Hour, 1}} {
		got, err := compact.Sweep(t.Context(), store, prefix, time.Now().Add(c.after))
		if err != nil || got != c.want {
			t.Errorf("after %v: got %d swept, %v, want %d", c.after, got, err, c.want)
		}
	}
	if left := keys(t, n.bucket, "work"); len(left) != 1 || left[0] != "work/other" {
		t.Errorf("got %q, want what is no pack", left)
	}
}
