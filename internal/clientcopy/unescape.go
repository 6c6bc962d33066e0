package clientcopy

import (
	"bytes"
	"unicode/utf8"
)

// appendUnescaped appends the text of a scanned JSON string, its escapes resolved. A surrogate pair
// becomes its character. A surrogate without its other half is no character: its three bytes go out
// as they are, which are not UTF-8, so that the check for invalid text finds them (our choice: the
// guide does not say).
func appendUnescaped(dst, src []byte) []byte {
	for {
		i := bytes.IndexByte(src, '\\')
		if i < 0 {
			return append(dst, src...)
		}
		dst = append(dst, src[:i]...)
		c := src[i+1]
		src = src[i+2:]
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(src)
			src = src[4:]
			if r >= 0xd800 && r < 0xdc00 && len(src) >= 6 && src[0] == '\\' && src[1] == 'u' {
				if low := hex4(src[2:]); low >= 0xdc00 && low < 0xe000 {
					r = 0x10000 + (r-0xd800)<<10 + (low - 0xdc00)
					src = src[6:]
				}
			}
			if r >= 0xd800 && r < 0xe000 {
				dst = append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
			} else {
				dst = utf8.AppendRune(dst, r)
			}
		default: // " \ /
			dst = append(dst, c)
		}
	}
}

func hex4(b []byte) rune {
	return rune(hexValue(b[0])<<12 | hexValue(b[1])<<8 | hexValue(b[2])<<4 | hexValue(b[3]))
}

// appendCompact appends a scanned object or array without the white space between its tokens. The
// guide's sample (copy-usage_notes-copy-from-json) drops line breaks and indentation; the exact
// spacing is not documented.
func appendCompact(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case c == '"':
			end, _, _ := scanString(src, i+1)
			dst = append(dst, src[i:end+1]...)
			i = end + 1
		case isSpace(c):
			i++
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}

// appendUndoubled appends a CSV field with its doubled quotes made single.
func appendUndoubled(dst, src []byte, quote byte) []byte {
	for {
		i := bytes.IndexByte(src, quote)
		if i < 0 || i+1 >= len(src) {
			return append(dst, src...)
		}
		dst = append(dst, src[:i+1]...)
		src = src[i+2:]
	}
}

// appendUnslashed appends a delimited field, each backslash dropped and the byte after it kept as
// it is (ESCAPE, copy-parameters-data-conversion).
func appendUnslashed(dst, src []byte) []byte {
	for {
		i := bytes.IndexByte(src, '\\')
		if i < 0 || i+1 >= len(src) {
			return append(dst, src...)
		}
		dst = append(append(dst, src[:i]...), src[i+1])
		src = src[i+2:]
	}
}

// appendSlot appends the text of a value as it is to be read by any type: unescaped, but neither
// checked nor trimmed.
func appendSlot(dst, b []byte, s slot, quote byte) []byte {
	src := b[s.start:s.end]
	switch {
	case s.kind == container:
		return appendCompact(dst, src)
	case s.flags&escaped != 0:
		return appendUnescaped(dst, src)
	case s.flags&doubled != 0:
		return appendUndoubled(dst, src, quote)
	case s.flags&backslash != 0:
		return appendUnslashed(dst, src)
	}
	return append(dst, src...)
}
