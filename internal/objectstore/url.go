// Package objectstore lists, reads, writes and deletes objects in S3 and in local folders through
// one interface.
package objectstore

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The schemes of a URL.
const (
	SchemeS3   = "s3"
	SchemeFile = "file"
)

// URL names an object, a key prefix or a local path in its canonical form:
// "s3://bucket/key" or "file:///absolute/path". Nothing in it is
// percent-encoded: an S3 key may hold any character, so a "%" is a "%".
// ParseURL makes one.
type URL string

var (
	schemePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	// bucketPattern is wider than today's rules for new buckets, because
	// older ones may hold upper case and underscores and be longer
	// (docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
	bucketPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$`)
)

// ParseURL reads what a person writes for a source: s3://bucket/prefix,
// file:///absolute/path, or a path, which is made absolute and cleaned. A
// trailing slash of an S3 prefix is kept, because it decides what the prefix
// matches. A malformed URL is an *Error that wraps ErrURL and never shows what
// could be a password or a signature.
func ParseURL(s string) (URL, error) {
	refuse := func(reason, hint string) (URL, error) {
		return "", &Error{Op: "parse", URL: URL(redact(s)), Err: &fault{msg: reason, kind: ErrURL}, hint: hint}
	}
	const forms = "write s3://bucket/prefix, file:///absolute/path, or a path"
	switch {
	case strings.TrimSpace(s) == "":
		return refuse("the URL is empty", forms)
	case !utf8.ValidString(s):
		return refuse("the URL is not valid UTF-8", forms)
	case strings.ContainsRune(s, 0):
		return refuse("the URL holds a NUL character", forms)
	}
	prefix := schemePattern.FindString(s)
	rest := s[len(prefix):]
	switch scheme := strings.ToLower(strings.TrimSuffix(prefix, "://")); scheme {
	case SchemeS3:
		bucket, key, _ := strings.Cut(rest, "/")
		switch {
		case strings.ContainsAny(bucket, "@:"):
			return refuse("a bucket name holds neither \"@\" nor \":\"",
				"credentials do not belong in a URL: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
		case bucket == "":
			return refuse("the bucket is missing", "write s3://bucket/prefix")
		case !bucketPattern.MatchString(bucket):
			return refuse(fmt.Sprintf("%q is not a bucket name", bucket),
				"a bucket name has at least three letters, digits, dots or hyphens")
		}
		return newS3URL(bucket, key), nil
	case SchemeFile:
		if !strings.HasPrefix(rest, "/") {
			return refuse("a file URL needs an absolute path", "write file:///absolute/path, or the path alone")
		}
		return newFileURL(rest), nil
	case "http", "https":
		return refuse("an "+scheme+" URL is not a source",
			"write s3://bucket/prefix, and name an S3-compatible server in AWS_ENDPOINT_URL_S3")
	case "s3a", "s3n":
		return refuse(fmt.Sprintf("unknown scheme %q", scheme), "write s3:// instead of "+scheme+"://")
	case "":
	default:
		return refuse(fmt.Sprintf("unknown scheme %q", scheme), forms)
	}
	// "s3:/bucket" and "file:x" are slips of the pen, not folders called "s3:".
	for _, scheme := range []string{SchemeS3, SchemeFile} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)+1], scheme+":") {
			return refuse(fmt.Sprintf("%q is followed by two slashes", scheme+":"), forms)
		}
	}
	abs, err := filepath.Abs(s)
	if err != nil {
		return "", &Error{Op: "parse", URL: URL(redact(s)), Err: &fault{
			msg: "the path cannot be made absolute", kind: ErrURL, cause: err,
		},
			hint: "give an absolute path"}
	}
	return newFileURL(filepath.ToSlash(abs)), nil
}

// newS3URL makes the canonical URL of a key.
func newS3URL(bucket, key string) URL { return URL(SchemeS3 + "://" + bucket + "/" + key) }

// newFileURL makes the canonical URL of an absolute path with slashes.
func newFileURL(p string) URL {
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // a Windows volume: C:/data
	}
	return URL(SchemeFile + "://" + path.Clean(p))
}

// split takes a URL apart; of a file URL, bucket is empty and key is the path.
func (u URL) split() (scheme, bucket, key string) {
	scheme, rest, ok := strings.Cut(string(u), "://")
	if !ok {
		return "", "", ""
	}
	if scheme != SchemeS3 {
		return scheme, "", rest
	}
	bucket, key, _ = strings.Cut(rest, "/")
	return scheme, bucket, key
}

// Scheme is "s3" or "file", and empty for the zero URL.
func (u URL) Scheme() string { scheme, _, _ := u.split(); return scheme }

// Bucket is the S3 bucket, and empty for a local path.
func (u URL) Bucket() string { _, bucket, _ := u.split(); return bucket }

// Key is the S3 key or key prefix without a leading slash, and empty for a
// local path.
func (u URL) Key() string {
	scheme, _, key := u.split()
	if scheme != SchemeS3 {
		return ""
	}
	return key
}

// Path is the absolute local path in the form of this system, and empty for S3.
func (u URL) Path() string {
	scheme, _, p := u.split()
	if scheme != SchemeFile {
		return ""
	}
	if len(p) > 2 && p[0] == '/' && filepath.VolumeName(p[1:]) != "" {
		p = p[1:] // a Windows volume: /C:/data
	}
	return filepath.FromSlash(p)
}

// String returns the canonical form, which ParseURL reads back unchanged.
func (u URL) String() string { return string(u) }

// redact leaves out of a string that is not a valid URL what may be secret: a
// query (it may be signed) and anything before an "@" or with a ":" in the
// place of a host.
func redact(s string) string {
	prefix := schemePattern.FindString(s)
	rest := s[len(prefix):]
	if prefix != "" {
		host, _, _ := strings.Cut(rest, "/")
		if strings.ContainsRune(rest, '@') || strings.ContainsRune(host, ':') && strings.EqualFold(prefix, "s3://") {
			return prefix + "xxxxx"
		}
		if before, _, found := strings.Cut(rest, "?"); found {
			return prefix + before + "?xxxxx"
		}
		return s
	}
	if strings.ContainsRune(s, '@') && strings.ContainsRune(s, ':') {
		return "xxxxx"
	}
	return s
}

// ErrURL means a URL that cannot name a source: a usage error.
var ErrURL = errors.New("malformed URL")
