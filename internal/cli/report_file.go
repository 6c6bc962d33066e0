package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// reportFile is where a report goes: a file, or stdout.
type reportFile struct {
	path string
	mode fs.FileMode // of a file that is replaced; 0 for a new one
	// direct says that the path is a device or a pipe, which is written to and not replaced.
	direct bool
}

// newReportFile looks at the place before any work is done. A folder is a usage error, and so is a
// file in a folder that does not exist.
func newReportFile(path string) (reportFile, error) {
	f := reportFile{path: path}
	if f.stdout() {
		return f, nil
	}
	// A link stays a link; what it points at is replaced.
	if target, err := filepath.EvalSymlinks(path); err == nil {
		f.path = target
	}
	info, err := os.Stat(f.path)
	switch {
	case err == nil && info.IsDir():
		return f, &UsageError{
			Msg: fmt.Sprintf("--output %s is a folder", path), Advice: "name a file in it",
			Help: "dwh report --help",
		}
	case err == nil:
		f.mode, f.direct = info.Mode().Perm(), !info.Mode().IsRegular()
		return f, nil
	case !errors.Is(err, fs.ErrNotExist):
		return f, fmt.Errorf("--output: %w", err)
	}
	if parent, err := os.Stat(filepath.Dir(f.path)); err != nil || !parent.IsDir() {
		return f, &UsageError{
			Msg:    fmt.Sprintf("--output %s: there is no folder %s", path, filepath.Dir(f.path)),
			Advice: "make it first", Help: "dwh report --help",
		}
	}
	return f, nil
}

func (f reportFile) stdout() bool { return f.path == "" || f.path == "-" }

// write puts the body there in one step: whoever reads the file meanwhile sees the old one or the
// new one, and a failure leaves the old one.
func (f reportFile) write(body []byte) (err error) {
	if f.direct {
		if err := os.WriteFile(f.path, body, f.mode); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		return nil
	}
	// Made by OpenFile, not CreateTemp, so that the umask decides who may read a new file.
	fresh := filepath.Join(filepath.Dir(f.path), fmt.Sprintf(".%s.%d", filepath.Base(f.path), os.Getpid()))
	file, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(fresh)
			err = fmt.Errorf("write the report: %w", err)
		}
	}()
	_, err = file.Write(body)
	if err == nil && f.mode != 0 {
		err = file.Chmod(f.mode)
	}
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(fresh, f.path)
	}
	return err
}
