package redshiftstandin

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/klauspost/compress/zstd"
)

// This is a COPY of its own, written from the guide and kept slow and simple: an object is read
// whole, a record at a time is decoded and an INSERT carries some hundred rows. It shares nothing
// with the COPY that it is there to be compared with.

// maxRecord is the largest JSON object or array (dg/copy-parameters-data-format).
const maxRecord = 4 << 20

// insertBatch is how many rows one INSERT carries.
const insertBatch = 200

// copyColumn is a column that COPY fills.
type copyColumn struct {
	name       string
	kind       string // of PostgreSQL's format_type, without its sizes
	length     int    // of text, in bytes
	precision  int
	scale      int
	notNull    bool
	hasDefault bool
	identity   bool
}

// A badRecord is a record that COPY refuses.
type badRecord struct {
	file     string
	line     int64
	column   *copyColumn // nil: the record as a whole
	position int
	raw      string
	value    string
	code     int // of dg/r_Load_Error_Reference
	reason   string
}

// loadedFile is what came of one object.
type loadedFile struct {
	name     string
	etag     string
	modified time.Time
	size     int64
	lines    int64
	start    time.Time
}

// copyRun is one COPY at work.
type copyRun struct {
	*copyStatement
	session *session
	ctx     context.Context
	query   int64
	start   time.Time
	columns []copyColumn
	steps   [][]pathStep // nil: auto

	rows    []string
	loaded  int64
	files   []loadedFile
	rejects []badRecord
}

// errTooMany says that the errors have reached MAXERROR.
var errTooMany = errors.New("too many errors")

func (s *session) copy(c *copyStatement) error {
	limit, err := s.statementTimeout()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	if limit > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, limit)
		defer stop()
	}
	s.copying.Lock()
	s.stopCopy = cancel
	s.copying.Unlock()
	defer func() {
		s.copying.Lock()
		s.stopCopy = nil
		s.copying.Unlock()
		cancel()
	}()
	run := &copyRun{copyStatement: c, session: s, ctx: ctx, query: s.server.nextQuery(), start: time.Now().UTC()}
	alone := s.status == 'I'
	if alone {
		if err := s.exec("BEGIN ISOLATION LEVEL " + s.server.level()); err != nil {
			return err
		}
	}
	err = run.load()
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = &refusal{
			code:    "57014",
			message: "Query (" + strconv.FormatInt(run.query, 10) + ") cancelled on user's request",
		}
	}
	if logErr := run.keep(err == nil); err == nil {
		err = logErr
	}
	if alone {
		ending := "COMMIT"
		if err != nil {
			ending = "ROLLBACK"
		}
		if endErr := s.exec(ending); err == nil {
			err = endErr
		}
	}
	if err != nil {
		return err
	}
	s.info(fmt.Sprintf("Load into table '%s' completed, %d record(s) loaded successfully.", bare(c.table), run.loaded))
	if n := len(run.rejects); n > 0 {
		s.info(
			fmt.Sprintf(
				"Load into table '%s' completed, %d record(s) could not be loaded.  Check '%s' "+
					"system table for details.",
				bare(c.table), n, s.errorView(),
			),
		)
	}
	return nil
}

// statementTimeout is the session's statement_timeout; 0 is none.
func (s *session) statementTimeout() (time.Duration, error) {
	rows, err := s.rows("SELECT setting FROM pg_catalog.pg_settings WHERE name = 'statement_timeout'")
	if err != nil {
		return 0, err
	}
	limit, err := strconv.Atoi(*rows[0][0])
	return time.Duration(limit) * time.Millisecond, err
}

func (s *session) info(message string) {
	s.client.Send(&pgproto3.NoticeResponse{Severity: "INFO", Code: "00000", Message: message})
}

func (s *session) errorView() string {
	if s.server.options.Serverless {
		return "sys_load_error_detail"
	}
	return "stl_load_errors"
}

// bare is the table's name without quotes and schema.
func bare(table string) string {
	return strings.Trim(table[strings.LastIndex(table, ".")+1:], `"`)
}

func (c *copyRun) fatal(code, page, format string, args ...any) *refusal {
	return &refusal{code: code, page: page, message: fmt.Sprintf(format, args...)}
}

