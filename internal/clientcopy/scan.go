package clientcopy

import (
	"encoding/binary"
	"math/bits"
)

// kind is what a value of a record is.
type kind uint8

const (
	missing   kind = iota // no such key, or a field that the line lacks
	null                  // JSON null, or a field equal to NULL AS
	text                  // a string: slot.start and end leave its quotes out
	number                // a JSON number, as its source token
	boolean               // true or false
	container             // an object or array, braces included
	nowhere               // the element of a root array that the record does not have: COPY fails
)

// Flags of a text slot: what must be done before its bytes can go out.
const (
	escaped   uint8 = 1 << iota // JSON: holds a backslash escape
	nonASCII                    // holds a byte of 0x80 and above: UTF-8 is still to be checked
	doubled                     // CSV: holds doubled quotes
	backslash                   // delimited text with ESCAPE: holds a backslash
	quoted                      // CSV: stood in quotes, so it never equals NULL AS
)

// slot is one value of the record at hand, as offsets into the bytes it was read from.
type slot struct {
	start, end int32
	kind       kind
	flags      uint8
}

// verdict says how scanning a value ended.
type verdict uint8

const (
	ok        verdict = iota
	more              // the bytes ended first: read more and scan again, or the object was cut off
	malformed         // not JSON; the position returned is where it goes wrong
)

// maxDepth bounds the nesting of a value, as encoding/json does, because skipping one recurses.
const maxDepth = 10000

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// scanString scans a JSON string from the byte after its opening quote and returns the index of its
// closing quote. Eight bytes are looked at together; a byte that is a quote, a backslash, a control
// or not ASCII ends the stride. False positives of the borrow trick only lie above a true one, so
// the lowest is exact.
func scanString(b []byte, i int) (int, uint8, verdict) {
	var flags uint8
	for {
		for i+8 <= len(b) {
			v := binary.LittleEndian.Uint64(b[i:])
			quote, slash := v^(ones*'"'), v^(ones*'\\')
			m := ((v - ones*0x20) | (quote - ones) | (slash - ones) | v) & highs
			if m == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(m) >> 3
			break
		}
		if i >= len(b) {
			return i, flags, more
		}
		switch c := b[i]; {
		case c == '"':
			return i, flags, ok
		case c >= 0x80:
			flags |= nonASCII
			for i++; i < len(b) && b[i] >= 0x80; i++ {
			}
		case c == '\\':
			flags |= escaped
			if i+1 >= len(b) {
				return i, flags, more
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				for k := i + 2; k < i+6; k++ {
					if k >= len(b) {
						return k, flags, more
					}
					if hexValue(b[k]) < 0 {
						return k, flags, malformed
					}
				}
				i += 6
			default:
				return i + 1, flags, malformed
			}
		case c < 0x20:
			return i, flags, malformed
		default:
			i++
		}
	}
}

func hexValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// scanNumber scans a JSON number from its first byte and returns the index after it. A number that
// reaches the end of b may go on: more.
func scanNumber(b []byte, i int) (int, verdict) {
	if b[i] == '-' {
		i++
		if i >= len(b) {
			return i, more
		}
	}
	switch c := b[i]; {
	case c == '0':
		i++
	case '1' <= c && c <= '9':
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
		}
	default:
		return i, malformed
	}
	if i >= len(b) {
		return i, more
	}
	if b[i] == '.' {
		first := i + 1
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
		}
		if i >= len(b) {
			return i, more
		}
		if i == first {
			return i, malformed
		}
	}
	if b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		first := i
		for ; i < len(b) && b[i]-'0' <= 9; i++ {
		}
		if i >= len(b) {
			return i, more
		}
		if i == first {
			return i, malformed
		}
	}
	return i, ok
}

// scanLiteral scans true, false or null.
func scanLiteral(b []byte, i int, word string) (int, verdict) {
	for k := range len(word) {
		if i+k >= len(b) {
			return i + k, more
		}
		if b[i+k] != word[k] {
			return i + k, malformed
		}
	}
	return i + len(word), ok
}

// isSpace tells JSON's four white-space bytes.
func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t'
}

// skipSpace returns the index of the first byte from i on that is not white space; len(b) if there
// is none.
func skipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && isSpace(b[i]) {
		i++
	}
	return i
}

// scanValue scans any JSON value from its first byte into s, and returns the index after it.
func scanValue(b []byte, i int, s *slot) (int, verdict) {
	start := i
	var v verdict
	switch c := b[i]; {
	case c == '"':
		var flags uint8
		i, flags, v = scanString(b, i+1)
		if v != ok {
			return i, v
		}
		*s = slot{start: int32(start + 1), end: int32(i), kind: text, flags: flags}
		return i + 1, ok
	case c == '-' || c-'0' <= 9:
		i, v = scanNumber(b, i)
		*s = slot{start: int32(start), end: int32(i), kind: number}
		return i, v
	case c == 'n':
		i, v = scanLiteral(b, i, "null")
		*s = slot{kind: null}
		return i, v
	case c == 't':
		i, v = scanLiteral(b, i, "true")
		*s = slot{start: int32(start), end: int32(i), kind: boolean}
		return i, v
	case c == 'f':
		i, v = scanLiteral(b, i, "false")
		*s = slot{start: int32(start), end: int32(i), kind: boolean}
		return i, v
	case c == '{' || c == '[':
		i, v = skipContainer(b, i, 1)
		*s = slot{start: int32(start), end: int32(i), kind: container}
		return i, v
	}
	return i, malformed
}

// skipContainer validates the object or array that begins at b[i] and returns the index after it.
func skipContainer(b []byte, i, depth int) (int, verdict) {
	if depth > maxDepth {
		return i, malformed
	}
	object := b[i] == '{'
	closing := byte(']')
	if object {
		closing = '}'
	}
	var s slot
	var v verdict
	for first := true; ; first = false {
		i = skipSpace(b, i+1) // past the opening bracket or the comma
		if i >= len(b) {
			return i, more
		}
		if first && b[i] == closing {
			return i + 1, ok
		}
		if object {
			if b[i] != '"' {
				return i, malformed
			}
			if i, _, v = scanString(b, i+1); v != ok {
				return i, v
			}
			if i = skipSpace(b, i+1); i >= len(b) {
				return i, more
			}
			if b[i] != ':' {
				return i, malformed
			}
			if i = skipSpace(b, i+1); i >= len(b) {
				return i, more
			}
		}
		if b[i] == '{' || b[i] == '[' {
			i, v = skipContainer(b, i, depth+1)
		} else {
			i, v = scanValue(b, i, &s)
		}
		if v != ok {
			return i, v
		}
		if i = skipSpace(b, i); i >= len(b) {
			return i, more
		}
		if b[i] == closing {
			return i + 1, ok
		}
		if b[i] != ',' {
			return i, malformed
		}
	}
}
