package copystmt

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// optionNames are the first words of all options, for suggestions.
var optionNames = []string{
	"ACCEPTANYDATE", "ACCEPTINVCHARS", "ACCESS_KEY_ID", "AVRO", "BLANKSASNULL", "BZIP2", "COMPROWS", "COMPUPDATE",
	"CREDENTIALS", "CSV", "DATEFORMAT", "DELIMITER", "EMPTYASNULL", "ENCODING", "ENCRYPTED", "ESCAPE", "EXPLICIT_IDS",
	"FILLRECORD", "FIXEDWIDTH", "FORMAT", "GZIP", "IAM_ROLE", "IGNOREALLERRORS", "IGNOREBLANKLINES", "IGNOREHEADER",
	"JSON", "LZOP", "MANIFEST", "MASTER_SYMMETRIC_KEY", "MAXERROR", "NOLOAD", "NULL", "ORC", "PARQUET", "QUOTE",
	"READRATIO", "REGION", "REMOVEQUOTES", "ROUNDEC", "SECRET_ACCESS_KEY", "SERIALIZETOJSON", "SESSION_TOKEN",
	"SHAPEFILE", "SSH", "STATUPDATE", "TIMEFORMAT", "TRIMBLANKS", "TRUNCATECOLUMNS", "WITH", "ZSTD",
}

// option reads one option with its argument.
func (p *parser) option() error {
	t := p.take()
	if t.Kind != sqlfile.KindWord {
		return p.errorAt(
			t, "expected an option, not "+describe(t),
			"options follow FROM one after another, with blanks between them: FORMAT AS JSON 'auto' MAXERROR 10",
		)
	}
	word := strings.ToUpper(t.Text)
	switch word {
	case "FORMAT":
		p.accept("AS")
		return p.formatKeyword(t)
	case "AS":
		return p.formatKeyword(t)
	case "WITH":
		if !p.peek().Is("CREDENTIALS") {
			return p.errorAt(
				t, "WITH stands before CREDENTIALS only",
				"remove WITH: COPY's options have no WITH before them",
			)
		}
		p.take()
		return p.credentials(t)
	case "CREDENTIALS":
		return p.credentials(t)
	}
	if handled, err := p.format(word, t); handled || err != nil {
		return err
	}
	if handled, err := p.flag(word, t); handled || err != nil {
		return err
	}
	return p.argument(word, t)
}

// once records the option, and refuses it when it is there already.
func (p *parser) once(option string, t sqlfile.Token) error {
	if p.statement.Has(option) {
		return p.errorAt(t, option+" is given twice", "remove one of the two")
	}
	p.mark(option, t)
	return nil
}

// formatKeyword reads the format after FORMAT [AS] or AS.
func (p *parser) formatKeyword(start sqlfile.Token) error {
	t := p.take()
	if t.Kind == sqlfile.KindWord {
		if handled, err := p.format(strings.ToUpper(t.Text), t); handled || err != nil {
			return err
		}
	}
	return p.errorAt(t, fmt.Sprintf("expected a format after %s, not %s", strings.ToUpper(start.Text), describe(t)),
		"the formats are JSON, CSV, DELIMITER, FIXEDWIDTH, AVRO, PARQUET, ORC and SHAPEFILE"+suggest(t, formatNames))
}

var formatNames = []string{"JSON", "CSV", "DELIMITER", "FIXEDWIDTH", "AVRO", "PARQUET", "ORC", "SHAPEFILE"}

// format reads a format and its argument; false when the word is none.
func (p *parser) format(word string, t sqlfile.Token) (bool, error) {
	s := p.statement
	if !slices.Contains(formatNames, word) {
		return false, nil
	}
	if err := p.once(word, t); err != nil {
		return true, err
	}
	if word == "DELIMITER" {
		p.accept("AS")
		text, err := p.nonEmpty(word, "write DELIMITER AS ',' or another character")
		s.Delimiter = unescape(text)
		return true, err
	}
	if s.Format != Delimited {
		return true, p.errorAt(t, fmt.Sprintf("second format %s after %s", word, s.Format), "a COPY has one format")
	}
	s.Format = Format(word)
	var err error
	switch s.Format {
	case JSON, Avro:
		if t := p.peek(); !p.accept(
			"AS",
		) && (t.Kind == sqlfile.KindWord || t.Kind == sqlfile.KindSemicolon || t.Kind == 0) {
			// dg/copy-parameters-data-format: "The default is 'auto'".
			s.JSONPaths = PathsAuto
			return true, nil
		}
		s.JSONPaths, err = p.nonEmpty(
			word,
			fmt.Sprintf("write %s 'auto', or %s with the URL of a JSONPaths file", word, word),
		)
		for _, keyword := range []string{PathsAuto, PathsAutoIgnoreCase, PathsNoShred} {
			if strings.EqualFold(s.JSONPaths, keyword) {
				s.JSONPaths = keyword
			}
		}
	case FixedWidth:
		p.accept("AS")
		s.FixedWidthSpec, err = p.nonEmpty(word, "write FIXEDWIDTH 'label:width,label:width'")
	case Shapefile:
		if s.Simplify = p.accept("SIMPLIFY"); !s.Simplify {
			return true, nil
		}
		s.SimplifyAuto = p.accept("AUTO")
		if p.peek().Kind == sqlfile.KindString {
			s.SimplifyLimit, err = p.str("SIMPLIFY", "write SIMPLIFY AUTO '0.5'")
		}
	}
	return true, err
}

