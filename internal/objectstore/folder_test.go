package objectstore_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/objectstore"
)

// onFolders runs a test on each way to read a folder.
func onFolders(t *testing.T, test func(*testing.T, location)) {
	t.Run("host", func(t *testing.T) { test(t, folderLocation(t)) })
	t.Run("portable", func(t *testing.T) { test(t, portableLocation(t)) })
}

func TestFolderLeavesOut(t *testing.T) { onFolders(t, testFolderLeavesOut) }

func testFolderLeavesOut(t *testing.T, at location) {
	dir := at.root.Path()
	at.put("a.json", []byte("a"))
	at.put(".DS_Store", []byte("x"))
	at.put(".git/config", []byte("x"))
	at.put("_kept.json", []byte("k"))
	at.put("sub/b.json", []byte("b"))
	elsewhere := filepath.Join(t.TempDir(), "linked")
	if err := os.MkdirAll(elsewhere, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(elsewhere, "c.json"), []byte("cc"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"file_link.json": filepath.Join(elsewhere, "c.json"),
		"folder_link":    elsewhere,
		"sub/loop":       dir,
		"self":           "self",
		"dangling":       filepath.Join(elsewhere, "absent"),
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, o := range collect(t, at.open(objectstore.Options{}), at.root) {
		got = append(got, fmt.Sprintf("%s %d", strings.TrimPrefix(string(o.URL), string(at.root)+"/"), o.Size))
	}
	want := []string{"_kept.json 1", "a.json 1", "file_link.json 2", "folder_link/c.json 2", "sub/b.json 1"}
	if !slices.Equal(got, want) {
		t.Errorf("list: got %q, want %q", got, want)
	}
}

func TestFolderEmpty(t *testing.T) { onFolders(t, testFolderEmpty) }

func testFolderEmpty(t *testing.T, at location) {
	if got := collect(t, at.open(objectstore.Options{}), at.root); len(got) != 0 {
		t.Errorf("empty folder: got %v, want nothing", got)
	}
}

// A local source is never a name prefix.
func TestFolderIsNoPrefix(t *testing.T) { onFolders(t, testFolderIsNoPrefix) }

func testFolderIsNoPrefix(t *testing.T, at location) {
	at.put("log_data/1.json", []byte("x"))
	at.put("log_data_old/1.json", []byte("x"))
	store := at.open(objectstore.Options{})
	if got := collect(t, store, at.root+"/log_data"); len(got) != 1 {
		t.Errorf("list: got %v, want one object", got)
	}
	for _, err := range store.List(context.Background(), at.root+"/log_da") {
		wantError(t, "list", err, objectstore.ErrNotExist, at.root)
	}
}

func TestFolderETag(t *testing.T) { onFolders(t, testFolderETag) }

func testFolderETag(t *testing.T, at location) {
	at.put("x.json", []byte("12345"))
	modified := time.Unix(1541105830, 796000123)
	if err := os.Chtimes(filepath.Join(at.root.Path(), "x.json"), modified, modified); err != nil {
		t.Fatal(err)
	}
	o := collect(t, at.open(objectstore.Options{}), at.root)[0]
	if want := fmt.Sprintf("5-%d", modified.UnixNano()); o.ETag != want || !o.LastModified.Equal(modified) {
		t.Errorf("got etag %s at %v, want %s at %v", o.ETag, o.LastModified, want, modified)
	}
}

func TestFolderChangedWhileRead(t *testing.T) { onFolders(t, testFolderChangedWhileRead) }

func testFolderChangedWhileRead(t *testing.T, at location) {
	for name, change := range map[string]func(path string) error{
		"appended": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString("more")
			return err
		},
		"truncated": func(path string) error { return os.Truncate(path, 3) },
		"touched": func(path string) error {
			return os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0))
		},
		"removed": os.Remove,
		"replaced with equal size and time": func(path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if err := os.WriteFile(path+".new", make([]byte, info.Size()), 0o644); err != nil {
				return err
			}
			if err := os.Chtimes(path+".new", info.ModTime(), info.ModTime()); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			at.put("x.json", []byte("0123456789"))
			store := at.open(objectstore.Options{})
			o := collect(t, store, at.root)[0]
			body, err := store.Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			if _, err := io.ReadFull(body, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
			if err := change(o.URL.Path()); err != nil {
				t.Fatal(err)
			}
			_, err = io.ReadAll(body)
			wantError(t, "read", err, objectstore.ErrChanged, o.URL)
		})
	}
}

