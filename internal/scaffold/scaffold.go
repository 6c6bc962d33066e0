// Package scaffold makes the folder of a new project.
package scaffold

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/embedded"
	"github.com/sparkify/dwh/internal/sample"
	"github.com/sparkify/dwh/internal/suggest"
)

//go:embed files
var files embed.FS

// The templates of a project.
const (
	Bikes    = "bikes"    // a small project that teaches
	Sparkify = "sparkify" // the project that dwh embeds
	Empty    = "empty"    // folders and settings
)

// Templates lists the templates, the default one first.
func Templates() []string { return []string{Bikes, Sparkify, Empty} }

// SampleFolder is where the settings of the template Sparkify look for data, inside the project.
const SampleFolder = "sample"

// File is a file of the project.
type File struct {
	// relative to the project's folder, with slashes; one that ends in a slash is a folder
	Name string
	Text []byte
}

// Options say what the project holds.
type Options struct {
	Template string // one of Templates; "" means Bikes
	Database string // in the private PostgreSQL
}

// An UnknownError is a name that no template has.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string { return fmt.Sprintf("there is no template %q", e.Name) }

// ExitCode is 2: the command line has to change.
func (*UnknownError) ExitCode() int { return 2 }

// Hint names the nearest template.
func (e *UnknownError) Hint() string { return suggest.Hint(e.Name, Templates()) }

// Files returns the project's files in the order of their names.
func Files(o Options) ([]File, error) {
	settings := map[string]string{"project": ".", "database": o.Database}
	var all []File
	var err error
	switch o.Template {
	case "", Bikes:
		settings["sources.stations"], settings["sources.rides"] = "data/stations", "data/rides"
		all, err = copied(files, "files/bikes", "")
	case Sparkify:
		for name, place := range sample.Sources() {
			settings["sources."+name] = SampleFolder + "/" + place
		}
		for name, value := range embedded.CheckVariables() {
			settings["variables."+name] = value
		}
		all, err = sparkify()
	case Empty:
		for _, folder := range []string{"migrations", "transforms", "reports", "checks", "tests"} {
			all = append(all, File{Name: folder + "/"})
		}
	default:
		return nil, &UnknownError{Name: o.Template}
	}
	if err != nil {
		return nil, err
	}
	if o.Template != Empty {
		ignored, err := files.ReadFile("files/gitignore")
		if err != nil {
			return nil, err
		}
		all = append(all, File{Name: ".gitignore", Text: ignored})
	}
	all = append(all, File{Name: config.FileName, Text: []byte(config.Template(settings))})
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// copied are the files below a folder, as files of a folder of the project; "" is the project's
// own.
func copied(fsys fs.FS, folder, to string) ([]File, error) {
	var all []File
	err := fs.WalkDir(fsys, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		inside := strings.TrimPrefix(strings.TrimPrefix(name, folder), "/")
		if folder == "." {
			inside = name
		}
		all = append(all, File{Name: path.Join(to, inside), Text: text})
		return nil
	})
	return all, err
}

// sparkify are the files of the embedded project. Migrations, transforms and tests are those that
// dwh embeds, byte for byte, so that a warehouse goes on with either.
func sparkify() ([]File, error) {
	all, err := copied(files, "files/sparkify", "")
	if err != nil {
		return nil, err
	}
	for to, fsys := range map[string]fs.FS{
		"migrations": embedded.Migrations(), "transforms": embedded.Transforms(), "tests": embedded.Tests(),
	} {
		more, err := copied(fsys, ".", to)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	for folder, texts := range map[string]map[string][]byte{
		"reports": embedded.ReportFiles(), "checks": embedded.CheckFiles(),
	} {
		for name, text := range texts {
			all = append(all, File{Name: path.Join(folder, name), Text: text})
		}
	}
	return all, nil
}

// DatabaseName makes the name of a database of a folder's: lower-case letters, digits and _, and
// none that PostgreSQL or dwh keeps for itself.
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
	case slices.Contains([]string{"postgres", "template0", "template1", "dwh", "dwh_demo"}, name),
		name[0] >= '0' && name[0] <= '9':
		name = "project_" + name
	}
	return name[:min(len(name), 63)]
}
