package clientcopy_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/objectstore"
)

var benchObjects = flag.Int("bench-objects", 5000, "small objects in the bucket of BenchmarkS3")

// BenchmarkS3 compares loads from an S3 server with listing and getting the same objects, the two
// by turns; of each, the median counts. ratio is that of the wall times, 1 meaning that a load
// takes no longer than reading; cpu-ratio that of the CPU times of this process, in which the
// servers do not count.
func BenchmarkS3(b *testing.B) {
	server := dwhtest.S3(b)
	for _, entry := range server.Env() {
		name, value, _ := strings.Cut(entry, "=")
		b.Setenv(name, value)
	}
	var puts errgroup.Group
	puts.SetLimit(32)
	for i := range *benchObjects {
		puts.Go(func() error {
			server.Put(fmt.Sprintf("small/%c/TR%08d.json", 'A'+i%26, i), fmt.Appendf(nil,
				`{"num_songs": 1, "artist_id": "AR%08d", "artist_latitude": null, `+
					`"artist_longitude": null, "artist_location": "Hamilton, Ohio", `+
					`"artist_name": "Artist %d", "song_id": "SO%08d", "title": "A song of some `+
					`length, take %d", "duration": %d.5, "year": 1994}`,
				i/3, i/3, i, i, 100+i%200))
			return nil
		})
	}
	if err := puts.Wait(); err != nil {
		b.Fatal(err)
	}
	const largeEvents, larges = 20_000, 8 // of about 470 bytes
	body := events(largeEvents)
	for i := range larges {
		server.Put(fmt.Sprintf("large/%d.json", i), body)
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dwhtest.Database(b))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, sql := range []string{
		`CREATE TABLE s (song_id VARCHAR(64), title VARCHAR(1024), artist_id VARCHAR(64), artist_name VARCHAR(1024), artist_location VARCHAR(1024),
			artist_latitude DOUBLE PRECISION, artist_longitude DOUBLE PRECISION, duration DOUBLE PRECISION, num_songs INTEGER, year INTEGER)`,
		`CREATE TABLE e (artist VARCHAR(1024), auth VARCHAR(64), level VARCHAR(64), location ` +
			`VARCHAR(1024), method VARCHAR(64), page VARCHAR(64), song VARCHAR(1024), status INTEGER, ts BIGINT)`,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			b.Fatal(err)
		}
	}
	store := objectstore.New(objectstore.Options{})
	for _, c := range []struct {
		prefix, copy string
		objects      int
	}{
		{"small/", "COPY s FROM 's3://b/small/' FORMAT AS JSON 'auto'", *benchObjects},
		{"large/", "COPY e FROM 's3://b/large/' FORMAT AS JSON 'auto'", larges},
		{"large/", "COPY e FROM 's3://b/large/' FORMAT AS JSON 'auto' NOLOAD", larges},
	} {
		b.Run(
			strings.TrimSuffix(c.prefix, "/")+map[bool]string{true: "-noload"}[strings.HasSuffix(c.copy, "NOLOAD")],
			func(b *testing.B) {
				prefix := objectstore.URL(server.URL(c.prefix))
				wall, cpu := map[string][]time.Duration{}, map[string][]time.Duration{}
				measure := func(name string, f func(objects []objectstore.Object)) {
					before, started := cpuTime(b), time.Now()
					objects := list(b, store, string(prefix))
					if len(objects) != c.objects {
						b.Fatalf("got %d objects, want %d", len(objects), c.objects)
					}
					f(objects)
					wall[name] = append(wall[name], time.Since(started))
					cpu[name] = append(cpu[name], cpuTime(b)-before)
				}
				for b.Loop() {
					measure("read", func(objects []objectstore.Object) { readAll(ctx, b, store, objects) })
					measure("load", func(objects []objectstore.Object) {
						tx, err := conn.Begin(ctx)
						if err != nil {
							b.Fatal(err)
						}
						if _, err := clientcopy.Copy(
							ctx, conn, store, parse(b, c.copy), objects, clientcopy.Options{},
						); err != nil {
							b.Fatal(err)
						}
						if err := tx.Rollback(ctx); err != nil {
							b.Fatal(err)
						}
					})
				}
				for _, name := range []string{"read", "load"} {
					slices.Sort(wall[name])
					slices.Sort(cpu[name])
					b.ReportMetric(
						float64(cpu[name][len(cpu[name])/2].Microseconds())/float64(c.objects),
						name+"-cpu-µs/object",
					)
				}
				b.ReportMetric(
					float64(wall["read"][len(wall["read"])/2])/float64(wall["load"][len(wall["load"])/2]),
					"ratio",
				)
				b.ReportMetric(
					float64(cpu["read"][len(cpu["read"])/2])/float64(cpu["load"][len(cpu["load"])/2]),
					"cpu-ratio",
				)
				b.ReportMetric(0, "ns/op")
			})
	}
}

// readAll gets objects and forgets their bytes.
func readAll(ctx context.Context, b *testing.B, store *objectstore.Store, objects []objectstore.Object) {
	var group errgroup.Group
	group.SetLimit(objectstore.DefaultConcurrency)
	for _, o := range objects {
		group.Go(func() error {
			body, err := store.Open(ctx, o)
			if err != nil {
				return err
			}
			defer body.Close()
			_, err = io.Copy(io.Discard, body)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

// cpuTime is what this process has used, user and system.
func cpuTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
