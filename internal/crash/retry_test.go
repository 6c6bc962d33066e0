package crash_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/transforms"
)

// retryJob tries refused records again that a COPY with another delimiter loads: some of two
// objects, and all of two others.
func (w *world) retryJob() *job {
	t := w.t
	names, project := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"yob1950.txt": "Zelda,F,3\nZeno;M;4\nZina;F;5\nnobody\n",
		"yob1951.txt": "Zita;F;6\nZoe,F,7\nZack,M,8\n",
		"yob1952.txt": "Zara;F;9\nZed;M;10\n",
		"yob1953.txt": "Ziva;F;11\nnobody\nZuri;F;12\n",
	} {
		writeFile(t, filepath.Join(names, name), text)
	}
	files, err := fs.Glob(transforms.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := fs.ReadFile(transforms.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(
			t,
			filepath.Join(project, "transforms", name),
			strings.Replace(string(text), "FORMAT AS CSV", "FORMAT AS CSV DELIMITER ';'", 1),
		)
	}
	retry := append([]string{"reject", "retry", "--project", project}, w.source()...)
	return &job{
		name: "reject retry",
		start: func(t *testing.T) string {
			dsn := w.database(t, "full")
			if err := succeed(
				t,
				call{dsn: dsn, home: w.home, args: []string{"transform", "--only", "030", "--names", names}},
			); err != nil {
				t.Fatal(err)
			}
			return dsn
		},
		args: retry, after: [][]string{retry, w.loadRun()}, ledger: true,
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
