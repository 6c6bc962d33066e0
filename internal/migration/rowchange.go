package migration

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// rowChange is what SQL does to the rows of a table.
type rowChange struct {
	table string
	adds  bool // it only adds rows
}

var semicolon = sqlfile.Token{Kind: sqlfile.KindSemicolon, Text: ";"}

// wordsOf are the tokens of SQL without comments. Those of the bodies of functions and of DO stand
// in the place of the body. literals has those of every string literal stand there too.
func wordsOf(sql string, literals bool) []sqlfile.Token {
	var out []sqlfile.Token
	for _, token := range sqlfile.Tokens(sql) {
		body := len(out) > 0 && (out[len(out)-1].Is("as") || out[len(out)-1].Is("do"))
		switch {
		case token.Kind == sqlfile.KindComment, token.Kind == sqlfile.KindMarker:
		case token.Kind == sqlfile.KindDollarString, token.Kind == sqlfile.KindString && (literals || body):
			out = append(out, wordsOf(token.Value(), literals)...)
		default:
			out = append(out, token)
		}
	}
	return out
}

// rowChanges are the changes of rows that words spell out, wherever in a statement.
func rowChanges(words []sqlfile.Token) []rowChange {
	var out []rowChange
	add := func(adds bool, tables ...string) {
		for _, table := range tables {
			out = append(out, rowChange{table, adds})
		}
	}
	var inserted []string // the table of the last INSERT
	for i, word := range words {
		rest := words[i+1:]
		switch {
		case word.Is("insert"), word.Is("copy"):
			inserted = targets(rest)
			add(true, inserted...)
		case word.Is("update") && i > 0 && words[i-1].Is("do"): // ON CONFLICT DO UPDATE
			add(false, inserted...)
		case word.Is("update"), word.Is("delete"), word.Is("merge"), word.Is("truncate"):
			add(false, targets(rest)...)
		case word.Is("table") && i > 0 && words[i-1].Is("alter") && rewrites(statementOf(rest)):
			add(false, targets(rest)...)
		case word.Is("append"): // ALTER TABLE a APPEND FROM b takes the rows out of b
			add(false, targets(rest)...)
		}
	}
	return out
}

// rewrites tells whether what stands behind ALTER TABLE gives columns other values, or brings rows
// or takes them away.
func rewrites(words []sqlfile.Token) bool {
	typed, computed := false, false
	for i, word := range words {
		switch {
		case word.Is("attach"), word.Is("detach"), word.Is("append"), word.Is("expression"):
			return true
		case word.Is("using"), word.Is("collate"):
			computed = true
		case word.Is("type") && i > 2: // ALTER [COLUMN] name [SET DATA] TYPE
			typed = typed || words[i-1].Is("data") || words[i-2].Is("alter") ||
				words[i-2].Is("column") && words[i-3].Is("alter")
		}
	}
	return typed && computed
}

// statementOf are the words up to the first semicolon.
func statementOf(words []sqlfile.Token) []sqlfile.Token {
	end := slices.IndexFunc(words, func(t sqlfile.Token) bool { return t.Kind == sqlfile.KindSemicolon })
	if end < 0 {
		return words
	}
	return words[:end]
}

// fillers are the words that may stand between a verb and the name that it is about.
var fillers = []string{"into", "from", "table", "only", "overwrite", "if", "not", "exists"}

// composes tells whether words put statements together as they run: EXECUTE, but not EXECUTE
// FUNCTION of a trigger, and not the privilege.
func composes(words []sqlfile.Token) bool {
	for i, word := range words {
		if word.Is("execute") && !(i+1 < len(words) &&
			slices.ContainsFunc([]string{"function", "procedure", "on"}, words[i+1].Is)) {
			return true
		}
	}
	return false
}

// targets are the names at the start of words, in lower case and without their schemas: one, or a
// list with commas.
func targets(words []sqlfile.Token) []string {
	var out []string
	for {
		for len(words) > 0 && slices.ContainsFunc(fillers, words[0].Is) {
			words = words[1:]
		}
		if len(words) > 2 && words[1].Text == "." {
			words = words[2:]
		}
		if len(words) == 0 || words[0].Kind != sqlfile.KindWord && words[0].Kind != sqlfile.KindQuotedIdent {
			return out
		}
		out = append(out, strings.ToLower(words[0].Value()))
		if len(words) < 2 || words[1].Text != "," {
			return out
		}
		words = words[2:]
	}
}

// changedRoutines are the functions, aggregates and procedures that words create, change or drop.
func changedRoutines(words []sqlfile.Token) []string {
	var out []string
	verbs := []string{"create", "replace", "alter", "drop", "external"}
	for i, word := range words[:max(0, len(words)-1)] {
		kind := word.Is("function") || word.Is("aggregate") || word.Is("procedure")
		if !kind || i == 0 || !slices.ContainsFunc(verbs, words[i-1].Is) {
			continue
		}
		out = append(out, targets(words[i+1:])...)
		rest := statementOf(words[i+1:])
		for j := range rest[:max(0, len(rest)-1)] {
			if words[i-1].Is("alter") && rest[j].Is("rename") && rest[j+1].Is("to") {
				out = append(out, targets(rest[j+2:])...)
			}
		}
	}
	return out
}
