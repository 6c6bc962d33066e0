package config

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

const redacted = "xxxxx"

// Secret is a text that hides itself: every way of printing, logging or marshalling it gives xxxxx.
// Two places stay open because Go calls no method there: a struct's unexported field, and the key
// of a map in JSON.
type Secret string

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String returns xxxxx.
func (s Secret) String() string { return redacted }

// GoString returns xxxxx, so that %#v hides the text.
func (s Secret) GoString() string { return redacted }

// Format writes xxxxx whatever the verb; without it %x or %d would show the bytes.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON returns "xxxxx", so that JSON hides the text.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns xxxxx, which covers YAML and XML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns xxxxx, so that slog hides the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// secretParameter matches a secret in a key=value connection string or in the query of a URL: a
// password, a token, a signature, or the key that goes with it. A quoted value may hold escaped
// quotes.
var secretParameter = regexp.MustCompile(`(?i)(^|[^A-Za-z0-9_.-])` +
	`([A-Za-z0-9_.-]*(?:password|passwd|passphrase|pwd|secret|token|signature|credential|` +
	`api_?key|access_?key(?:_?id)?)|sig)` +
	`(\s*=\s*)('(?:[^'\\]|\\.)*'?[^\s&]*|[^\s&]*)`)

// RedactDSN returns a connection string, a URL or libpq's key=value form, with its passwords,
// tokens and signatures replaced by xxxxx. A string that is no valid URL is redacted generously:
// rather too much than a part of a password.
func RedactDSN(dsn string) string {
	dsn = secretParameter.ReplaceAllString(dsn, "${1}${2}${3}"+redacted)
	begin := 0
	if scheme := schemeForm.FindString(dsn); scheme != "" {
		begin = len(scheme)
	}
	rest := dsn[begin:]
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return dsn
	}
	// The first "/" ends the authority of a URL; an @ behind it is of a parameter's value, or the
	// end of a password that holds an unescaped "/", "?" or "#".
	authority := rest[:authorityEnd(rest)]
	if end := strings.LastIndexByte(authority, '@'); begin > 0 && end >= 0 && userColon.MatchString(authority[:end]) &&
		clearEnd.MatchString(rest[len(authority):]) {
		at = end
	}
	// An encoded colon between user and password makes both the user's name.
	colon := userColon.FindStringIndex(rest[:at])
	if colon == nil {
		return dsn
	}
	return dsn[:begin] + rest[:colon[1]] + redacted + rest[at:]
}

// clearEnd is what may stand behind the authority: a path without an @, and parameters.
var clearEnd = regexp.MustCompile(`^(?:/[^@?#]*)?(?:\?(?:[A-Za-z0-9_.]+=[^&]*(?:&|$))*)?$`)

var schemeForm = regexp.MustCompile(`^(?i:jdbc:)?[A-Za-z][A-Za-z0-9+.-]*(?i::iam)?://`)

var userColon = regexp.MustCompile(`:|%3[aA]`)

// HasPassword says whether a connection string, URL or key=value, holds a password.
func HasPassword(dsn string) bool { return RedactDSN(dsn) != dsn }

func authorityEnd(s string) int {
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		return i
	}
	return len(s)
}
