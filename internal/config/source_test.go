package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/config"
)

// Sources have any name. A relative path is relative to the file, or else to the working folder.
func TestSources(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, "a", "b")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := write(t, filepath.Join(home, "a", "dwh.yaml"),
		"sources:\n  orders: data/orders\n  prices: s3://bucket/prices/\n  Stores: stores\n  open:\n"+
			"  items: items\nsong_data: songs\n")
	c, err := config.Load(config.Options{
		Dir: dir, Home: home,
		Env: map[string]string{
			"DWH_SOURCE_STORES": "elsewhere", "DWH_SOURCE_NEW": "file:///new", "DWH_SOURCE_": "x",
			"DWH_SOURCE_PRICES": "",
			"DWH_LOG_DATA":      "logs", "DWH_SOURCE_ITEMS": "y",
		},
		Flags:   map[string]string{"log_jsonpaths": "paths.json"},
		Sources: []string{"items=i=1,2", "names="},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ name, url, origin string }{
		{"Stores", filepath.Join(dir, "elsewhere"), "DWH_SOURCE_STORES"},
		{"items", filepath.Join(dir, "i=1,2"), "--source items"},
		{"log_data", filepath.Join(dir, "logs"), "DWH_LOG_DATA"},
		{"log_jsonpaths", filepath.Join(dir, "paths.json"), "--log-jsonpaths"},
		{"names", "", "--source names"},
		{"new", "file:///new", "DWH_SOURCE_NEW"},
		{"orders", filepath.Join(home, "a", "data", "orders"), file + ":2"},
		{"prices", "s3://bucket/prices/", file + ":3"},
		{"song_data", filepath.Join(home, "a", "songs"), file + ":7"},
	}
	got := c.SortedSources()
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %d sources", got, len(want))
	}
	vars := c.SQLVariables()
	for i, tt := range want {
		if got[i].Name != tt.name || got[i].URL != tt.url || got[i].Origin.String() != tt.origin {
			t.Errorf("got %+v, want %+v", got[i], tt)
		}
		if vars[tt.name] != tt.url {
			t.Errorf("%s: got variable %q, want %q", tt.name, vars[tt.name], tt.url)
		}
		if origin := c.Origin("sources." + tt.name).String(); origin != tt.origin {
			t.Errorf("%s: got origin %q, want %q", tt.name, origin, tt.origin)
		}
	}
	if _, set := vars["names"]; set {
		t.Error("got a variable of a source that is set to nothing")
	}
	shown := map[string]string{}
	for _, setting := range c.Settings() {
		shown[setting.Key] = setting.Value
	}
	if shown["sources.orders"] != filepath.Join(home, "a", "data", "orders") {
		t.Errorf("got settings %v, want sources.orders among them", shown)
	}
}

// Two values for one source contradict each other within the file, the environment or the flags.
func TestSourceTwice(t *testing.T) {
	for _, x := range []struct {
		name, file string
		env, flags map[string]string
		sources    []string
		want       string // of the error, "" for none
	}{
		{name: "file", file: "song_data: a\nsources:\n  song_data: b\n",
			want: "dwh.yaml:3:14: sources.song_data the source song_data has a different value in "},
		{name: "file, short one last", file: "sources:\n  song_data: b\nsong_data: a\n",
			want: "dwh.yaml:3:12: song_data the source song_data has a different value in "},
		{name: "file, equal", file: "song_data: a\nsources:\n  song_data: a\n"},
		{name: "environment", env: map[string]string{"DWH_SONG_DATA": "a", "DWH_SOURCE_SONG_DATA": "b"},
			want: "DWH_SOURCE_SONG_DATA: the source song_data has a different value in DWH_SONG_DATA"},
		{name: "environment, equal", env: map[string]string{"DWH_SONG_DATA": "a", "DWH_SOURCE_SONG_DATA": "a"}},
		{name: "flags", flags: map[string]string{"song_data": "a"}, sources: []string{"song_data=b"},
			want: "--source song_data: the source song_data has a different value in --song-data"},
		{name: "flag twice", sources: []string{"orders=a", "orders=b"},
			want: "--source orders: the source orders has a different value in --source orders"},
		{
			name: "flags, equal", flags: map[string]string{"song_data": "a"},
			sources: []string{"song_data=a", "song_data=a"},
		},
		{name: "layers", file: "song_data: a\n", env: map[string]string{"DWH_SOURCE_SONG_DATA": "b"},
			flags: map[string]string{"song_data": "c"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "dwh.yaml"), x.file)
			c, err := config.Load(config.Options{Dir: dir, Home: dir, Env: x.env, Flags: x.flags, Sources: x.sources})
			if x.want == "" {
				if err != nil || len(c.Sources) != 1 {
					t.Errorf("got %v, %v, want one source", c, err)
				}
				return
			}
			var fault *config.Error
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), x.want) || fault.ExitCode() != 2 ||
				fault.Hint() != "remove one of the two" {
				t.Errorf("got %v, want %q", err, x.want)
			}
		})
	}
}

