package sqlfile_test

import (
	"slices"
	"testing"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// The line `files:` of a load says which names it takes; in another file it is description.
func TestHeaderFiles(t *testing.T) {
	const text = "-- s_name: names.\n-- files: *.txt, *.CSV\nSELECT 1;\n"
	f, err := sqlfile.Parse("transforms/030_s_name.sql", text)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Header(); !slices.Equal(got.Files, []string{"*.txt", "*.csv"}) || got.Description != "s_name: names." {
		t.Errorf("got %+v, want two patterns beside the description", got)
	}
	for name, want := range map[string]bool{
		"s3://bucket/names/yob1900.txt": true, "file:///names/A.TXT": true, "b.csv": true, "guide.pdf": false,
		"file:///a.txt/guide": false, "txt": false,
	} {
		if got := f.Header().Takes(name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"transforms/110_d_name.sql", "reports/names.sql", "transforms/030_files.sql"} {
		f, err := sqlfile.Parse(name, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Header(); got.Files != nil ||
			got.Description != "s_name: names. files: *.txt, *.CSV" || !got.Takes("x") {
			t.Errorf("%s: got %+v, want the line in the description", name, got)
		}
	}
	for text, want := range map[string]string{
		"-- files:\n":        "f/010_s_a.sql:1:1: files: needs patterns of file names",
		"-- files: *.csv,\n": "f/010_s_a.sql:1:1: files: needs patterns of file names",
		"-- files: [a\n":     `f/010_s_a.sql:1:1: files: "[a" is not a pattern`,
		"-- files: a/*.csv\n": `f/010_s_a.sql:1:1: files: "a/*.csv" has a slash; a ` +
			`pattern matches only the file's name`,
		"-- files: a\n-- files: b\n": "f/010_s_a.sql:2:1: files: is given twice",
	} {
		if _, err := sqlfile.Parse("f/010_s_a.sql", text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
