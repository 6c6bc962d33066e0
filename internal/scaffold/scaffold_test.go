package scaffold_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/scaffold"
	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/transforms"
)

func project(t *testing.T, o scaffold.Options) []scaffold.File {
	t.Helper()
	files, err := scaffold.Files(o)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The copies are those that dwh embeds, byte for byte.
func TestCopies(t *testing.T) {
	files := project(t, scaffold.Options{Template: scaffold.Sparkify, Database: "x"})
	for folder, fsys := range map[string]fs.FS{
		"migrations": migrations.FS, "transforms": transforms.FS, "tests": transforms.Tests(),
	} {
		err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			want, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(files, func(f scaffold.File) bool { return f.Name == folder+"/"+name })
			if at < 0 || !bytes.Equal(files[at].Text, want) {
				t.Errorf("%s/%s: got another text, want the embedded one", folder, name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Every template has settings that dwh takes, and what its README names.
func TestTemplates(t *testing.T) {
	for _, template := range scaffold.Templates() {
		dir := t.TempDir()
		if err := scaffold.Write(dir, project(t, scaffold.Options{Template: template, Database: "x"})); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(config.Options{Dir: dir})
		if err != nil || cfg.Database != "x" || cfg.Project != dir {
			t.Errorf("%s: got database %q, project %q, %v", template, cfg.Database, cfg.Project, err)
		}
		for _, folder := range []string{"migrations", "transforms", "reports", "checks", "tests"} {
			if info, err := os.Stat(filepath.Join(dir, folder)); err != nil || !info.IsDir() {
				t.Errorf("%s: got no folder %s: %v", template, folder, err)
			}
		}
	}
	_, err := scaffold.Files(scaffold.Options{Template: "bike"})
	var unknown *scaffold.UnknownError
	if !errors.As(err, &unknown) || unknown.Hint() != `did you mean "bikes"?` {
		t.Errorf("got %v, want an unknown template and the nearest", err)
	}
}

func TestWrite(t *testing.T) {
	files := project(t, scaffold.Options{Database: "x", Template: scaffold.Bikes})
	for _, c := range []struct {
		name    string
		before  []string // files that are there
		want    []string // those in the way
		absent  string   // not made
		present string
	}{
		{"new", nil, nil, "", "dwh.yaml"},
		{
			"beside others", []string{".git/HEAD", "LICENSE", "notes/dwh.yaml"}, nil, "",
			"tests/late_station/2_given/s_station.csv",
		},
		{"settings", []string{"dwh.yaml", "LICENSE"}, []string{"dwh.yaml"}, "README.md", ""},
		{
			"a folder of ours with other files", []string{"reports/mine.sql"},
			[]string{"reports/mine.sql"}, "dwh.yaml", "",
		},
		{"a file where a folder goes", []string{"checks"}, []string{"checks"}, "dwh.yaml", ""},
	} {
		dir := filepath.Join(t.TempDir(), "of", "mine")
		for _, name := range c.before {
			at := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(at, []byte(name), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := scaffold.Write(dir, files)
		var conflict *scaffold.ConflictError
		switch {
		case c.want == nil && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != nil && (!errors.As(err, &conflict) || !slices.Equal(conflict.Names, c.want)):
			t.Errorf("%s: got %v, want a conflict of %q", c.name, err, c.want)
		}
		for _, name := range c.before {
			if got, err := os.ReadFile(
				filepath.Join(dir, filepath.FromSlash(name)),
			); err != nil || string(got) != name {
				t.Errorf("%s: got %q, %v in %s, want it left alone", c.name, got, err, name)
			}
		}
		if c.absent != "" {
			if _, err := os.Lstat(filepath.Join(dir, c.absent)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: got %v for %s, want nothing written", c.name, err, c.absent)
			}
		}
		if c.present != "" {
			if _, err := os.Stat(filepath.Join(dir, c.present)); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}

// A link out of the folder is not followed.
func TestWriteThroughLink(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "reports")); err != nil {
		t.Fatal(err)
	}
	err := scaffold.Write(dir, project(t, scaffold.Options{Database: "x", Template: scaffold.Bikes}))
	var conflict *scaffold.ConflictError
	if !errors.As(err, &conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("got %v, %v outside, want nothing written", entries, err)
	}
}

func TestDatabaseName(t *testing.T) {
	for folder, want := range map[string]string{
		"/home/me/My Warehouse": "my_warehouse", "/2018": "project_2018", "/": "project",
		"/postgres": "project_postgres", "/dwh": "project_dwh",
		"/Björk": "bj_rk", "/__x__": "x", "/…": "project",
	} {
		if got := scaffold.DatabaseName(folder); got != want {
			t.Errorf("%s: got %q, want %q", folder, got, want)
		}
	}
}
