package objectstore_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/sparkify/dwh/internal/objectstore"
)

// A tree with a folder that this user may not read is an error that names that
// folder, not a listing with a hole. Root may read everything, so the file system's
// user of this thread is another one meanwhile.
func TestFolderPermission(t *testing.T) {
	root := t.TempDir()
	if err := os.Chmod(filepath.Dir(root), 0o755); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(root, "b", "closed")
	if err := os.MkdirAll(secret, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "a.json")
	if err := os.WriteFile(file, []byte("x"), 0o000); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(secret, 0o000); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(secret, 0o755) })
	u, err := objectstore.ParseURL(root)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{}) // closed by the goroutine, which ends with its thread
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread is thrown away
		if os.Getuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				t.Error(err)
				return
			}
		}
		store := objectstore.New(objectstore.Options{})
		var last error
		for _, err := range store.List(context.Background(), u) {
			last = err
		}
		wantError(t, "list", last, objectstore.ErrAccess, u)
		if last != nil && !strings.Contains(last.Error(), secret) {
			t.Errorf("list: got %v, want %s named", last, secret)
		}
		_, err := store.Open(context.Background(), objectstore.Object{URL: u + "/a.json"})
		wantError(t, "open", err, objectstore.ErrAccess, u+"/a.json")
	}()
	<-done
}
