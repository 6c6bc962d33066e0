// Package scaffold makes the folder of a new project.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/embedded"
	"github.com/sparkify/dwh/internal/sample"
	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/transforms"
)

//go:embed files
var files embed.FS

// SampleFolder is where the project's settings look for data, inside the project.
const SampleFolder = "sample"

// File is a file of the project.
type File struct {
	Name string // relative to the project's folder, with slashes
	Text []byte
}

// Options say what the project holds.
type Options struct {
	Database string // in the private PostgreSQL
	Minimal  bool   // without copies of the migrations and transforms: those that dwh embeds are used
}

// Files returns the project's files in the order of their names. Migrations and transforms are those that dwh embeds, byte for byte, so that a
// warehouse goes on with either.
func Files(o Options) ([]File, error) {
	var all []File
	add := func(name string, text []byte) { all = append(all, File{Name: name, Text: text}) }
	copyFrom := func(fsys fs.FS, folder, to string) error {
		names, err := fs.Glob(fsys, path.Join(folder, "*.sql"))
		if err != nil {
			return err
		}
		for _, name := range names {
			text, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err
			}
			add(path.Join(to, path.Base(name)), text)
		}
		return nil
	}
	for _, folder := range []string{"reports", "checks"} {
		if err := copyFrom(files, path.Join("files", folder), folder); err != nil {
			return nil, err
		}
	}
	star := "| a rule of a dimension or the fact | a copy of its file in `transforms/`; make the copies with `dwh init` in another folder | `dwh transform`, which replays |\n"
	if !o.Minimal {
		star = "| a rule of a dimension or the fact | its file in `transforms/` | `dwh transform`, which replays |\n" +
			"| the schema | `dwh migrate create NAME`, and the new file in `migrations/` | `dwh migrate up` |\n"
		// With transforms of its own a project has the reports in its folder alone.
		for name, text := range embedded.ReportFiles() {
			add(path.Join("reports", name), text)
		}
		if err := errors.Join(copyFrom(migrations.FS, ".", "migrations"), copyFrom(transforms.FS, ".", "transforms")); err != nil {
			return nil, err
		}
	}
	readme, err := files.ReadFile("files/README.md")
	if err != nil {
		return nil, err
	}
	add("README.md", []byte(strings.Replace(string(readme), "@STAR@", star, 1)))
	ignored, err := files.ReadFile("files/gitignore")
	if err != nil {
		return nil, err
	}
	add(".gitignore", ignored)
	settings := map[string]string{"project": ".", "database": o.Database, "variables.long_session": "500"}
	for name, place := range sample.Sources() {
		settings["sources."+name] = SampleFolder + "/" + place
	}
	add(config.FileName, []byte(config.Template(settings)))
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// A ConflictError says that the folder holds files that would have been overwritten.
type ConflictError struct {
	Dir   string
	Names []string // with slashes, sorted
}

func (e *ConflictError) Error() string {
	names := e.Names
	more := ""
	if len(names) > 10 {
		names, more = names[:10], fmt.Sprintf(" and %d more", len(names)-10)
	}
	return fmt.Sprintf("%s holds %s%s already", e.Dir, strings.Join(names, ", "), more)
}

// ExitCode is 2: the command line has to change.
func (*ConflictError) ExitCode() int { return 2 }

// Hint says what to do instead.
func (*ConflictError) Hint() string {
	return "nothing was written; name a folder that is new or empty, or move these files away"
}

// Write makes the folder, where it does not exist, and the files in it. It overwrites nothing: a file that is there already, or any file in one of the
// project's folders, is a *ConflictError. After another failure it takes away what it wrote.
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
		name := filepath.FromSlash(file.Name)
		if folder := filepath.Dir(name); folder != "." {
			switch err := root.Mkdir(folder, 0o755); {
			case err == nil:
				made = append(made, folder)
			case !errors.Is(err, fs.ErrExist):
				return fmt.Errorf("write the project: %w", err)
			}
		}
		if err := writeNew(root, name, file.Text, &made); err != nil {
			return err
		}
	}
	return nil
}

func writeNew(root *os.Root, name string, text []byte, made *[]string) error {
	// Nobody else may write what decides which database is written to: config refuses such a dwh.yaml.
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

// conflicts names what stands where the project's files are to go. Any file in a folder of the project's counts: a second migration of one
// version would be wrong although its name differs.
func conflicts(root *os.Root, project []File) ([]string, error) {
	taken := map[string]bool{}
	for _, file := range project {
		name := filepath.FromSlash(file.Name)
		folder := filepath.Dir(name)
		if folder == "." {
			if _, err := root.Lstat(name); err == nil {
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
			taken[filepath.ToSlash(folder)] = true
			continue
		}
		entries, err := fs.ReadDir(root.FS(), filepath.ToSlash(folder))
		if err != nil {
			return nil, fmt.Errorf("look into the project's folder: %w", err)
		}
		for _, entry := range entries {
			taken[path.Join(filepath.ToSlash(folder), entry.Name())] = true
		}
	}
	names := make([]string, 0, len(taken))
	for name := range taken {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// DatabaseName makes the name of a database of a folder's: lower-case letters, digits and _, and none that PostgreSQL or dwh keeps for itself.
func DatabaseName(folder string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '_'
	}, filepath.Base(folder))
	name = strings.Trim(name, "_")
	switch {
	case name == "":
		return "project"
	case slices.Contains([]string{"postgres", "template0", "template1", "dwh", "dwh_demo"}, name), name[0] >= '0' && name[0] <= '9':
		name = "project_" + name
	}
	return name[:min(len(name), 63)]
}
