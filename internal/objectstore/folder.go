package objectstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"
)

// folderStore is the local file system.
type folderStore struct{ logger *slog.Logger }

var _ backend = (*folderStore)(nil)

// fileObject is the Object of a regular file.
func fileObject(u URL, info fs.FileInfo) Object {
	return Object{URL: u, ETag: fileETag(info), Size: info.Size(), LastModified: info.ModTime()}
}

// fileETag stands for the bytes of a local file: a rewrite changes the size or
// the time. Nanoseconds, because a file may be written twice in one second.
func fileETag(info fs.FileInfo) string {
	return strconv.FormatInt(info.Size(), 10) + "-" + strconv.FormatInt(info.ModTime().UnixNano(), 10)
}

func (s *folderStore) list(ctx context.Context, prefix, after URL) iter.Seq2[Object, error] {
	return func(all func(Object, error) bool) {
		yield := func(o Object, err error) bool {
			if err == nil && o.URL <= after {
				return true
			}
			return all(o, err)
		}
		info, err := os.Stat(prefix.Path())
		if err != nil {
			yield(Object{}, folderError("list", prefix, err))
			return
		}
		if info.Mode().IsRegular() {
			yield(fileObject(prefix, info), nil)
			return
		}
		if !info.IsDir() {
			yield(Object{}, &Error{Op: "list", URL: prefix, Err: errors.New("neither a folder nor a regular file")})
			return
		}
		w := walk{ctx: ctx, root: prefix, yield: yield, logger: s.logger}
		w.folder(prefix.Path(), []fs.FileInfo{info})
	}
}

// walk is one listing of a tree.
type walk struct {
	ctx    context.Context
	root   URL
	yield  func(Object, error) bool
	logger *slog.Logger
}

// child is an entry of a folder, with links resolved.
type child struct {
	name string // what it sorts by: a folder's ends in a slash
	info fs.FileInfo
}

// folder yields the tree under dir and reports whether to go on. above are the
// folders from the root down to dir itself, so that a link to one of them is not
// walked for ever.
func (w *walk) folder(dir string, above []fs.FileInfo) bool {
	if err := w.ctx.Err(); err != nil {
		w.yield(Object{}, &Error{Op: "list", URL: w.root, Err: err})
		return false
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) && len(above) > 1 {
		return true // removed while we walked, as an object may be while S3 lists
	}
	if err != nil {
		w.yield(Object{}, folderError("list", w.root, err))
		return false
	}
	// Only what sorting needs is looked at here: the type, through links. Sizes
	// and times are taken as late as possible.
	children := make([]child, 0, len(entries))
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		if !utf8.ValidString(name) {
			w.yield(Object{}, &Error{Op: "list", URL: w.root, Err: fmt.Errorf("the name of %q is not valid UTF-8", filepath.Join(dir, name)),
				hint: "rename the file"})
			return false
		}
		c := child{name: name}
		isDir := entry.IsDir()
		if entry.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ELOOP) {
					w.yield(Object{}, folderError("list", w.root, err))
					return false
				}
				w.logger.Warn("symbolic link leads nowhere, left out", "path", filepath.Join(dir, name))
				continue
			}
			c.info, isDir = info, info.IsDir()
		} else if !isDir && !entry.Type().IsRegular() {
			continue // a socket, a pipe, a device
		}
		if isDir {
			c.name += "/"
		}
		children = append(children, c)
	}
	// S3 sorts whole keys by bytes, so a folder counts with its slash: "a.b"
	// comes before "a/b", though "a" comes before "a.b".
	slices.SortFunc(children, func(a, b child) int { return cmp.Compare(a.name, b.name) })
	for _, c := range children {
		name, isDir := strings.CutSuffix(c.name, "/")
		path := filepath.Join(dir, name)
		if c.info == nil {
			c.info, err = os.Lstat(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				w.yield(Object{}, folderError("list", w.root, err))
				return false
			}
		}
		switch {
		case isDir && slices.ContainsFunc(above, func(info fs.FileInfo) bool { return os.SameFile(info, c.info) }):
			w.logger.Warn("symbolic link leads back into its own folder, left out", "path", path)
		case isDir:
			if !w.folder(path, append(above, c.info)) {
				return false
			}
		case c.info.Mode().IsRegular():
			if !w.yield(fileObject(newFileURL(filepath.ToSlash(path)), c.info), nil) {
				return false
			}
		}
	}
	return true
}

func (s *folderStore) stat(ctx context.Context, u URL) (Object, error) {
	if err := ctx.Err(); err != nil {
		return Object{}, &Error{Op: "stat", URL: u, Err: err}
	}
	info, err := statFile("stat", u)
	if err != nil {
		return Object{}, err
	}
	return fileObject(u, info), nil
}

// statFile insists on a regular file, through links: opening a pipe would wait
// for its writer.
func statFile(op string, u URL) (fs.FileInfo, error) {
	info, err := os.Stat(u.Path())
	if err != nil {
		return nil, folderError(op, u, err)
	}
	if info.IsDir() {
		return nil, &Error{Op: op, URL: u, Err: &fault{msg: "is a folder, not a file", kind: ErrNotExist}, hint: "name a file"}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Op: op, URL: u, Err: errors.New("is not a regular file")}
	}
	return info, nil
}

func (s *folderStore) open(ctx context.Context, o Object) (io.ReadCloser, Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, Object{}, &Error{Op: "open", URL: o.URL, Err: err}
	}
	info, err := statFile("open", o.URL)
	if err != nil {
		return nil, Object{}, err
	}
	if o.ETag == "" {
		o = fileObject(o.URL, info)
	}
	if fileETag(info) != o.ETag {
		return nil, Object{}, changed("open", o.URL, nil)
	}
	f, err := os.Open(o.URL.Path())
	if err != nil {
		return nil, Object{}, folderError("open", o.URL, err)
	}
	return &fileReader{ctx: ctx, file: f, object: o}, o, nil
}

// fileReader reads a file and, at its end, makes sure that it was the listed
// one throughout.
type fileReader struct {
	ctx    context.Context
	file   *os.File
	object Object
	read   int64
}

func (r *fileReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, &Error{Op: "read", URL: r.object.URL, Err: err}
	}
	n, err := r.file.Read(p)
	r.read += int64(n)
	switch {
	case r.read > r.object.Size:
		return n, changed("read", r.object.URL, nil)
	case err == io.EOF:
		if err := r.verify(); err != nil {
			return n, err
		}
		return n, io.EOF
	case err != nil:
		return n, folderError("read", r.object.URL, err)
	}
	return n, nil
}

// verify compares the open file and the one that now has its name (a rename
// leaves the open one untouched) with the listing.
func (r *fileReader) verify() error {
	opened, err := r.file.Stat()
	if err != nil {
		return folderError("read", r.object.URL, err)
	}
	named, err := os.Stat(r.object.URL.Path())
	if err != nil {
		return changed("read", r.object.URL, err)
	}
	if r.read != r.object.Size || fileETag(opened) != r.object.ETag || fileETag(named) != r.object.ETag || !os.SameFile(opened, named) {
		return changed("read", r.object.URL, nil)
	}
	return nil
}

func (r *fileReader) Close() error { return r.file.Close() }

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
		hint: "it is left for the next run, which lists it anew"}
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
			hint = fmt.Sprintf("check the path: already %s does not exist", parent)
		}
		return &Error{Op: op, URL: u, Err: &fault{msg: where + "does not exist", kind: ErrNotExist, cause: err}, hint: hint}
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
