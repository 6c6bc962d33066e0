package testcase_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/testcase"
)

// TestLinkedCases: a symbolic link to a folder is a case, or a part of one. A link to nothing is an
// error.
func TestLinkedCases(t *testing.T) {
	t.Parallel()
	tests := t.TempDir()
	then := filepath.Join(tests, "plain", "then")
	if err := os.MkdirAll(then, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(then, "d_x.csv"), []byte("a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(tests, "parts"), 0o755); err != nil {
		t.Fatal(err)
	}
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(tests, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("plain", "linked")
	link("../plain/then", "parts/then")
	link("plain/then/d_x.csv", "file")
	cases, err := testcase.Read(os.DirFS(tests), "shop/tests", nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range cases {
		names = append(names, c.Name)
		if len(c.Then) != 1 {
			t.Errorf("%s: got %d files of then/, want 1", c.Name, len(c.Then))
		}
	}
	if got, want := strings.Join(names, " "), "linked parts plain"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	link("nowhere", "dangling")
	_, err = testcase.Read(os.DirFS(tests), "shop/tests", nil)
	if want := "follow a symbolic link: read shop/tests/dangling: no such file or directory"; err == nil ||
		err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
