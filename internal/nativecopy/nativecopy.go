// Package nativecopy has Amazon Redshift perform COPY on exactly the objects it is given.
package nativecopy

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Options are what a Copier needs.
type Options struct {
	// Pool reads the load views: inside the load's own transaction a view that does not exist, or a
	// COPY that failed, would end it.
	Pool  *pgxpool.Pool
	Store *objectstore.Store
	// WorkPrefix is where manifests are written, an s3:// URL in the region of the data.
	WorkPrefix objectstore.URL
	Logger     *slog.Logger // nil: none
	// Patience is how long the errors of a COPY that failed are waited for in the load views; 0
	// means 30 seconds.
	Patience time.Duration
}

// Copier performs COPY by Redshift. It is not safe for concurrent use.
type Copier struct {
	Options
	run  string // names what is written
	next int
}

// New returns a Copier. Without a work prefix on S3 it fails with a *WorkPrefixError.
func New(o Options) (*Copier, error) {
	if o.WorkPrefix.Scheme() != objectstore.SchemeS3 {
		return nil, &WorkPrefixError{}
	}
	if o.Patience <= 0 {
		o.Patience = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return &Copier{Options: o, run: hex.EncodeToString(random[:])}, nil
}

// A WorkPrefixError says that Redshift is to read from S3 and that there is no place for the
// manifest.
type WorkPrefixError struct{}

func (*WorkPrefixError) Error() string {
	return "Redshift loads from S3 with a manifest, and no --work-prefix says where to write it"
}

// ExitCode is 2: the command line has to change.
func (*WorkPrefixError) ExitCode() int { return 2 }

// Hint says what to give.
func (*WorkPrefixError) Hint() string {
	return "add --work-prefix s3://bucket/prefix (DWH_WORK_PREFIX), which you may write to and " +
		"the role may read, in the region of the data; or set load.method to insert"
}

// ForRun names what is written from now on by the run's id, so that what a killed run leaves behind
// can be told.
func (c *Copier) ForRun(run string) {
	if run != "" {
		c.run = run
	}
}

// place returns a new URL under the work prefix.
func (c *Copier) place(name string) objectstore.URL {
	c.next++
	return Under(c.WorkPrefix, fmt.Sprintf("%s/%d-%s", c.run, c.next, name))
}

// Under is the URL of a name under the work prefix.
func Under(prefix objectstore.URL, name string) objectstore.URL {
	u := string(prefix)
	if prefix.Key() != "" && !strings.HasSuffix(u, "/") || prefix.Key() == "" && !strings.HasSuffix(u, "/") {
		u += "/"
	}
	return objectstore.URL(u + path.Join("dwh", name))
}

// Copy loads the objects into the statement's table by one COPY on conn, inside the transaction
// that the caller has opened there. It writes a manifest of the objects, and takes it away again
// whatever happens.
//
// Rows and rejects of an object are -1 while Redshift's views do not show them yet: Complete finds
// them later. Rows alone are -1 where the views count lines that are no records: nobody knows them,
// except where all rows are of one object.
// An object's etag in the result is that of the bytes that Redshift read, where the views say it.
// Errors about data are those of clientcopy.Copy; others about the COPY are *Error.
func (c *Copier) Copy(
	ctx context.Context, conn *pgx.Conn, statement *copystmt.Statement,
	objects []objectstore.Object, progress func(clientcopy.Progress),
) (clientcopy.Result, error) {
	if err := Check(statement); err != nil {
		return clientcopy.Result{}, err
	}
	result := clientcopy.Result{Objects: make([]clientcopy.ObjectResult, len(objects))}
	var full []objectstore.Object // an empty object loads nothing, and may be no valid GZIP
	for i, o := range objects {
		result.Objects[i].Object = o
		if o.Size != 0 {
			full = append(full, o)
		}
	}
	if len(full) == 0 {
		return result, nil
	}
	native, cleanUp, err := c.prepare(ctx, statement, full)
	defer cleanUp()
	if err != nil {
		return clientcopy.Result{}, err
	}
	before, err := session(ctx, conn)
	if err != nil {
		return clientcopy.Result{}, err
	}
	// By the simple protocol: a COPY is no statement to prepare.
	_, err = conn.PgConn().Exec(ctx, native.SQL(sqlfile.Redshift)).ReadAll()
	if err != nil {
		return clientcopy.Result{}, c.explain(ctx, statement, full, before, err)
	}
	var id int64
	if err := conn.QueryRow(
		ctx, `SELECT CAST(pg_last_copy_count() AS BIGINT), CAST(pg_last_copy_id() AS BIGINT)`,
	).Scan(&result.Rows, &id); err != nil {
		return clientcopy.Result{}, fmt.Errorf("read the number of rows loaded: %w", err)
	}
	if err := c.attribute(ctx, statement, id, &result); err != nil {
		return clientcopy.Result{}, err
	}
	if progress != nil {
		told := clientcopy.Progress{Objects: len(objects), Rows: result.Rows, Rejects: int64(len(result.Rejects))}
		for _, o := range objects {
			told.Bytes += o.Size
		}
		progress(told)
	}
	return result, nil
}

// Check refuses statements that must not, or cannot, be sent to Redshift. Errors are *sqlfile.Error
// at the option.
func Check(statement *copystmt.Statement) error {
	switch statement.Auth.Kind {
	case copystmt.IAMRole:
		return nil
	case copystmt.NoAuth:
		return statement.ErrorAt(
			"FROM", "COPY names no IAM_ROLE",
			"add IAM_ROLE :'iam_role'; without --iam-role it is the cluster's default role", nil,
		)
	}
	return statement.ErrorAt(
		string(statement.Auth.Kind), "Redshift's query log would show the keys",
		"use IAM_ROLE :'iam_role'", nil,
	)
}

// cleaning bounds how long the deletion of a manifest may take.
const cleaning = 20 * time.Second

// prepare writes the manifest, and a JSONPaths file that Redshift could not reach, and returns the
// statement that reads them. cleanUp deletes both; it is never nil.
func (c *Copier) prepare(
	ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object,
) (native *copystmt.Statement, cleanUp func(), err error) {
	var written []objectstore.URL
	cleanUp = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
		defer cancel()
		for _, u := range written {
			if err := c.Store.Delete(ctx, u); err != nil {
				c.Logger.Warn("a manifest could not be deleted", "url", string(u), "error", err)
			}
		}
	}
	write := func(name string, body []byte) (objectstore.URL, error) {
		u := c.place(name)
		written = append(written, u)
		if err := c.Store.Write(ctx, u, body); err != nil {
			return "", fmt.Errorf("write under the work prefix: %w", err)
		}
		return u, nil
	}
	changed := *statement
	if local := changed.JSONPaths; changed.Format == copystmt.JSON && local != copystmt.PathsAuto &&
		local != copystmt.PathsAutoIgnoreCase && local != copystmt.PathsNoShred {
		u, err := objectstore.ParseURL(local)
		if err != nil {
			return nil, cleanUp, statement.ErrorAt(
				"JSON", fmt.Sprintf("JSON '%s': %v", local, err),
				"write 'auto', 'auto ignorecase', or the URL of the JSONPaths file", err,
			)
		}
		if u.Scheme() != objectstore.SchemeS3 {
			body, _, err := c.Store.ReadAll(ctx, u, 1<<20)
			if err != nil {
				return nil, cleanUp, fmt.Errorf("read the JSONPaths file: %w", err)
			}
			if u, err = write("jsonpaths.json", body); err != nil {
				return nil, cleanUp, err
			}
			changed.JSONPaths = string(u)
		}
	}
	u, err := write(statement.Name+".manifest", Manifest(objects))
	if err != nil {
		return nil, cleanUp, err
	}
	changed.From, changed.Manifest = string(u), true
	if changed.CompUpdate == copystmt.Unset {
		// Into an empty table a COPY would choose encodings by queries of its own, which are longer
		// than a small load, and which come between the COPY and what pg_last_copy_id() says of it
		// (dg/PG_LAST_COPY_ID). The table's own encodings hold.
		changed.CompUpdate = copystmt.Off
	}
	return &changed, cleanUp, nil
}

