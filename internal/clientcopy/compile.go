package clientcopy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/jsonpaths"
	"github.com/sparkify/dwh/internal/objectstore"
)

// jsonPathsLimit bounds a JSONPaths file, bytes.
const jsonPathsLimit = 1 << 20

// Check refuses, at their position, options that Copy cannot honour; none is ever ignored that
// would change a row. It accepts those that mean nothing on PostgreSQL: authorization, REGION,
// COMPUPDATE, COMPROWS, STATUPDATE. Errors are *sqlfile.Error.
func Check(stmt *copystmt.Statement) error {
	switch stmt.Format {
	case copystmt.JSON:
		if stmt.JSONPaths == copystmt.PathsNoShred {
			return stmt.ErrorAt("JSON", "JSON 'noshred' is not supported on PostgreSQL, where dwh itself copies",
				"it loads into one SUPER column, a type that PostgreSQL lacks: use 'auto' or a JSONPaths file", nil)
		}
	case copystmt.CSV, copystmt.Delimited:
		if len(stmt.Delimiter) != 1 {
			return stmt.ErrorAt("DELIMITER", "DELIMITER must be one ASCII character", "such as ',' or '|'", nil)
		}
		if c := stmt.Delimiter[0]; c == '\n' || c == '\r' || c == 0 || c >= 0x80 ||
			stmt.Format == copystmt.CSV && c == stmt.Quote {
			return stmt.ErrorAt(
				"DELIMITER", "DELIMITER cannot be a line end, NUL, the quote, or outside ASCII",
				"such as ',' or '|'", nil,
			)
		}
	default:
		return stmt.Unsupported(string(stmt.Format), "convert the data to JSON or CSV, or load it on Redshift")
	}
	if stmt.Compression == copystmt.Lzop {
		return stmt.Unsupported("LZOP", "compress with GZIP, BZIP2 or ZSTD")
	}
	for _, u := range []struct {
		set          bool
		option, hint string
	}{
		{
			stmt.Encrypted, "ENCRYPTED",
			"only Redshift supports client-side encryption; use server-side encryption in S3, which needs no option",
		},
		{stmt.Has("MASTER_SYMMETRIC_KEY"), "MASTER_SYMMETRIC_KEY", "only Redshift supports client-side encryption"},
		{stmt.SSH, "SSH", "copy the data into a bucket or a folder first"},
		{stmt.Has("READRATIO"), "READRATIO", "it belongs to DynamoDB; copy the data into a bucket or a folder first"},
		{
			stmt.IgnoreAllErrors, "IGNOREALLERRORS",
			"dwh keeps every reject, so their number must be limited: use MAXERROR 100000",
		},
		{stmt.SerializeToJSON, "SERIALIZETOJSON", "it belongs to PARQUET and ORC"},
		{stmt.Simplify || stmt.SimplifyAuto || stmt.SimplifyLimit != "", "SIMPLIFY", "it belongs to SHAPEFILE"},
	} {
		if u.set {
			return stmt.Unsupported(u.option, u.hint)
		}
	}
	if _, err := compileLayout(stmt.DateFormat, false); err != nil {
		return stmt.ErrorAt(
			"DATEFORMAT", fmt.Sprintf("DATEFORMAT '%s': %v", stmt.DateFormat, err),
			"use 'auto' or parts such as YYYY-MM-DD", nil,
		)
	}
	if _, err := compileLayout(stmt.TimeFormat, true); err != nil {
		return stmt.ErrorAt("TIMEFORMAT", fmt.Sprintf("TIMEFORMAT '%s': %v", stmt.TimeFormat, err),
			"use 'auto', 'epochsecs', 'epochmillisecs' or parts such as YYYY-MM-DD HH:MI:SS (in this case)", nil)
	}
	return nil
}

// tableName is the statement's table for PostgreSQL, quoted.
func tableName(stmt *copystmt.Statement) string {
	if stmt.Schema == "" {
		return pgx.Identifier{stmt.Name}.Sanitize()
	}
	return pgx.Identifier{stmt.Schema, stmt.Name}.Sanitize()
}

