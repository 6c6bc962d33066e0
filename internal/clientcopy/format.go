package clientcopy

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/sparkify/dwh/internal/copystmt"
)

// A FormatError says that an object is not in the form that the COPY names, so that none of its
// records can be read.
type FormatError struct {
	// Found is what the object is: "compressed with GZIP", "not compressed", "in UTF-16".
	Found string
	// Declared is the compression or encoding that the COPY names; "": none.
	Declared string
	// Fix says what to change.
	Fix string
}

// Error is one line: what the object is, what the COPY says, what to change.
func (e *FormatError) Error() string {
	if e.Declared != "" {
		return fmt.Sprintf("the object is %s, but the COPY says %s: %s", e.Found, e.Declared, e.Fix)
	}
	return fmt.Sprintf("the object is %s: %s", e.Found, e.Fix)
}

// form is a form of data that its first bytes tell.
type form struct {
	name  string
	magic string
	// option is what the COPY has to say to load it; "": dwh cannot load it.
	option copystmt.Compression
}

// forms are the forms of which no JSON and no text begins with the first bytes. Longer ones come
// before their beginnings.
var forms = []form{
	{"compressed with GZIP", "\x1f\x8b", copystmt.Gzip},
	{"compressed with BZIP2", "BZh?1AY&SY", copystmt.Bzip2},       // ? is the size of a block
	{"compressed with BZIP2", "BZh?\x17rE8P\x90", copystmt.Bzip2}, // an empty one
	{"compressed with ZSTD", "\x28\xb5\x2f\xfd", copystmt.Zstd},   // RFC 8878
	// a frame to skip, which pzstd writes first
	{"compressed with ZSTD", "?\x2a\x4d\x18", copystmt.Zstd},
	{"compressed with LZOP", "\x89LZO\x00\r\n\x1a\n", ""},
	{"compressed with XZ", "\xfd7zXZ\x00", ""},
	{"compressed with LZ4", "\x04\x22\x4d\x18", ""},
	{"compressed with Snappy", "\xff\x06\x00\x00sNaPpY", ""},
	{"a ZIP archive", "PK\x03\x04", ""},
	{"in UTF-32", "\xff\xfe\x00\x00", ""},
	{"in UTF-32", "\x00\x00\xfe\xff", ""},
	{"in UTF-16 (its byte order mark is ff fe)", "\xff\xfe", ""},
	{"in UTF-16 (its byte order mark is fe ff)", "\xfe\xff", ""},
}

// headBytes is how many of an object's first bytes tell its form.
const headBytes = 10

// formOf tells the form of an object by its first bytes; nil: it may be plain text.
func formOf(head []byte) *form {
	for i := range forms {
		if f := &forms[i]; f.begins(head) {
			return f
		}
	}
	// UTF-16 without a mark: the first two characters are ASCII, so that every other byte is zero.
	if len(head) >= 4 {
		switch {
		case ascii(head[0]) && head[1] == 0 && ascii(head[2]) && head[3] == 0,
			head[0] == 0 && ascii(head[1]) && head[2] == 0 && ascii(head[3]):
			return &form{name: "in UTF-16 (without a byte order mark)"}
		}
	}
	return nil
}

// encoding tells that the form is one of text.
func (f *form) encoding() bool { return strings.HasPrefix(f.name, "in ") }

func ascii(c byte) bool { return c != 0 && c < 0x80 }

func (f *form) begins(head []byte) bool {
	if len(head) < len(f.magic) {
		return false
	}
	for i := range len(f.magic) {
		if head[i] != f.magic[i] && !(f.magic[i] == '?' && f.wild(i, head[i])) {
			return false
		}
	}
	return true
}

// wild tells what may stand for the ? of a magic.
func (f *form) wild(i int, c byte) bool {
	if i == 0 {
		return c >= 0x50 && c <= 0x5f // of ZSTD
	}
	return c >= '1' && c <= '9' // of BZIP2
}

