package nativecopy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
)

// rawLength is how much of a record is kept, bytes: what clientcopy keeps of one too.
const rawLength = 64 << 10

// Rejects are read from their objects for at most so many of a COPY: the first ones tell what is
// wrong, and each object costs a request.
const rawObjects = 200

// complete reads the texts of refused records from their objects, and words the reasons. The views
// have no text on Serverless, and elsewhere its first 1,024 characters, with periods for what is
// not ASCII (dg/r_STL_LOAD_ERRORS): that serves where the object cannot be read any more.
func (c *Copier) complete(ctx context.Context, statement *copystmt.Statement, rejects []clientcopy.RecordError) error {
	read := 0
	for i := 0; i < len(rejects); {
		end := i + 1
		for end < len(rejects) && rejects[end].Object == rejects[i].Object {
			end++
		}
		some := false
		for k := i; k < end; k++ {
			r := &rejects[k]
			if r.Value != "" && !strings.Contains(r.Reason, r.Value) {
				r.Reason = fmt.Sprintf("%q: %s", clipText(r.Value, 100), r.Reason)
			}
			some = some || r.Line > 0
		}
		if some && read < rawObjects {
			read++
			if err := c.texts(ctx, statement, rejects[i:end]); err != nil {
				if ctx.Err() != nil {
					return err
				}
				// The reject is worth more than its text.
				c.Logger.Debug(
					"the text of refused records cannot be read", "url", string(rejects[i].Object),
					"error", err,
				)
			}
		}
		i = end
	}
	return nil
}

// texts reads the records of one object that end at the rejects' lines, in order.
func (c *Copier) texts(
	ctx context.Context, statement *copystmt.Statement, rejects []clientcopy.RecordError,
) (err error) {
	body, err := c.Store.Open(ctx, objectstore.Object{URL: rejects[0].Object})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	plain, done, err := clientcopy.Text(statement, body)
	if err != nil {
		return err
	}
	defer done()
	lines := bufio.NewReaderSize(plain, 64<<10)
	scan := recordScanner{json: statement.Format == copystmt.JSON}
	next := 0
	for next < len(rejects) {
		line, err := lines.ReadSlice('\n')
		ended := err == nil || err == io.EOF
		if err != nil && err != bufio.ErrBufferFull && err != io.EOF {
			return err
		}
		scan.add(line, ended)
		if !ended {
			continue
		}
		for next < len(rejects) && rejects[next].Line <= scan.line {
			if r := &rejects[next]; r.Line == scan.line {
				r.Raw, r.Cut = scan.record()
				r.Cut = r.Cut || !clientcopy.OneRecord(statement, r.Raw)
			}
			next++
		}
		scan.endLine()
		if err == io.EOF {
			return nil
		}
	}
	return nil
}

// recordScanner follows the lines of an object, and for JSON the record that each is part of.
type recordScanner struct {
	json bool
	line int64 // of the text added last

	depth   int // of JSON, outside strings
	text    bool
	escaped bool

	open  bool   // the line at hand has begun
	kept  []byte // of the record that the line belongs to
	long  bool   // the record has more than is kept
	clean bool   // the next line begins a record
}

// add takes a part of a line; ended says that it is the last one.
func (s *recordScanner) add(part []byte, ended bool) {
	if !s.open {
		s.open = true
		s.line++
		if !s.json || s.clean || s.line == 1 {
			s.kept, s.long = s.kept[:0], false
		}
	}
	room := rawLength - len(s.kept)
	s.long = s.long || len(part) > room
	s.kept = append(s.kept, part[:min(len(part), room)]...)
	if s.json {
		for _, c := range part {
			switch {
			case s.escaped:
				s.escaped = false
			case s.text && c == '\\':
				s.escaped = true
			case c == '"':
				s.text = !s.text
			case s.text:
			case c == '{' || c == '[':
				s.depth++
			case c == '}' || c == ']':
				s.depth = max(0, s.depth-1)
			}
		}
	}
	if ended {
		// No string spans lines: one that is open belongs to a record that is broken, and the next
		// one begins afresh.
		if s.text {
			s.text, s.escaped, s.depth = false, false, 0
		}
		s.clean = s.depth == 0
	}
}

func (s *recordScanner) endLine() { s.open = false }

// record is the text of the record that the line ends: of JSON without white space around it, else
// without the end of the line. cut says that it is not the record byte for byte.
func (s *recordScanner) record() (text string, cut bool) {
	around := "\r\n"
	if s.json {
		around = " \t\r\n"
	}
	kept := strings.Trim(string(s.kept), around)
	text = strings.ReplaceAll(strings.ToValidUTF8(kept, "\uFFFD"), "\x00", "\uFFFD")
	return text, s.long || text != kept
}

// clipText cuts text to n bytes between characters.
func clipText(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n] + "…"
}