// compile turns a statement that Check has passed into a plan for its table. set is Options.True.
func compile(
	ctx context.Context, conn *pgx.Conn, store *objectstore.Store, stmt *copystmt.Statement,
	set string,
) (*plan, error) {
	table := tableName(stmt)
	all, err := Columns(ctx, conn, table)
	if errors.Is(err, ErrNoTable) {
		return nil, stmt.ErrorAt(
			"TABLE", fmt.Sprintf("table %s does not exist", stmt.Table),
			"create it first: COPY appends to a table", err,
		)
	}
	if err != nil {
		return nil, err
	}
	columns, err := chooseColumns(stmt, all)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(ctx, store, stmt, columns)
	if err != nil {
		return nil, err
	}
	for i := range p.targets {
		if t := &p.targets[i]; t.NotNull && t.HasDefault {
			if t.otherwise, err = defaultValue(ctx, conn, table, t.Name); err != nil {
				return nil, err
			}
		}
	}
	if set != "" {
		n := slices.IndexFunc(all, func(c Column) bool { return c.Name == set })
		if n < 0 || columnTypes[all[n].Type] != typeBoolean || slices.ContainsFunc(
			columns, func(c Column) bool { return c.Name == set },
		) {
			return nil, stmt.ErrorAt(
				"TABLE",
				fmt.Sprintf("table %s needs a BOOLEAN column %s that the COPY does not load", stmt.Table, set),
				"remove it from the column list", nil,
			)
		}
		columns = append(columns, all[n])
		p.appended = []byte{0, 0, 0, 1, 1}
	}
	p.sql = copySQL(table, columns)
	return p, nil
}

// chooseColumns applies the column list (copy-parameters-column-mapping).
func chooseColumns(stmt *copystmt.Statement, all []Column) ([]Column, error) {
	var chosen []Column
	hasIdentity := false
	if stmt.Columns == nil {
		for _, c := range all {
			hasIdentity = hasIdentity || c.Identity
			if !c.Generated && (!c.Identity || stmt.ExplicitIDs) {
				chosen = append(chosen, c)
			}
		}
	}
	for i, name := range stmt.Columns {
		n := slices.IndexFunc(all, func(c Column) bool { return c.Name == name })
		if n < 0 {
			names := make([]string, len(all))
			for i, c := range all {
				names[i] = c.Name
			}
			return nil, stmt.ErrorAtColumn(i, fmt.Sprintf("column %s of table %s does not exist", name, stmt.Table),
				"the table has "+strings.Join(names, ", "), nil)
		}
		c := all[n]
		hasIdentity = hasIdentity || c.Identity
		switch {
		case slices.ContainsFunc(chosen, func(other Column) bool { return other.Name == name }):
			return nil, stmt.ErrorAtColumn(i, fmt.Sprintf("column %s is named twice", name), "remove one", nil)
		case c.Generated:
			return nil, stmt.ErrorAtColumn(
				i, fmt.Sprintf("column %s is generated from others and cannot be loaded", name),
				"remove it from the list", nil,
			)
		case c.Identity && !stmt.ExplicitIDs:
			return nil, stmt.ErrorAtColumn(i, fmt.Sprintf("column %s is an IDENTITY column", name),
				"add EXPLICIT_IDS to load its values, or remove it from the list", nil)
		}
		chosen = append(chosen, c)
	}
	if stmt.ExplicitIDs && !slices.ContainsFunc(chosen, func(c Column) bool { return c.Identity }) {
		hint := "remove EXPLICIT_IDS"
		if hasIdentity {
			hint = "name the IDENTITY column in the column list"
		}
		return nil, stmt.ErrorAt("EXPLICIT_IDS", "EXPLICIT_IDS without an IDENTITY column to load", hint, nil)
	}
	for _, c := range all {
		left := !slices.ContainsFunc(chosen, func(other Column) bool { return other.Name == c.Name })
		if left && c.NotNull && !c.HasDefault && !c.Identity && !c.Generated {
			return nil, stmt.ErrorAt("TABLE", fmt.Sprintf(
				"column %s of table %s is NOT NULL without a default, and not in the column list",
				c.Name, stmt.Table,
			),
				"add it to the column list, or give it a default", nil)
		}
	}
	for _, c := range chosen {
		if _, known := columnTypes[c.Type]; !known || c.Scale < 0 {
			return nil, stmt.ErrorAtColumn(slices.Index(stmt.Columns, c.Name), fmt.Sprintf(
				"column %s has type %s, which COPY cannot load", c.Name, c.declared(),
			),
				"COPY loads SMALLINT, INTEGER, BIGINT, REAL, DOUBLE PRECISION, NUMERIC, BOOLEAN, "+
					"CHAR, VARCHAR, DATE, TIMESTAMP and TIMESTAMPTZ", nil)
		}
	}
	return chosen, nil
}

