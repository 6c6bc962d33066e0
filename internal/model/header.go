package model

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Header is what the comment at the top of a model's file declares.
type Header struct {
	Description string      // what one row is
	Key         []string    // what identifies a row; empty: the rows are a bag
	Pick        []Order     // of several rows with one key the first counts
	From        []From      // the lines of `from:`; empty without one
	Refers      []Reference // the lines of `refers:`
	Script      bool        // the file runs as it stands
	Reads       []string    // relations that a script reads
	Writes      []string    // tables that a script writes

	keyAt, pickAt place
}

// An Order is one column of `pick:`. NULL is last in either direction.
type Order struct {
	Column string // the name of the column
	Desc   bool   // the largest value comes first
}

// A From is one relation that a model computes its rows from.
type From struct {
	Relation string // the name of the relation, such as s_order
	By       []Pair // the columns of a group; empty: row by row
	Joins    []Join // the lookups that its rows match

	at place
}

// A Pair equates a column of one relation with a column of another.
type Pair struct {
	// of `from:`, a column of the relation; of `joins:` and `refers:`, a column of the lookup
	There string
	// of `from:` and `refers:`, a column of the model; of `joins:`, of the relation above
	Here string
}

// A Join is a lookup.
type Join struct {
	Relation string // the name of the lookup, such as d_customer
	By       []Pair // empty: every row matches all of the lookup
	Left     bool   // it says "left joins:": it decides neither rows, nor keys, nor the pick

	at place
}

// A Reference says that the values of columns exist in a table.
type Reference struct {
	Table string // the table that holds the values
	// By pairs columns of the table with columns of the model. There is "" where the line does not
	// name the table's column.
	By   []Pair
	Warn bool // a value that the table lacks is a warning and no error

	at place
}

// Columns are the model's columns that refer.
func (r Reference) Columns() []string { return hereOf(r.By) }

// A place is a position in a file, from 1.
type place struct{ line, column int }

// headerWords are the lines that a model's header may have.
var headerWords = []string{"key", "pick", "from", "joins", "left joins", "refers", "reads", "writes"}

var (
	wordLine     = regexp.MustCompile(`^--\s{0,2}([A-Za-z_][A-Za-z0-9_]*(?: joins)?)\s*:\s*(.*?)\s*$`)
	moreLine     = regexp.MustCompile(`^--\s{3,}(\S.*?)\s*$`)
	scriptLine   = regexp.MustCompile(`^--\s*script\s*$`)
	columnName   = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
	bySeparator  = regexp.MustCompile(`\s+by\s+`)
	asSeparator  = regexp.MustCompile(`\s+as\s+`)
	warnReminder = regexp.MustCompile(`\s*\(warn\)\s*$`)
)

// A line is one line of a header with those that continue it.
type line struct {
	word, value string
	at          place
}