// load reads everything; nil means that the COPY succeeds.
func (c *copyRun) load() error {
	if err := c.readColumns(); err != nil {
		return err
	}
	if c.session.server.options.S3 == nil {
		return c.fatal("XX000", pageCopyAuth, "S3ServiceException:Access Denied,Status 403,Error AccessDenied")
	}
	if o := c.session.server.options; o.BucketRegion != "" {
		region := c.region
		if region == "" {
			region = o.ClusterRegion
		}
		if region != o.BucketRegion {
			return c.fatal(
				"XX000", pageCopySource,
				"S3ServiceException:The bucket you are attempting to access must be addressed "+
					"using the specified endpoint.,Status 301,Error PermanentRedirect",
			)
		}
	}
	if c.format == "json" && strings.HasPrefix(c.paths, "s3://") {
		if err := c.readPaths(); err != nil {
			return err
		}
	}
	objects, err := c.objects()
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := c.loadObject(object); err != nil {
			if errors.Is(err, errTooMany) {
				return c.fatal(
					"XX000", pageCopyLoad,
					"Load into table '%s' failed.  Check '%s' system table for details.",
					bare(c.table), c.session.errorView(),
				)
			}
			return err
		}
	}
	return c.flush()
}

// reject notes a bad record; at MAXERROR, where 0 means 1, the COPY is over.
func (c *copyRun) reject(b badRecord) error {
	c.rejects = append(c.rejects, b)
	if len(c.rejects) >= max(1, c.maxError) {
		return errTooMany
	}
	return nil
}

