package redshiftstandin

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

const (
	pageCopy           = "dg/r_COPY"
	pageCopySource     = "dg/copy-parameters-data-source-s3"
	pageCopyFormat     = "dg/copy-parameters-data-format"
	pageCopyConversion = "dg/copy-parameters-data-conversion"
	pageCopyLoad       = "dg/copy-parameters-data-load"
	pageCopyAuth       = "dg/copy-parameters-authorization"
)

// copyStatement is a parsed COPY.
type copyStatement struct {
	table        string // quoted
	columns      []string
	from         string // s3://…
	format       string // json, csv or txt
	paths        string // auto, auto ignorecase or the URL of a JSONPaths file
	quote        byte
	delimiter    byte
	null         string
	compression  string // "", GZIP, BZIP2 or ZSTD
	region       string
	maxError     int
	encoding     string // "": UTF8
	timeFormat   string
	dateFormat   string
	invalidChar  byte // 0: invalid characters are errors
	ignoreHeader int
	flags        map[string]bool
}

// copyFlags are options without a value.
var copyFlags = words(
	"MANIFEST ACCEPTANYDATE BLANKSASNULL EMPTYASNULL ESCAPE EXPLICIT_IDS FILLRECORD " +
		"IGNOREBLANKLINES REMOVEQUOTES ROUNDEC TRIMBLANKS TRUNCATECOLUMNS NOLOAD",
)

// notEmulated are documented options that the stand-in refuses by name.
var notEmulated = words(
	"PARQUET ORC AVRO FIXEDWIDTH SHAPEFILE LZOP ENCRYPTED MASTER_SYMMETRIC_KEY IGNOREALLERRORS READRATIO SSH",
)

var roleForm = regexp.MustCompile(
	`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[^,]+(,arn:aws[a-z-]*:iam::[0-9]{12}:role/[^,]+)*$`,
)

