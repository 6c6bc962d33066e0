package copystmt

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// quoter writes a string literal; secret tells it what kind of text it gets.
type quoter func(text string, secret bool) string

func quoteFor(e sqlfile.Engine) quoter {
	return func(text string, _ bool) string {
		text = strings.ReplaceAll(text, "'", "''")
		if e == sqlfile.Redshift {
			text = strings.ReplaceAll(text, `\`, `\\`)
		}
		return "'" + text + "'"
	}
}

func redacted(text string, secret bool) string {
	if secret {
		return "'xxxxx'"
	}
	return quoteFor(sqlfile.Postgres)(text, false)
}

// String returns the statement as canonical SQL, one clause a line and without a semicolon, that
// ParseText reads back. Keys and credentials read 'xxxxx'. The receiver is a value so that a copy
// prints without its secrets too.
func (s Statement) String() string { return s.sql(redacted) }

// GoString returns String.
func (s Statement) GoString() string { return s.String() }

// SQL returns the statement as it is sent to an engine: as String does, but with its secrets. It
// must not be logged or shown.
func (s *Statement) SQL(e sqlfile.Engine) string { return s.sql(quoteFor(e)) }

func (a Auth) sql(quote quoter) string {
	switch {
	case a.Kind == IAMRole && a.Default:
		return "IAM_ROLE default"
	case a.Kind == IAMRole:
		return "IAM_ROLE " + quote(a.Role, false)
	case a.Kind == Credentials:
		return "CREDENTIALS " + quote(a.credentials, true)
	case a.Kind == AccessKey && a.hasToken:
		return fmt.Sprintf(
			"ACCESS_KEY_ID %s SECRET_ACCESS_KEY %s SESSION_TOKEN %s", quote(a.key, true),
			quote(a.secret, true), quote(a.token, true),
		)
	case a.Kind == AccessKey:
		return fmt.Sprintf("ACCESS_KEY_ID %s SECRET_ACCESS_KEY %s", quote(a.key, true), quote(a.secret, true))
	}
	return ""
}

func (s *Statement) sql(quote quoter) string {
	text := func(t string) string { return quote(t, false) }
	target := "COPY " + s.Table
	if len(s.Columns) > 0 {
		names := make([]string, len(s.Columns))
		for i, c := range s.Columns {
			names[i] = ident(c)
		}
		target += " (" + strings.Join(names, ", ") + ")"
	}
	lines := []string{target, "FROM " + text(s.From)}
	add := func(given bool, clause string) {
		if given {
			lines = append(lines, clause)
		}
	}
	add(s.HasAuth, s.Auth.sql(quote))
	add(s.Manifest, "MANIFEST")
	add(s.SSH, "SSH")
	add(s.ReadRatio > 0, "READRATIO "+strconv.Itoa(s.ReadRatio))
	add(s.Encrypted, "ENCRYPTED")
	if s.masterKey != nil {
		add(true, "MASTER_SYMMETRIC_KEY "+quote(*s.masterKey, true))
	}
	add(s.Region != "", "REGION "+text(s.Region))
	switch s.Format {
	case JSON, Avro:
		add(true, "FORMAT AS "+string(s.Format)+" "+text(s.JSONPaths))
	case FixedWidth:
		add(true, "FORMAT AS FIXEDWIDTH "+text(s.FixedWidthSpec))
	case Shapefile:
		clause := "FORMAT AS SHAPEFILE"
		if s.Simplify {
			clause += " SIMPLIFY"
		}
		if s.SimplifyAuto {
			clause += " AUTO"
		}
		if s.SimplifyLimit != "" {
			clause += " " + text(s.SimplifyLimit)
		}
		add(true, clause)
	case CSV:
		clause := "FORMAT AS CSV"
		if s.Quote != '"' && s.Quote != 0 {
			clause += " QUOTE AS " + text(string(rune(s.Quote)))
		}
		add(true, clause)
	case Delimited:
	default:
		add(true, "FORMAT AS "+string(s.Format))
	}
	standard := map[Format]string{CSV: ",", Delimited: "|"}[s.Format]
	add(s.Delimiter != standard && s.Delimiter != "", "DELIMITER AS "+text(escape(s.Delimiter)))
	add(s.SerializeToJSON, "SERIALIZETOJSON")
	add(s.Compression != None, string(s.Compression))
	add(s.Encoding != "", "ENCODING AS "+s.Encoding)
	add(s.IgnoreHeader > 0, "IGNOREHEADER "+strconv.Itoa(s.IgnoreHeader))
	add(s.IgnoreBlankLines, "IGNOREBLANKLINES")
	add(s.FillRecord, "FILLRECORD")
	add(s.Escape, "ESCAPE")
	add(s.RemoveQuotes, "REMOVEQUOTES")
	if s.NullAs != nil {
		add(true, "NULL AS "+text(*s.NullAs))
	}
	add(s.BlanksAsNull, "BLANKSASNULL")
	add(s.EmptyAsNull, "EMPTYASNULL")
	add(s.TrimBlanks, "TRIMBLANKS")
	add(s.TruncateColumns, "TRUNCATECOLUMNS")
	if s.AcceptInvChars != nil {
		add(true, "ACCEPTINVCHARS AS "+text(string(rune(*s.AcceptInvChars))))
	}
	add(s.DateFormat != "", "DATEFORMAT "+text(s.DateFormat))
	add(s.AcceptAnyDate, "ACCEPTANYDATE")
	add(s.TimeFormat != "", "TIMEFORMAT "+text(s.TimeFormat))
	add(s.RoundEC, "ROUNDEC")
	add(s.ExplicitIDs, "EXPLICIT_IDS")
	add(s.MaxError > 0, "MAXERROR "+strconv.Itoa(s.MaxError))
	add(s.IgnoreAllErrors, "IGNOREALLERRORS")
	add(s.CompRows > 0, "COMPROWS "+strconv.Itoa(s.CompRows))
	add(s.CompUpdate != Unset, "COMPUPDATE "+string(s.CompUpdate))
	add(s.StatUpdate != Unset, "STATUPDATE "+string(s.StatUpdate))
	add(s.NoLoad, "NOLOAD")
	return strings.Join(lines, "\n")
}

// escape writes what unescape reads: control characters, backslashes and bytes that are no UTF-8
// become escapes.
func escape(text string) string {
	var b strings.Builder
	valid := utf8.ValidString(text)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f || c == '\\' || c >= utf8.RuneSelf && !valid:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
