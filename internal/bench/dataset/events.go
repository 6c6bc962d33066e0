package dataset

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// cutPrefix begins the names of files that were cut off the base.
const cutPrefix = "cut-"

// lines is a file of events, one a line.
type lines struct {
	path     string
	relative string
	count    int64
}

// takeEvents writes every event object one event a line, and puts the end of the whole apart: the
// batch, and before it the late delivery.
func (s *Set) takeEvents(ctx context.Context, from string) error {
	files, err := Files(from)
	if err != nil {
		return err
	}
	made := make([]lines, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, file := range files {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			relative, err := filepath.Rel(from, file)
			if err != nil {
				return err
			}
			made[i] = lines{path: filepath.Join(s.Events, relative), relative: relative}
			made[i].count, err = oneALine(file, made[i].path)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var total int64
	for _, file := range made {
		total += file.count
	}
	s.BatchRecords = min(BatchEvents, total/10)
	if made, err = cutTail(made, s.BatchRecords, s.BatchEvents); err != nil {
		return err
	}
	s.LateRecords = (total - s.BatchRecords) / 101
	if made, err = cutTail(made, s.LateRecords, s.Late); err != nil {
		return err
	}
	s.EventRecords, s.EventObjects = total-s.BatchRecords-s.LateRecords, int64(len(made))
	return nil
}

// oneALine copies JSON values, whatever stands between them, and counts them.
func oneALine(from, to string) (count int64, err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return 0, err
	}
	in, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := bufio.NewWriterSize(out, 1<<18)
	decoder := json.NewDecoder(bufio.NewReaderSize(in, 1<<18))
	var raw json.RawMessage
	var compact bytes.Buffer
	for {
		if err := decoder.Decode(&raw); err == io.EOF {
			return count, w.Flush()
		} else if err != nil {
			return count, fmt.Errorf("%s: record %d: %w", from, count+1, err)
		}
		line := []byte(raw)
		if bytes.IndexByte(line, '\n') >= 0 {
			compact.Reset()
			if err := json.Compact(&compact, raw); err != nil {
				return count, fmt.Errorf("%s: record %d: %w", from, count+1, err)
			}
			line = compact.Bytes()
		}
		if _, err := w.Write(line); err != nil {
			return count, err
		}
		if err := w.WriteByte('\n'); err != nil {
			return count, err
		}
		count++
	}
}

// cutTail moves the last n events of the files under root, and returns the files that remain. What
// is cut gets a name that none of them has.
func cutTail(files []lines, n int64, root string) ([]lines, error) {
	for n > 0 && len(files) > 0 {
		last := &files[len(files)-1]
		to := filepath.Join(root, filepath.Dir(last.relative), cutPrefix+filepath.Base(last.relative))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, err
		}
		if last.count <= n {
			if err := os.Rename(last.path, to); err != nil {
				return nil, err
			}
			n -= last.count
			files = files[:len(files)-1]
			continue
		}
		text, err := os.ReadFile(last.path)
		if err != nil {
			return nil, err
		}
		offset := 0
		for range last.count - n {
			offset += bytes.IndexByte(text[offset:], '\n') + 1
		}
		if err := os.WriteFile(to, text[offset:], 0o644); err != nil {
			return nil, err
		}
		if err := os.Truncate(last.path, int64(offset)); err != nil {
			return nil, err
		}
		last.count -= n
		n = 0
	}
	return files, nil
}
