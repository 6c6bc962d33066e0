package objectstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/objectstore"
)

// bigTree makes folders that are read in several pieces, in a tree of several folders, and returns
// the keys in order.
func bigTree(t *testing.T, at location) []string {
	t.Helper()
	var keys []string
	for i := range 2*objectstore.WalkPiece + 10 {
		keys = append(keys, fmt.Sprintf("flat/%d.json", i*7919%100_000), fmt.Sprintf("wide/%d/x.json", i))
	}
	for i := range 40 {
		keys = append(
			keys, fmt.Sprintf("deep/%d/%d/%d.json", i%2, i%5, i), fmt.Sprintf("deep/%d.json", i),
			fmt.Sprintf("deep/%d-/%d", i%3, i),
		)
	}
	for _, key := range keys {
		at.put(key, []byte(key))
	}
	slices.Sort(keys)
	return keys
}

// TestWalk: a listing is the same whatever is read ahead, and whoever reads it.
func TestWalk(t *testing.T) {
	at := folderLocation(t)
	want := bigTree(t, at)
	if err := os.MkdirAll(filepath.Join(at.root.Path(), "empty", "er"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, store := range map[string]*objectstore.Store{
		"much":          objectstore.New(objectstore.Options{}),
		"some":          objectstore.NewAhead(objectstore.Options{}, 20),
		"nothing":       objectstore.NewAhead(objectstore.Options{}, 0),
		"portable":      objectstore.NewPortable(objectstore.Options{}, 1000),
		"portable some": objectstore.NewPortable(objectstore.Options{}, 3),
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, o := range collect(t, store, at.root) {
				key := strings.TrimPrefix(string(o.URL), string(at.root)+"/")
				if o.Size != int64(len(key)) {
					t.Errorf("%s: got size %d, want %d", key, o.Size, len(key))
				}
				got = append(got, key)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %d keys %.200q, want %d %.200q", len(got), got, len(want), want)
			}
		})
	}
}

// TestWalkBrokenOff: a listing ends where its reader wants it to, or where the context does.
func TestWalkBrokenOff(t *testing.T) {
	at := folderLocation(t)
	want := bigTree(t, at)
	store := objectstore.New(objectstore.Options{})
	for _, stop := range []int{1, 100, 500, len(want) - 1} {
		n := 0
		for _, err := range store.List(context.Background(), at.root) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == stop {
				break
			}
		}
		if n != stop {
			t.Errorf("broken off: got %d objects, want %d", n, stop)
		}
		ctx, cancel := context.WithCancel(context.Background())
		n = 0
		var last error
		for _, err := range store.List(ctx, at.root+"/wide") {
			if last = err; err != nil {
				break
			}
			if n++; n == 10 {
				cancel()
			}
		}
		cancel()
		if !errors.Is(last, context.Canceled) {
			t.Errorf("cancelled: got %v after %d objects, want %v", last, n, context.Canceled)
		}
	}
}

// TestWalkError: what stands before a fault is yielded, and the fault last, though it was met
// ahead.
func TestWalkError(t *testing.T) {
	onFolders(t, func(t *testing.T, at location) {
		for i := range 30 {
			at.put(fmt.Sprintf("%02d/x.json", i), nil)
		}
		if err := os.WriteFile(filepath.Join(at.root.Path(), "20", "bad\xff.json"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		n := 0
		var last error
		for _, err := range at.open(objectstore.Options{}).List(context.Background(), at.root) {
			if last != nil {
				t.Fatalf("got more after %v", last)
			}
			if last = err; err == nil {
				n++
			}
		}
		if n != 20 || last == nil || !strings.Contains(last.Error(), `bad\xff.json" is not valid UTF-8`) {
			t.Errorf("got %d objects and %v, want 20 and a name that is not valid UTF-8", n, last)
		}
	})
}
