// Package testcase runs a project's test cases: rows given to staging, and rows that tables have to
// hold afterwards.
package testcase

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
)

// A Case is one folder of tests/.
type Case struct {
	Name  string
	About string  // the first line of its README.md; "" without one
	Dir   string  // as errors call it, such as tests/late_song
	Steps []Step  // each ends in a run; none where the case is about an empty staging
	Then  []*File // what has to be there at the end; nil without then/
}

// A Step is what is staged before one run.
type Step struct {
	Given []*File // the rows to stage, one file for each table
	Then  []*File // what has to be there behind this run
}

// An UnknownError is a name that no case has.
type UnknownError struct {
	Name  string
	Names []string // the cases that there are
}

func (e *UnknownError) Error() string { return fmt.Sprintf("there is no test case %q", e.Name) }

// ExitCode is 2: the command line has to change.
func (*UnknownError) ExitCode() int { return 2 }

// Hint names the nearest case.
func (e *UnknownError) Hint() string { return suggest.Hint(e.Name, e.Names) }

// Names are the names of the cases of fsys, sorted. A nil fsys has none. A symbolic link to a
// folder is a case too. dir is how errors call fsys.
func Names(fsys fs.FS, dir string) ([]string, error) {
	if fsys == nil {
		return nil, nil
	}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, sqlfile.ReadError(dir, err)
	}
	var names []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		folder, err := isFolder(fsys, dir, entry.Name(), entry)
		if err != nil {
			return nil, err
		}
		if folder {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// isFolder tells whether an entry of fsys is a folder, or a symbolic link to one.
func isFolder(fsys fs.FS, dir, name string, entry fs.DirEntry) (bool, error) {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.IsDir(), nil
	}
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return false, fmt.Errorf("follow a symbolic link: %w", sqlfile.ReadError(path.Join(dir, name), err))
	}
	return info.IsDir(), nil
}

// Read reads the cases of fsys with these names, or that match these patterns (path.Match), in the
// order of their names; all without any. dir is how errors call the folder. A name that no case has
// is an *UnknownError, a file that is wrong a *sqlfile.Error.
func Read(fsys fs.FS, dir string, chosen []string) ([]Case, error) {
	names, err := Names(fsys, dir)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, want := range chosen {
		found := false
		for _, name := range names {
			if matches, err := path.Match(want, name); name == want || err == nil && matches {
				wanted[name], found = true, true
			}
		}
		if !found {
			return nil, &UnknownError{Name: want, Names: names}
		}
	}
	var cases []Case
	for _, name := range names {
		if len(chosen) > 0 && !wanted[name] {
			continue
		}
		c, err := readCase(fsys, dir, name)
		if err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// folderName is what a folder of a case may be called.
var folderName = regexp.MustCompile(`^(?:([1-9][0-9]*)_)?(given|then)$`)

// form says how a case's folder looks, for hints.
const form = "a case holds given/TABLE.csv, or 1_given/TABLE.csv, 2_given/TABLE.csv and so on, and then/TABLE.csv"

func readCase(fsys fs.FS, dir, name string) (Case, error) {
	c := Case{Name: name, Dir: path.Join(dir, name)}
	refuse := func(at, msg, hint string) error { return &sqlfile.Error{File: at, Msg: msg, Hint: hint} }
	entries, err := fs.ReadDir(fsys, name)
	if err != nil {
		return c, sqlfile.ReadError(c.Dir, err)
	}
	given, then := map[int][]*File{}, map[int][]*File{} // by number; 0 without one
	for _, entry := range entries {
		at := path.Join(c.Dir, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		folder, err := isFolder(fsys, dir, path.Join(name, entry.Name()), entry)
		switch {
		case err != nil:
			return c, err
		case !folder && entry.Name() == "README.md":
			if c.About, err = about(fsys, dir, path.Join(name, entry.Name())); err != nil {
				return c, err
			}
			continue
		case !folder:
			return c, refuse(at, "a case holds folders, and README.md", form)
		}
		parts := folderName.FindStringSubmatch(entry.Name())
		if parts == nil {
			return c, refuse(at, "a test case has no folder of this name", form)
		}
		files, err := readFolder(fsys, path.Join(name, entry.Name()), at)
		if err != nil {
			return c, err
		}
		number, _ := strconv.Atoi(parts[1]) // "" is 0
		if parts[2] == "given" {
			given[number] = files
		} else {
			then[number] = files
		}
	}
	if given[0] != nil && len(given) > 1 {
		return c, refuse(c.Dir, "the case has given/ and numbered steps", "rename given/ to 1_given/, or to "+
			"another step")
	}
	if given[0] != nil {
		c.Steps = append(c.Steps, Step{Given: given[0]})
		delete(given, 0)
	}
	for number := 1; len(given) > 0; number++ {
		if given[number] == nil {
			return c, refuse(c.Dir, fmt.Sprintf("%d_given is missing", number), "number the steps from 1 on")
		}
		c.Steps = append(c.Steps, Step{Given: given[number], Then: then[number]})
		delete(given, number)
		delete(then, number)
	}
	c.Then = then[0]
	delete(then, 0)
	for number := range then {
		return c, refuse(c.Dir, fmt.Sprintf("%d_then has no %d_given", number, number), form)
	}
	if c.Then == nil && !slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Then != nil }) {
		return c, refuse(c.Dir, "the case has no then/",
			"write the expected rows into then/TABLE.csv: all rows, with a first line that names the columns to "+
				"compare")
	}
	return c, nil
}

// readFolder reads the CSV files of a folder, in the order of their names.
func readFolder(fsys fs.FS, folder, dir string) ([]*File, error) {
	entries, err := fs.ReadDir(fsys, folder)
	if err != nil {
		return nil, sqlfile.ReadError(dir, err)
	}
	files := []*File{}
	for _, entry := range entries {
		at := path.Join(dir, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		table, ok := strings.CutSuffix(entry.Name(), ".csv")
		if !ok || entry.IsDir() || table == "" {
			return nil, &sqlfile.Error{File: at, Msg: "this file is not TABLE.csv", Hint: form}
		}
		text, err := fs.ReadFile(fsys, path.Join(folder, entry.Name()))
		if err != nil {
			return nil, sqlfile.ReadError(at, err)
		}
		file, err := parseFile(at, table, string(text))
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, &sqlfile.Error{File: dir, Msg: "the folder holds no TABLE.csv", Hint: form}
	}
	return files, nil
}

// about is the first line of a README, without the marks of a headline.
func about(fsys fs.FS, dir, name string) (string, error) {
	text, err := sqlfile.ReadFile(fsys, dir, name)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(strings.TrimLeft(line, "# ")), nil
}
