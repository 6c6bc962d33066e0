package nativecopy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/nativecopy"
	"github.com/sparkify/dwh/internal/objectstore"
)

func statement(t *testing.T, sql string) *copystmt.Statement {
	t.Helper()
	stmt, err := copystmt.ParseText(sql)
	if err != nil {
		t.Fatal(err)
	}
	return stmt
}

func newCopier(t *testing.T) *nativecopy.Copier {
	t.Helper()
	c, err := nativecopy.New(
		nativecopy.Options{Store: objectstore.New(objectstore.Options{}), WorkPrefix: "s3://work/prefix"},
	)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWorkPrefixMustBeOnS3(t *testing.T) {
	for _, prefix := range []objectstore.URL{"", "file:///tmp"} {
		_, err := nativecopy.New(nativecopy.Options{WorkPrefix: prefix})
		var missing *nativecopy.WorkPrefixError
		if !errors.As(err, &missing) || missing.ExitCode() != 2 || !strings.Contains(
			missing.Hint(), "--work-prefix s3://",
		) {
			t.Errorf("%q: got %v, want a usage error with a hint", prefix, err)
		}
	}
}

func TestUnder(t *testing.T) {
	for prefix, want := range map[objectstore.URL]objectstore.URL{
		"s3://b": "s3://b/dwh/x/y", "s3://b/": "s3://b/dwh/x/y",
		"s3://b/work": "s3://b/work/dwh/x/y", "s3://b/work/": "s3://b/work/dwh/x/y",
	} {
		if got := nativecopy.Under(prefix, "x/y"); got != want {
			t.Errorf("%s: got %s, want %s", prefix, got, want)
		}
	}
}

// Keys never go into a statement: it would stand in the query log.
func TestRolesOnly(t *testing.T) {
	for sql, want := range map[string]string{
		"COPY t FROM 's3://b/k' IAM_ROLE default JSON " +
			"'auto'": "",
		"COPY t FROM 's3://b/k' IAM_ROLE 'arn:aws:iam::123456789012:role/r' JSON " +
			"'auto'": "",
		"COPY t FROM 's3://b/k' JSON 'auto'": "no IAM_ROLE",
		"COPY t FROM 's3://b/k' ACCESS_KEY_ID 'AKIDEXAMPLE' SECRET_ACCESS_KEY 'topsecret' JSON " +
			"'auto'": "query log",
		"COPY t FROM 's3://b/k' CREDENTIALS " +
			"'aws_access_key_id=AKIDEXAMPLE;aws_secret_access_key=topsecret' FORMAT JSON 'auto'": "query log",
	} {
		err := nativecopy.Check(statement(t, sql))
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", sql, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "topsecret") {
			t.Errorf("got the secret in %v", err)
		}
	}
}

func TestExplain(t *testing.T) {
	objects := []objectstore.Object{{URL: "s3://b/log/1.json"}, {URL: "s3://b/log/1.json.old"}}
	stmt := statement(t, "COPY t FROM 's3://b/log' IAM_ROLE default JSON 'auto'")
	for _, c := range []struct{ message, hint string }{
		{
			"User arn:aws:redshift:us-west-2:123456789012:dbuser:c/u is not authorized to assume " +
				"IAM Role arn:aws:iam::123456789012:role/r",
			"trust redshift.amazonaws.com",
		},
		{"S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 1,CanRetry 1", "s3:GetObject"},
		{
			"S3ServiceException:The bucket you are attempting to access must be addressed using " +
				"the specified endpoint.,Status 301,Error PermanentRedirect",
			"--region",
		},
		{"Invalid JSONPath format: Not an array or index out of range.", "JSONPaths file"},
		{"permission denied for relation t", "INSERT"},
	} {
		err := newCopier(t).Explain(t.Context(), stmt, objects, &pgconn.PgError{Code: "XX000", Message: c.message})
		var fault *nativecopy.Error
		if !errors.As(err, &fault) || !strings.Contains(fault.Hint(), c.hint) || !strings.Contains(
			err.Error(), "copy into t: ",
		) {
			t.Errorf("%s: got %v, want a hint with %q", c.message, err, c.hint)
		}
	}
	err := newCopier(t).Explain(
		t.Context(), stmt, objects,
		&pgconn.PgError{
			Code: "XX000",
			Message: "S3ServiceException:The specified key does not exist.,Status 404,Error " +
				"NoSuchKey,Key log/1.json.old",
		},
	)
	var gone *clientcopy.UnreadableError
	if !errors.As(err, &gone) || len(gone.Objects) != 1 || gone.Objects[0].Object.URL != objects[1].URL {
		t.Errorf("got %v, want that %s cannot be read", err, objects[1].URL)
	}
	cause := &pgconn.PgError{Code: "XX000", Message: "1023"}
	if err := newCopier(t).Explain(t.Context(), stmt, objects, cause); !errors.Is(err, cause) {
		t.Errorf("got %v, want one that wraps the server's, so that it is retried", err)
	}
}

// The text of a record is found by its last line, be it a line or several.
func TestTexts(t *testing.T) {
	for _, c := range []struct {
		name, copy, body string
		line             int64
		want             string
	}{
		{"one a line", "JSON 'auto'", "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", 2, `{"a":2}`},
		{"last line", "JSON 'auto'", "{\"a\":1}\n{\"a\":\"é\"}", 2, `{"a":"é"}`},
		{"pretty printed", "JSON 'auto'", "{\n \"a\":1\n}\n{\n \"a\": \"}{\"\n}\n", 6, "{\n \"a\": \"}{\"\n}"},
		{"after a broken one", "JSON 'auto'", "{\"a\":\"x\n{\"a\":2}\n{\"a\":3}\n", 3, `{"a":3}`},
		{"CSV", "CSV", "a,1\nb,{\nc,3\n", 3, "c,3"},
		{"beyond the end", "JSON 'auto'", "{\"a\":1}\n", 7, "as it was"},
		{
			"long", "JSON 'auto'", `{"a":"` + strings.Repeat("x", 100<<10) + `"}`, 1,
			`{"a":"` + strings.Repeat("x", 64<<10-6),
		},
	} {
		file := filepath.Join(t.TempDir(), "o.json")
		if err := os.WriteFile(file, []byte(c.body), 0o600); err != nil {
			t.Fatal(err)
		}
		rejects := []clientcopy.RecordError{
			{Object: objectstore.URL("file://" + file), Line: c.line, Reason: "no", Raw: "as it was", Value: "x"},
		}
		if err := newCopier(t).Texts(
			t.Context(), statement(t, "COPY t FROM 's3://b/k' IAM_ROLE default "+c.copy), rejects,
		); err != nil {
			t.Fatal(err)
		}
		if got := rejects[0].Raw; got != c.want {
			t.Errorf("%s: got %.100q (%d bytes), want %.100q", c.name, got, len(got), c.want)
		}
		if got := rejects[0].Reason; got != `"x": no` {
			t.Errorf("%s: got reason %q, want the value in it", c.name, got)
		}
	}
}