// Manifest is the manifest of exactly the objects (dg/loading-data-files-using-manifest): one that
// has gone fails the COPY.
func Manifest(objects []objectstore.Object) []byte {
	type meta struct {
		ContentLength int64 `json:"content_length"`
	}
	type entry struct {
		URL       string `json:"url"`
		Mandatory bool   `json:"mandatory"`
		Meta      meta   `json:"meta"`
	}
	manifest := struct {
		Entries []entry `json:"entries"`
	}{Entries: make([]entry, 0, len(objects))}
	for _, o := range objects {
		manifest.Entries = append(manifest.Entries, entry{URL: string(o.URL), Mandatory: true, Meta: meta{o.Size}})
	}
	body, _ := json.Marshal(manifest) // strings, booleans and numbers always marshal
	return body
}

// marks tell the COPY that follows from those before it in the views.
type marks struct {
	session int64 // process id of the session, as pg_backend_pid() has it
	key     int64 // process id by which the session is cancelled: behind a proxy, another one
	copied  int64 // id of the session's last COPY, -1 for none
}

func session(ctx context.Context, conn *pgx.Conn) (marks, error) {
	m := marks{key: int64(int32(conn.PgConn().PID()))}
	if err := conn.QueryRow(
		ctx, `SELECT CAST(pg_backend_pid() AS BIGINT), CAST(pg_last_copy_id() AS BIGINT)`,
	).Scan(&m.session, &m.copied); err != nil {
		return m, fmt.Errorf("ask for the session: %w", err)
	}
	return m, nil
}