// flag reads an option without an argument; false when the word is none.
func (p *parser) flag(word string, t sqlfile.Token) (bool, error) {
	s := p.statement
	flags := map[string]*bool{
		"ACCEPTANYDATE": &s.AcceptAnyDate, "BLANKSASNULL": &s.BlanksAsNull, "EMPTYASNULL": &s.EmptyAsNull,
		"ENCRYPTED": &s.Encrypted, "ESCAPE": &s.Escape, "EXPLICIT_IDS": &s.ExplicitIDs, "FILLRECORD": &s.FillRecord,
		"IGNOREALLERRORS": &s.IgnoreAllErrors, "IGNOREBLANKLINES": &s.IgnoreBlankLines, "MANIFEST": &s.Manifest,
		"NOLOAD": &s.NoLoad, "REMOVEQUOTES": &s.RemoveQuotes, "ROUNDEC": &s.RoundEC,
		"SERIALIZETOJSON": &s.SerializeToJSON,
		"SSH":             &s.SSH, "TRIMBLANKS": &s.TrimBlanks, "TRUNCATECOLUMNS": &s.TruncateColumns,
	}
	if target, ok := flags[word]; ok {
		*target = true
		return true, p.once(word, t)
	}
	switch c := Compression(word); c {
	case Gzip, Bzip2, Lzop, Zstd:
		if err := p.once(word, t); err != nil {
			return true, err
		}
		if s.Compression != None {
			return true, p.errorAt(
				t, fmt.Sprintf("second compression %s after %s", c, s.Compression),
				"every object of a COPY has the same compression: remove one of the two",
			)
		}
		s.Compression = c
		return true, nil
	}
	return false, nil
}

// argument reads an option with an argument.
func (p *parser) argument(word string, t sqlfile.Token) error {
	s := p.statement
	option := word
	if word == "NULL" {
		option = "NULL AS"
	}
	if !slices.Contains(optionNames, word) {
		return p.errorAt(t, fmt.Sprintf("unknown option %s", sprintQuoted(t.Text)), unknownHint(word, t))
	}
	if err := p.once(option, t); err != nil {
		return err
	}
	var err error
	switch word {
	case "IAM_ROLE", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN":
		return p.authorization(word, t)
	case "MASTER_SYMMETRIC_KEY":
		p.accept("AS")
		var key string
		key, err = p.nonEmpty(word, "write MASTER_SYMMETRIC_KEY 'key'")
		s.masterKey = &key
	case "REGION":
		p.accept("AS")
		s.Region, err = p.nonEmpty(
			word,
			"write REGION 'us-west-2', or leave REGION out where the bucket is in the warehouse's region",
		)
	case "QUOTE":
		p.accept("AS")
		s.Quote, err = p.ascii(word)
	case "ACCEPTINVCHARS":
		c := byte('?')
		if p.accept("AS") || p.peek().Kind == sqlfile.KindString {
			c, err = p.ascii(word)
		}
		s.AcceptInvChars = &c
	case "DATEFORMAT":
		p.accept("AS")
		s.DateFormat, err = p.nonEmpty(word, "write DATEFORMAT 'auto' or a format such as 'YYYY-MM-DD'")
	case "TIMEFORMAT":
		p.accept("AS")
		s.TimeFormat, err = p.nonEmpty(
			word,
			"write TIMEFORMAT 'auto', 'epochsecs', 'epochmillisecs' or a format such as 'YYYY-MM-DD HH:MI:SS'",
		)
	case "ENCODING":
		p.accept("AS")
		s.Encoding, err = p.encoding()
	case "NULL":
		p.accept("AS")
		var text string
		text, err = p.str(option, "write NULL AS '\\N'")
		s.NullAs = &text
	case "IGNOREHEADER":
		p.accept("AS")
		s.IgnoreHeader, err = p.number(word, 0, math.MaxInt32)
	case "MAXERROR":
		p.accept("AS")
		s.MaxError, err = p.number(word, 0, MaxMaxError)
	case "COMPROWS":
		s.CompRows, err = p.number(word, 1000, math.MaxInt32)
	case "READRATIO":
		s.ReadRatio, err = p.number(word, 1, 200)
	case "COMPUPDATE":
		s.CompUpdate = p.toggle(true)
	case "STATUPDATE":
		s.StatUpdate = p.toggle(false)
	}
	return err
}

