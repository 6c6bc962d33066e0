package copystmt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/sqlfile"
)

type parser struct {
	statement *Statement
	text      sqlfile.Expanded
	tokens    []sqlfile.Token
	next      int
}

// peek returns the token that is read next; at the end it is one without kind, behind the text.
func (p *parser) peek() sqlfile.Token {
	if p.next < len(p.tokens) {
		return p.tokens[p.next]
	}
	return sqlfile.Token{Start: len(p.text.SQL), End: len(p.text.SQL)}
}

func (p *parser) take() sqlfile.Token {
	t := p.peek()
	if p.next < len(p.tokens) {
		p.next++
	}
	return t
}

// accept takes the next token if it is that word.
func (p *parser) accept(word string) bool {
	if p.peek().Is(word) {
		p.next++
		return true
	}
	return false
}

func (p *parser) acceptOp(op string) bool {
	if t := p.peek(); t.Kind == sqlfile.KindOp && t.Text == op {
		p.next++
		return true
	}
	return false
}

func (p *parser) errorAt(t sqlfile.Token, msg, hint string) error {
	return p.text.ErrorAt(character(p.text.SQL, t.Start), msg, hint, nil)
}

// describe names a token in a message. Literals are not shown: they may be secrets.
func describe(t sqlfile.Token) string {
	switch t.Kind {
	case 0:
		return "the end of the statement"
	case sqlfile.KindString:
		if t.Text[0] != '\'' {
			return t.Text[:1] + "'…'"
		}
		return "a string literal"
	case sqlfile.KindDollarString:
		return "a dollar quote"
	default:
		return sprintQuoted(t.Text)
	}
}

func (p *parser) parse() error {
	s := p.statement
	if t := p.peek(); !p.accept("COPY") {
		return p.errorAt(
			t, "expected COPY, not "+describe(t),
			"write COPY table (column, …) FROM 's3://bucket/prefix' …",
		)
	}
	if err := p.table(); err != nil {
		return err
	}
	if err := p.columnList(); err != nil {
		return err
	}
	from := p.peek()
	if !p.accept("FROM") {
		return p.errorAt(
			from, "expected FROM, not "+describe(from),
			"write COPY table (column, …) FROM 's3://bucket/prefix' …",
		)
	}
	p.mark("FROM", from)
	var err error
	if s.From, err = p.nonEmpty(
		"FROM",
		"give the data's URL or path in quotes: FROM 's3://bucket/prefix', or FROM :'orders' with a variable",
	); err != nil {
		return err
	}
	for {
		t := p.peek()
		if t.Kind == 0 {
			break
		}
		if t.Kind == sqlfile.KindSemicolon {
			p.take()
			if rest := p.peek(); rest.Kind != 0 {
				return p.errorAt(rest, "text after the COPY statement's semicolon", "write one statement only")
			}
			break
		}
		if err := p.option(); err != nil {
			return err
		}
	}
	p.defaults()
	return p.check()
}

// mark records where an option stands.
func (p *parser) mark(option string, t sqlfile.Token) {
	p.statement.clauses = append(p.statement.clauses, clause{option, character(p.text.SQL, t.Start)})
}

func (p *parser) table() error {
	s := p.statement
	first := p.peek()
	p.mark("TABLE", first)
	name, err := p.name("a table name after COPY")
	if err != nil {
		return err
	}
	s.Name = name
	if p.acceptOp(".") {
		if s.Name, err = p.name("a table name after the schema's name"); err != nil {
			return err
		}
		s.Schema = name
	}
	if t := p.peek(); t.Kind == sqlfile.KindOp && t.Text == "." {
		return p.errorAt(
			t, "a table name has at most two parts",
			"write table or schema.table: COPY loads into the database it is connected to",
		)
	}
	s.Table = ident(s.Name)
	if s.Schema != "" {
		s.Table = ident(s.Schema) + "." + s.Table
	}
	return nil
}

func (p *parser) columnList() error {
	s := p.statement
	open := p.peek()
	if !p.acceptOp("(") {
		return nil
	}
	for {
		t := p.peek()
		name, err := p.name("a column name")
		if err != nil {
			return err
		}
		if slices.Contains(s.Columns, name) {
			return p.errorAt(t, fmt.Sprintf("column %s is listed twice", name), "list each column once")
		}
		s.Columns = append(s.Columns, name)
		s.columns = append(s.columns, character(p.text.SQL, t.Start))
		if p.acceptOp(")") {
			return nil
		}
		if t := p.peek(); !p.acceptOp(",") {
			if t.Kind == 0 || t.Is("FROM") {
				return p.errorAt(open, "the column list is never closed", "add ) after the last column")
			}
			return p.errorAt(
				t, "expected a comma or ) in the column list, not "+describe(t),
				"write (column, column, …)",
			)
		}
	}
}

