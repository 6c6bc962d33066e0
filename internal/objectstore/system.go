package objectstore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// system is how a folderStore asks the operating system. Errors are *fs.PathError with the whole
// path.
type system interface {
	// stat looks at what a path leads to, through links.
	stat(path string) (status, error)
	// open opens a file that is there and regular as far as is known. It never waits for a pipe's
	// writer.
	open(path string) (file, error)
	// folder returns a handle for one folder after another, which is not for use by several
	// goroutines at once.
	folder() folder
}

// file is an open file, for one goroutine.
type file interface {
	io.ReadCloser
	status() (status, error)
}

// folder is a folder, once it is open.
type folder interface {
	// open opens the folder of that path, through links. Each is closed before the next is opened.
	open(path string) error
	status() (status, error)
	// entries appends what is in the folder, in any order. Names are valid until the next open.
	entries(to []dirent) ([]dirent, error)
	// stat looks at an entry, through links or not.
	stat(name []byte, follow bool) (status, error)
	close()
}

// kind is what a name stands for.
type kind uint8

const (
	unknown kind = iota // the file system does not tell with the name
	regular
	directory
	link
	special // a socket, a pipe, a device
)

// kindOf reads a mode's type.
func kindOf(mode fs.FileMode) kind {
	switch {
	case mode.IsRegular():
		return regular
	case mode.IsDir():
		return directory
	case mode&fs.ModeSymlink != 0:
		return link
	}
	return special
}

// dirent is a name in a folder.
type dirent struct {
	name   []byte
	kind   kind // as the folder says it
	folder bool // leads to a folder
}

// status is what the system says of a file or a folder.
type status struct {
	kind      kind
	size      int64 // bytes
	sec, nsec int64 // modification time since 1970
	dev, ino  uint64
	info      fs.FileInfo // of a system without the numbers above; else nil
}

// same tells whether both are of one file, whatever its names.
func (s status) same(t status) bool {
	if s.info != nil || t.info != nil {
		return os.SameFile(s.info, t.info)
	}
	return s.dev == t.dev && s.ino == t.ino
}

// appendETag appends what stands for the bytes of a file: a rewrite changes the size or the time.
// Nanoseconds, because a file may be written twice in one second.
func (s status) appendETag(b []byte) []byte {
	b = strconv.AppendInt(b, s.size, 10)
	return strconv.AppendInt(append(b, '-'), s.sec*int64(time.Second)+s.nsec, 10)
}

// is tells whether etag stands for the file.
func (s status) is(etag string) bool {
	var b [48]byte
	return string(s.appendETag(b[:0])) == etag
}

// object is the Object of a regular file.
func (s status) object(u URL) Object {
	return Object{URL: u, ETag: string(s.appendETag(nil)), Size: s.size, LastModified: s.modified()}
}

func (s status) modified() time.Time { return time.Unix(s.sec, s.nsec) }

// portable is the system as package os shows it.
type portable struct{}

var _ system = portable{}

func statusOf(info fs.FileInfo) status {
	modified := info.ModTime()
	return status{
		kind: kindOf(info.Mode()), size: info.Size(), sec: modified.Unix(),
		nsec: int64(modified.Nanosecond()), info: info,
	}
}

func (portable) stat(path string) (status, error) {
	info, err := os.Stat(path)
	if err != nil {
		return status{}, err
	}
	return statusOf(info), nil
}

func (portable) open(path string) (file, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("is not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return portableFile{f}, nil
}

func (portable) folder() folder { return &portableFolder{} }

type portableFile struct{ *os.File }

func (f portableFile) status() (status, error) {
	info, err := f.Stat()
	if err != nil {
		return status{}, err
	}
	return statusOf(info), nil
}

type portableFolder struct{ *os.File }

func (f *portableFolder) open(path string) (err error) {
	f.File, err = os.Open(path)
	return err
}

func (f *portableFolder) status() (status, error) { return portableFile{f.File}.status() }

func (f *portableFolder) entries(to []dirent) ([]dirent, error) {
	list, err := f.ReadDir(-1)
	if err != nil {
		return to, err
	}
	for _, e := range list {
		to = append(to, dirent{name: []byte(e.Name()), kind: kindOf(e.Type())})
	}
	return to, nil
}

func (f *portableFolder) stat(name []byte, follow bool) (status, error) {
	next := os.Lstat
	if follow {
		next = os.Stat
	}
	info, err := next(filepath.Join(f.Name(), string(name)))
	if err != nil {
		return status{}, err
	}
	return statusOf(info), nil
}

func (f *portableFolder) close() { _ = f.Close() } // nothing was written
