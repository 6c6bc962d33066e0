package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/config"
)

// write puts a file that only its owner can write.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaults(t *testing.T) {
	dir := t.TempDir()
	c, err := config.Load(config.Options{Dir: dir, Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	if c.IAMRole != "default" || c.Load.BatchObjects != 10_000 || c.Load.BatchBytes != 1<<30 ||
		c.Checks.MatchedShareWarnBelow != 0.1 || c.Checks.MaxAge != 0 {
		t.Errorf("got %+v, want the documented defaults", c)
	}
	if got := c.Origin("song_data").String(); got != "default" {
		t.Errorf("got origin %q, want default", got)
	}
}

func TestLayers(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, "a", "b")
	file := write(t, filepath.Join(home, "a", "dwh.yaml"), `
# a comment
song_data: data/song_data
log_data: s3://bucket/log_data
log_jsonpaths: file:///x/paths.json
region: us-west-2
engine: postgres
anonymous: true
checks:
  matched_share_warn_below: 0.25
  max_age: 7d
load:
  batch_bytes: 64MiB
  workers: 3
variables:
  limit: 10
  ratio: 1.50
  artist: "AC/DC"
`)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Options{
		Dir: dir, Home: home,
		Env: map[string]string{
			"DWH_LOG_DATA": "logs", "DWH_REGION": "eu-west-1", "DATABASE_URL": "postgres://h/b",
			"DWH_NAMES": "",
		},
		Flags: map[string]string{"region": "eu-central-1", "wait": "true"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ key, got, want, origin string }{
		{"sources.song_data", c.Sources["song_data"].URL, filepath.Join(home, "a", "data", "song_data"), file + ":3"},
		{"sources.log_data", c.Sources["log_data"].URL, filepath.Join(dir, "logs"), "DWH_LOG_DATA"},
		{"sources.log_jsonpaths", c.Sources["log_jsonpaths"].URL, "file:///x/paths.json", file + ":5"},
		{"region", c.Region, "eu-central-1", "--region"},
		{"database_url", c.DatabaseURL.Reveal(), "postgres://h/b", "DATABASE_URL"},
		{"wait", fmt.Sprint(c.Wait), "true", "--wait"},
		{"anonymous", fmt.Sprint(c.Anonymous), "true", file + ":8"},
		{"sources.names", c.Sources["names"].URL, "", "default"},
		{"checks.max_age", c.Checks.MaxAge.String(), (7 * 24 * time.Hour).String(), file + ":11"},
		{"load.batch_bytes", fmt.Sprint(c.Load.BatchBytes), fmt.Sprint(64 << 20), file + ":13"},
		{"variables.limit", c.Variables["limit"], "10", file + ":16"},
		{"variables.ratio", c.Variables["ratio"], "1.50", file + ":17"},
		{"variables.artist", c.Variables["artist"], "AC/DC", file + ":18"},
	} {
		if x.got != x.want {
			t.Errorf("%s: got %q, want %q", x.key, x.got, x.want)
		}
		if got := c.Origin(x.key).String(); got != x.origin {
			t.Errorf("%s: got origin %q, want %q", x.key, got, x.origin)
		}
	}
	vars := c.SQLVariables()
	if vars["artist"] != "AC/DC" || vars["iam_role"] != "default" || vars["region"] != "eu-central-1" {
		t.Errorf("got variables %v", vars)
	}
	if _, set := vars["names"]; set {
		t.Errorf("got names among the variables, want it left out when it is not configured")
	}
}

func TestOnly(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "dwh.yaml"), "nonsense: true\n")
	c, err := config.Load(config.Options{
		Dir: dir, Only: []string{"data_dir"},
		Env:   map[string]string{"DATABASE_URL": "postgres://h/b", "DWH_DATA_DIR": "/d"},
		Flags: map[string]string{"song_data": "/s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.DatabaseURL != "" || c.Sources["song_data"].URL != "" || c.DataDir != "/d" {
		t.Errorf(
			"got %q, %q, %q, want only the data folder taken over", c.DatabaseURL.Reveal(),
			c.Sources["song_data"].URL, c.DataDir,
		)
	}
}

func TestSearchEnds(t *testing.T) {
	top := t.TempDir()
	write(t, filepath.Join(top, "dwh.yaml"), "region: us-west-2\n")
	repository := filepath.Join(top, "repository")
	inside := filepath.Join(repository, "sub")
	if err := os.MkdirAll(filepath.Join(repository, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ name, dir, home, want string }{
		{"at the repository's root", inside, "", ""},
		{"at the home folder", filepath.Join(top, "x"), filepath.Join(top, "x"), ""},
		{"at the home folder, inclusive", filepath.Join(top, "x"), top, "us-west-2"},
	} {
		c, err := config.Load(config.Options{Dir: x.dir, Home: x.home})
		if err != nil {
			t.Fatal(err)
		}
		if c.Region != x.want {
			t.Errorf("%s: got region %q, want %q", x.name, c.Region, x.want)
		}
	}
}

func TestFileErrors(t *testing.T) {
	for _, x := range []struct{ name, text, want, hint string }{
		{"unknown key", "region: us-west-2\nsong_dta: x\n", `2:1: unknown key "song_dta"`, `did you mean "song_data"?`},
		{"unknown nested key", "load:\n  worker: 3\n", `2:3: unknown key "load.worker"`, `did you mean "workers"?`},
		{"nested key at the top", "max_age: 3d\n", `1:1: unknown key "max_age"`, `it belongs under "checks"`},
		{
			"deep", "sources:\n  a: " + strings.Repeat("[", 100_000) + "\n",
			"2:106: more than 100 brackets are open", "close them: a list is written as [a, b]",
		},
		{"text for a switch", "wait: sometimes\n", `1:7: wait must be true or false, got text`, ""},
		{"number for text", "region: 5\n", `1:9: region must be text, got a number`, "put it in quotes"},
		{"list for text", "region: [a]\n", `1:9: region must be text, got a list`, ""},
		{"text for a number", "load:\n  workers: many\n", `2:12: load.workers must be a whole number, got text`, ""},
		{
			"out of range", "checks:\n  matched_share_warn_below: 1.5\n",
			`2:29: checks.matched_share_warn_below must be a share between 0 and 1, got 1.5`, "",
		},
		{
			"wrong choice", "engine: postgress\n",
			`1:9: engine must be postgres or redshift, got "postgress"`, `did you mean "postgres"?`,
		},
		{
			"wrong size", "load:\n  batch_bytes: 5 parsec\n",
			`2:16: load.batch_bytes must be a size in bytes (such as 1GiB or 500MB), got "5 parsec"`,
			"",
		},
		{
			"wrong duration", "checks:\n  max_age: 3 moons\n",
			`2:12: checks.max_age must be a duration (such as 36h or 7d), got "3 moons"`, "",
		},
		{
			"wrong scheme", "song_data: http://h/x\n",
			`1:12: song_data must be an s3:// or file:// URL or a path, got "http://h/x"`, "",
		},
		{
			"no bucket", "song_data: s3:///x\n",
			`1:12: song_data "s3:///x" names no bucket; write s3://bucket/prefix`, "",
		},
		{
			"one slash", "song_data: s3:/b/x\n",
			`1:12: song_data "s3:/b/x" is not a URL; write s3://bucket/prefix, or ./s3:/b/x ` +
				`for a folder with this name`,
			"",
		},
		{
			"credentials in a URL", "song_data: s3://key:secret@b/x\n",
			`1:12: song_data credentials do not belong in a URL: s3://xxxxx@…; set ` +
				`AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE`,
			"",
		},
		{"group as text", "load: 5\n", `1:7: load needs keys and values, got a number`, "write key: value"},
		{"file as a list", "- a\n", `1:1: the file needs keys and values, got a list`, "write key: value"},
		{
			"setting as variable", "variables:\n  song_data: x\n", `2:3: song_data is a source`,
			"write it only under sources:",
		},
		{
			"setting as variable, region", "variables:\n  region: x\n",
			`2:3: region is a setting itself`, "set the key region instead",
		},
		{
			"variable's name", "variables:\n  a-b: x\n", `2:3: "a-b" is not a valid name of a variable`,
			"use letters, digits and _",
		},
		{"twice", "region: a\nregion: b\n", `2:1: `, ""},
		{"two documents", "region: a\n---\nregion: b\n", `3:`, "keep one"},
		{"no YAML", "region: [\n", `1:`, ""},
		{
			"after wide letters", "variables: {ä: x}\n", `1:13: "ä" is not a valid name of a variable`,
			"use letters, digits and _",
		},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			file := write(t, filepath.Join(dir, "dwh.yaml"), x.text)
			_, err := config.Load(config.Options{Dir: dir, Home: dir})
			var fault *config.Error
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want a *config.Error", err)
			}
			if got, want := err.Error(), file+":"+x.want; !strings.HasPrefix(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if fault.ExitCode() != 2 {
				t.Errorf("got exit code %d, want 2", fault.ExitCode())
			}
			if x.hint != "" && fault.Hint() != x.hint {
				t.Errorf("got hint %q, want %q", fault.Hint(), x.hint)
			}
		})
	}
}

