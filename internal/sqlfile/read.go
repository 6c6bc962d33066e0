package sqlfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// ReadFile returns the text of a file of fsys. Errors name it inside folder, as File.Name does: an
// error of fsys itself has a path that begins in fsys.
func ReadFile(fsys fs.FS, folder, name string) (string, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return "", ReadError(path.Join(folder, name), err)
	}
	return string(text), nil
}

// ReadError says that a file or folder cannot be read. name is its path as messages show it, and
// replaces the path in err.
func ReadError(name string, err error) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		err = system.Err
	}
	return fmt.Errorf("read %s: %w", name, err)
}
