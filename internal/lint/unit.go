package lint

import (
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// unit is one statement, or the body of a SQL function, as tokens without comments.
type unit struct {
	document *document
	tokens   []sqlfile.Token
	pair     []int // index of the bracket that belongs to a bracket, -1 for others
	// index of the bracket that opens the innermost group a token stands in, -1 at the top
	up []int

	with    bool   // it begins with WITH
	verb    string // SELECT, INSERT, CREATE TABLE, DROP INDEX: what it does, in upper case
	verbAt  int    // index of the verb's first word
	name    int    // index of the first token of the name that a CREATE, ALTER or DROP is about
	temp    bool   // CREATE TEMP
	partly  bool   // CREATE … IF NOT EXISTS, DROP … IF EXISTS, ALTER … IF EXISTS
	options []int  // indexes of UNLOGGED, RECURSIVE and their like between CREATE and its noun
	body    bool   // the body of a function

	columns []column
}

// column is the definition of one in CREATE TABLE or ALTER TABLE … ADD.
type column struct {
	name int // index of its name
	typ  int // index of its type, -1 when it has none
	end  int // index behind its last token
}

func newUnit(d *document, tokens []sqlfile.Token) *unit {
	if d.kind == Query {
		tokens = foldParameters(tokens)
	}
	u := &unit{document: d, tokens: tokens, pair: make([]int, len(tokens)), up: make([]int, len(tokens)), name: -1}
	var open []int
	for i := range tokens {
		u.pair[i], u.up[i] = -1, -1
		if u.is(i, ")") || u.is(i, "]") {
			if n := len(open); n > 0 {
				u.pair[i], u.pair[open[n-1]] = open[n-1], i
				open = open[:n-1]
			}
		}
		if n := len(open); n > 0 {
			u.up[i] = open[n-1]
		}
		if u.is(i, "(") || u.is(i, "[") {
			open = append(open, i)
		}
	}
	u.parseVerb()
	u.columns = u.parseColumns()
	return u
}

// foldParameters makes one token of each parameter as sqlc writes it: sqlc.arg(name),
// sqlc.narg('name'), @name. The names in them are Go's, not the database's.
func foldParameters(tokens []sqlfile.Token) []sqlfile.Token {
	folded := make([]sqlfile.Token, 0, len(tokens))
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		last := -1
		switch {
		case t.Is(
			"sqlc",
		) && i+5 < len(tokens) && tokens[i+1].Text == "." && tokens[i+3].Text == "(" && tokens[i+5].Text == ")":
			last = i + 5
		case t.Kind == sqlfile.KindOp && strings.HasSuffix(t.Text, "@") && i+1 < len(tokens) &&
			tokens[i+1].Kind == sqlfile.KindWord && tokens[i+1].Start == t.End:
			if before := strings.TrimSuffix(t.Text, "@"); before != "" {
				op := t
				op.Text, op.End = before, t.End-1
				folded = append(folded, op)
				t.Start, t.Column = op.End, t.Column+len(before)
			}
			last = i + 1
		}
		if last < 0 {
			folded = append(folded, t)
			continue
		}
		t.Kind, t.Text, t.End = sqlfile.KindParam, "$1", tokens[last].End
		folded = append(folded, t)
		i = last
	}
	return folded
}