func TestSnippet(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "dwh.yaml"), "load:\n  worker: 3\n")
	_, err := config.Load(config.Options{Dir: dir, Home: dir})
	var fault *config.Error
	if !errors.As(err, &fault) {
		t.Fatal(err)
	}
	if got, want := fault.Snippet(), "  worker: xxxxx\n  ^"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEmptyFiles(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "region:\nload:\nvariables:\n"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "dwh.yaml"), text)
		if _, err := config.Load(config.Options{Dir: dir, Home: dir}); err != nil {
			t.Errorf("%q: got %v, want no error", text, err)
		}
	}
}

func TestOverrideErrors(t *testing.T) {
	dir := t.TempDir()
	for _, x := range []struct {
		name string
		o    config.Options
		want string
	}{
		{
			"flag", config.Options{Flags: map[string]string{"engine": "mysql"}},
			`--engine: must be postgres or redshift, got "mysql"`,
		},
		{
			"environment", config.Options{Env: map[string]string{"DWH_LOAD_WORKERS": "x"}},
			`DWH_LOAD_WORKERS: must be a whole number, got "x"`,
		},
		{
			"password in a source",
			config.Options{Flags: map[string]string{"song_data": "http://u:topsecret@h/"}},
			`--song-data: must be an s3:// or file:// URL or a path, got "http://u:xxxxx@h/"`,
		},
		{
			"no such project", config.Options{Flags: map[string]string{"project": "absent"}},
			`--project: cannot use the project folder: stat ` + filepath.Join(dir, "absent"),
		},
		{
			"no such file", config.Options{File: "absent.yaml"},
			filepath.Join(dir, "absent.yaml") + ": no such configuration file",
		},
	} {
		x.o.Dir = dir
		_, err := config.Load(x.o)
		var fault *config.Error
		if !errors.As(err, &fault) {
			t.Errorf("%s: got %v, want a *config.Error", x.name, err)
			continue
		}
		if !strings.HasPrefix(err.Error(), x.want) {
			t.Errorf("%s: got %q, want %q", x.name, err, x.want)
		}
	}
}