func TestSourceErrors(t *testing.T) {
	for _, x := range []struct{ name, text, want, hint string }{
		{"name", "sources:\n  my-orders: x\n", `2:3: "my-orders" is not a valid name of a source`,
			"use letters, digits and _"},
		{"setting", "sources:\n  region: x\n", `2:3: region is a setting itself`, "set the key region instead"},
		{"variable", "variables:\n  orders: x\nsources:\n  orders: x\n", `4:3: orders is also under variables:`,
			"remove one of the two"},
		{"variable last", "sources:\n  orders: x\nvariables:\n  orders: x\n", `4:3: orders is a source`,
			"write it only under sources:"},
		{"list", "sources:\n  orders: [a]\n", `2:11: sources.orders must be text, got a list`, ""},
		{"number", "sources:\n  orders: 5\n", `2:11: sources.orders must be text, got a number`, "put it in quotes"},
		{"no blank", "sources:\n  books:data/books\n", `2:3: sources needs keys and values, got text`,
			"a blank must follow the colon in line 2: write books: data/books"},
		{"no blank, first", "sources:\n  books:data/books\n  loans: data/loans\n", ``,
			"a blank must follow the colon in line 2: write books: data/books"},
		{"no blank, last", "sources:\n  loans: data/loans\n  books:data/books\n", ``,
			"a blank must follow the colon in line 3: write books: data/books"},
		{"no blank, with a secret", "database_url:topsecret\n", ``, "a blank must follow the colon in line 1"},
		{"no blank, beside a secret", "variables:\n  password: topsecret\nsources:\n  b:data\n", ``,
			"a blank must follow the colon in line 4"},
		{"tab", "sources:\n\tbooks: data/books\n", ``,
			"YAML indents with blanks: replace the tab at the beginning of line 2"},
		{"text", "sources: x\n", `1:10: sources needs keys and values, got text`, "write key: value"},
		{"scheme", "sources:\n  orders: http://h/x\n",
			`2:11: sources.orders must be an s3:// or file:// URL or a path, got "http://h/x"`, ""},
		{"credentials", "sources:\n  orders: s3://key:topsecret@b/x\n",
			`2:11: sources.orders credentials do not belong in a URL`, ""},
		{"key", "source:\n  orders: x\n", `1:1: unknown key "source"`, `did you mean "sources"?`},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			file := write(t, filepath.Join(dir, "dwh.yaml"), x.text)
			_, err := config.Load(config.Options{Dir: dir, Home: dir})
			var fault *config.Error
			if !errors.As(err, &fault) || !strings.HasPrefix(err.Error(), file+":"+x.want) {
				t.Fatalf("got %v, want %q", err, x.want)
			}
			if x.hint != "" && fault.Hint() != x.hint {
				t.Errorf("got hint %q, want %q", fault.Hint(), x.hint)
			}
			if shown := fault.Error() + fault.Snippet() + fault.Hint(); strings.Contains(shown, "topsecret") {
				t.Errorf("got the secret in %q", shown)
			}
		})
	}
	for _, text := range []string{"orders", "=x", "my-orders=x", "s3://u:topsecret@h/x"} {
		_, err := config.Load(config.Options{Dir: t.TempDir(), Sources: []string{text}})
		var fault *config.Error
		if !errors.As(err, &fault) || !strings.HasPrefix(err.Error(), "--source: must be NAME=URL, got ") ||
			strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%q: got %v, want that it is no NAME=URL", text, err)
		}
	}
}

// An error about a source of the file shows its line, without secrets.
func TestSourceError(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "dwh.yaml"), "sources:\n  orders: s3://b/x?X-Amz-Signature=topsecret\n")
	c, err := config.Load(config.Options{Dir: dir, Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	fault := c.SourceError("orders", "is not needed", "remove it")
	if got, want := fault.Error(), file+":2:3: is not needed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := fault.Snippet(); !strings.HasPrefix(got, "  orders: s3://b/x?") ||
		!strings.HasSuffix(got, "\n  ^") || strings.Contains(got, "topsecret") {
		t.Errorf("got %q, want the line without its secret", got)
	}
}

// The dwh.yaml of a project that is named is read before one found upwards, and --config before
// both.
func TestFileOfProject(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "work")
	for _, folder := range []string{"work", "shop", "bare"} {
		if err := os.MkdirAll(filepath.Join(top, folder, "transforms"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "dwh.yaml"), "region: work\nsources:\n  orders: orders\n")
	shop := write(t, filepath.Join(top, "shop", "dwh.yaml"), "region: shop\nsources:\n  orders: orders\n")
	write(t, filepath.Join(top, "named.yaml"), "region: named\n")
	for _, x := range []struct {
		name string
		o    config.Options
		want string
	}{
		{"flag", config.Options{Flags: map[string]string{"project": "../shop"}}, "shop"},
		{"environment", config.Options{Env: map[string]string{"DWH_PROJECT": "../shop"}}, "shop"},
		{"flag over environment", config.Options{Flags: map[string]string{"project": "../bare"},
			Env: map[string]string{"DWH_PROJECT": "../shop"}}, "work"},
		{"without a file", config.Options{Flags: map[string]string{"project": "../bare"}}, "work"},
		{"file named", config.Options{File: "../named.yaml", Flags: map[string]string{"project": "../shop"}}, "named"},
		{"neither", config.Options{}, "work"},
	} {
		x.o.Dir, x.o.Home = dir, top
		c, err := config.Load(x.o)
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
			continue
		}
		if c.Region != x.want {
			t.Errorf("%s: got the file of %q, want that of %q", x.name, c.Region, x.want)
		}
		if shop := filepath.Join(top, "shop"); x.want == "shop" &&
			(c.Sources["orders"].URL != filepath.Join(shop, "orders") || c.Project != shop) {
			t.Errorf(
				"%s: got source %q and project %q, want those of the project", x.name,
				c.Sources["orders"].URL, c.Project,
			)
		}
	}
	// Others could have written it: it is not ignored, as the project is named.
	if err := os.Chmod(shop, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(config.Options{Dir: dir, Home: top, Flags: map[string]string{"project": "../shop"}})
	var fault *config.Error
	if !errors.As(err, &fault) || !strings.Contains(err.Error(), "not used: other users can write it") {
		t.Errorf("got %v, want the file refused", err)
	}
}
