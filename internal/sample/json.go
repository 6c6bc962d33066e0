package sample

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// spelling is how JSON text is written; the same value may be spelt in several
// ways, and a loader has to know them all.
type spelling struct {
	pretty bool // indented by four blanks, one key a line
	ascii  bool // other characters as \uXXXX, surrogate pairs included
	slash  bool // "/" as "\/"
}

// object appends one JSON object to a buffer, key by key.
type object struct {
	b     []byte
	how   spelling
	begun bool
}

func beginObject(b []byte, how spelling) object { return object{b: append(b, '{'), how: how} }

func (o *object) end() []byte {
	if o.how.pretty {
		o.b = append(o.b, '\n')
	}
	return append(o.b, '}')
}

func (o *object) key(name string) {
	if o.begun {
		o.b = append(o.b, ',')
	}
	o.begun = true
	if o.how.pretty {
		o.b = append(o.b, "\n    "...)
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, `":`...)
	if o.how.pretty {
		o.b = append(o.b, ' ')
	}
}

// raw writes a value that is JSON already.
func (o *object) raw(key, value string) { o.key(key); o.b = append(o.b, value...) }

func (o *object) null(key string) { o.raw(key, "null") }

func (o *object) text(key, value string) { o.key(key); o.b = appendText(o.b, value, o.how) }

func (o *object) integer(key string, value int64) {
	o.key(key)
	o.b = strconv.AppendInt(o.b, value, 10)
}

// decimal writes value/100000, as the fewest digits that say it.
func (o *object) decimal(key string, value int) {
	o.key(key)
	o.b = appendDecimal(o.b, value)
}

// decimalUnit is one in the fixed-point numbers of this package: durations and
// coordinates have five decimals.
const decimalUnit = 100_000

func appendDecimal(b []byte, value int) []byte {
	if value < 0 {
		b = append(b, '-')
		value = -value
	}
	b = strconv.AppendInt(b, int64(value/decimalUnit), 10)
	if value %= decimalUnit; value > 0 {
		b = append(b, '.')
		for unit := decimalUnit / 10; value > 0; unit /= 10 {
			b = append(b, byte('0'+value/unit))
			value %= unit
		}
	}
	return b
}

func appendText(b []byte, s string, how spelling) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"', c == '\\', c == '/' && how.slash:
			b = append(b, '\\', c)
		case c == '\t':
			b = append(b, `\t`...)
		case c < utf8.RuneSelf, !how.ascii:
			b = append(b, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
				b = appendUnit(appendUnit(b, high), low)
			} else {
				b = appendUnit(b, r)
			}
			i += size
			continue
		}
		i++
	}
	return append(b, '"')
}

// appendUnit appends \uXXXX.
func appendUnit(b []byte, unit rune) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[unit>>12&15], digits[unit>>8&15], digits[unit>>4&15], digits[unit&15])
}
