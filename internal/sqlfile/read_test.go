package sqlfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// TestUnreadableFiles gives files that cannot be read: the error has the path that the user knows.
func TestUnreadableFiles(t *testing.T) {
	for name, c := range map[string]struct {
		make func(file string) error
		want string
	}{
		"a folder": {func(file string) error { return os.Mkdir(file, 0o755) }, "is a directory"},
		"a dangling link": {
			func(file string) error { return os.Symlink("nowhere", file) }, "no such file or directory",
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := c.make(filepath.Join(folder, "300_x.sql")); err != nil {
				t.Fatal(err)
			}
			_, err := sqlfile.ParseFS(os.DirFS(folder), "shop/transforms", "*.sql")
			want := "read shop/transforms/300_x.sql: " + c.want
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
	_, err := sqlfile.ParseFS(os.DirFS(filepath.Join(t.TempDir(), "gone")), "shop/transforms", "*.sql")
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "read shop/transforms: ") {
		t.Errorf("got %v, want read shop/transforms: no such file or directory", err)
	}
}
