package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sparkify/dwh/internal/bench/outcome"
	"github.com/sparkify/dwh/internal/bench/peer"
)

// timeRead reads everything below a prefix.
func timeRead(ctx context.Context, b *bucket, prefix string, get peer.Getter) (float64, peer.Read, error) {
	started := time.Now()
	read, err := peer.ReadAll(ctx, b.client, bucketName, prefix, get)
	return time.Since(started).Seconds(), read, err
}

// measureSongs compares the load of many small objects from a bucket with listing and getting them.
func measureSongs(ctx context.Context, l *lab, _ wanted) ([]outcome.Row, error) {
	want, err := l.implied(ctx)
	if err != nil {
		return nil, err
	}
	b, err := l.upload(ctx, songPrefix, l.putSongs)
	if err != nil {
		return nil, err
	}
	get, done := peer.HTTP(b.client, bucketName)
	defer done()
	seconds, err := l.alternate(ctx, "s3-songs", l.settings.rounds, []side{
		l.onCopy(migrated, side{
			name: "dwh", ours: true, run: l.runDWH(
				"dwh", "songs from S3", b.server.Env(), "transform", "--only", "010", "--song-data",
				b.url(songPrefix),
			),
			verify: func(ctx context.Context, _ int) error {
				return l.verifyStaged(
					ctx, database("dwh"), want.Songs, 0,
				)
			},
		}),
		{name: "http", run: func(ctx context.Context) (float64, error) {
			took, read, err := timeRead(ctx, b, songPrefix, get)
			if err == nil && read.Objects != l.set.SongObjects {
				err = &differenceError{
					fmt.Sprintf("net/http read %d objects, want %d", read.Objects, l.set.SongObjects),
				}
			}
			return took, err
		}},
	})
	if err != nil {
		return nil, err
	}
	row := outcome.Row{
		Name: "s3-songs", What: fmt.Sprintf(
			"%d song objects from S3 into s_song", l.set.SongObjects,
		), Peer: "list and get of the same keys, signed, by net/http", Limit: "1.0",
		Goal: outcome.Goal{Unit: outcome.Times, AtLeast: 0.8, Aim: 0.95}, Ours: seconds["dwh"], Theirs: seconds["http"],
		Note: fmt.Sprintf("%.0f objects/s", float64(l.set.SongObjects)/outcome.Median(seconds["dwh"])),
	}
	row.Values = outcome.Speedups(row.Ours, row.Theirs)
	return []outcome.Row{row}, nil
}