// readColumns finds the table's columns.
func (c *copyRun) readColumns() error {
	rows, err := c.session.rows(
		`SELECT a.attname, format_type(a.atttypid, NULL), a.atttypmod, a.attnotnull, a.atthasdef AND a.attidentity = '', a.attidentity <> ''
		FROM pg_attribute AS a WHERE a.attrelid = ` + literal(c.table) + `::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
	)
	if err != nil {
		return err
	}
	var all []copyColumn
	for _, row := range rows {
		column := copyColumn{
			name: *row[0], kind: *row[1], notNull: *row[3] == "t", hasDefault: *row[4] == "t",
			identity: *row[5] == "t",
		}
		modifier, err := strconv.Atoi(*row[2])
		if err != nil {
			return err
		}
		switch {
		case modifier < 4:
		case column.kind == "numeric":
			column.precision, column.scale = (modifier-4)>>16, (modifier-4)&0x7ff
		default:
			column.length = modifier - 4
		}
		all = append(all, column)
	}
	explicit := c.flags["EXPLICIT_IDS"]
	identity := false
	for _, column := range all {
		if len(c.copyStatement.columns) == 0 {
			if !column.identity || explicit {
				c.columns = append(c.columns, column)
			}
			identity = identity || column.identity
		}
	}
	for _, name := range c.copyStatement.columns {
		found := false
		for _, column := range all {
			if column.name != name {
				continue
			}
			found = true
			if column.identity && !explicit {
				return c.fatal(
					"0A000", "dg/copy-parameters-column-mapping",
					"cannot copy into IDENTITY column %q without EXPLICIT_IDS", name,
				)
			}
			identity = identity || column.identity
			c.columns = append(c.columns, column)
		}
		if !found {
			return c.fatal("42703", pageCopy, "column %q of relation %q does not exist", name, bare(c.table))
		}
	}
	if explicit && !identity {
		return c.fatal("0A000", pageCopyConversion, "EXPLICIT_IDS needs the IDENTITY column among the columns")
	}
	for _, column := range all {
		listed := false
		for _, item := range c.columns {
			listed = listed || item.name == column.name
		}
		if !listed && column.notNull && !column.hasDefault && !column.identity {
			return c.fatal(
				"23502", "dg/copy-parameters-column-mapping",
				"column %q is NOT NULL, has no default and is not in the column list", column.name,
			)
		}
	}
	for _, column := range c.columns {
		if !loadable[column.kind] {
			return c.fatal("0A000", pageNoTypes, "Column %q has unsupported type %q.", column.name, column.kind)
		}
	}
	return nil
}

var loadable = map[string]bool{
	"smallint": true, "integer": true, "bigint": true, "numeric": true, "real": true,
	"double precision": true, "boolean": true,
	"character varying": true, "character": true, "date": true, "timestamp without time zone": true,
	"timestamp with time zone": true,
}

// objects are what FROM means: the keys with a prefix, or those of a manifest.
func (c *copyRun) objects() ([]types.Object, error) {
	bucket, key := splitURL(c.from)
	if c.flags["MANIFEST"] {
		return c.manifest()
	}
	pages := s3.NewListObjectsV2Paginator(
		c.session.server.options.S3, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &key},
	)
	var out []types.Object
	found := false
	for pages.HasMorePages() {
		page, err := pages.NextPage(c.ctx)
		if err != nil {
			return nil, c.s3Error(err)
		}
		for _, object := range page.Contents {
			found = true
			name := "s3://" + bucket + "/" + aws.ToString(object.Key)
			object.Key = &name
			if aws.ToInt64(object.Size) > 0 { // folders' markers and empty objects load as nothing
				out = append(out, object)
			}
		}
	}
	if !found {
		return nil, c.fatal("XX000", pageCopySource, "The specified S3 prefix '%s' does not exist", key)
	}
	return out, nil
}

func splitURL(u string) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(u, "s3://"), "/")
	return bucket, key
}

// s3Error is an error of S3 as COPY shows it; a context that ended stays one.
func (c *copyRun) s3Error(err error) error {
	if c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	return c.fatal("XX000", pageCopySource, "S3ServiceException:%v", err)
}

// manifest reads the entries of a manifest (dg/loading-data-files-using-manifest).
func (c *copyRun) manifest() ([]types.Object, error) {
	body, _, err := c.get(c.from)
	if err != nil {
		return nil, err
	}
	var file struct {
		Entries []struct {
			URL       string `json:"url"`
			Mandatory bool   `json:"mandatory"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(body, &file); err != nil {
		return nil, c.fatal(
			"XX000", "dg/loading-data-files-using-manifest",
			"The manifest file %s is malformed: %v", c.from, err,
		)
	}
	var out []types.Object
	for _, entry := range file.Entries {
		bucket, key := splitURL(entry.URL)
		if !strings.HasPrefix(entry.URL, "s3://") || key == "" {
			return nil, c.fatal(
				"XX000", "dg/loading-data-files-using-manifest",
				"The manifest file %s has a malformed url %q", c.from, entry.URL,
			)
		}
		head, err := c.session.server.options.S3.HeadObject(c.ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			if c.ctx.Err() != nil {
				return nil, c.ctx.Err()
			}
			if entry.Mandatory {
				return nil, c.fatal(
					"XX000", "dg/loading-data-files-using-manifest",
					"The file %s of the manifest is mandatory and does not exist", entry.URL,
				)
			}
			continue
		}
		url := entry.URL
		out = append(
			out,
			types.Object{Key: &url, ETag: head.ETag, Size: head.ContentLength, LastModified: head.LastModified},
		)
	}
	if len(out) == 0 {
		return nil, c.fatal(
			"XX000", "dg/loading-data-files-using-manifest",
			"No files of the manifest %s were found", c.from,
		)
	}
	return out, nil
}

// get reads a whole object.
func (c *copyRun) get(url string) ([]byte, *s3.GetObjectOutput, error) {
	bucket, key := splitURL(url)
	object, err := c.session.server.options.S3.GetObject(c.ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, nil, c.s3Error(err)
	}
	defer object.Body.Close()
	body, err := io.ReadAll(object.Body)
	if err != nil {
		return nil, nil, c.s3Error(err)
	}
	return body, object, nil
}

// loadObject loads the records of one object.
func (c *copyRun) loadObject(object types.Object) error {
	name := aws.ToString(object.Key)
	start := time.Now().UTC()
	body, got, err := c.get(name)
	if err != nil {
		return err
	}
	file := loadedFile{
		name: name, etag: strings.Trim(aws.ToString(got.ETag), `"`), modified: aws.ToTime(got.LastModified).UTC(),
		size: int64(len(body)), start: start,
	}
	defer func() { c.files = append(c.files, file) }()
	text, err := decompress(c.compression, body)
	if err != nil {
		return c.reject(badRecord{file: name, code: 1216, reason: "Invalid input file: " + err.Error()})
	}
	if text, err = toUTF8(c.encoding, text); err != nil {
		return c.reject(badRecord{file: name, code: 1216, reason: "Invalid input file: " + err.Error()})
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	// Lines, which need not be the records: of pretty-printed or concatenated JSON they are not
	// (dg/SYS_LOAD_DETAIL).
	if file.lines = int64(bytes.Count(text, []byte("\n"))); len(text) > 0 && text[len(text)-1] != '\n' {
		file.lines++
	}
	emit := func(line int64, raw string, bad *badRecord, fields []field) error {
		if bad == nil {
			var values []string
			if values, bad = c.convert(fields); bad == nil {
				return c.add(values)
			}
		}
		bad.file, bad.line, bad.raw = name, line, raw
		return c.reject(*bad)
	}
	switch c.format {
	case "json":
		return c.jsonRecords(text, emit)
	case "csv":
		return c.csvRecords(text, emit)
	default:
		return c.textRecords(text, emit)
	}
}

// emitter takes one record: what it holds, or why it is bad. line is its last line.
type emitter func(line int64, raw string, bad *badRecord, fields []field) error

func decompress(kind string, body []byte) ([]byte, error) {
	var r io.Reader
	switch kind {
	case "GZIP":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r = z
	case "BZIP2":
		r = bzip2.NewReader(bytes.NewReader(body))
	case "ZSTD":
		z, err := zstd.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		r = z
	default:
		return body, nil
	}
	return io.ReadAll(r)
}

// toUTF8 turns a text in another encoding into UTF-8 (ENCODING in
// dg/copy-parameters-data-conversion).
func toUTF8(encoding string, body []byte) ([]byte, error) {
	little := encoding == "UTF16LE"
	switch encoding {
	case "", "UTF8":
		return body, nil
	case "ISO88591":
		var out []rune
		for _, c := range body {
			out = append(out, rune(c))
		}
		return []byte(string(out)), nil
	case "UTF16":
		little = bytes.HasPrefix(body, []byte("\xff\xfe"))
		if !little && !bytes.HasPrefix(body, []byte("\xfe\xff")) {
			return nil, errors.New("UTF-16 without a byte order mark")
		}
	}
	var units []uint16
	for ; len(body) >= 2; body = body[2:] {
		unit := uint16(body[0])<<8 | uint16(body[1])
		if little {
			unit = uint16(body[1])<<8 | uint16(body[0])
		}
		units = append(units, unit)
	}
	if len(body) > 0 {
		return nil, errors.New("UTF-16 ends within a character")
	}
	return []byte(string(utf16.Decode(units))), nil
}

// add puts a row to those that the next INSERT carries.
func (c *copyRun) add(values []string) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	c.loaded++
	if c.flags["NOLOAD"] {
		return nil
	}
	c.rows = append(c.rows, "("+strings.Join(values, ", ")+")")
	if len(c.rows) < insertBatch {
		return nil
	}
	return c.flush()
}

func (c *copyRun) flush() error {
	if len(c.rows) == 0 {
		return nil
	}
	names := make([]string, len(c.columns))
	for i, column := range c.columns {
		names[i] = quoteIdent(column.name)
	}
	sql := "INSERT INTO " + c.table + " (" + strings.Join(names, ", ") + ") VALUES " + strings.Join(c.rows, ", ")
	c.rows = nil
	return c.session.exec(sql)
}

// keep fills the load views.
func (c *copyRun) keep(succeeded bool) error {
	s := c.session
	end := time.Now().UTC()
	stamp := func(t time.Time) string { return t.Format("2006-01-02 15:04:05.999999") }
	var rows []loadRow
	put := func(view string, doc map[string]any) {
		if s.server.options.Serverless && strings.HasPrefix(view, "stl_") {
			return
		}
		rows = append(rows, loadRow{view: view, query: c.query, doc: doc})
	}
	var bytes int64
	for _, f := range c.files {
		bytes += f.size
		put("sys_load_detail", map[string]any{
			"user_id": 100, "query_id": c.query, "file_name": f.name, "bytes_scanned": f.size,
			"lines_scanned": f.lines, "record_time": stamp(end), "splits_scanned": 1,
			"start_time": stamp(
				f.start,
			), "end_time": stamp(end), "file_etag": f.etag, "file_last_modified": stamp(f.modified),
		})
		if succeeded {
			put("stl_load_commits", map[string]any{
				"userid": 100, "query": c.query, "slice": 0, "name": "", "filename": f.name, "byte_offset": 0,
				"lines_scanned": f.lines, "errors": -1, "curtime": stamp(end), "status": 1,
				"file_format": c.format, "is_partial": 0, "start_offset": 0, "copy_job_id": 0,
			})
		}
	}
	for _, b := range c.rejects {
		var name, kind, length string
		if b.column != nil {
			name, kind = b.column.name, shortType(b.column.kind)
			if b.column.length > 0 {
				length = strconv.Itoa(b.column.length)
			}
		}
		put("sys_load_error_detail", map[string]any{
			"user_id": 100, "query_id": c.query, "transaction_id": c.query, "session_id": s.id,
			"database_name": s.server.database, "table_id": 0, "start_time": stamp(c.start),
			"file_name": b.file, "line_number": b.line, "column_name": name, "column_type": kind,
			"column_length": length, "position": b.position, "error_code": b.code, "error_message": b.reason,
		})
		put("stl_load_errors", map[string]any{
			"userid": 100, "slice": 0, "tbl": 0, "starttime": stamp(
				c.start,
			), "session": s.id, "query": c.query, "filename": b.file, "line_number": b.line,
			"colname": name, "type": kind,
			"col_length": length, "position": b.position, "raw_line": periods(
				b.raw,
			), "raw_field_value": strings.ReplaceAll(b.value, "\x00", "."), "err_code": b.code, "err_reason": b.reason,
			"is_partial": 0, "start_offset": 0, "copy_job_id": 0,
		})
	}
	status, loaded := "completed", c.loaded
	if !succeeded {
		status, loaded = "aborted", 0
	}
	put("sys_load_history", map[string]any{
		"user_id": 100, "query_id": c.query, "transaction_id": c.query, "session_id": s.id,
		"database_name": s.server.database, "status": status, "table_name": bare(c.table),
		"start_time": stamp(
			c.start,
		), "end_time": stamp(end), "duration": end.Sub(
			c.start,
		).Microseconds(), "data_source": c.from, "file_format": c.format, "loaded_rows": loaded,
		"loaded_bytes": bytes, "source_file_count": len(
			c.files,
		), "source_file_bytes": bytes, "file_count_scanned": len(c.files), "file_bytes_scanned": bytes,
		"error_count": len(c.rejects), "copy_job_id": 0,
	})
	s.server.mu.Lock()
	hidden := s.server.hidden
	if hidden {
		s.server.held = append(s.server.held, rows...)
	}
	s.server.mu.Unlock()
	if !hidden {
		if err := s.server.logger.write(context.Background(), rows); err != nil {
			return err
		}
	}
	if s.status != 'T' {
		return nil
	}
	if !hidden {
		sql, err := insertLoadRows("own", rows)
		if err != nil {
			return err
		}
		if err := s.exec(sql); err != nil {
			return err
		}
	}
	return s.exec(
		fmt.Sprintf(
			"SELECT set_config('redshift_standin.copy_id', '%d', false), "+
				"set_config('redshift_standin.copy_count', '%d', false)",
			c.query, loaded,
		),
	)
}

// shortType is the type's name as the load views have it, in ten characters.
func shortType(kind string) string {
	switch kind {
	case "character varying":
		return "varchar"
	case "character":
		return "char"
	case "integer":
		return "int4"
	case "bigint":
		return "int8"
	case "smallint":
		return "int2"
	case "double precision":
		return "float8"
	case "real":
		return "float4"
	case "timestamp without time zone":
		return "timestamp"
	case "timestamp with time zone":
		return "timestamptz"
	}
	return kind
}

// periods is the raw line as STL_LOAD_ERRORS shows it: a period for each multibyte character.
func periods(raw string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x80 || r == 0 {
			return '.'
		}
		return r
	}, raw)
}
