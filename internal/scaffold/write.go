package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A ConflictError says that the folder holds files that would have been overwritten.
type ConflictError struct {
	Dir   string   // the folder of the project
	Names []string // paths in Dir, with slashes, sorted
}

func (e *ConflictError) Error() string {
	names := e.Names
	more := ""
	if len(names) > 10 {
		names, more = names[:10], fmt.Sprintf(" and %d more", len(names)-10)
	}
	return fmt.Sprintf("%s already holds %s%s", e.Dir, strings.Join(names, ", "), more)
}

// ExitCode is 2: the command line has to change.
func (*ConflictError) ExitCode() int { return 2 }

// Hint says what to do instead.
func (*ConflictError) Hint() string {
	return "nothing was written; name a folder that is new or empty, or move these files away"
}

// Write makes the folder, where it does not exist, and the files in it. It overwrites nothing: a
// file that is there already, or any file in one of the project's folders, is a *ConflictError.
// After another failure it takes away what it wrote.
func Write(dir string, project []File) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the project's folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open the project's folder: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if taken, err := conflicts(root, project); err != nil {
		return err
	} else if len(taken) > 0 {
		return &ConflictError{Dir: dir, Names: taken}
	}
	var made []string
	defer func() {
		if err == nil {
			return
		}
		for _, name := range slices.Backward(made) {
			_ = root.Remove(name) // a folder that somebody else wrote into stays
		}
	}()
	for _, file := range project {
		folder, name := path.Split(file.Name)
		if err := makeFolders(root, folder, &made); err != nil {
			return err
		}
		if name == "" {
			continue
		}
		if err := writeNew(root, filepath.FromSlash(file.Name), file.Text, &made); err != nil {
			return err
		}
	}
	return nil
}

// makeFolders makes a folder, such as tests/late_station/, and those that it is in.
func makeFolders(root *os.Root, folder string, made *[]string) error {
	for at, c := range folder {
		if c != '/' {
			continue
		}
		name := filepath.FromSlash(folder[:at])
		switch err := root.Mkdir(name, 0o755); {
		case err == nil:
			*made = append(*made, name)
		case !errors.Is(err, fs.ErrExist):
			return fmt.Errorf("write the project: %w", err)
		}
	}
	return nil
}

func writeNew(root *os.Root, name string, text []byte, made *[]string) error {
	// Nobody else may write what decides which database is written to: config refuses such a
	// dwh.yaml.
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write the project: %w", err)
	}
	*made = append(*made, name)
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the project: %w", err)
	}
	return nil
}

// conflicts names what stands where the project's files are to go. Any file in a folder of the
// project's counts: a second migration of one version would be wrong although its name differs.
func conflicts(root *os.Root, project []File) ([]string, error) {
	taken := map[string]bool{}
	for _, file := range project {
		folder, _, inside := strings.Cut(file.Name, "/")
		if !inside {
			if _, err := root.Lstat(file.Name); err == nil {
				taken[file.Name] = true
			} else if !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("look into the project's folder: %w", err)
			}
			continue
		}
		info, err := root.Lstat(folder)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("look into the project's folder: %w", err)
		case !info.IsDir():
			taken[folder] = true
			continue
		}
		entries, err := fs.ReadDir(root.FS(), folder)
		if err != nil {
			return nil, fmt.Errorf("look into the project's folder: %w", err)
		}
		for _, entry := range entries {
			taken[path.Join(folder, entry.Name())] = true
		}
	}
	names := make([]string, 0, len(taken))
	for name := range taken {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}
