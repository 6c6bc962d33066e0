// Package copystmt reads, checks and prints Amazon Redshift's COPY statement.
package copystmt

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Format is the format of the data that is loaded (dg/copy-parameters-data-format).
type Format string

// The formats. Without a format clause the data is text with a delimiter.
const (
	Delimited  Format = ""
	JSON       Format = "JSON"
	CSV        Format = "CSV"
	FixedWidth Format = "FIXEDWIDTH"
	Avro       Format = "AVRO"
	Parquet    Format = "PARQUET"
	ORC        Format = "ORC"
	Shapefile  Format = "SHAPEFILE"
)

// Compression is the compression of every object that is loaded; COPY does not look at suffixes
// (dg/copy-parameters-file-compression).
type Compression string

// The compressions.
const (
	None  Compression = ""      // the objects are not compressed
	Gzip  Compression = "GZIP"  // GZIP: the objects are gzip files
	Bzip2 Compression = "BZIP2" // BZIP2: the objects are bzip2 files
	Lzop  Compression = "LZOP"  // LZOP: the objects are lzop files
	Zstd  Compression = "ZSTD"  // ZSTD: the objects are zstd files
)

// Switch is the argument of COMPUPDATE and STATUPDATE.
type Switch string

// The settings; TRUE reads as ON and FALSE as OFF, and the bare option is ON.
const (
	Unset  Switch = ""
	On     Switch = "ON"
	Off    Switch = "OFF"
	Preset Switch = "PRESET" // COMPUPDATE only
)

// Values of Statement.JSONPaths that are no URL.
const (
	PathsAuto           = "auto"
	PathsAutoIgnoreCase = "auto ignorecase"
	PathsNoShred        = "noshred"
)

// MaxMaxError is the highest MAXERROR that COPY takes (dg/copy-parameters-data-load).
const MaxMaxError = 100000

// Statement is a COPY statement (dg/r_COPY). Its zero options are those of a statement that does
// not name them.
type Statement struct {
	// Table is the target as SQL: lower case, qualified and quoted as far as it must be.
	Table string
	// Schema and Name are Table's parts without quotes; Schema is "" when it is not given.
	Schema, Name string
	Columns      []string // names without quotes, in order; nil: no column list
	From         string   // source as written: s3://…, file://… or a path

	Manifest  bool   // From names a manifest, which lists the objects
	Encrypted bool   // ENCRYPTED: the objects are encrypted by the client
	SSH       bool   // the source is a manifest of remote hosts
	Region    string // "": the warehouse's own
	HasAuth   bool   // an authorization clause is there
	Auth      Auth   // of the load; zero without HasAuth
	ReadRatio int    // percent of a DynamoDB table's throughput, 0: not given
	Format    Format // of the data; Delimited by default
	// JSON and AVRO: "auto", "auto ignorecase", "noshred", or where the JSONPaths file is
	JSONPaths       string
	FixedWidthSpec  string // 'label:width,…'
	SerializeToJSON bool   // PARQUET and ORC
	Simplify        bool   // SHAPEFILE SIMPLIFY …
	SimplifyAuto    bool
	SimplifyLimit   string // tolerance, "": not given
	Quote           byte   // CSV's quote character, '"' by default; 0 for other formats
	// effective, escapes such as \t and \174 resolved: "," for CSV, "|" for delimited text
	Delimiter     string
	NullAs        *string // as written, so that \0 and \000 mean NUL; nil: the default, \N
	Compression   Compression
	Encoding      string // UTF8, UTF16, UTF16LE, UTF16BE or ISO88591; "": UTF8
	DateFormat    string // as written, "": YYYY-MM-DD
	TimeFormat    string // as written, "": YYYY-MM-DD HH:MI:SS
	AcceptAnyDate bool
	// what replaces each byte of an invalid character; nil: such characters are errors
	AcceptInvChars   *byte
	BlanksAsNull     bool
	EmptyAsNull      bool
	Escape           bool
	ExplicitIDs      bool
	FillRecord       bool
	IgnoreBlankLines bool
	IgnoreHeader     int // lines to skip at the start of each object
	RemoveQuotes     bool
	RoundEC          bool
	TrimBlanks       bool
	TruncateColumns  bool
	// MaxError is the number of errors at which the load fails, 0 to MaxMaxError; 0 and 1 both mean
	// the first error.
	MaxError        int
	IgnoreAllErrors bool
	NoLoad          bool
	CompUpdate      Switch
	CompRows        int // 1000 or more, 0: not given
	StatUpdate      Switch

	// Pointers, so that no verb of fmt reaches a secret through them.
	text      *sqlfile.Expanded
	masterKey *string

	clauses []clause
	columns []int // character positions of Columns
}

