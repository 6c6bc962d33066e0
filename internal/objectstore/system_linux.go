package objectstore

import (
	"bytes"
	"encoding/binary"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

func host() system { return linux{} }

// linux asks the kernel itself: entries are looked at from their open folder, without the whole
// path, and an open file costs none of the calls with which package os offers it to the poller.
type linux struct{}

var _ system = linux{}

// again repeats a call that a signal interrupted.
func again(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

func statusFrom(st *unix.Stat_t) status {
	s := status{kind: special, size: st.Size, dev: uint64(st.Dev), ino: st.Ino}
	s.sec, s.nsec = st.Mtim.Unix()
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		s.kind = regular
	case unix.S_IFDIR:
		s.kind = directory
	case unix.S_IFLNK:
		s.kind = link
	}
	return s
}

func (linux) stat(path string) (status, error) {
	var st unix.Stat_t
	if err := again(func() error { return unix.Stat(path, &st) }); err != nil {
		return status{}, pathError("stat", path, err)
	}
	return statusFrom(&st), nil
}

// open does not wait for a pipe; of a regular file O_NONBLOCK changes nothing (open(2)).
func (linux) open(path string) (file, error) {
	f := &linuxFile{path: path}
	err := again(func() (err error) {
		f.fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
		return err
	})
	if err != nil {
		return nil, pathError("open", path, err)
	}
	return f, nil
}

func (linux) folder() folder { return &linuxFolder{} }

type linuxFile struct {
	fd   int // -1: closed
	path string
}

func (f *linuxFile) Read(p []byte) (n int, err error) {
	if f.fd < 0 {
		return 0, pathError("read", f.path, os.ErrClosed)
	}
	if len(p) == 0 {
		return 0, nil
	}
	err = again(func() error {
		n, err = unix.Read(f.fd, p)
		return err
	})
	switch {
	case err != nil:
		return 0, pathError("read", f.path, err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func (f *linuxFile) status() (status, error) {
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(f.fd, &st) }); err != nil {
		return status{}, pathError("stat", f.path, err)
	}
	return statusFrom(&st), nil
}

// Close is not repeated when a signal interrupts it: the number is free all the same (close(2)).
func (f *linuxFile) Close() error {
	if f.fd < 0 {
		return pathError("close", f.path, os.ErrClosed)
	}
	err := unix.Close(f.fd)
	f.fd = -1
	if err == unix.EINTR {
		err = nil
	}
	return pathError("close", f.path, err)
}

type linuxFolder struct {
	linuxFile
	buf []byte // of entries as the kernel writes them
}

func (f *linuxFolder) open(path string) error {
	f.path = path
	return pathError("open", path, again(func() (err error) {
		f.fd, err = unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	}))
}

func (f *linuxFolder) close() { _ = f.Close() } // nothing was written

// Sizes of a linuxFolder's buffer, bytes.
const (
	firstEntries = 32 << 10
	roomEntries  = 8 << 10 // to ask for at least: the longest entry takes 280
	keptEntries  = 1 << 20 // of a larger folder the buffer is let go
)

func (f *linuxFolder) entries(to []dirent) ([]dirent, error) {
	if len(f.buf) == 0 || len(f.buf) > keptEntries {
		f.buf = make([]byte, firstEntries)
	}
	end := 0
	for {
		if len(f.buf)-end < roomEntries {
			f.buf = append(f.buf, make([]byte, len(f.buf))...)
		}
		var n int
		err := again(func() (err error) {
			n, err = unix.Getdents(f.fd, f.buf[end:])
			return err
		})
		if err != nil {
			return to, pathError("readdirent", f.path, err)
		}
		if n <= 0 {
			break
		}
		end += n
	}
	// struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name (getdents(2)).
	const reclen, typ, head = 16, 18, 19
	for rest := f.buf[:end]; len(rest) > head; {
		size := int(binary.NativeEndian.Uint16(rest[reclen:]))
		if size <= head || size > len(rest) {
			return to, pathError("readdirent", f.path, unix.EIO)
		}
		name := rest[head:size]
		if i := bytes.IndexByte(name, 0); i >= 0 {
			name = name[:i]
		}
		inode := binary.NativeEndian.Uint64(rest)
		kind := kindOfDirent(rest[typ])
		rest = rest[size:]
		if inode == 0 || string(name) == "." || string(name) == ".." {
			continue // 0: deleted, of which some file systems tell
		}
		to = append(to, dirent{name: name, kind: kind})
	}
	return to, nil
}

func kindOfDirent(typ byte) kind {
	switch typ {
	case unix.DT_UNKNOWN:
		return unknown
	case unix.DT_REG:
		return regular
	case unix.DT_DIR:
		return directory
	case unix.DT_LNK:
		return link
	}
	return special
}

func (f *linuxFolder) stat(name []byte, follow bool) (status, error) {
	flags := unix.AT_SYMLINK_NOFOLLOW
	if follow {
		flags = 0
	}
	var st unix.Stat_t
	err := again(func() error { return unix.Fstatat(f.fd, string(name), &st, flags) })
	if err != nil {
		return status{}, pathError("lstat", filepath.Join(f.path, string(name)), err)
	}
	return statusFrom(&st), nil
}