// name reads an identifier. Unquoted names fold to lower case.
func (p *parser) name(what string) (string, error) {
	t := p.take()
	switch {
	case t.Unclosed:
		return "", p.errorAt(t, "quoted identifier is never closed", `add the closing "`)
	case t.Kind == sqlfile.KindQuotedIdent && t.Value() != "":
		return t.Value(), nil
	case t.Kind == sqlfile.KindWord && !t.Is("FROM"):
		return foldASCII(t.Text), nil
	}
	return "", p.errorAt(
		t, fmt.Sprintf("expected %s, not %s", what, describe(t)),
		"write COPY table (column, …) FROM 's3://bucket/prefix' …",
	)
}

func foldASCII(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

// str reads the string argument of an option.
func (p *parser) str(option, hint string) (string, error) {
	t := p.take()
	switch {
	case t.Unclosed:
		return "", p.errorAt(
			t, "string literal is never closed",
			"add the closing '; inside the text a quote is written ''",
		)
	case t.Kind == sqlfile.KindVariable:
		return "", p.errorAt(t, fmt.Sprintf("variable %s has no value", t.Text), "give it a value in the configuration")
	case (t.Kind != sqlfile.KindString || t.Text[0] != '\'') && isSecret(option):
		// What stands here may be the secret, its quotes forgotten: it is shown nowhere.
		fault := p.text.ErrorAt(character(p.text.SQL, t.Start), option+" needs a string in single quotes", hint, nil)
		fault.Source = ""
		return "", fault
	case t.Kind != sqlfile.KindString || t.Text[0] != '\'':
		// Redshift knows neither E'…' nor dollar quotes here.
		return "", p.errorAt(t, fmt.Sprintf("%s needs a string in single quotes, not %s", option, describe(t)), hint)
	}
	return p.value(t), nil
}

func isSecret(option string) bool {
	switch option {
	case "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "MASTER_SYMMETRIC_KEY":
		return true
	}
	return false
}

// nonEmpty reads the string argument of an option for which ” makes no sense.
func (p *parser) nonEmpty(option, hint string) (string, error) {
	t := p.peek()
	text, err := p.str(option, hint)
	if err == nil && text == "" {
		err = p.errorAt(t, option+" is empty", hint)
	}
	return text, err
}

// value undoes the doubling of backslashes that Redshift's literals need.
func (p *parser) value(t sqlfile.Token) string {
	if p.text.Engine() == sqlfile.Redshift {
		return strings.ReplaceAll(t.Value(), `\\`, `\`)
	}
	return t.Value()
}

// number reads the whole-number argument of an option.
func (p *parser) number(option string, low, high int) (int, error) {
	t := p.take()
	hint := fmt.Sprintf("write %s n, n from %d to %d", option, low, high)
	if t.Kind == sqlfile.KindOp && t.Text == "-" && p.peek().Kind == sqlfile.KindNumber {
		return 0, p.errorAt(t, fmt.Sprintf("%s -%s is out of range", option, p.peek().Text), hint)
	}
	if t.Kind != sqlfile.KindNumber || strings.Trim(t.Text, "0123456789") != "" {
		return 0, p.errorAt(t, fmt.Sprintf("%s needs a whole number, not %s", option, describe(t)), hint)
	}
	n, err := strconv.Atoi(t.Text)
	if err != nil || n < low || n > high {
		return 0, p.errorAt(t, fmt.Sprintf("%s %s is out of range", option, t.Text), hint)
	}
	return n, nil
}

// ascii reads an argument that is a single ASCII character other than NUL.
func (p *parser) ascii(option string) (byte, error) {
	t := p.peek()
	text, err := p.str(option, fmt.Sprintf("write %s AS 'c' with one ASCII character", option))
	if err != nil {
		return 0, err
	}
	if len(text) != 1 || text[0] == 0 || text[0] >= utf8.RuneSelf {
		return 0, p.errorAt(
			t, option+" needs a single ASCII character",
			fmt.Sprintf("write %s AS 'c' with one ASCII character", option),
		)
	}
	return text[0], nil
}

// toggle reads the optional argument of COMPUPDATE and STATUPDATE.
func (p *parser) toggle(preset bool) Switch {
	switch {
	case p.accept("OFF") || p.accept("FALSE"):
		return Off
	case preset && p.accept("PRESET"):
		return Preset
	}
	_ = p.accept("ON") || p.accept("TRUE")
	return On
}