func TestFileThatOthersCanWrite(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "dwh.yaml"), "region: us-west-2\n")
	for _, mode := range []os.FileMode{0o602, 0o620, 0o666} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Options{Dir: dir, Home: dir})
		if err != nil {
			t.Fatal(err)
		}
		if c.Region != "" || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "chmod go-w "+file) {
			t.Errorf(
				"mode %o: got region %q and warnings %q, want the file ignored with a warning",
				mode, c.Region, c.Warnings,
			)
		}
		var fault *config.Error
		if _, err = config.Load(config.Options{Dir: dir, File: file}); !errors.As(err, &fault) {
			t.Errorf("mode %o: got %v, want the named file refused", mode, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	dir := t.TempDir()
	const dsn = "postgres://u:topsecret@h/b"
	for _, x := range []struct {
		name string
		o    config.Options
		want string
	}{
		{
			"password in a flag", config.Options{Flags: map[string]string{"database_url": dsn}},
			"--database-url holds a password",
		},
		{"password in the environment", config.Options{Env: map[string]string{"DWH_DATABASE_URL": dsn}}, ""},
		{"flag without password", config.Options{Flags: map[string]string{"database_url": "postgres://u@h/b"}}, ""},
		{
			"misspelt variable", config.Options{Env: map[string]string{"DWH_SONGDATA": "x"}},
			"dwh does not know the environment variable DWH_SONGDATA; did you mean DWH_SONG_DATA?",
		},
		{
			"variables of ours",
			config.Options{Env: map[string]string{"DWH_PG_BIN": "x", "DWH_DEBUG": "1", "DWH_TEST_ROUNDS": "5"}},
			"",
		},
	} {
		x.o.Dir, x.o.Home = dir, dir
		c, err := config.Load(x.o)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(c.Warnings, "\n")
		if (x.want == "") != (got == "") || !strings.Contains(got, x.want) {
			t.Errorf("%s: got warnings %q, want %q", x.name, got, x.want)
		}
		if strings.Contains(got, "topsecret") {
			t.Errorf("%s: the warning shows the password: %q", x.name, got)
		}
	}
}

func TestSecretHidesItself(t *testing.T) {
	s := config.Secret("topsecret")
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "dsn", s)
	encoded, err := json.Marshal(map[string]any{"a": s, "b": []config.Secret{s}})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{
		s.String(), fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s),
		fmt.Sprintf("%+v", struct{ S config.Secret }{s}), string(encoded), logged.String(),
	} {
		if strings.Contains(got, "topsecret") || strings.Contains(got, "746f70") || !strings.Contains(got, "xxxxx") {
			t.Errorf("got %q, want xxxxx alone", got)
		}
	}
	if s.Reveal() != "topsecret" {
		t.Errorf("got %q, want the text itself", s.Reveal())
	}
}