// checkRaw compares an object's first bytes, as they are stored, with the compression that the COPY
// names.
func checkRaw(declared copystmt.Compression, head []byte) error {
	found := formOf(head)
	wrong := &FormatError{Declared: string(declared)}
	switch {
	case declared == copystmt.None || found != nil && found.option == declared:
		return nil
	case found == nil:
		wrong.Found, wrong.Fix = "not compressed", fmt.Sprintf(
			"remove %s from the COPY, or compress the object", declared,
		)
	case found.option != copystmt.None:
		wrong.Found, wrong.Fix = found.name, fmt.Sprintf("write %s instead of %s", found.option, declared)
	case found.encoding():
		wrong.Found, wrong.Fix = "not compressed but "+found.name, fmt.Sprintf(
			"remove %s from the COPY, and %s", declared, found.unsupported(),
		)
	default:
		wrong.Found, wrong.Fix = found.name, found.unsupported()
	}
	return wrong
}

// checkPlain looks at the first bytes of what is to be read as records, once the COPY's compression
// is undone. encoded says that the COPY names an encoding, so that a text in another one is
// decodeText's to check.
func checkPlain(declared copystmt.Compression, encoded bool, head []byte) error {
	found := formOf(head)
	if found == nil || encoded && found.encoding() {
		return nil
	}
	wrong := &FormatError{Found: found.name, Declared: string(declared), Fix: found.unsupported()}
	switch {
	case found.encoding(): // the compression is as the COPY says
		wrong.Declared = ""
	case declared != copystmt.None:
		wrong.Found += " within its compression"
		if found.option != copystmt.None {
			wrong.Fix = "compress the object once"
		}
	case found.option != copystmt.None:
		wrong.Fix = fmt.Sprintf("add %s to the COPY", found.option)
	}
	return wrong
}

// CheckText returns a *FormatError for a text, decompressed as the statement says, that begins like
// no JSON and no delimited text.
func CheckText(stmt *copystmt.Statement, text []byte) error {
	return checkPlain(stmt.Compression, !inUTF8(stmt), text)
}

// CheckObject returns a *FormatError for an object, by its first bytes as they are stored, that is
// not in the form that the statement names.
func CheckObject(stmt *copystmt.Statement, head []byte) error {
	if len(head) == 0 {
		return nil
	}
	if stmt.Compression != copystmt.None {
		return checkRaw(stmt.Compression, head)
	}
	if err := checkPlain(stmt.Compression, !inUTF8(stmt), head); err != nil || inUTF8(stmt) {
		return err
	}
	return checkEncoding(stmt.Encoding, head)
}

// HeadBytes is how many of an object's first bytes CheckObject looks at.
const HeadBytes = headBytes

// unsupported says what to do with an object that no option makes readable here.
func (f *form) unsupported() string {
	switch f.name {
	case "a ZIP archive":
		return "unpack it (of CSV, dwh reads an archive whose name ends in .zip)"
	case "compressed with LZOP":
		return "compress it with GZIP, BZIP2 or ZSTD, or load it on Redshift, with LZOP in the COPY"
	case "in UTF-32":
		return "convert it to UTF-8"
	}
	switch {
	case f.encoding() && f.magic != "":
		return "add ENCODING UTF16 to the COPY, or convert it to UTF-8"
	case f.encoding():
		return "convert it to UTF-8, or add ENCODING UTF16LE or UTF16BE to the COPY"
	}
	return "compress it with GZIP, BZIP2 or ZSTD"
}

// peek reads up to headBytes bytes of r, and returns a reader that gives them again.
func peek(r io.Reader) (head []byte, again io.Reader, err error) {
	head = make([]byte, headBytes)
	// which the decompressors read without a buffer of their own
	if in, ok := r.(*bytes.Reader); ok {
		n, _ := in.ReadAt(head, in.Size()-int64(in.Len())) // io.EOF of a short one
		return head[:n], r, nil
	}
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, nil, err
	}
	return head[:n], io.MultiReader(bytes.NewReader(head[:n]), r), nil
}
