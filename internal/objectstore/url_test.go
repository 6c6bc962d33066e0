package objectstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/objectstore"
)

func TestParseURL(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, want, bucket, key, path string }{
		{"s3://bucket", "s3://bucket/", "bucket", "", ""},
		{"s3://bucket/", "s3://bucket/", "bucket", "", ""},
		{"S3://bucket/a", "s3://bucket/a", "bucket", "a", ""},
		{"s3://bucket/log_data/", "s3://bucket/log_data/", "bucket", "log_data/", ""},
		{"s3://bucket/a%20b?c#d@e:f", "s3://bucket/a%20b?c#d@e:f", "bucket", "a%20b?c#d@e:f", ""},
		{"s3://bucket//a/../b", "s3://bucket//a/../b", "bucket", "/a/../b", ""},
		{"file:///data/x/", "file:///data/x", "", "", "/data/x"},
		{"FILE:///data//x/../y", "file:///data/y", "", "", "/data/y"},
		{"file:///a%20b", "file:///a%20b", "", "", "/a%20b"},
		{"/data/x/", "file:///data/x", "", "", "/data/x"},
		{"data", "file://" + filepath.Join(dir, "data"), "", "", filepath.Join(dir, "data")},
		{"./a b/../c", "file://" + filepath.Join(dir, "c"), "", "", filepath.Join(dir, "c")},
		{"/", "file:///", "", "", "/"},
		{"/a:b@c", "file:///a:b@c", "", "", "/a:b@c"},
	} {
		u, err := objectstore.ParseURL(c.in)
		if err != nil {
			t.Errorf("ParseURL(%q): got error %v, want %s", c.in, err, c.want)
			continue
		}
		if u.String() != c.want || u.Bucket() != c.bucket || u.Key() != c.key || u.Path() != c.path {
			t.Errorf("ParseURL(%q): got %s (bucket %q, key %q, path %q), want %s (%q, %q, %q)",
				c.in, u, u.Bucket(), u.Key(), u.Path(), c.want, c.bucket, c.key, c.path)
		}
		if again, err := objectstore.ParseURL(u.String()); err != nil || again != u {
			t.Errorf("ParseURL(%q) again: got %s, %v, want it unchanged", u, again, err)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for _, c := range []struct{ in, hint string }{
		{"", "s3://bucket/prefix"},
		{"  ", "s3://bucket/prefix"},
		{"s3://", "s3://bucket/prefix"},
		{"s3:///key", "s3://bucket/prefix"},
		{"s3://x", "three letters"},
		{"s3://-bucket/key", "three letters"},
		{"s3:/bucket", "s3://bucket/prefix"},
		{"s3:bucket/key", "s3://bucket/prefix"},
		{"s3a://bucket/key", "s3:// instead"},
		{"gs://bucket/key", "s3://bucket/prefix"},
		{"http://host/bucket/key?X-Amz-Signature=verysecret", "AWS_ENDPOINT_URL_S3"},
		{"https://user:verysecret@host/bucket", "AWS_ENDPOINT_URL_S3"},
		{"s3://AKIAEXAMPLE:verysecret@bucket/key", "do not belong"},
		{"s3://AKIAEXAMPLE:very/verysecret@bucket/key", "do not belong"},
		{"file://relative/path", "absolute"},
		{"file:data", "absolute"},
		{"a\x00b", "s3://bucket/prefix"},
		{"s3://bucket/\xff", "s3://bucket/prefix"},
	} {
		u, err := objectstore.ParseURL(c.in)
		if !errors.Is(err, objectstore.ErrURL) {
			t.Errorf("ParseURL(%q): got %q, %v, want ErrURL", c.in, u, err)
			continue
		}
		var e *objectstore.Error
		if !errors.As(err, &e) || !strings.Contains(e.Hint(), c.hint) {
			t.Errorf("ParseURL(%q): got error %v, hint %q, want a hint with %q", c.in, err, e.Hint(), c.hint)
		}
		if text := err.Error() + e.Hint() + string(e.URL); strings.Contains(
			text, "verysecret",
		) || strings.Contains(text, "AKIA") {
			t.Errorf("ParseURL(%q): got %q, want no secret in it", c.in, text)
		}
	}
}
