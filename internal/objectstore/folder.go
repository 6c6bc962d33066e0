package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

// folderStore is the local file system.
type folderStore struct {
	system system
	ahead  int // walk's
	logger *slog.Logger
}

var _ backend = (*folderStore)(nil)

func (s *folderStore) list(ctx context.Context, prefix, after URL) iter.Seq2[Object, error] {
	return func(all func(Object, error) bool) {
		yield := func(o Object, err error) bool {
			if err == nil && o.URL <= after {
				return true
			}
			return all(o, err)
		}
		status, err := s.system.stat(prefix.Path())
		switch {
		case err != nil:
			yield(Object{}, folderError("list", prefix, err))
		case status.kind == regular:
			yield(status.object(prefix), nil)
		case status.kind != directory:
			yield(Object{}, &Error{Op: "list", URL: prefix, Err: errors.New("neither a folder nor a regular file")})
		default:
			newWalk(ctx, prefix, s, yield).run()
		}
	}
}

func (s *folderStore) stat(ctx context.Context, u URL) (Object, error) {
	if err := ctx.Err(); err != nil {
		return Object{}, &Error{Op: "find", URL: u, Err: err}
	}
	status, err := s.statFile("find", u)
	if err != nil {
		return Object{}, err
	}
	return status.object(u), nil
}

// statFile insists on a regular file, through links.
func (s *folderStore) statFile(op string, u URL) (status, error) {
	st, err := s.system.stat(u.Path())
	switch {
	case err != nil:
		return status{}, folderError(op, u, err)
	case st.kind == directory:
		return status{}, &Error{
			Op: op, URL: u, Err: &fault{msg: "is a folder, not a file", kind: ErrNotExist},
			hint: "name a file",
		}
	case st.kind != regular:
		return status{}, &Error{Op: op, URL: u, Err: errors.New("is not a regular file")}
	}
	return st, nil
}

// write goes through a temporary file, named so that a listing leaves it out,
// and a rename, so that nobody reads half of it.
func (s *folderStore) write(ctx context.Context, u URL, body []byte) (err error) {
	if err := ctx.Err(); err != nil {
		return &Error{Op: "write", URL: u, Err: err}
	}
	path := u.Path()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return folderError("write", u, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".dwh-*")
	if err != nil {
		return folderError("write", u, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(body)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return folderError("write", u, err)
	}
	return nil
}

func (s *folderStore) remove(ctx context.Context, u URL) error {
	if err := ctx.Err(); err != nil {
		return &Error{Op: "delete", URL: u, Err: err}
	}
	if err := os.Remove(u.Path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return folderError("delete", u, err)
	}
	return nil
}

// changed is the error of an object that is not the listed one any more.
func changed(op string, u URL, cause error) error {
	return &Error{Op: op, URL: u, Err: &fault{msg: ErrChanged.Error(), kind: ErrChanged, cause: cause},
		hint: "the next run lists and reads it again"}
}

// folderError names the path inside the tree that the system refused, which may
// lie deep below u.
func folderError(op string, u URL, err error) error {
	where := ""
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) && pathErr.Path != u.Path() {
		where = pathErr.Path + ": "
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		hint := "check the path"
		if parent := firstMissing(u.Path()); parent != u.Path() {
			hint = fmt.Sprintf("check the path: the folder %s does not exist", parent)
		}
		return &Error{
			Op: op, URL: u,
			Err: &fault{msg: where + "does not exist", kind: ErrNotExist, cause: err}, hint: hint,
		}
	case errors.Is(err, fs.ErrPermission):
		return &Error{Op: op, URL: u, Err: &fault{msg: where + "permission denied", kind: ErrAccess, cause: err},
			hint: "the user that runs dwh needs permission on it and on every folder above it"}
	case pathErr != nil:
		return &Error{Op: op, URL: u, Err: &fault{msg: where + pathErr.Err.Error(), cause: err}}
	}
	return &Error{Op: op, URL: u, Err: err}
}

// firstMissing is the highest folder of path that is not there, or path.
func firstMissing(path string) string {
	for {
		parent := filepath.Dir(path)
		if parent == path {
			return path
		}
		if _, err := os.Stat(parent); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return path
		}
		path = parent
	}
}
