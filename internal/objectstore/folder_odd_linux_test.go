package objectstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/sparkify/dwh/internal/objectstore"
)

// TestFolderOdd: names are taken as they are, and what is no file is left out, in a folder however
// large.
func TestFolderOdd(t *testing.T) {
	onFolders(t, func(t *testing.T, at location) {
		names := []string{" ", "#", "%41", "a\nb", "a\\b", "a?b", "~", "ä", strings.Repeat("n", 255)}
		for _, name := range names {
			at.put(name, []byte("x"))
		}
		for name := range 2 * objectstore.WalkPiece {
			at.put(fmt.Sprintf(".%d", name), nil)
		}
		if err := syscall.Mkfifo(filepath.Join(at.root.Path(), "pipe"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("pipe", filepath.Join(at.root.Path(), "to pipe")); err != nil {
			t.Fatal(err)
		}
		store := at.open(objectstore.Options{})
		var got []string
		for _, o := range collect(t, store, at.root) {
			got = append(got, strings.TrimPrefix(string(o.URL), string(at.root)+"/"))
			if body := read(t, store, o); string(body) != "x" {
				t.Errorf("read %q: got %q, want x", o.URL, body)
			}
		}
		slices.Sort(names)
		if !slices.Equal(got, names) {
			t.Errorf("got %q, want %q", got, names)
		}
		// A pipe that took a listed file's place is neither waited for nor read.
		for _, o := range []objectstore.Object{{URL: at.root + "/pipe"}, {URL: at.root + "/pipe", ETag: "0-0"}} {
			_, err := store.Open(context.Background(), o)
			if err == nil || !strings.Contains(err.Error(), "is not a regular file") {
				t.Errorf("open a pipe: got %v, want it refused", err)
			}
		}
	})
}
