package dataset

import (
	"context"
	"io"
	"os"
	"path/filepath"
)

// takeSongs moves or copies the song objects, and puts the batch's apart: evenly spread ones, so
// that popular and rare ones are among them.
func (s *Set) takeSongs(ctx context.Context, from string, move bool) error {
	if move {
		if err := os.Rename(from, s.Songs); err != nil {
			return err
		}
	} else if err := copyTree(ctx, from, s.Songs); err != nil {
		return err
	}
	files, err := Files(s.Songs)
	if err != nil {
		return err
	}
	s.BatchObjects = min(BatchSongs, int64(len(files))/2)
	for i := range int(s.BatchObjects) {
		file := files[(2*i+1)*len(files)/int(2*s.BatchObjects)]
		if err := os.Rename(file, filepath.Join(s.BatchSongs, filepath.Base(file))); err != nil {
			return err
		}
	}
	s.SongObjects = int64(len(files)) - s.BatchObjects
	return nil
}

func copyTree(ctx context.Context, from, to string) error {
	files, err := Files(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		relative, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		if err := copyFile(file, filepath.Join(to, relative)); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
	}()
	_, err = io.Copy(out, in)
	return err
}
