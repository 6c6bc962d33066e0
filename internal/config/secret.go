package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
)

const redacted = "xxxxx"

// Secret is a text that hides itself: every way of printing, logging or marshalling it gives xxxxx. Two places stay
// open because Go calls no method there: a struct's unexported field, and the key of a map in JSON.
type Secret string

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String returns xxxxx.
func (s Secret) String() string { return redacted }

// GoString returns xxxxx.
func (s Secret) GoString() string { return redacted }

// Format writes xxxxx whatever the verb; without it %x or %d would show the bytes.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON returns "xxxxx".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns xxxxx, which covers YAML and XML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns xxxxx.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// secretParameter matches a password in a key=value connection string or in the query of a URL. A quoted value
// may hold escaped quotes.
var secretParameter = regexp.MustCompile(`(?i)\b(password|sslpassword|oauth_client_secret)(\s*=\s*)('(?:[^'\\]|\\.)*'?|[^\s&]*)`)

// RedactDSN returns a connection string, a URL or libpq's key=value form, with its passwords replaced by xxxxx.
// A string that is no valid URL is redacted generously: rather too much than a part of a password.
func RedactDSN(dsn string) string {
	dsn = secretParameter.ReplaceAllString(dsn, "${1}${2}"+redacted)
	scheme, rest, ok := strings.Cut(dsn, "://")
	if !ok {
		return dsn
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return dsn
	}
	if u, err := url.Parse(dsn); err == nil && u.User != nil {
		// The first "/" ends the authority, so what url.Parse saw is the whole of the user's part
		// unless a password holds an unescaped "/", "?" or "#", for which User is nil.
		at = strings.LastIndexByte(rest[:authorityEnd(rest)], '@')
	}
	user, _, hasPassword := strings.Cut(rest[:at], ":")
	if !hasPassword {
		return dsn
	}
	return scheme + "://" + user + ":" + redacted + rest[at:]
}

// HasPassword says whether a connection string, URL or key=value, holds a password.
func HasPassword(dsn string) bool { return RedactDSN(dsn) != dsn }

func authorityEnd(s string) int {
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		return i
	}
	return len(s)
}