func (p *parser) encoding() (string, error) {
	t := p.take()
	name := strings.ToUpper(t.Value())
	if t.Kind == sqlfile.KindWord || t.Kind == sqlfile.KindString {
		switch name {
		case "UTF8", "UTF16", "UTF16LE", "UTF16BE", "ISO88591":
			return name, nil
		}
	}
	return "", p.errorAt(
		t, "unknown ENCODING "+sprintQuoted(t.Text),
		"the encodings are UTF8, UTF16, UTF16LE, UTF16BE and ISO88591",
	)
}

// credentials reads [WITH] CREDENTIALS [AS] '…', CREDENTIALS being taken already.
func (p *parser) credentials(t sqlfile.Token) error {
	if err := p.once("CREDENTIALS", t); err != nil {
		return err
	}
	p.accept("AS")
	return p.authorization("CREDENTIALS", t)
}

// authorization reads the argument of an authorization clause; its option is recorded already.
func (p *parser) authorization(word string, t sqlfile.Token) error {
	s := p.statement
	kind := AuthKind(word)
	if word == "SECRET_ACCESS_KEY" || word == "SESSION_TOKEN" {
		kind = AccessKey
	}
	if s.HasAuth && s.Auth.Kind != kind {
		return p.errorAt(
			t, fmt.Sprintf("second authorization %s after %s", word, s.Auth.Kind),
			"a COPY has one authorization; prefer IAM_ROLE",
		)
	}
	s.HasAuth, s.Auth.Kind = true, kind
	if word == "IAM_ROLE" && p.accept("DEFAULT") {
		s.Auth.Default = true
		return nil
	}
	hints := map[string]string{
		"IAM_ROLE":          "write IAM_ROLE default, or IAM_ROLE 'arn:aws:iam::123456789012:role/name'",
		"CREDENTIALS":       "write CREDENTIALS 'aws_iam_role=arn:…', without blanks",
		"ACCESS_KEY_ID":     "write ACCESS_KEY_ID '…' SECRET_ACCESS_KEY '…', or better IAM_ROLE",
		"SECRET_ACCESS_KEY": "write ACCESS_KEY_ID '…' SECRET_ACCESS_KEY '…', or better IAM_ROLE",
		"SESSION_TOKEN":     "write ACCESS_KEY_ID '…' SECRET_ACCESS_KEY '…' SESSION_TOKEN '…', or better IAM_ROLE",
	}
	argument := p.peek()
	text, err := p.nonEmpty(word, hints[word])
	if err != nil {
		return err
	}
	switch word {
	case "IAM_ROLE":
		s.Auth.Role = text
	case "CREDENTIALS":
		// dg/copy-parameters-authorization: case-sensitive, no spaces.
		if strings.ContainsAny(text, " \t\r\n") {
			return p.errorAt(argument, "CREDENTIALS holds blanks", hints[word])
		}
		s.Auth.credentials = text
	case "ACCESS_KEY_ID":
		s.Auth.key = text
	case "SECRET_ACCESS_KEY":
		s.Auth.secret = text
	case "SESSION_TOKEN":
		s.Auth.token, s.Auth.hasToken = text, true
	}
	return nil
}

// unknownHint says what to write instead of a word that is no option.
func unknownHint(word string, t sqlfile.Token) string {
	switch word {
	case "HEADER":
		return "did you mean IGNOREHEADER 1?"
	case "ON_ERROR":
		return "did you mean MAXERROR?"
	}
	if hint := suggest(t, optionNames); hint != "" {
		return strings.TrimPrefix(hint, "; ")
	}
	return "COPY's options are those of https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html"
}

// suggest returns "; did you mean X?" for the nearest of the names, "" when none is near.
func suggest(t sqlfile.Token, names []string) string {
	word := strings.ToUpper(t.Text)
	distance := func(name string) int { return levenshtein.ComputeDistance(word, name) }
	nearest := slices.MinFunc(names, func(a, b string) int { return cmp.Compare(distance(a), distance(b)) })
	if t.Kind != sqlfile.KindWord || distance(nearest) > max(1, len(nearest)/3) {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", nearest)
}

// unescape resolves the escapes that DELIMITER knows (dg/copy-parameters-data-format): \t and three
// octal digits. Other backslashes stand for themselves.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch rest := text[i:]; {
		case strings.HasPrefix(rest, `\t`):
			b.WriteByte('\t')
			i++
		case len(rest) >= 4 && rest[0] == '\\' && rest[1] >= '0' && rest[1] <= '3' && isOctal(
			rest[2],
		) && isOctal(rest[3]):
			b.WriteByte((rest[1]-'0')<<6 | (rest[2]-'0')<<3 | (rest[3] - '0'))
			i += 3
		default:
			b.WriteByte(rest[0])
		}
	}
	return b.String()
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }
