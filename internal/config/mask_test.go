package config_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/config"
)

// An error in the file shows the line it is about, and never a secret that stands in it.
func TestNoSecretInFileErrors(t *testing.T) {
	const secret = "hunter2trustno1"
	for _, text := range []string{
		// an unknown key, whatever its name
		"token: " + secret, "tokn: " + secret, "nonsense: " + secret, "load:\n  password: " + secret,
		"serve:\n  token: " + secret,
		"load: {workers: 1, pass: " + secret + "}", "serve:\n  token_fil: " + secret, "nonsense: [" + secret + "]",
		"nonsense:\n  - " + secret, "nonsense:\n  a: " + secret,
		"\"my token\": " + secret, "database-url: postgres://u:" + secret + "@h/b",
		"database_urls: postgres://u:12/" + secret + "@h/b",
		// a secret of the wrong type, given twice, or on more than one line
		"variables:\n  token: [" + secret + "]", "variables:\n  api_key:\n    - " + secret,
		"variables:\n  my_secret_thing: {a: " + secret + "}",
		"variables:\n  password: " + secret + "\n  password: " + secret, "variables:\n  password: *" + secret,
		"variables:\n  password: !" + secret + " x",
		"variables:\n  db_password: " + secret + "\n   x: y", "variables: {a: [1], api_key: " + secret + "}",
		"variables: {api_key: " + secret + ", b: [1]}",
		"variables:\n  db-password: " + secret, "variables:\n  \"token x\": " + secret,
		"database_url: [" + secret + "]", "database_url:\n  - " + secret, "database_url: {password: " + secret + "}",
		"database_url: postgres://u:" + secret + "@h/b\ndatabase_url: postgres://u:" + secret + "@h/b",
		// no YAML: the value stands where the parser stopped
		"password:" + secret, "token:" + secret, "database_url:postgres://u:" + secret + "@h/b",
		"password: \"" + secret, "password: '" + secret + "\nregion: x", "token: " + secret + "\n\tregion: x",
		"password: @" + secret, "password: `" + secret, "password: %" + secret, "password: " + secret + ": " + secret,
		"password: {" + secret, "password: [" + secret, "a: " + secret + "\n b: c\n  - d",
		"password: |\n" + secret, "password: |\n  " + secret + "\n " + secret, "password: \"" + secret + "\\q\"",
		"? " + secret, "- password: " + secret, secret, "%YAML " + secret + "\n---\na: b",
		// a URL with a password or a signature in a setting of another kind
		"song_data: https://b.s3.amazonaws.com/x?X-Amz-Signature=" + secret,
		"song_data: https://h/x?sig=" + secret + "&a=b", "song_data: http://u:" + secret + "@h/x",
		"region: postgres://u:" + secret + "@h/b", "engine: postgres://u:" + secret + "@h/b",
		"load:\n  workers: https://h/x?token=" + secret, "load:\n  batch_bytes: https://h/x?Signature=" + secret,
		"region: [\"https://h/x?X-Amz-Security-Token=" + secret + "\"]",
		"variables:\n  url: [\"https://h/x?X-Amz-Credential=" + secret + "\"]",
		"work_prefix: https://h/?access_token=" + secret,
	} {
		dir := t.TempDir()
		file := write(t, filepath.Join(dir, "dwh.yaml"), text+"\n")
		_, err := config.Load(config.Options{Dir: dir, Home: dir})
		var fault *config.Error
		if !errors.As(err, &fault) {
			t.Errorf("%q: got %v, want a *config.Error", text, err)
			continue
		}
		shown := fault.Error() + "\n" + fault.Snippet() + "\n" + fault.Hint() + fmt.Sprintf("%+v", *fault)
		if strings.Contains(shown, secret) || strings.Contains(shown, secret[:7]) {
			t.Errorf("%q: got %s, want nothing of the secret", text, shown)
		}
		if !strings.HasPrefix(fault.Error(), file+":") {
			t.Errorf("%q: got %q, want the position", text, fault.Error())
		}
	}
	// The same from the environment and flags.
	for _, key := range []string{"song_data", "region", "engine", "load.workers", "load.batch_bytes", "checks.max_age",
		"wait", "database"} {
		for _, value := range []string{"https://u:" + secret + "@h/x", "https://h/x?X-Amz-Signature=" + secret} {
			_, err := config.Load(config.Options{Dir: t.TempDir(), Flags: map[string]string{key: value}})
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("--%s %s: got %v, want an error without the secret", key, value, err)
			}
		}
	}
}

// What is no secret is shown with its caret.
func TestSnippetsOfWhatIsNoSecret(t *testing.T) {
	for text, want := range map[string]string{
		"engine: postgress":                   "engine: postgress\n        ^",
		"load:\n  workers: many":              "  workers: many\n           ^",
		"wait: sometimes # a comment":         "wait: sometimes # a comment\n      ^",
		"variables:\n  password: [x]":         "  password: xxxxx\n            ^",
		"checks: {max_age: 3 moons}":          "checks: {max_age: 3 moons}\n                  ^",
		"serve:\n  token_fle: /etc/dwh/token": "  token_fle: xxxxx\n  ^",
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "dwh.yaml"), text+"\n")
		_, err := config.Load(config.Options{Dir: dir, Home: dir})
		var fault *config.Error
		if !errors.As(err, &fault) || fault.Snippet() != want {
			t.Errorf("%q: got %v with %q, want %q", text, err, fault.Snippet(), want)
		}
	}
}

func TestSecretVariablesInSettings(t *testing.T) {
	dir := t.TempDir()
	write(
		t,
		filepath.Join(dir, "dwh.yaml"),
		"variables:\n  api_key: hunter2\n  country: no\n  feed: https://h/x?sig=hunter2\n",
	)
	c, err := config.Load(config.Options{Dir: dir, Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, setting := range c.Settings() {
		got[setting.Key] = setting.Value
	}
	if got["variables.api_key"] != "xxxxx" || got["variables.country"] != "no" ||
		got["variables.feed"] != "https://h/x?sig=xxxxx" {
		t.Errorf("got %v, want the secrets hidden and the rest shown", got)
	}
	if c.SQLVariables()["api_key"] != "hunter2" {
		t.Errorf("got %q, want the value itself for SQL", c.SQLVariables()["api_key"])
	}
}