func TestFolderIsNoObject(t *testing.T) { onFolders(t, testFolderIsNoObject) }

func testFolderIsNoObject(t *testing.T, at location) {
	at.put("sub/x.json", []byte("x"))
	store := at.open(objectstore.Options{})
	_, err := store.Stat(context.Background(), at.root+"/sub")
	wantError(t, "find", err, objectstore.ErrNotExist, at.root+"/sub")
	_, err = store.Open(context.Background(), objectstore.Object{URL: at.root + "/sub"})
	wantError(t, "open", err, objectstore.ErrNotExist, at.root+"/sub")
	// A file where a folder is expected.
	for _, err := range store.List(context.Background(), at.root+"/sub/x.json/y") {
		wantError(t, "list", err, objectstore.ErrNotExist, at.root)
	}
}

// The order of a listing is that of the whole keys, whatever the tree.
func TestFolderOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp("", "order")
		if err != nil {
			r.Fatal(err)
		}
		defer os.RemoveAll(dir)
		parts := rapid.StringMatching(`[ab!-][ab!.-]{0,2}`)
		keys := map[string]bool{}
		for range rapid.IntRange(0, 12).Draw(r, "files") {
			key := strings.Join(rapid.SliceOfN(parts, 1, 3).Draw(r, "key"), "/")
			path := filepath.Join(dir, filepath.FromSlash(key))
			if os.MkdirAll(filepath.Dir(path), 0o755) != nil || os.WriteFile(path, nil, 0o644) != nil {
				continue // a file where this key needs a folder, or the reverse
			}
			keys[key] = true
		}
		var want []string
		for key := range keys {
			want = append(want, key)
		}
		slices.Sort(want)
		root, err := objectstore.ParseURL(dir)
		if err != nil {
			r.Fatal(err)
		}
		var got []string
		for o, err := range objectstore.New(objectstore.Options{}).List(context.Background(), root) {
			if err != nil {
				r.Fatal(err)
			}
			got = append(got, strings.TrimPrefix(string(o.URL), string(root)+"/"))
		}
		if !slices.Equal(got, want) {
			r.Fatalf("list: got %q, want %q", got, want)
		}
	})
}

// BenchmarkFolderList compares a listing with the least that package os can do for it, a walk that
// looks at each file, by turns. cpu-ratio is that of the CPU times, which other work on the machine
// does not change; above 1 the listing is the cheaper.
func BenchmarkFolderList(b *testing.B) {
	dir := b.TempDir()
	const files, folders = 20_000, 2_000
	for i := range files {
		sub := filepath.Join(dir, fmt.Sprint(i%20), fmt.Sprint(i%folders))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(
			filepath.Join(sub, fmt.Sprintf("%d-%d.json", rand.IntN(1000), i)), []byte("{}"), 0o644,
		); err != nil {
			b.Fatal(err)
		}
	}
	root, err := objectstore.ParseURL(dir)
	if err != nil {
		b.Fatal(err)
	}
	store := objectstore.New(objectstore.Options{})
	cpu := map[string][]time.Duration{}
	measure := func(name string, list func() int) {
		before := cpuTime(b)
		if n := list(); n != files {
			b.Fatalf("%s: got %d files, want %d", name, n, files)
		}
		cpu[name] = append(cpu[name], cpuTime(b)-before)
	}
	for b.Loop() {
		measure("walk", func() (n int) {
			if err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
				if err != nil || entry.IsDir() {
					return err
				}
				n++
				_, err = entry.Info()
				return err
			}); err != nil {
				b.Fatal(err)
			}
			return n
		})
		measure("list", func() (n int) {
			for _, err := range store.List(context.Background(), root) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			return n
		})
	}
	walk, list := median(cpu["walk"]), median(cpu["list"])
	b.ReportMetric(float64(list.Nanoseconds())/1000/files, "list-cpu-µs/object")
	b.ReportMetric(float64(walk)/float64(list), "cpu-ratio")
	b.ReportMetric(0, "ns/op")
}
