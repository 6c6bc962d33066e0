package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

var errNotRegular = errors.New("it is not a regular file")

// A Folder is the files of a project's folder, as os.DirFS has them. What is neither a regular file
// nor a folder is refused before it is opened: opening a named pipe waits for whoever writes it.
// The refusal is an *Error, with the exit code 2.
type Folder string

// Open implements fs.FS.
func (f Folder) Open(name string) (fs.File, error) {
	if err := f.regular(name); err != nil {
		return nil, err
	}
	return os.DirFS(string(f)).Open(name)
}

// ReadFile implements fs.ReadFileFS.
func (f Folder) ReadFile(name string) ([]byte, error) {
	if err := f.regular(name); err != nil {
		return nil, err
	}
	return fs.ReadFile(os.DirFS(string(f)), name)
}

// Stat implements fs.StatFS.
func (f Folder) Stat(name string) (fs.FileInfo, error) { return fs.Stat(os.DirFS(string(f)), name) }

// regular refuses what is neither a regular file nor a folder. What is wrong with a name otherwise
// is said when it is opened.
func (f Folder) regular(name string) error {
	info, err := f.Stat(name)
	if err != nil || info.Mode().IsRegular() || info.IsDir() {
		return nil
	}
	return &Error{
		File: filepath.Join(string(f), filepath.FromSlash(name)), Msg: errNotRegular.Error(),
		Advice: "move it out of the project", Err: errNotRegular,
	}
}
