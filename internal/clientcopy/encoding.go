package clientcopy

import (
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/copystmt"
)

// inUTF8 tells that the statement's data are in UTF-8, COPY's default.
func inUTF8(stmt *copystmt.Statement) bool { return stmt.Encoding == "" || stmt.Encoding == "UTF8" }

// decodeText returns the text of r, which is in the statement's ENCODING, in UTF-8
// (copy-parameters-data-conversion).
func decodeText(stmt *copystmt.Statement, r io.Reader) io.Reader {
	switch stmt.Encoding {
	case "UTF16":
		return &textReader{r: r, declared: stmt.Encoding, decode: decodeUTF16}
	case "UTF16LE":
		return &textReader{r: r, declared: stmt.Encoding, decode: decodeUTF16, order: binary.LittleEndian}
	case "UTF16BE":
		return &textReader{r: r, declared: stmt.Encoding, decode: decodeUTF16, order: binary.BigEndian}
	case "ISO88591":
		return &textReader{r: r, declared: stmt.Encoding, decode: decodeLatin1}
	}
	return r
}

// textReader turns a text in another encoding into UTF-8.
type textReader struct {
	r        io.Reader
	declared string
	// decode appends what raw holds to dst. It returns how many bytes of raw it has taken, all of
	// them at the end of the object.
	decode func(t *textReader, dst, raw []byte, end bool) (out []byte, taken int, err error)
	order  binary.ByteOrder // of UTF-16; nil: the mark has to tell it
	begun  bool

	raw  []byte // read, and not yet decoded
	text []byte // decoded, and not yet handed out
	at   int    // in text
	err  error  // of r
}

// textChunk is how much is decoded at once, bytes.
const textChunk = 32 << 10

func (t *textReader) Read(p []byte) (int, error) {
	for t.at == len(t.text) {
		if t.err != nil {
			return 0, t.err
		}
		if t.raw == nil {
			t.raw = make([]byte, 0, textChunk)
		}
		n, err := t.r.Read(t.raw[len(t.raw):cap(t.raw)])
		if n == 0 && err == nil {
			return 0, nil
		}
		t.raw, t.err = t.raw[:len(t.raw)+n], err
		if !t.begun && len(t.raw) < headBytes && err == nil {
			continue // the first bytes tell the form
		}
		if !t.begun {
			t.begun = true
			if wrong := checkEncoding(t.declared, t.raw); wrong != nil {
				t.err = wrong
				return 0, wrong
			}
		}
		taken := 0
		var fault error
		t.at = 0
		if t.text, taken, fault = t.decode(t, t.text[:0], t.raw, err != nil); fault != nil {
			t.err = fault
		}
		t.raw = t.raw[:copy(t.raw, t.raw[taken:])]
	}
	n := copy(p, t.text[t.at:])
	t.at += n
	return n, nil
}

// decodeUTF16 decodes whole characters. Half a surrogate pair becomes bytes that are no UTF-8, for
// the record to be refused or, with ACCEPTINVCHARS, the character to be replaced.
func decodeUTF16(t *textReader, dst, raw []byte, end bool) (out []byte, taken int, err error) {
	if t.order == nil {
		t.order = binary.BigEndian
		if len(raw) > 0 && raw[0] == 0xff { // the mark, which checkEncoding has seen
			t.order = binary.LittleEndian
		}
	}
	for taken+1 < len(raw) {
		unit := rune(t.order.Uint16(raw[taken:]))
		if !utf16.IsSurrogate(unit) {
			dst = utf8.AppendRune(dst, unit)
			taken += 2
			continue
		}
		if taken+3 >= len(raw) && !end {
			break
		}
		if taken+3 < len(raw) {
			if r := utf16.DecodeRune(unit, rune(t.order.Uint16(raw[taken+2:]))); r != utf8.RuneError {
				dst = utf8.AppendRune(dst, r)
				taken += 4
				continue
			}
		}
		dst = append(dst, 0xe0|byte(unit>>12), 0x80|byte(unit>>6)&0x3f, 0x80|byte(unit)&0x3f)
		taken += 2
	}
	if end && taken < len(raw) {
		cut := &FormatError{
			Found: "cut off within a character", Declared: "ENCODING " + t.declared,
			Fix: "write the object again",
		}
		return dst, len(raw), cut
	}
	return dst, taken, nil
}

// decodeLatin1 decodes ISO 8859-1, whose bytes are the first 256 characters of Unicode.
func decodeLatin1(_ *textReader, dst, raw []byte, _ bool) (out []byte, taken int, err error) {
	for _, c := range raw {
		dst = utf8.AppendRune(dst, rune(c))
	}
	return dst, len(raw), nil
}

// checkEncoding compares the first bytes of a text, not decoded yet, with the ENCODING of the COPY.
func checkEncoding(declared string, head []byte) error {
	found := formOf(head)
	wide := found != nil && strings.HasPrefix(found.name, "in UTF-16")
	marked := wide && found.magic != ""
	switch {
	case len(head) == 0 || declared == "ISO88591" && (found == nil || found.encoding()):
		return nil
	case found != nil && !found.encoding(): // compressed
		return checkPlain(copystmt.None, true, head)
	case found != nil && !wide:
		return &FormatError{Found: found.name, Declared: "ENCODING " + declared, Fix: found.unsupported()}
	case declared == "UTF16" && !marked:
		// "your data must have a byte order mark"
		fix := "remove ENCODING from the COPY if the object is in UTF-8, or write UTF16LE or UTF16BE in place of UTF16"
		return &FormatError{Found: "without a byte order mark of UTF-16", Declared: "ENCODING " + declared, Fix: fix}
	case marked && declared == "UTF16BE" && found.magic[0] == '\xff',
		marked && declared == "UTF16LE" && found.magic[0] == '\xfe':
		return &FormatError{
			Found: found.name, Declared: "ENCODING " + declared,
			Fix: "write UTF16, which reads the byte order mark",
		}
	}
	return nil
}
