package config_test

import (
	"fmt"
	"testing"

	"github.com/sparkify/dwh/internal/config"
)

func TestRedactText(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`got "postgres://u:s3cret@db.example.com/dwh"`, `got "postgres://u:xxxxx@db.example.com/dwh"`},
		{"/home/me/postgres:/u:s3cret@db/dwh: no file", "/home/me/postgres:/u:xxxxx@db/dwh: no file"},
		{"postgres://u:s3/cr@et@db/dwh and s3://b/c", "postgres://u:xxxxx@db/dwh and s3://b/c"},
		{"postgres://u%3As3cret@db/dwh", "postgres://u%3Axxxxx@db/dwh"},
		{"jdbc:redshift:iam://u:s3cret@db/dwh", "jdbc:redshift:iam://u:xxxxx@db/dwh"},
		{"postgres://:s3cret@db/dwh", "postgres://:xxxxx@db/dwh"},
		{`{"a":"postgres://u:s3\"cret@db/dwh","b":"c@d"}`, `{"a":"postgres://u:xxxxx@db/dwh","b":"c@d"}`},
		{"https://h/x?X-Amz-Signature=s3cret&a=b", "https://h/x?X-Amz-Signature=xxxxx&a=b"},
		{"postgres://db/dwh?user=u&password=s3cret", "postgres://db/dwh?user=u&password=xxxxx"},
		// no secret
		{"postgres://loader@db:5432/dwh", "postgres://loader@db:5432/dwh"},
		{"s3://bucket/log/10:30@host.json:37: column ts", "s3://bucket/log/10:30@host.json:37: column ts"},
		{"http://127.0.0.1:8080/ a@b", "http://127.0.0.1:8080/ a@b"},
		{"WHERE token = 'a'", "WHERE token = 'a'"},
	} {
		if got := config.RedactText(c.text); got != c.want {
			t.Errorf("%s: got %s, want %s", c.text, got, c.want)
		}
	}
}

// A word of the command line is redacted whole, whatever its password holds.
func TestRedactor(t *testing.T) {
	for _, c := range []struct{ word, text, want string }{
		{`postgres://u:s3 "cr et@db/dwh`, "got %q", `got "postgres://u:xxxxx@db/dwh"`},
		{`postgres://u:s3 cr"et@db/dwh`, "got %s.", "got postgres://u:xxxxx@db/dwh."},
		{"--config=postgres://u:s3 cret@db/dwh", "open %.0s/me/postgres:/u:s3 cret@db/dwh",
			"open /me/postgres:/u:xxxxx@db/dwh"},
		{"host=db password='s3 cret'", "got %q", `got "host=db password=xxxxx"`},
		{"songs", "got %q", `got "songs"`},
	} {
		text := fmt.Sprintf(c.text, c.word)
		if got := config.NewRedactor([]string{"dwh", c.word}).Text(text); got != c.want {
			t.Errorf("%s: got %s, want %s", text, got, c.want)
		}
	}
}
