package redshift_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

// TestDeliveriesEndInOneStar delivers objects in any order and split, by COPY, by packs and by
// INSERTs, with conflicts, interruptions and replays between them. What comes of it is what one run
// on PostgreSQL makes of all the objects.
func TestDeliveriesEndInOneStar(t *testing.T) {
	if err := flag.Set("rapid.checks", strconv.Itoa(dwhtest.Rounds(t, 4))); err != nil {
		t.Fatal(err)
	}
	folder := writeSample(t, 30, 200)
	files := map[string]string{} // key to file
	for _, dir := range []string{"song_data", "log_data", "names"} {
		err := filepath.WalkDir(filepath.Join(folder, dir), func(name string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				relative, _ := filepath.Rel(folder, name)
				files[filepath.ToSlash(relative)] = name
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := onPostgres(t, folder)
	bucket := dwhtest.S3(t)
	bucket.Setenv(t)
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		server := redshiftstandin.Start(t, redshiftstandin.Options{
			S3: bucket.Client(), Serverless: rapid.Bool().Draw(r, "serverless"),
			Isolation: rapid.SampledFrom(
				[]redshiftstandin.Isolation{redshiftstandin.Snapshot, redshiftstandin.Serializable},
			).Draw(r, "isolation"),
		})
		root := fmt.Sprintf("round%d", round)
		put := func(key string) {
			body, err := os.ReadFile(files[key])
			if err != nil {
				r.Fatal(err)
			}
			bucket.Put(root+"/"+key, body)
		}
		body, err := os.ReadFile(filepath.Join(folder, "log_json_path.json"))
		if err != nil {
			r.Fatal(err)
		}
		bucket.Put(root+"/log_json_path.json", body)
		dwh := func(env ...string) program {
			return on(
				t, server.DSN,
				append(
					append(bucket.Env(), "DWH_LOAD_METHOD=copy", "DWH_WORK_PREFIX="+bucket.URL(root+"-work")),
					env...,
				)...,
			)
		}
		run := append([]string{"run"}, sources(bucket.URL(root))...)
		order := rapid.Permutation(sortedKeys(files)).Draw(r, "order")
		for len(order) > 0 {
			n := rapid.IntRange(1, len(order)).Draw(r, "delivered")
			for _, key := range order[:n] {
				put(key)
			}
			order = order[n:]
			switch operation := rapid.SampledFrom(
				[]string{"copy", "compact", "insert", "conflict", "interrupt", "replay", "none"},
			).Draw(r, "operation"); operation {
			case "copy":
				dwh("DWH_LOAD_BATCH_OBJECTS=7").must(run...)
			case "compact":
				dwh("DWH_LOAD_COMPACT=true").must(run...)
			case "insert":
				dwh("DWH_LOAD_METHOD=insert").must(run...)
			case "conflict":
				server.Raise1023(rapid.IntRange(1, 4).Draw(r, "conflicts"))
				dwh().must(run...)
				server.Raise1023(0)
			case "interrupt":
				ctx, cancel := context.WithCancel(t.Context())
				moment := rapid.SampledFrom(
					[]string{
						"load.begun", "load.copied", "load.recorded", "load.committed",
						"transform.built", "transform.checked",
					},
				).Draw(r, "moment")
				broken := dwh("DWH_LOAD_BATCH_OBJECTS=5")
				broken.failpoint = func(name string) {
					if name == moment {
						cancel()
					}
				}
				if code, _, stderr := broken.runContext(ctx, run...); code != 130 && code != 0 {
					r.Fatalf("interrupted at %s: got exit code %d, want 130\n%s", moment, code, stderr)
				}
				cancel()
			case "replay":
				dwh().must(run...)
				dwh().must("transform", "--replay")
			}
		}
		dwh().must(run...)
		got := contents(t, server.Backing)
		for table := range tables {
			if strings.Join(got[table], "\n") != strings.Join(want[table], "\n") {
				r.Errorf("%s: got %d rows, want %d", table, len(got[table]), len(want[table]))
			}
		}
		same(t, got, want)
		if left := keys(t, bucket, root+"-work/dwh"); len(left) > 0 && !strings.Contains(left[0], "/packs/") {
			r.Errorf("got %q left under the work prefix, want nothing", left)
		}
	})
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