// clause is where an option stands in the text, in characters from 1.
type clause struct {
	option   string
	position int
}

// Has reports whether the statement names the option, such as "MAXERROR", "NULL AS" or "IAM_ROLE";
// "TABLE" and "FROM" are options here too, and a
// format is its own name, "JSON" or "CSV".
func (s *Statement) Has(option string) bool {
	return slices.ContainsFunc(s.clauses, func(c clause) bool { return c.option == option })
}

// Options returns the names of the options the statement names, in order.
func (s *Statement) Options() []string {
	names := make([]string, len(s.clauses))
	for i, c := range s.clauses {
		names[i] = c.option
	}
	return names
}

// Unsupported returns an error at the option that says that dwh's own COPY does not do it.
func (s *Statement) Unsupported(option, hint string) error {
	return s.ErrorAt(option, option+" is not supported on PostgreSQL, where dwh itself copies", hint, nil)
}

// ErrorAt returns an error at the option, or at the statement's beginning when it is not named.
func (s *Statement) ErrorAt(option, msg, hint string, cause error) *sqlfile.Error {
	position := 0
	for _, c := range s.clauses {
		if c.option == option {
			position = c.position
		}
	}
	return s.errorAt(position, msg, hint, cause)
}

// ErrorAtColumn returns an error at the i-th name of the column list, or at the table when there is
// no such name.
func (s *Statement) ErrorAtColumn(i int, msg, hint string, cause error) *sqlfile.Error {
	if i < 0 || i >= len(s.columns) {
		return s.ErrorAt("TABLE", msg, hint, cause)
	}
	return s.errorAt(s.columns[i], msg, hint, cause)
}

func (s *Statement) errorAt(position int, msg, hint string, cause error) *sqlfile.Error {
	if s.text == nil {
		// A statement that was built, not parsed, stands nowhere.
		return &sqlfile.Error{Msg: msg, Hint: hint, Err: cause}
	}
	return s.text.ErrorAt(position, msg, hint, cause)
}

// ParseText reads a COPY statement that stands in no file; a semicolon may end it.
func ParseText(sql string) (*Statement, error) {
	return Parse(sqlfile.Plain("", sql))
}

// Parse reads a COPY statement whose variables are filled in. Every error is an *sqlfile.Error with
// its position. A missing authorization is no error, since dwh needs none where it copies itself.
func Parse(x sqlfile.Expanded) (*Statement, error) {
	p := parser{statement: &Statement{text: &x}, text: x}
	for _, t := range sqlfile.Tokens(x.SQL) {
		if t.Kind != sqlfile.KindComment && t.Kind != sqlfile.KindMarker {
			p.tokens = append(p.tokens, t)
		}
	}
	if err := p.parse(); err != nil {
		return nil, err
	}
	return p.statement, nil
}

// character returns the 1-based character position of a byte offset.
func character(sql string, offset int) int {
	return utf8.RuneCountInString(sql[:offset]) + 1
}

// sprintQuoted shows a word of the statement in a message, cut when it is long.
func sprintQuoted(text string) string {
	if utf8.RuneCountInString(text) > 40 {
		text = string([]rune(text)[:40]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