// parseHeader reads the header of the model that a file of this name holds. An error is a
// *sqlfile.Error.
func parseHeader(file *sqlfile.File, name string) (Header, error) {
	var h Header
	lines, err := headerLines(file, name)
	if err != nil {
		return h, err
	}
	for i, l := range lines {
		fail := func(msg, hint string) error { return file.ErrorAt(l.at.line, l.at.column, msg, hint, nil) }
		switch l.word {
		case "":
			h.Description = l.value
		case "script":
			h.Script = true
		case "key":
			if h.Key != nil {
				return h, fail("key: is given twice", "remove one of the two lines")
			}
			if h.Key, err = names(l.value); err != nil {
				return h, fail("key: "+err.Error(), "write -- key: a, b")
			}
			h.keyAt = l.at
		case "pick":
			if h.Pick != nil {
				return h, fail("pick: is given twice", "remove one of the two lines")
			}
			if h.Pick, err = orders(l.value); err != nil {
				return h, fail("pick: "+err.Error(), "write -- pick: a DESC, b")
			}
			h.pickAt = l.at
		case "from":
			relation, by, err := relationBy(l.value, asSeparator)
			if err != nil {
				return h, fail("from: "+err.Error(), "write -- from: relation, or -- from: relation by x as a, b")
			}
			h.From = append(h.From, From{Relation: relation, By: by, at: l.at})
		case "joins", "left joins":
			if len(h.From) == 0 {
				return h, fail(l.word+": comes before the first "+
					"from:", "a model without from: needs no joins:; to compute the model in parts, write -- from: "+
					"first")
			}
			relation, by, err := relationBy(l.value, regexp.MustCompile(`\s*=\s*`))
			if err != nil {
				return h, fail(l.word+": "+err.Error(), "write -- "+l.word+": lookup by a, b = c")
			}
			from := &h.From[len(h.From)-1]
			from.Joins = append(from.Joins, Join{Relation: relation, By: by, Left: l.word == "left joins", at: l.at})
		case "refers":
			references, err := references(l.value)
			if err != nil {
				return h, fail("refers: "+err.Error(), "write -- refers: d_x by a, d_y by b")
			}
			for _, r := range references {
				r.at = l.at
				if slices.ContainsFunc(h.Refers, r.same) {
					twice := r.Table + " by " + strings.Join(r.Columns(), ", ")
					return h, fail("refers: "+twice+" is given twice", "remove one of the two")
				}
				h.Refers = append(h.Refers, r)
			}
		case "reads":
			h.Reads = append(h.Reads, list(l.value)...)
		case "writes":
			h.Writes = append(h.Writes, list(l.value)...)
		default:
			return h, unknownWord(file, l, i)
		}
	}
	for _, l := range lines {
		if !h.Script && (l.word == "reads" || l.word == "writes") {
			return h, file.ErrorAt(l.at.line, l.at.column, l.word+": is not needed, because dwh reads the SELECT",
				"remove the line; only a script, with the line -- script, needs it", nil)
		}
		if h.Script && l.word != "" && l.word != "script" && l.word != "reads" && l.word != "writes" {
			return h, file.ErrorAt(l.at.line, l.at.column, "a script has no "+l.word+":",
				"remove this line, or the line -- script", nil)
		}
	}
	return h, nil
}

// headerLines cuts the comment at the top of a file into its lines. The first has the word "".
func headerLines(file *sqlfile.File, name string) ([]line, error) {
	var lines []line
	for i, comment := range file.HeaderLines() {
		at := place{comment.Line, comment.Column}
		fail := func(msg, hint string) error { return file.ErrorAt(at.line, at.column, msg, hint, nil) }
		text := comment.Text
		if i == 0 {
			match := wordLine.FindStringSubmatch(text)
			if match == nil || match[1] != name || match[2] == "" {
				return nil, fail(fmt.Sprintf("the first line must say what one row of %s is", name),
					fmt.Sprintf("begin the file with -- %s: one row per ...", name))
			}
			lines = append(lines, line{value: match[2], at: at})
			continue
		}
		if scriptLine.MatchString(text) {
			lines = append(lines, line{word: "script", at: at})
			continue
		}
		if match := moreLine.FindStringSubmatch(text); match != nil {
			last := &lines[len(lines)-1]
			last.value += " " + match[1]
			continue
		}
		match := wordLine.FindStringSubmatch(text)
		if match == nil {
			if msg, hint, ok := misspelt(text); ok {
				return nil, fail(msg, hint)
			}
			return nil, fail("this comment is inside the header",
				"put an empty line before the comment; to continue a value on the next line, begin with -- and "+
					"three blanks")
		}
		lines = append(lines, line{word: strings.ToLower(match[1]), value: match[2], at: at})
	}
	if len(lines) == 0 {
		return nil, file.ErrorAt(1, 1, "the file has no header",
			fmt.Sprintf("begin it with -- %s: one row per ...", name), nil)
	}
	return lines, nil
}

// unknownWord is the error about a word that no header has.
func unknownWord(file *sqlfile.File, l line, i int) error {
	hint := "the lines are: " + strings.Join(
		headerWords[:6], ", ",
	) + "; for a comment, put an empty line before it"
	best := 3
	for _, known := range headerWords {
		if d := levenshtein.ComputeDistance(l.word, known); d < best {
			best, hint = d, fmt.Sprintf("did you mean %q?", known+":")
		}
	}
	if i == 1 && best == 3 {
		hint += "; to continue the description on the next line, begin with -- and three blanks"
	}
	return file.ErrorAt(l.at.line, l.at.column, fmt.Sprintf("unknown word %q in the header", l.word+":"), hint, nil)
}