// attribute says how much of the result belongs to each object.
func (c *Copier) attribute(
	ctx context.Context, statement *copystmt.Statement, id int64, result *clientcopy.Result,
) error {
	found, err := c.views(ctx, id)
	if err != nil {
		return err
	}
	result.Rejects = found.rejects(result.Objects)
	var scanned, unreadable int64
	complete := true
	for i := range result.Objects {
		o := &result.Objects[i]
		if o.Object.Size == 0 {
			continue
		}
		file, ok := found.file(o.Object.URL)
		if whole, bad := found.whole(o.Object.URL); bad && file.lines == 0 {
			// It could not be read at all, such as no GZIP under GZIP: nothing of it is loaded, and
			// it is tried again.
			o.Rejects, o.Err = 1, fmt.Errorf("read %s: %s", o.Object.URL, whole.reason)
			unreadable++
			continue
		}
		if !ok {
			complete = false
			continue
		}
		scanned += file.lines
		if file.etag != "" {
			o.Object.ETag = file.etag
		}
		o.Rejects = found.rejected(o.Object.URL)
		o.Rows = file.lines - o.Rejects
	}
	// What the views say has to add up to what was loaded. Else some of it is still to come, or
	// lines_scanned does not count the records: of pretty-printed or concatenated JSON it "may not
	// match the number of rows" (dg/SYS_LOAD_DETAIL).
	loaded := 0 // objects that may have rows; of one alone, all rows are its own
	for _, o := range result.Objects {
		if o.Object.Size != 0 && o.Err == nil {
			loaded++
		}
	}
	only := loaded == 1
	if complete && scanned+unreadable-int64(len(result.Rejects)) != result.Rows {
		if complete, err = c.allFaults(ctx, id, len(found.faults)); err != nil {
			return err
		}
		for i := range result.Objects {
			if o := &result.Objects[i]; complete && o.Object.Size != 0 && o.Err == nil {
				if o.Rows = -1; only {
					o.Rows = result.Rows
				}
			}
		}
	}
	if !complete {
		c.Logger.Debug("Redshift's load views are not up to date; the counts of objects are written "+
			"later", "copy", id)
		for i := range result.Objects {
			if o := &result.Objects[i]; o.Object.Size != 0 && o.Err == nil {
				o.Rows, o.Rejects = -1, -1
				if only {
					o.Rows = result.Rows
				}
			}
		}
		// Rejects are written together with the counts, so that none is written twice. An object
		// that could not be read gets no ledger row to come back to.
		result.Rejects = slices.DeleteFunc(result.Rejects, func(r clientcopy.RecordError) bool { return r.Line != 0 })
		return nil
	}
	if err := c.nameForms(ctx, statement, result); err != nil {
		return err
	}
	return c.complete(ctx, statement, result.Rejects)
}

// An Error is a COPY that Redshift refused for another reason than its records.
type Error struct {
	Table  string // the target as the COPY names it
	Reason string // why Redshift refused it
	Advice string // what to do next, "" when unknown
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("copy into %s: %s", e.Table, e.Reason) }

// Unwrap returns the server's error.
func (e *Error) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *Error) Hint() string { return e.Advice }

