package clientcopy

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/sparkify/dwh/internal/copystmt"
)

// maxRecord is the limit of one JSON object or array, and of one row of text: beyond it COPY fails,
// whatever MAXERROR (copy-parameters-data-format).
const maxRecord = 4 << 20

// largeBuffer is the size of a window's buffer from which on it needs leave to grow, bytes.
const largeBuffer = 1 << 20

// window is a buffer that slides over the bytes of an object, so that a record always lies in it in
// one piece. Bytes in front of pos are done with.
type window struct {
	r        io.Reader
	buf      []byte
	pos, end int
	eof      bool

	lines   int64 // newlines in front of counted
	counted int

	// compression is the COPY's, which has been undone in r; it is for messages.
	compression copystmt.Compression
	decoded     bool // the COPY names an encoding, and r gives UTF-8

	// grow asks for leave to hold a buffer of largeBuffer or more, and waits for it; nil: granted.
	grow func() error
}

// reset makes w read r from its beginning, keeping its buffer.
func (w *window) reset(r io.Reader) {
	w.r, w.pos, w.end, w.eof, w.lines, w.counted = r, 0, 0, false, 0, 0
}

// fill reads until the buffer is full or r ends; what lies before pos is given up. At the end of r
// it sets eof; any other error of r is returned.
func (w *window) fill() error {
	w.lineAt(w.pos)
	if w.pos > 0 {
		copy(w.buf, w.buf[w.pos:w.end])
		w.end -= w.pos
		w.pos, w.counted = 0, 0
	}
	if w.end == len(w.buf) {
		if 2*len(w.buf) >= largeBuffer && w.grow != nil {
			if err := w.grow(); err != nil {
				return err
			}
		}
		larger := make([]byte, 2*len(w.buf))
		copy(larger, w.buf[:w.end])
		w.buf = larger
	}
	for idle := 0; w.end < len(w.buf); {
		n, err := w.r.Read(w.buf[w.end:])
		w.end += n
		if err == io.EOF {
			w.eof = true
			return nil
		}
		if err != nil {
			return err
		}
		if n > 0 {
			idle = 0
		} else if idle++; idle == 100 {
			return io.ErrNoProgress
		}
	}
	return nil
}

// lineAt returns the line, from 1, of the byte at off. off must not lie before that of the call
// before.
func (w *window) lineAt(off int) int64 {
	if off > w.counted {
		w.lines += int64(bytes.Count(w.buf[w.counted:off], newline))
		w.counted = off
	}
	return w.lines + 1
}

var newline = []byte{'\n'}

// begin reads the first bytes, and passes over a byte order mark and the header lines. What begins
// like no text of JSON or CSV is a *FormatError. passed, where set, is shown the line that
// IGNOREHEADER 1 passes over, if the first bytes hold all of it. An object of which IGNOREHEADER
// would pass over everything, because its lines end in CR alone, is a *FormatError.
func (w *window) begin(ignoreHeader int, passed func(line []byte)) error {
	if err := w.fill(); err != nil {
		return err
	}
	if err := checkPlain(w.compression, w.decoded, w.buf[:w.end]); err != nil {
		return err
	}
	if bytes.HasPrefix(w.buf[:w.end], []byte("\xef\xbb\xbf")) {
		w.pos = 3
	}
	if ignoreHeader == 1 && passed != nil {
		if i := bytes.IndexByte(w.buf[w.pos:w.end], '\n'); i >= 0 {
			passed(w.buf[w.pos : w.pos+i])
		} else if w.eof {
			passed(w.buf[w.pos:w.end])
		}
	}
	returned := false // a CR stands in the line at hand
	inside := false   // and bytes follow it there
	for ignoreHeader > 0 {
		rest := w.buf[w.pos:w.end]
		i := bytes.IndexByte(rest, '\n')
		if i >= 0 {
			w.pos += i + 1
			ignoreHeader--
			returned, inside = false, false
			continue
		}
		inside = inside || returned && len(rest) > 0
		if at := bytes.IndexByte(rest, '\r'); at >= 0 {
			returned, inside = true, inside || at < len(rest)-1
		}
		w.pos = w.end
		if w.eof && inside {
			return &FormatError{
				Found: "text whose lines end in CR alone, so that IGNOREHEADER would pass over all of them",
				Fix:   "write LF at the end of its lines, as in tr '\\r' '\\n'",
			}
		}
		if w.eof {
			return nil
		}
		if err := w.fill(); err != nil {
			return err
		}
	}
	return nil
}

// output takes what a decoder makes of an object.
type output struct {
	// buf takes the tuples. When it has reached limit after a row, full is called, which may
	// replace it.
	buf   []byte
	limit int
	rows  int64
	full  func() error
	// reject takes a record that is refused; an error ends the decoding.
	reject func(RecordError) error
	rawMax int // bytes of a record to keep in RecordError.Raw
	first  FirstLine
	// each, where set, is shown every record, good or bad, in the place of making rows of it.
	each func(line int64, record []byte) error
}

// added counts the row just encoded.
func (o *output) added() error {
	o.rows++
	if len(o.buf) >= o.limit {
		return o.full()
	}
	return nil
}

// raw copies a record's text for a reject: valid UTF-8 without U+0000, since it is to be stored as
// text, cut to rawMax bytes. cut says that it is not the record byte for byte.
func (o *output) raw(b []byte) (text string, cut bool) {
	kept := string(b[:min(len(b), o.rawMax)])
	text = strings.ReplaceAll(strings.ToValidUTF8(kept, "\uFFFD"), "\x00", "\uFFFD")
	return text, len(kept) < len(b) || text != kept
}

// refuse turns a value's error into a reject, or into the end of the COPY.
func (o *output) refuse(e *fieldError, line int64, record []byte) error {
	rec := RecordError{Line: line, Column: e.column, Reason: e.reason}
	rec.Raw, rec.Cut = o.raw(record)
	rec.Value, _ = o.raw([]byte(e.value))
	if e.fatal {
		return &FatalError{Record: rec}
	}
	return o.reject(rec)
}

// tooLarge ends the COPY at a record of more than 4 MB; cause goes on where the reason ends.
func (o *output) tooLarge(line int64, record []byte, cause string) error {
	rec := RecordError{
		Line:   line,
		Reason: fmt.Sprintf("a record is larger than %d MB, the most that COPY takes%s", maxRecord>>20, cause),
	}
	rec.Raw, rec.Cut = o.raw(record)
	return &FatalError{Record: rec}
}

// span consumes bytes that belong to a bad record, which may be longer than the window, and keeps
// what a reject needs of them.
type span struct {
	w    *window
	keep []byte
	max  int
	long bool   // more was consumed than is kept
	line int64  // of its last byte that is not white space
	trim string // white space that is not part of it, at its end
}

func (s *span) take(n int) {
	chunk := s.w.buf[s.w.pos : s.w.pos+n]
	if solid := len(bytes.TrimRight(chunk, " \t\r\n")); solid > 0 {
		s.line = s.w.lineAt(s.w.pos + solid - 1)
	}
	room := s.max - len(s.keep)
	s.long = s.long || len(chunk) > room
	s.keep = append(s.keep, chunk[:min(len(chunk), room)]...)
	s.w.pos += n
}

// reject hands the consumed bytes in as one bad record.
func (s *span) reject(o *output, reason string) error {
	record := bytes.TrimRight(s.keep, s.trim)
	if o.each != nil {
		return o.each(s.line, record)
	}
	rec := RecordError{Line: s.line, Reason: reason}
	rec.Raw, rec.Cut = o.raw(record)
	rec.Cut = rec.Cut || s.long
	return o.reject(rec)
}
