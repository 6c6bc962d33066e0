package transform

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/schema"
)

// value is what is looked for in the texts of refused records.
type value struct {
	text   string
	number *big.Rat // nil where the column holds no numbers
}

func newValue(text string, column schema.Column) value {
	v := value{text: strings.TrimSpace(text)}
	switch base, _, _ := strings.Cut(column.Type, "("); base {
	case "smallint", "integer", "bigint", "numeric", "real", "double precision":
		if n, ok := number(v.text); ok {
			v.number = n
		}
	}
	return v
}

var decimal = regexp.MustCompile(`^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?$`)

// number reads a decimal number.
func number(text string) (*big.Rat, bool) {
	if !decimal.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// in tells whether a record's text holds the value as a whole field or token: next to it stands
// neither a letter nor a digit, nor a sign such as a point that joins it to one.
func (v value) in(text string) bool {
	if v.text == "" {
		return false
	}
	if v.holds(text) {
		return true
	}
	if plain := unescaped(text); plain != text {
		return v.holds(plain)
	}
	return false
}

func (v value) holds(text string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], v.text)
		if i < 0 {
			break
		}
		start, end := at+i, at+i+len(v.text)
		if !joinsBefore(text[:start]) && !joinsAfter(text[end:]) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[start:])
		at = start + size
	}
	if v.number == nil {
		return false
	}
	for _, span := range numbers.FindAllStringIndex(text, -1) {
		if joinsBefore(text[:span[0]]) || joinsAfter(text[span[1]:]) {
			continue
		}
		if n, ok := number(text[span[0]:span[1]]); ok && n.Cmp(v.number) == 0 {
			return true
		}
	}
	return false
}

var numbers = regexp.MustCompile(`[-+]?\d+(\.\d+)?([eE][-+]?\d{1,3})?`)

func word(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_'
}

func joint(r rune) bool { return strings.ContainsRune(".-+@", r) }

// joinsBefore tells whether what stands before a place is part of the same token.
func joinsBefore(text string) bool {
	last, size := utf8.DecodeLastRuneInString(text)
	if size > 0 && joint(last) {
		last, size = utf8.DecodeLastRuneInString(text[:len(text)-size])
	}
	return size > 0 && word(last)
}

func joinsAfter(text string) bool {
	first, size := utf8.DecodeRuneInString(text)
	if size > 0 && joint(first) {
		first, size = utf8.DecodeRuneInString(text[size:])
	}
	return size > 0 && word(first)
}

var escapes = regexp.MustCompile(`\\(u[0-9a-fA-F]{4}(\\u[0-9a-fA-F]{4})?|["\\/])|""`)

// unescaped resolves what JSON and CSV write for other characters.
func unescaped(text string) string {
	if !strings.Contains(text, `\`) && !strings.Contains(text, `""`) {
		return text
	}
	return escapes.ReplaceAllStringFunc(text, func(found string) string {
		if found == `""` {
			return `"`
		}
		var out string
		if json.Unmarshal([]byte(`"`+found+`"`), &out) != nil {
			return found
		}
		return out
	})
}
