package copystmt

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Bind fills in the variables of a COPY statement, with two rules beyond those of Statement.Expand:
//
//   - IAM_ROLE :'iam_role' becomes the bare keyword default when the value is "default" or empty,
//     or when the variable is not defined; any other value is a quoted literal.
//   - REGION [AS] :'region' is blanked when the value is empty or the variable is not defined.
//
// A variable of another name in those places must be defined, so that a misspelt name is an error.
func Bind(s sqlfile.Statement, vars map[string]string) (sqlfile.Expanded, error) {
	variables := map[int]sqlfile.Variable{}
	for _, v := range s.Variables() {
		variables[v.Start] = v
	}
	tokens := code(s.SQL())
	var edits []sqlfile.Edit
	for i, t := range tokens {
		v, ok := variables[t.Start]
		if !ok {
			continue
		}
		value, defined := vars[v.Name]
		before := i - 1
		if before >= 0 && tokens[before].Is("AS") {
			before--
		}
		switch {
		case before < 0 || v.Quote != '\'':
		case tokens[before].Is("IAM_ROLE") && (value == "default" || value == "" && (defined || v.Name == "iam_role")):
			edits = append(edits, sqlfile.Edit{Start: v.Start, End: v.End, Text: "default"})
			continue
		case tokens[before].Is("REGION") && value == "" && (defined || v.Name == "region"):
			edits = append(
				edits,
				sqlfile.Edit{Start: tokens[before].Start, End: v.End, Text: blank(s.SQL()[tokens[before].Start:v.End])},
			)
			continue
		}
		edit, err := s.Fill(v, vars)
		if err != nil {
			return sqlfile.Expanded{}, err
		}
		edits = append(edits, edit)
	}
	return s.Replace(edits)
}

// A Place is what a COPY says about where something is: a variable or a literal.
type Place struct {
	Variable  string // its name, such as orders; "" of a literal
	Literal   string // the literal's value, such as s3://bucket/orders; "" of a variable
	JSONPaths bool   // it is the JSONPaths file; else the objects
	Offset    int    // in the statement's text, in bytes
}

// Places returns where a COPY says that its objects are, and its JSONPaths file where it names one.
// Nothing is returned of another statement.
func Places(s sqlfile.Statement) []Place {
	if s.Keyword() != "COPY" {
		return nil
	}
	var out []Place
	depth, from := 0, false
	tokens := code(s.SQL())
	for i, t := range tokens {
		next := i + 1
		switch {
		case t.Kind == sqlfile.KindOp && t.Text == "(":
			depth++
			continue
		case t.Kind == sqlfile.KindOp && t.Text == ")":
			depth--
			continue
		case depth > 0:
			continue
		case t.Is("FROM") && !from:
			from = true
		case (t.Is("JSON") || t.Is("AVRO")) && from:
			if next < len(tokens) && tokens[next].Is("AS") {
				next++
			}
		default:
			continue
		}
		if next >= len(tokens) {
			continue
		}
		place, named := Place{JSONPaths: !t.Is("FROM"), Offset: tokens[next].Start}, tokens[next]
		switch {
		case named.Kind == sqlfile.KindVariable && named.Text[1] == '\'':
			place.Variable = named.Value()
		case named.Kind == sqlfile.KindString && !(place.JSONPaths && isPathsKeyword(named.Value())):
			place.Literal = named.Value()
		default:
			continue
		}
		out = append(out, place)
	}
	return out
}

// isPathsKeyword tells whether the argument of JSON names no file: 'auto' and its like.
func isPathsKeyword(value string) bool {
	return slices.ContainsFunc([]string{PathsAuto, PathsAutoIgnoreCase, PathsNoShred}, func(keyword string) bool {
		return strings.EqualFold(value, keyword)
	})
}

// Source returns the name of the variable in FROM; false when FROM holds a literal or the statement
// is no COPY.
func Source(s sqlfile.Statement) (variable string, ok bool) {
	for _, place := range Places(s) {
		if !place.JSONPaths && place.Variable != "" {
			return place.Variable, true
		}
	}
	return "", false
}

// code returns the tokens without comments.
func code(sql string) []sqlfile.Token {
	var tokens []sqlfile.Token
	for _, t := range sqlfile.Tokens(sql) {
		if t.Kind != sqlfile.KindComment && t.Kind != sqlfile.KindMarker {
			tokens = append(tokens, t)
		}
	}
	return tokens
}

// blank returns as many blanks as the text has characters, its line breaks kept.
func blank(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return r
		}
		return ' '
	}, text)
}