// explain turns the failure of a COPY into an error about records, about objects, or about what
// surrounds them.
func (c *Copier) explain(
	ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object, before marks,
	err error,
) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return fmt.Errorf("copy into %s: %w", statement.Table, err)
	}
	text := strings.ToLower(refused.Message + " " + refused.Detail)
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(text, word) {
				return true
			}
		}
		return false
	}
	if has("load_errors", "load_error_detail") {
		return c.refused(ctx, statement, objects, before, err)
	}
	if has(
		"nosuchkey", "no such key", "could not be found", "does not exist", "not found",
		"access denied", "accessdenied",
	) {
		if object, ok := named(objects, refused.Message+" "+refused.Detail); ok {
			cause := fmt.Errorf("read %s: %s", object.URL, strings.TrimSpace(refused.Message))
			return &clientcopy.UnreadableError{
				Objects: []clientcopy.ObjectResult{{Object: object, Rejects: 1, Err: cause}},
			}
		}
	}
	e := &Error{
		Table:  statement.Table,
		Reason: fmt.Sprintf("%s (SQLSTATE %s)", oneLine(refused), refused.Code), Err: err,
	}
	role := "the role of --iam-role"
	if statement.Auth.Default {
		role = "the cluster's default role"
	}
	switch {
	case has("default iam role", "no default"):
		e.Advice = "the cluster or namespace has no default role: associate one and make it the " +
			"default, or name another with --iam-role"
	case has(
		"not authorized to assume", "not authorized to get credentials", "invalid iam role",
		"iam role", "assumerole",
	):
		e.Advice = role +
			" is not usable: associate it with the cluster or namespace, and let it trust redshift.amazonaws.com"
	case has("permanentredirect", "must be addressed using the specified endpoint", "region"):
		e.Advice = "give the bucket's region with --region; data, JSONPaths file and work prefix " +
			"have to be in one region"
	case has("access denied", "accessdenied", "forbidden", "403"):
		e.Advice = role +
			" needs s3:GetObject on the data, the JSONPaths file and the work prefix, and " +
			"s3:ListBucket on their buckets"
	case has("nosuchbucket", "bucket"):
		e.Advice = "check the names of the buckets"
	case has("jsonpath"):
		e.Advice = "check the JSONPaths file: one path for each column of the COPY, in its order"
	case has("permission denied"):
		e.Advice = "the user needs INSERT on the table"
	case has("manifest"):
		e.Advice = "an object of the manifest may have been deleted after the listing: run the command again"
	}
	return e
}

// named finds the object whose key the server's message names; the longest, since one key may begin
// another.
func named(objects []objectstore.Object, message string) (objectstore.Object, bool) {
	best := -1
	for i, o := range objects {
		if key := o.URL.Key(); strings.Contains(message, key) && (best < 0 || len(key) > len(objects[best].URL.Key())) {
			best = i
		}
	}
	if best < 0 {
		return objectstore.Object{}, false
	}
	return objects[best], true
}

func oneLine(refused *pgconn.PgError) string {
	text := refused.Message
	if refused.Detail != "" {
		text += ": " + refused.Detail
	}
	return strings.Join(strings.Fields(text), " ")
}

// refused is the error of a COPY that its records ended.
func (c *Copier) refused(
	ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object, before marks,
	cause error,
) error {
	limit := max(1, statement.MaxError)
	found, err := c.awaitFaults(ctx, before, limit)
	if err != nil {
		return err
	}
	result := clientcopy.Result{Objects: make([]clientcopy.ObjectResult, len(objects))}
	for i, o := range objects {
		result.Objects[i].Object = o
	}
	result.Rejects = found.rejects(result.Objects)
	for i := range result.Objects {
		result.Objects[i].Rejects = found.rejected(result.Objects[i].Object.URL)
	}
	if len(result.Rejects) == 0 {
		return &Error{
			Table: statement.Table, Reason: fmt.Sprintf("records were refused, and the load views do not show them "+
				"after %s", c.Patience), Err: cause,
			Advice: "see SELECT * FROM sys_load_error_detail ORDER BY start_time DESC; then correct the objects",
		}
	}
	tooMany := len(result.Rejects) >= limit
	if err := c.nameForms(ctx, statement, &result); err != nil {
		return err
	}
	if err := c.complete(ctx, statement, result.Rejects); err != nil {
		return err
	}
	if tooMany {
		return &clientcopy.MaxErrorError{Limit: limit, Result: result}
	}
	last := result.Rejects[len(result.Rejects)-1]
	result.Rejects = result.Rejects[:len(result.Rejects)-1]
	return &clientcopy.FatalError{Record: last, Result: result}
}
