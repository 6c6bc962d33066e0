package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sparkify/dwh/internal/bench/outcome"
	"github.com/sparkify/dwh/internal/bench/peer"
	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/transforms"
)

// measureLarge compares the load of events from a bucket with just reading the same objects, plain
// and gzip.
func measureLarge(ctx context.Context, l *lab, _ wanted) ([]outcome.Row, error) {
	b, err := l.upload(
		ctx, plainPrefix,
		func(ctx context.Context, b *bucket) error { return l.putLarge(ctx, b, plainPrefix, false) },
	)
	if err != nil {
		return nil, err
	}
	if _, err := l.upload(
		ctx, gzipPrefix,
		func(ctx context.Context, b *bucket) error { return l.putLarge(ctx, b, gzipPrefix, true) },
	); err != nil {
		return nil, err
	}
	compressed, err := l.gzipProject()
	if err != nil {
		return nil, err
	}
	plainHTTP, done := peer.HTTP(b.client, bucketName)
	defer done()
	sdk := peer.SDK(b.client, bucketName)
	load := func(name, prefix string, more ...string) side {
		args := append(
			[]string{"transform", "--only", "020", "--log-data", b.url(prefix), "--log-jsonpaths", b.url(pathsKey)},
			more...,
		)
		return l.onCopy(migrated, side{
			name: name, ours: true, run: l.runDWH(name, "load from S3", b.server.Env(), args...),
			verify: func(ctx context.Context, _ int) error {
				return l.verifyStaged(ctx, database(name), 0, l.set.EventRecords)
			},
		})
	}
	read := map[string]peer.Read{}
	bare := func(name, prefix string, get peer.Getter) side {
		return side{name: name, run: func(ctx context.Context) (seconds float64, err error) {
			seconds, read[name], err = timeRead(ctx, b, prefix, get)
			return seconds, err
		}}
	}
	seconds, err := l.alternate(ctx, "s3-large", l.settings.rounds, []side{
		load("plain", plainPrefix), bare("plain-sdk", plainPrefix, sdk), bare("plain-http", plainPrefix, plainHTTP),
		load(
			"gzip", gzipPrefix, "--project", compressed,
		), bare("gzip-sdk", gzipPrefix, sdk), bare("gzip-http", gzipPrefix, plainHTTP),
		// The same events without S3, so that its share in the load can be told.
		l.onCopy(migrated, side{
			name: "folder", run: l.runDWH(
				"folder", "load from a folder", nil, "transform", "--only", "020", "--log-data",
				l.set.Events, "--log-jsonpaths", l.set.JSONPaths,
			),
			verify: func(ctx context.Context, _ int) error {
				return l.verifyStaged(ctx, database("folder"), 0, l.set.EventRecords)
			},
		}),
	})
	if err != nil {
		return nil, err
	}
	var rows []outcome.Row
	for _, form := range []string{"plain", "gzip"} {
		if read[form+"-sdk"] != read[form+"-http"] {
			return nil, &differenceError{
				fmt.Sprintf(
					"the SDK read %+v and net/http %+v of the %s objects", read[form+"-sdk"],
					read[form+"-http"], form,
				),
			}
		}
		of := read[form+"-sdk"]
		for _, client := range []struct{ name, what string }{{"sdk", "aws-sdk"}, {"http", "net/http"}} {
			row := outcome.Row{
				Name: "s3-large", What: fmt.Sprintf(
					"the same from S3, %d %s objects of %.3g MB", of.Objects, form,
					float64(of.Bytes)/float64(max(of.Objects, 1))/1e6,
				),
				Peer: client.what + " just reading them", Limit: "1.0", Goal: outcome.Goal{Unit: outcome.Times},
				Ours: seconds[form], Theirs: seconds[form+"-"+client.name],
			}
			row.Values = outcome.Speedups(row.Ours, row.Theirs)
			rows = append(rows, row)
		}
		// How much of the load is S3's: 1 says that reading costs nothing beside the rest.
		row := outcome.Row{
			Name: "s3-large", What: "the same " + form + " objects from S3",
			Peer: "dwh, from the folder", Goal: outcome.Goal{Unit: outcome.Times, AtLeast: 0.9, Aim: 0.97},
			Ours: seconds[form], Theirs: seconds["folder"],
		}
		row.Values = outcome.Speedups(row.Ours, row.Theirs)
		rows = append(rows, row)
	}
	return rows, nil
}

// gzipProject writes the built-in migrations and transforms, with events that come compressed, and
// returns the folder.
func (l *lab) gzipProject() (string, error) {
	root := l.path("gzip-project")
	if err := os.RemoveAll(root); err != nil {
		return "", err
	}
	for _, folder := range []struct {
		name  string
		files fs.FS
	}{{"migrations", migrations.FS}, {"transforms", transforms.FS}} {
		if err := os.CopyFS(filepath.Join(root, folder.name), folder.files); err != nil {
			return "", err
		}
	}
	files, err := filepath.Glob(filepath.Join(root, "transforms", "020_*.sql"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("look for the load of events: found %d files (%v)", len(files), err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return "", err
	}
	const before = "\nMAXERROR "
	if strings.Count(string(text), before) != 1 {
		return "", fmt.Errorf("%s: there is no one MAXERROR to put GZIP before", files[0])
	}
	if err := os.Chmod(files[0], 0o644); err != nil { // embedded files are read-only
		return "", err
	}
	return root, os.WriteFile(files[0], []byte(strings.Replace(string(text), before, "\nGZIP"+before, 1)), 0o644)
}
