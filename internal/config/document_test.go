package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/config"
)

// The template explains every key once, and is a configuration file: as it stands it sets what it
// is told to, and with its comments taken away every value in it is valid and is the default where
// there is one.
func TestTemplate(t *testing.T) {
	for _, doc := range config.Documentation() {
		if doc.Usage == "" || doc.Default == "" && doc.Example == "" {
			t.Errorf("%s: got usage %q, default %q, example %q", doc.Key, doc.Usage, doc.Default, doc.Example)
		}
	}
	load := func(text string) *config.Config {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Options{Dir: dir, Home: dir})
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		return c
	}
	text := config.Template(map[string]string{"database": "mine", "load.workers": "3", "variables.artist": `"Muse"`})
	c := load(text)
	if c.Database != "mine" || c.Load.Workers != 3 || c.Variables["artist"] != "Muse" {
		t.Errorf("got %q, %d and %q, want the values given", c.Database, c.Load.Workers, c.Variables["artist"])
	}
	for _, setting := range c.Settings() {
		given := setting.Key == "database" || setting.Key == "load.workers" || setting.Key == "variables.artist"
		if got := setting.Origin.Kind == config.File; got != given {
			t.Errorf("%s: got it from the file %v, want %v", setting.Key, got, given)
		}
	}

	all := load(regexp.MustCompile(`(?m)^( *)#(\w+: )`).ReplaceAllString(config.Template(nil), "$1$2"))
	docs := slices.DeleteFunc(config.Documentation(), func(d config.Doc) bool {
		return strings.HasPrefix(d.Key, "checks.") // of the project that dwh ships
	})
	for _, doc := range config.Documentation() {
		if got := strings.Contains(config.Template(nil), doc.Env); got != slices.Contains(docs, doc) {
			t.Errorf("%s: got it in the template %v", doc.Key, got)
		}
	}
	for line := range strings.Lines(config.Template(nil)) {
		if len(line) > 101 {
			t.Errorf("got a line of %d columns: %s", len(line), line)
		}
	}
	settings := slices.DeleteFunc(all.Settings(), func(s config.Setting) bool {
		return strings.HasPrefix(s.Key, "checks.")
	})
	for i, setting := range settings[:len(docs)] {
		if setting.Key != docs[i].Key || setting.Origin.Kind != config.File {
			t.Errorf("%s: got it from %s, want the template to have %s", setting.Key, setting.Origin, docs[i].Key)
		}
		if want := docs[i].Default; want != "" && setting.Value != want {
			t.Errorf("%s: got %q, want its default %q", setting.Key, setting.Value, want)
		}
	}
	if strings.Count(config.Template(nil), "\nserve:\n") != 1 {
		t.Errorf("got the group serve not once in\n%s", config.Template(nil))
	}
}

// A list is a YAML list or one text in the file, and is separated by commas elsewhere.
func TestLists(t *testing.T) {
	for _, c := range []struct {
		file, env string
		want      []string
	}{
		{"serve:\n  host: [a.example, b.example]\n", "", []string{"a.example", "b.example"}},
		{"serve:\n  host: a.example\n", "", []string{"a.example"}},
		{"serve:\n  host: []\n", "", nil},
		{"serve:\n  host: [a.example]\n", "b.example, c.example", []string{"b.example", "c.example"}},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := config.Load(config.Options{Dir: dir, Home: dir, Env: map[string]string{"DWH_SERVE_HOST": c.env}})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Serve.Hosts, c.want) {
			t.Errorf("%q, %q: got %q, want %q", c.file, c.env, got.Serve.Hosts, c.want)
		}
	}
}