// planCopy parses COPY … FROM 's3://…' (dg/r_COPY); the options may stand in any order.
func (s *session) planCopy(st *stmt) (*plan, *refusal) {
	c := &copyStatement{quote: '"', null: `\N`, flags: map[string]bool{}}
	st.i = 1
	var r *refusal
	if c.table, r = st.relation(pageCopy); r != nil {
		return nil, r
	}
	if st.text(st.i) == "(" {
		if c.columns, r = st.columnList(); r != nil {
			return nil, r
		}
	}
	if !st.accept("FROM") {
		return nil, st.syntax(st.i, pageCopy)
	}
	at := st.i
	if c.from, r = st.copyString(pageCopySource); r != nil {
		return nil, r // STDIN
	}
	if u, err := url.Parse(c.from); err != nil || u.Scheme != "s3" || u.Host == "" {
		return nil, st.refuse(at, "0A000", pageCopySource, "COPY reads from s3://bucket/key here, not from %q", c.from)
	}
	authorized := false
	seen := map[string]bool{}
	for !st.over() {
		at := st.i
		word := st.word(at)
		st.i++
		if seen[word] && word != "AS" {
			return nil, st.refuse(at, "42601", pageCopy, "conflicting or redundant options: %s", word)
		}
		switch word {
		case "JSON", "CSV", "DELIMITER", "IAM_ROLE", "REGION", "MAXERROR", "GZIP", "BZIP2", "ZSTD",
			"NULL", "MANIFEST", "TIMEFORMAT", "DATEFORMAT":
			seen[word] = true
		}
		switch {
		case word == "IAM_ROLE":
			authorized = true
			if st.accept("DEFAULT") {
				break
			}
			role, r := st.copyString(pageCopyAuth)
			if r != nil {
				return nil, r
			}
			if !roleForm.MatchString(role) {
				return nil, st.refuse(at+1, "XX000", pageCopyAuth, "Invalid IAM role ARN")
			}
		case word == "CREDENTIALS", word == "WITH", word == "ACCESS_KEY_ID",
			word == "SECRET_ACCESS_KEY", word == "SESSION_TOKEN":
			return nil, st.refuse(
				at, "0A000", pageCopyAuth,
				"keys in a COPY stand in the query log: IAM_ROLE is in the subset",
			)
		case word == "FORMAT":
			st.accept("AS")
			switch st.word(st.i) {
			case "JSON", "CSV":
			default:
				if !notEmulated[st.word(st.i)] {
					return nil, st.syntax(st.i, pageCopyFormat)
				}
			}
		case word == "JSON":
			c.format = "json"
			st.accept("AS")
			c.paths = "auto"
			if !st.over() && st.tokens[st.i].Kind == sqlfile.KindString {
				c.paths = copyText(st.tokens[st.i].Value())
				st.i++
			}
			if c.paths == "noshred" {
				return nil, st.refuse(at, "0A000", pageCopyFormat, "JSON 'noshred' is not emulated")
			}
			if c.paths != "auto" && c.paths != "auto ignorecase" && !strings.HasPrefix(c.paths, "s3://") {
				return nil, st.refuse(at, "XX000", pageCopyFormat, "JSONPaths file %q is not on S3", c.paths)
			}
		case word == "CSV":
			c.format = "csv"
			if st.accept("QUOTE") {
				st.accept("AS")
				text, r := st.copyString(pageCopyFormat)
				if r != nil || len(text) != 1 {
					return nil, st.syntax(at, pageCopyFormat)
				}
				c.quote = text[0]
			}
		case word == "QUOTE" && c.format == "csv":
			st.accept("AS")
			text, r := st.copyString(pageCopyFormat)
			if r != nil || len(text) != 1 {
				return nil, st.syntax(at, pageCopyFormat)
			}
			c.quote = text[0]
		case word == "DELIMITER":
			st.accept("AS")
			text, r := st.copyString(pageCopyFormat)
			if r != nil || len(text) != 1 {
				return nil, st.refuse(at, "42601", pageCopyFormat, "COPY delimiter must be a single character")
			}
			c.delimiter = text[0]
		case word == "NULL":
			st.accept("AS")
			if st.over() || st.tokens[st.i].Kind != sqlfile.KindString {
				return nil, st.syntax(st.i, pageCopyConversion)
			}
			c.null = st.tokens[st.i].Value()
			if c.null == `\\N` {
				c.null = `\N`
			}
			seen["NULL"] = true
			st.i++
		case word == "GZIP", word == "BZIP2", word == "ZSTD":
			if c.compression != "" {
				return nil, st.refuse(
					at, "42601", "dg/copy-parameters-file-compression",
					"conflicting or redundant options: %s", word,
				)
			}
			c.compression = word
		case word == "REGION":
			st.accept("AS")
			if c.region, r = st.copyString(pageCopySource); r != nil {
				return nil, r
			}
			if !regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`).MatchString(c.region) {
				return nil, st.refuse(at, "XX000", pageCopySource, "%q is not a region", c.region)
			}
		case word == "MAXERROR":
			st.accept("AS")
			if c.maxError, r = st.copyNumber(pageCopyLoad); r != nil {
				return nil, r
			}
			if c.maxError > 100000 {
				return nil, st.refuse(at, "22023", pageCopyLoad, "MAXERROR is at most 100000")
			}
		case word == "IGNOREHEADER":
			st.accept("AS")
			if c.ignoreHeader, r = st.copyNumber(pageCopyConversion); r != nil {
				return nil, r
			}
		case word == "TIMEFORMAT", word == "DATEFORMAT":
			st.accept("AS")
			text, r := st.copyString(pageCopyConversion)
			if r != nil {
				return nil, r
			}
			if !knownFormat(text, word == "TIMEFORMAT") {
				return nil, st.refuse(at, "22007", pageCopyConversion, "invalid %s %q", word, text)
			}
			if word == "TIMEFORMAT" {
				c.timeFormat = text
			} else {
				c.dateFormat = text
			}
		case word == "ACCEPTINVCHARS":
			c.invalidChar = '?'
			explicit := st.accept("AS")
			if !st.over() && st.tokens[st.i].Kind == sqlfile.KindString {
				text, _ := st.copyString(pageCopyConversion)
				if len(text) != 1 || text[0] >= 0x80 || text[0] == 0 {
					return nil, st.syntax(at, pageCopyConversion)
				}
				c.invalidChar = text[0]
			} else if explicit {
				return nil, st.syntax(st.i, pageCopyConversion)
			}
		case word == "ENCODING":
			st.accept("AS")
			switch w := st.word(st.i); w {
			case "UTF8", "UTF16", "UTF16LE", "UTF16BE", "ISO88591":
				c.encoding = w
			default:
				return nil, st.syntax(st.i, pageCopyConversion)
			}
			st.i++
		case word == "COMPUPDATE", word == "STATUPDATE":
			for _, value := range []string{"ON", "TRUE", "OFF", "FALSE", "PRESET"} {
				if st.word(st.i) == value && (value != "PRESET" || word == "COMPUPDATE") {
					st.i++
					break
				}
			}
		case word == "COMPROWS":
			if _, r := st.copyNumber(pageCopyLoad); r != nil {
				return nil, r
			}
		case copyFlags[word]:
			c.flags[word] = true
		case notEmulated[word]:
			return nil, st.refuse(at, "0A000", pageCopy, "COPY option %s is not emulated", word)
		default:
			return nil, st.syntax(at, pageCopy)
		}
	}
	if !authorized {
		return nil, st.refuse(0, "42601", pageCopyAuth, "COPY needs an authorization: IAM_ROLE")
	}
	if r := c.check(st, seen); r != nil {
		return nil, r
	}
	return &plan{kind: "COPY", writes: true, local: func(s *session) (string, error) { return "COPY", s.copy(c) }}, nil
}

// check refuses combinations (dg/copy-parameters-data-format).
func (c *copyStatement) check(st *stmt, seen map[string]bool) *refusal {
	if c.format == "" {
		c.format = "txt"
	}
	if c.delimiter == 0 {
		c.delimiter = map[string]byte{"csv": ',', "txt": '|'}[c.format]
	}
	var not []string
	switch c.format {
	case "json":
		not = []string{"CSV", "DELIMITER", "NULL", "ESCAPE", "FILLRECORD", "IGNOREBLANKLINES", "REMOVEQUOTES"}
	case "csv":
		not = []string{"JSON", "ESCAPE", "REMOVEQUOTES"}
	}
	for _, option := range not {
		if seen[option] && option != strings.ToUpper(c.format) || c.flags[option] {
			return st.refuse(
				0, "42601", pageCopyFormat, "%s is not supported with %s", option,
				strings.ToUpper(c.format),
			)
		}
	}
	return nil
}

// copyString moves over a string literal, in which a backslash is an escape character.
func (st *stmt) copyString(page string) (string, *refusal) {
	if st.over() || st.tokens[st.i].Kind != sqlfile.KindString {
		return "", st.syntax(st.i, page)
	}
	st.i++
	return copyText(st.tokens[st.i-1].Value()), nil
}

func copyText(text string) string {
	// Twice: '\t' is a tab by the rules of literals, and '\\t' by those of COPY.
	for range 2 {
		text = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r").Replace(text)
	}
	return text
}

func (st *stmt) copyNumber(page string) (int, *refusal) {
	if st.over() || st.tokens[st.i].Kind != sqlfile.KindNumber {
		return 0, st.syntax(st.i, page)
	}
	n, err := strconv.Atoi(st.text(st.i))
	if err != nil {
		return 0, st.syntax(st.i, page)
	}
	st.i++
	return n, nil
}