func TestRedactDSN(t *testing.T) {
	for _, x := range []struct{ dsn, want string }{
		{"postgres://u:topsecret@h:5432/b", "postgres://u:xxxxx@h:5432/b"},
		{"postgres://u@h/b", "postgres://u@h/b"},
		{
			"postgres://h/b?user=u&password=topsecret&sslmode=disable",
			"postgres://h/b?user=u&password=xxxxx&sslmode=disable",
		},
		{"postgres://u:tops@cret@h/b", "postgres://u:xxxxx@h/b"},
		{"postgres://u:tops/cret@h/b", "postgres://u:xxxxx@h/b"},
		{"postgres://u:12/topsecret@h/b", "postgres://u:xxxxx@h/b"},
		{"postgres://u:top#secret@h/b", "postgres://u:xxxxx@h/b"},
		{"postgres://u:top%zzsecret@h/b", "postgres://u:xxxxx@h/b"},
		{"postgres://u:p@h/b?application_name=a@b", "postgres://u:xxxxx@h/b?application_name=a@b"},
		{"host=h user=u password=topsecret dbname=b", "host=h user=u password=xxxxx dbname=b"},
		{"password = 'top \\'secret' host=h", "password = xxxxx host=h"},
		{"PASSWORD=topsecret", "PASSWORD=xxxxx"},
		{"sslpassword=topsecret host=h", "sslpassword=xxxxx host=h"},
		{"host=h", "host=h"},
		{"", ""},
	} {
		got := config.RedactDSN(x.dsn)
		if got != x.want {
			t.Errorf("RedactDSN(%q): got %q, want %q", x.dsn, got, x.want)
		}
		if want := x.dsn != x.want; config.HasPassword(x.dsn) != want {
			t.Errorf("HasPassword(%q): got %v, want %v", x.dsn, !want, want)
		}
	}
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	c, err := config.Load(
		config.Options{Dir: dir, Home: dir, Env: map[string]string{"DATABASE_URL": "postgres://u:topsecret@h/b"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	all := c.Settings()
	if len(all) != len(config.Keys()) {
		t.Errorf("got %d settings, want %d", len(all), len(config.Keys()))
	}
	if got, want := all[0].Value, "postgres://u:xxxxx@h/b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := all[0].Origin.String(), "DATABASE_URL"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The address of a webhook is a secret: neither errors nor settings show it.
func TestWebhookIsSecret(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{
		"notify:\n  webhook: hooks.example.com/topsecret\n",
		"notify:\n  webhook: [https://hooks.example.com/topsecret]\n",
		"notify:\n  webhok: https://hooks.example.com/topsecret\n",
		"notify:\n  webhook: \"https://hooks.example.com:x/topsecret\"\n",
	} {
		write(t, filepath.Join(dir, "dwh.yaml"), text)
		_, err := config.Load(config.Options{Dir: dir, Home: dir})
		var fault *config.Error
		if !errors.As(err, &fault) {
			t.Errorf("%q: got %v, want a *config.Error", text, err)
			continue
		}
		if shown := fault.Error() + fault.Snippet() + fault.Hint(); strings.Contains(shown, "topsecret") {
			t.Errorf("%q: got the secret in %q", text, shown)
		}
	}
	write(t, filepath.Join(dir, "dwh.yaml"),
		"notify:\n  webhook: https://hooks.example.com/topsecret\n  format: slack\n  header_file: header\n")
	c, err := config.Load(config.Options{Dir: dir, Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Notify.HeaderFile, filepath.Join(dir, "header"); got != want || c.Notify.Format != "slack" {
		t.Errorf("got header file %q and format %q, want %q and slack", got, c.Notify.Format, want)
	}
	for _, setting := range c.Settings() {
		if setting.Key == "notify.webhook" && setting.Value != "https://hooks.example.com/xxxxx" {
			t.Errorf("got %q shown, want the host alone", setting.Value)
		}
	}
	if _, err := config.Load(config.Options{Dir: t.TempDir(),
		Env: map[string]string{"DWH_NOTIFY_WEBHOOK": "ftp://h/topsecret"}}); err == nil ||
		strings.Contains(err.Error(), "topsecret") {
		t.Errorf("got %v, want an error without the secret", err)
	}
}
