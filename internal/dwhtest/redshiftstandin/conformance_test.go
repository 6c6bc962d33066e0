package redshiftstandin_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sparkify/dwh/internal/clientcopy/conformance"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

// TestConformance runs the contract of COPY on the stand-in's.
func TestConformance(t *testing.T) {
	server := redshiftstandin.Start(t, redshiftstandin.Options{S3: dwhtest.S3(t).Client()})
	conformance.Run(t, &bucketCopy{server: server})
}

// errorCodes are the codes (dg/r_Load_Error_Reference) of what the contract has words for.
var errorCodes = []struct {
	words string
	codes string
}{
	{"is not an integer", "1207"}, {"is not a bigint", "1207"}, {"is not a boolean", "1210"}, {
		"not a double precision", "1208",
	},
	{"is not a timestamp", "1206"}, {"is not a date", "1205"}, {"length must be", "1205"}, {"too long " +
		"for", "1204"}, {"out of range", "1204 1206"},
	{"not valid UTF-8", "1220"}, {"not ASCII", "1220"}, {"U+0000", "1218"}, {"NULL in a NOT NULL column", "1213"},
	{"delimiter not found", "1214"}, {"extra column(s) found", "1202"}, {"quote", "1216"}, {"never closed", "1216"},
	{"'['", "1216"}, {"']'", "1216"}, {"','", "1216"}, {
		"invalid JSON", "1216",
	}, {"unexpected", "1216"}, {"not JSON", "1216"}, {"cut off", "1216"},
	{`"x"`, "1207"}, {`"y"`, "1207"}, {"", "1216 1207"},
}

// failures are the stand-in's words for the contract's failures.
var failures = map[string]string{
	"MAXERROR":                              "Check 'stl_load_errors'",
	"NOT NULL without a default":            "is NOT NULL, has no default",
	"column nope of table t does not exist": `column "nope" of relation "t" does not exist`,
	"empty path":                            "Invalid JSONPath format", "type uuid": `unsupported type "uuid"`,
}

// bucketCopy loads from a bucket of each case's own into a schema of its own.
type bucketCopy struct {
	server *redshiftstandin.Server
	count  atomic.Int64
}

func (b *bucketCopy) Load(t *testing.T, c conformance.Case) conformance.Outcome {
	ctx := context.Background()
	bucket := dwhtest.S3(t)
	for key, body := range c.Objects {
		bucket.Put(key, []byte(body))
	}
	root := "s3://" + bucket.Bucket
	schema := fmt.Sprintf("case_%d", b.count.Add(1))
	// The contract's tables are written for PostgreSQL, so they are made behind the stand-in's
	// back.
	dwhtest.Query(t, b.server.Backing, "CREATE SCHEMA "+schema+"; CREATE TABLE "+schema+".t ("+c.Table+")")
	conn := connect(t, b.server.DSN)
	exec(t, conn, "SET search_path TO "+schema)

	var got conformance.Outcome
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, got.Err = conn.Exec(ctx, c.Statement(root))
	if got.Err == nil {
		got.Err = tx.Commit(ctx)
	} else if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if got.Err != nil && c.Fails != "" {
		words := failures[c.Fails]
		if words == "" {
			words = c.Fails
		}
		if strings.Contains(got.Err.Error(), words) {
			got.Err = fmt.Errorf("%s: %w", c.Fails, got.Err)
		}
	}
	for i, row := range rows(
		t, conn,
		"SELECT TRIM(file_name), line_number, TRIM(column_name), error_code, TRIM(error_message) "+
			"FROM sys_load_error_detail WHERE file_name LIKE '"+root+"/%' ORDER BY file_name, line_number",
	) {
		parts := strings.SplitN(row, "|", 5)
		reject := conformance.Reject{
			Key: strings.TrimPrefix(parts[0], root+"/"), Column: parts[2],
			Reason: parts[3] + " " + parts[4],
		}
		if _, err := fmt.Sscan(parts[1], &reject.Line); err != nil {
			t.Fatal(err)
		}
		if i < len(c.Rejects) && strings.Contains(codesOf(c.Rejects[i].Reason), parts[3]) {
			reject.Reason = c.Rejects[i].Reason
		}
		got.Rejects = append(got.Rejects, reject)
	}
	got.Rows = rows(t, conn, "SELECT * FROM t")
	return got
}

func codesOf(reason string) string {
	for _, errorCode := range errorCodes {
		if strings.Contains(reason, errorCode.words) {
			return errorCode.codes
		}
	}
	return ""
}