// is reports whether the tokens from i on are these words, in whatever case, and operators.
func (u *unit) is(i int, texts ...string) bool {
	if i < 0 || i+len(texts) > len(u.tokens) {
		return false
	}
	for n, text := range texts {
		// Every rule asks this of every token: the length tells most of them apart.
		t := &u.tokens[i+n]
		if len(t.Text) != len(text) {
			return false
		}
		switch t.Kind {
		case sqlfile.KindWord:
			if !strings.EqualFold(t.Text, text) {
				return false
			}
		case sqlfile.KindOp:
			if t.Text != text {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// any reports whether token i is one of these words or operators.
func (u *unit) any(i int, texts ...string) bool {
	for _, text := range texts {
		if u.is(i, text) {
			return true
		}
	}
	return false
}

// keyword is like is for words that are no part of a qualified name and no alias.
func (u *unit) keyword(i int, words ...string) bool {
	return u.is(i, words...) && !u.is(i-1, ".") && !u.is(i+len(words), ".") && !u.is(i-1, "AS")
}

// word returns token i in upper case if it is an unquoted word, else "".
func (u *unit) word(i int) string {
	if i < 0 || i >= len(u.tokens) || u.tokens[i].Kind != sqlfile.KindWord {
		return ""
	}
	return strings.ToUpper(u.tokens[i].Text)
}

// kind returns what token i is, 0 outside the statement.
func (u *unit) kind(i int) sqlfile.Kind {
	if i < 0 || i >= len(u.tokens) {
		return 0
	}
	return u.tokens[i].Kind
}

// named reports whether token i can be a name: a word, a quoted identifier or a variable :"x".
func (u *unit) named(i int) bool {
	switch u.kind(i) {
	case sqlfile.KindWord, sqlfile.KindQuotedIdent:
		return true
	case sqlfile.KindVariable:
		return u.tokens[i].Text[1] == '"'
	default:
		return false
	}
}

// skipName returns the index behind the name, qualified or not, that begins at i.
func (u *unit) skipName(i int) int {
	if !u.named(i) {
		return i
	}
	for u.is(i+1, ".") && u.named(i+2) {
		i += 2
	}
	return i + 1
}

// last returns the index of the last part of the name that begins at i.
func (u *unit) last(i int) int { return max(i, u.skipName(i)-1) }

// close returns the index of the bracket that closes the one at i, or the number of tokens.
func (u *unit) close(i int) int {
	if i < 0 || i >= len(u.tokens) || u.pair[i] < 0 {
		return len(u.tokens)
	}
	return u.pair[i]
}

// end returns the index at which the group that token i stands in ends.
func (u *unit) end(i int) int { return u.close(u.up[i]) }

// next returns the index of the next of these words that stands in the same group as i, from i on
// and before end; -1 when there is none.
func (u *unit) next(i, end int, words ...string) int {
	if i >= len(u.tokens) {
		return -1
	}
	for group := u.up[i]; i < end && i < len(u.tokens); i++ {
		if u.up[i] == group && u.any(i, words...) {
			return i
		}
	}
	return -1
}

// items cuts the tokens between the brackets open and close at the commas of that group.
func (u *unit) items(open, close int) [][2]int {
	var items [][2]int
	start := open + 1
	for i := start; i < close; i++ {
		if u.up[i] == open && u.is(i, ",") {
			items = append(items, [2]int{start, i})
			start = i + 1
		}
	}
	if start < close {
		items = append(items, [2]int{start, close})
	}
	return items
}

// text returns the tokens from i to before end as the file has them, blanks squeezed, for messages.
func (u *unit) text(i, end int) string {
	var b strings.Builder
	for n := i; n < end && n < len(u.tokens); n++ {
		if n > i && u.tokens[n].Start > u.tokens[n-1].End {
			b.WriteByte(' ')
		}
		b.WriteString(u.tokens[n].Text)
	}
	return b.String()
}

// marked says whether only Redshift sees token i.
func (u *unit) marked(i int) bool { return u.document.marked(u.tokens[i]) }

// modifiers may stand between CREATE and the noun that says what is created.
var modifiers = []string{
	"OR", "REPLACE", "GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED", "UNIQUE", "RECURSIVE",
	"TRUSTED", "PROCEDURAL", "CONSTRAINT", "DEFAULT",
}

// parseVerb finds out what the statement does.
func (u *unit) parseVerb() {
	i := 0
	for u.is(i, "(") {
		i++
	}
	if i == len(u.tokens) {
		return
	}
	u.verbAt, u.verb = i, u.word(i)
	switch u.verb {
	case "WITH":
		u.with = true
		if at := u.next(i, len(u.tokens), "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE"); at >= 0 {
			u.verbAt, u.verb = at, u.word(at)
		}
	case "CREATE":
		i++
		for ; u.any(i, modifiers...); i++ {
			if u.any(i, "TEMP", "TEMPORARY") {
				u.temp = true
			}
			if u.any(i, "UNLOGGED", "RECURSIVE", "UNIQUE") {
				u.options = append(u.options, i)
			}
		}
		u.noun(i)
	case "DROP", "ALTER", "REINDEX", "REFRESH":
		u.noun(i + 1)
	case "COMMENT":
		if u.is(i+1, "ON") {
			u.verb = "COMMENT ON " + u.word(i+2)
		}
	case "ROLLBACK":
		if u.is(i+1, "TO") || u.is(i+2, "TO") {
			u.verb = "ROLLBACK TO"
		}
	}
}

// noun completes the verb with what it is done to, and finds the name.
func (u *unit) noun(i int) {
	u.verb += " " + u.word(i)
	if u.any(i, "MATERIALIZED", "EXTERNAL", "FOREIGN", "EVENT", "ACCESS", "TEXT") {
		i++
		u.verb += " " + u.word(i)
	}
	i++
	if u.is(i, "CONCURRENTLY") {
		i++
	}
	if u.is(i, "IF", "NOT", "EXISTS") {
		u.partly = true
		i += 3
	} else if u.is(i, "IF", "EXISTS") {
		u.partly = true
		i += 2
	}
	if u.is(i, "ONLY") {
		i++
	}
	if u.named(i) {
		u.name = i
	}
}

// parseColumns returns the columns that a CREATE TABLE or an ALTER TABLE … ADD defines.
func (u *unit) parseColumns() []column {
	var columns []column
	switch {
	case u.name < 0:
	case u.verb == "CREATE TABLE":
		open := u.skipName(u.name)
		if !u.is(open, "(") {
			break
		}
		for _, item := range u.items(open, u.close(open)) {
			i := item[0]
			if u.any(i, "PRIMARY", "UNIQUE", "CONSTRAINT", "CHECK", "FOREIGN", "LIKE") ||
				u.is(i, "EXCLUDE") && u.any(i+1, "USING", "(") || !u.named(i) {
				continue
			}
			c := column{name: i, typ: -1, end: item[1]}
			if i+1 < item[1] {
				c.typ = i + 1
			}
			columns = append(columns, c)
		}
	case u.verb == "ALTER TABLE":
		for _, action := range u.actions() {
			if name := u.addedColumn(action); name >= 0 {
				columns = append(columns, column{name: name, typ: name + 1, end: action[1]})
			}
		}
	}
	return columns
}

// actions cuts what follows the name in ALTER TABLE at its commas.
func (u *unit) actions() [][2]int {
	var actions [][2]int
	start := u.skipName(u.name)
	for i := start; i <= len(u.tokens); i++ {
		if i == len(u.tokens) || u.up[i] < 0 && u.is(i, ",") {
			if start < i {
				actions = append(actions, [2]int{start, i})
			}
			start = i + 1
		}
	}
	return actions
}

// addedColumn returns the index of the name of the column that an action of ALTER TABLE adds, -1
// when it adds none.
func (u *unit) addedColumn(action [2]int) int {
	i := action[0]
	if !u.is(i, "ADD") {
		return -1
	}
	i++
	if u.any(i, "CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE") {
		return -1
	}
	if u.is(i, "COLUMN") {
		i++
	}
	if u.is(i, "IF", "NOT", "EXISTS") {
		i += 3
	}
	if !u.named(i) || i+1 >= action[1] {
		return -1
	}
	return i
}

// functionBody returns what a CREATE FUNCTION … LANGUAGE sql does as a unit of its own, nil for
// other statements.
func (u *unit) functionBody() *unit {
	if u.verb != "CREATE FUNCTION" {
		return nil
	}
	at := -1
	sql := false
	for i, t := range u.tokens {
		switch {
		case t.Kind == sqlfile.KindDollarString && u.is(i-1, "AS"):
			at = i
		case u.is(i, "LANGUAGE", "sql"):
			sql = true
		}
	}
	if at < 0 || !sql {
		return nil
	}
	dollar := u.tokens[at]
	tag := dollar.Text[:strings.IndexByte(dollar.Text[1:], '$')+2]
	start := after(place{dollar.Line, dollar.Column}, tag)
	var tokens []sqlfile.Token
	for _, t := range sqlfile.Tokens(dollar.Value()) {
		if t.Kind == sqlfile.KindComment || t.Kind == sqlfile.KindMarker || t.Kind == sqlfile.KindSemicolon {
			continue
		}
		if t.Line == 1 {
			t.Column += start.column - 1
		}
		t.Line += start.line - 1
		tokens = append(tokens, t)
	}
	if len(tokens) == 0 {
		return nil
	}
	body := newUnit(u.document, tokens)
	body.body = true
	return body
}
