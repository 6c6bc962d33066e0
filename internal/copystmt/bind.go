package copystmt

import (
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Bind fills in the variables of a COPY statement, with two rules beyond those of Statement.Expand:
//
//   - IAM_ROLE :'iam_role' becomes the bare keyword default when the value is "default" or empty, or
//     when the variable is not defined; any other value is a quoted literal.
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
			edits = append(edits, sqlfile.Edit{Start: tokens[before].Start, End: v.End, Text: blank(s.SQL()[tokens[before].Start:v.End])})
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

// Source returns the name of the variable in FROM; false when FROM holds a literal or the statement
// is no COPY.
func Source(s sqlfile.Statement) (variable string, ok bool) {
	if s.Keyword() != "COPY" {
		return "", false
	}
	depth := 0
	tokens := code(s.SQL())
	for i, t := range tokens {
		switch {
		case t.Kind == sqlfile.KindOp && t.Text == "(":
			depth++
		case t.Kind == sqlfile.KindOp && t.Text == ")":
			depth--
		case depth == 0 && t.Is("FROM"):
			if i+1 < len(tokens) && tokens[i+1].Kind == sqlfile.KindVariable && tokens[i+1].Text[1] == '\'' {
				return tokens[i+1].Value(), true
			}
			return "", false
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