// newPlan compiles the mapping of values to columns and the conversions.
func newPlan(ctx context.Context, store *objectstore.Store, stmt *copystmt.Statement, columns []Column) (*plan, error) {
	p := &plan{ignoreHeader: stmt.IgnoreHeader}
	p.conversion = conversion{
		acceptAnyDate: stmt.AcceptAnyDate, truncate: stmt.TruncateColumns, blanksAsNull: stmt.BlanksAsNull,
		emptyAsNull: emptyAsNull(stmt), trimBlanks: stmt.TrimBlanks, roundEC: stmt.RoundEC, quote: stmt.Quote,
	}
	p.date, _ = compileLayout(stmt.DateFormat, false) // Check has seen to their errors
	p.time, _ = compileLayout(stmt.TimeFormat, true)
	if stmt.AcceptInvChars != nil {
		p.replaceInvalid, p.invalidReplacement = true, *stmt.AcceptInvChars
	}
	if stmt.Format == copystmt.JSON {
		paths := jsonpaths.Paths{Auto: true}
		fold := false
		switch stmt.JSONPaths {
		case copystmt.PathsAuto:
		case copystmt.PathsAutoIgnoreCase:
			fold = true
		default:
			var err error
			if paths, err = readPaths(ctx, store, stmt); err != nil {
				return nil, err
			}
		}
		if paths.Auto {
			p.json, p.targets = compileAuto(columns, fold)
		} else {
			if len(paths.Paths) != len(columns) {
				return nil, stmt.ErrorAt(
					"JSON",
					fmt.Sprintf(
						"Number of jsonpaths and the number of columns should match. JSONPath "+
							"size: %d, Number of columns in table or column list: %d",
						len(paths.Paths), len(columns),
					),
					"name the columns in the COPY statement, one for each path of "+stmt.JSONPaths+
						", in the same order",
					nil,
				)
			}
			p.json, p.targets = compilePaths(columns, paths.Paths)
		}
	} else {
		p.text = newTextPlan(stmt)
		p.nullAs = nullString(stmt.NullAs)
		for i, c := range columns {
			p.targets = append(p.targets, target{Column: c, slot: i})
		}
	}
	for i := range p.targets {
		p.targets[i].typ = columnTypes[p.targets[i].Type]
	}
	p.padded = make([]atomic.Bool, len(p.targets))
	return p, nil
}

func newTextPlan(stmt *copystmt.Statement) *textPlan {
	return &textPlan{
		csv: stmt.Format == copystmt.CSV, delimiter: stmt.Delimiter[0], quote: stmt.Quote,
		escape: stmt.Escape, removeQuotes: stmt.RemoveQuotes,
		ignoreBlankLines: stmt.IgnoreBlankLines, fillRecord: stmt.FillRecord,
	}
}

// emptyAsNull tells whether an empty text is NULL, in quotes or not: EMPTYASNULL, and NULL AS with
// an empty string, "produce the same behavior" (copy-parameters-data-conversion).
func emptyAsNull(stmt *copystmt.Statement) bool {
	return stmt.EmptyAsNull || stmt.NullAs != nil && *stmt.NullAs == ""
}

// nullString is the text of a field that is NULL: \N unless NULL AS says otherwise, where \0 and
// \000 are NUL (copy-parameters-data-conversion).
func nullString(nullAs *string) []byte {
	if nullAs == nil {
		return []byte(`\N`)
	}
	switch *nullAs {
	case `\0`, `\000`:
		return []byte{0}
	}
	return []byte(*nullAs)
}

// readPaths reads the JSONPaths file, once a COPY.
func readPaths(ctx context.Context, store *objectstore.Store, stmt *copystmt.Statement) (jsonpaths.Paths, error) {
	u, err := objectstore.ParseURL(stmt.JSONPaths)
	if err != nil {
		return jsonpaths.Paths{}, stmt.ErrorAt("JSON", fmt.Sprintf("JSON '%s': %v", stmt.JSONPaths, err),
			"write 'auto', 'auto ignorecase', or the URL of the JSONPaths file", err)
	}
	data, _, err := store.ReadAll(ctx, u, jsonPathsLimit)
	if err != nil {
		return jsonpaths.Paths{}, fmt.Errorf("read the JSONPaths file: %w", err)
	}
	paths, err := jsonpaths.ParseFile(data)
	if err != nil {
		hint := ""
		var fault *jsonpaths.Error
		if errors.As(err, &fault) {
			hint = fault.Hint
		}
		return jsonpaths.Paths{}, stmt.ErrorAt("JSON", fmt.Sprintf("%s: %v", u, err), hint, err)
	}
	return paths, nil
}
