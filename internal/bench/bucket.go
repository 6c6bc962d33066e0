package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/bench/dataset"
	"github.com/sparkify/dwh/internal/dwhtest"
)

const (
	bucketName = "dwh-bench"
	// Where things lie in the bucket.
	songPrefix  = "song_data/"
	plainPrefix = "large/"
	gzipPrefix  = "large-gzip/"
	pathsKey    = "log_json_path.json"

	largeObjects = 30 // of 80 MB at the scale large
	uploads      = 16 // small objects at once
)

// bucket is the data on an S3 server.
type bucket struct {
	server *dwhtest.S3Process
	client *s3.Client
}

func (b *bucket) url(key string) string { return "s3://" + bucketName + "/" + key }

// openBucket starts the S3 server once.
func (l *lab) openBucket(ctx context.Context) (*bucket, error) {
	if l.bucket != nil {
		return l.bucket, nil
	}
	l.say("starting the S3 server, which is built first on a machine that has not done so yet")
	folder, mark := l.path("s3"), l.path("s3", "source")
	if have, err := os.ReadFile(mark); err != nil || string(have) != l.set.Source {
		// Objects of other data would be read too.
		if err := os.RemoveAll(folder); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(mark, []byte(l.set.Source), 0o644); err != nil {
			return nil, err
		}
	}
	server, err := dwhtest.StartS3(folder)
	if err != nil {
		return nil, err
	}
	l.closers = append(l.closers, server.Close)
	b := &bucket{server: server, client: server.Client()}
	name := bucketName
	_, err = b.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
	var exists *types.BucketAlreadyOwnedByYou
	if err != nil && !errors.As(err, &exists) {
		return nil, fmt.Errorf("make the bucket: %w", err)
	}
	if err := b.putFile(ctx, pathsKey, l.set.JSONPaths); err != nil {
		return nil, err
	}
	l.bucket = b
	return b, nil
}

// upload fills a prefix unless an earlier run in the same work folder did.
func (l *lab) upload(
	ctx context.Context, prefix string, put func(ctx context.Context, b *bucket) error,
) (*bucket, error) {
	b, err := l.openBucket(ctx)
	if err != nil {
		return nil, err
	}
	mark := l.path("s3", "done-"+filepath.Base(prefix))
	if _, err := os.Stat(mark); err == nil {
		return b, nil
	}
	l.say("uploading %s", b.url(prefix))
	if err := put(ctx, b); err != nil {
		return nil, fmt.Errorf("upload %s: %w", prefix, err)
	}
	return b, os.WriteFile(mark, nil, 0o644)
}

func (b *bucket) putFile(ctx context.Context, key, file string) (err error) {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	name := bucketName
	_, err = b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: &key, Body: f})
	return err
}

// putSongs uploads the song objects of the base.
func (l *lab) putSongs(ctx context.Context, b *bucket) error {
	files, err := dataset.Files(l.set.Songs)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(uploads)
	for _, file := range files {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			relative, err := filepath.Rel(l.set.Songs, file)
			if err != nil {
				return err
			}
			return b.putFile(ctx, songPrefix+filepath.ToSlash(relative), file)
		})
	}
	return group.Wait()
}

// putLarge uploads the events of the base as a few large objects of about the same size.
func (l *lab) putLarge(ctx context.Context, b *bucket, prefix string, compressed bool) error {
	files, err := dataset.Files(l.set.Events)
	if err != nil {
		return err
	}
	var total int64
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		total += info.Size()
	}
	events := &concatenation{files: files}
	defer events.close()
	lines := bufio.NewReaderSize(events, 1<<20)
	for number := 1; ; number++ {
		// By way of a file, so that 80 MB need not be in memory.
		file := l.path("object")
		err := cut(lines, file, (total+largeObjects-1)/largeObjects, compressed)
		if err != nil && err != io.EOF {
			return err
		}
		info, statErr := os.Stat(file)
		if statErr != nil {
			return statErr
		}
		name := fmt.Sprintf("%sevents-%03d.json", prefix, number)
		if compressed {
			name += ".gz"
		}
		if info.Size() > 0 {
			if err := b.putFile(ctx, name, file); err != nil {
				return err
			}
		}
		if err := os.Remove(file); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
	}
}

// cut writes whole lines of at least size bytes to a file; io.EOF when there are no more.
func cut(lines *bufio.Reader, file string, size int64, compressed bool) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(f, 1<<18)
	var out io.Writer = buffered
	finish := buffered.Flush
	if compressed {
		z := gzip.NewWriter(buffered)
		out, finish = z, func() error { return errors.Join(z.Close(), buffered.Flush()) }
	}
	ended := false
	for done := int64(0); done < size; {
		line, readErr := lines.ReadBytes('\n')
		if _, err := out.Write(line); err != nil {
			return errors.Join(err, f.Close())
		}
		done += int64(len(line))
		if readErr == io.EOF {
			ended = true
			break
		}
		if readErr != nil {
			return errors.Join(readErr, f.Close())
		}
	}
	if err := errors.Join(finish(), f.Close()); err != nil {
		return err
	}
	if _, err := lines.Peek(1); err == io.EOF || ended {
		return io.EOF
	}
	return nil
}

// concatenation reads files one after the other; dataset ends each with a line's end.
type concatenation struct {
	files   []string
	current *os.File
}

func (c *concatenation) Read(p []byte) (int, error) {
	for {
		if c.current == nil {
			if len(c.files) == 0 {
				return 0, io.EOF
			}
			f, err := os.Open(c.files[0])
			if err != nil {
				return 0, err
			}
			c.current, c.files = f, c.files[1:]
		}
		n, err := c.current.Read(p)
		if err == io.EOF {
			c.close()
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (c *concatenation) close() {
	if c.current != nil {
		_ = c.current.Close() // only read
		c.current = nil
	}
}
