package redshift_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/transforms"
)

// projectWith is a project with the transforms that dwh ships, in one of which a text is replaced.
func projectWith(t *testing.T, name, old, text string) string {
	t.Helper()
	dir := t.TempDir()
	files, err := fs.Glob(transforms.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		body, err := fs.ReadFile(transforms.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		if file == name {
			if !strings.Contains(string(body), old) {
				t.Fatalf("%s holds no %q", name, old)
			}
			body = []byte(strings.Replace(string(body), old, text, 1))
		}
		write(t, filepath.Join(dir, "transforms", file), body)
	}
	return dir
}

// TestRetry: refused records go by INSERTs, objects of which nothing was loaded by Redshift's COPY.
func TestRetry(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	long := strings.Repeat("n", 70_000)
	n.bucket.Put("names/yob1999.txt", []byte("Ada,F,3\nBob,M,x\nEva;F;4\nTab;F;\t7 \n"+long+";F;1\n"))
	n.bucket.Put("names/yob2000.txt", []byte("Cy;M;5\nDee;F;6\nEd;M;y\n"))
	n.must(append(n.args, "--names", n.bucket.URL("names"))...)
	n.want("SELECT COUNT(*) FROM s_name", "1")
	n.want("SELECT COUNT(*) FROM s_reject WHERE exact", "6")
	project := projectWith(t, "030_s_name.sql", "FORMAT AS CSV", "FORMAT AS CSV DELIMITER ';' TRUNCATECOLUMNS")
	_, stderr := n.must(append(n.args, "--project", project, "--names", n.bucket.URL("names"))...)
	if want := "7 refused records wait: the COPY at " + project +
		"/transforms/030_s_name.sql:6 has changed since"; !strings.Contains(
		stderr,
		want,
	) {
		t.Errorf("got %s, want %q", stderr, want)
	}
	n.want("SELECT COUNT(*) FROM s_name", "1")
	stdout, _ := n.must("reject", "retry", "--project", project)
	if want := "s_name: 4 records tried again: 3 loaded, 1 refused again; 1 object read again: 2 " +
		"rows, 1 reject\n"; stdout != want {
		t.Errorf("got %q, want %q", stdout, want)
	}
	n.want(
		"SELECT STRING_AGG(SUBSTR(name, 1, 3) || births, ' ' ORDER BY name) FROM s_name",
		"Ada3 Cy5 Dee6 Eva4 Tab7 nnn1",
	)
	n.want("SELECT STRING_AGG(raw_text, ' ' ORDER BY raw_text) FROM s_reject", "Bob,M,x Ed;M;y")
	n.want("SELECT STRING_AGG(rows || '+' || rejects, ' ' ORDER BY url) FROM s_object", "4+1 2+1")
	_, stderr = n.must(append(n.args, "--project", project, "--names", n.bucket.URL("names"))...)
	if strings.Contains(stderr, "wait") {
		t.Errorf("got %s, want nothing that waits", stderr)
	}
	n.want("SELECT COUNT(*) FROM s_name", "6")
	n.want("SELECT COUNT(*) FROM s_name WHERE NOT processed", "0")
}

// TestRetryOfLinesWithSeveralRecords: of a line that holds several records, Redshift does not say
// which one it refused: none is loaded again.
func TestRetryOfLinesWithSeveralRecords(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	line := strings.ReplaceAll(event("1", 7, 0, "1541000000000")+event("1", 7, 1, `"soon"`), "\n", " ")
	n.bucket.Put("log/a.json", []byte(line+"\n"+event("2", 7, 0, "1541000002000")))
	n.must(n.args...)
	n.want("SELECT COUNT(*) FROM s_songplay_event", "2")
	project := projectWith(t, "020_s_songplay_event.sql", "MAXERROR 1000", "MAXERROR 1001")
	stdout, _ := n.must("reject", "retry", "--project", project, "--log-jsonpaths", n.bucket.URL("paths.json"))
	if want := "s_songplay_event: 1 record not tried, because dwh does not have its complete text\n"; stdout != want {
		t.Errorf("got %q, want %q", stdout, want)
	}
	n.want("SELECT COUNT(*) FROM s_songplay_event", "2")
	n.want("SELECT COUNT(*) FROM s_reject", "1")
}
