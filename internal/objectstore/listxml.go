package objectstore

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// listing is the body of an answer to ListObjectsV2
// (docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
type listing struct {
	entries   []entry
	truncated bool
	next      string // NextContinuationToken
	escaped   bool   // EncodingType is url
}

type entry struct {
	key, etag string
	size      int64
	modified  time.Time
}

// parseListing reads the XML that S3 servers write. What is legal and unusual (comments, CDATA,
// prefixed names, entities of its own), or malformed, it does not take: false then, and a general
// parser has to see to it.
func parseListing(text []byte) (listing, bool) {
	l := listing{entries: make([]entry, 0, min(1000, len(text)/200+1))}
	s := xmlScanner{rest: text}
	if !s.open("ListBucketResult") {
		return l, false
	}
	for {
		name, kind := s.tag()
		switch {
		case kind == closing && name == "ListBucketResult":
			return l, len(bytes.TrimSpace(s.rest)) == 0
		case kind == empty:
			continue
		case kind != opening:
			return l, false
		}
		ok := true
		switch name {
		case "Contents":
			ok = s.entry(&l)
		case "IsTruncated":
			var value string
			value, ok = s.text(name)
			l.truncated = value == "true"
			ok = ok && (l.truncated || value == "false")
		case "NextContinuationToken":
			l.next, ok = s.text(name)
		case "EncodingType":
			var value string
			value, ok = s.text(name)
			l.escaped = value == "url"
		default:
			ok = s.skip(name, 0)
		}
		if !ok {
			return l, false
		}
	}
}

// entry reads up to </Contents>.
func (s *xmlScanner) entry(l *listing) bool {
	var e entry
	hasKey, hasSize := false, false
	for {
		name, kind := s.tag()
		switch {
		case kind == closing && name == "Contents":
			l.entries = append(l.entries, e)
			return hasKey && hasSize
		case kind == empty:
			continue
		case kind != opening:
			return false
		}
		ok := true
		var value string
		switch name {
		case "Key":
			e.key, ok = s.text(name)
			hasKey = true
		case "ETag":
			e.etag, ok = s.text(name)
		case "Size":
			if value, ok = s.text(name); ok {
				var err error
				e.size, err = strconv.ParseInt(value, 10, 64)
				ok = err == nil && e.size >= 0
				hasSize = true
			}
		case "LastModified":
			if value, ok = s.text(name); ok {
				var err error
				e.modified, err = time.Parse(time.RFC3339, value)
				ok = err == nil
			}
		default:
			ok = s.skip(name, 0)
		}
		if !ok {
			return false
		}
	}
}

// The kinds of a tag.
const (
	malformed = iota
	opening
	closing
	empty // <name/>
)

// xmlScanner takes the plain XML of a listing apart.
type xmlScanner struct{ rest []byte }

// open passes over the declaration and the root's opening tag.
func (s *xmlScanner) open(root string) bool {
	s.rest = bytes.TrimPrefix(s.rest, []byte("\xef\xbb\xbf"))
	s.rest = bytes.TrimLeft(s.rest, " \t\r\n")
	if bytes.HasPrefix(s.rest, []byte("<?xml ")) {
		head, rest, found := bytes.Cut(s.rest, []byte("?>"))
		if !found || bytes.Contains(head, []byte("encoding=")) && !bytes.Contains(
			bytes.ToUpper(head), []byte("UTF-8"),
		) {
			return false
		}
		s.rest = rest
	}
	name, kind := s.tag()
	return kind == opening && name == root
}

// tag reads the next tag, before which only white space may stand. The name is valid until the next
// call.
func (s *xmlScanner) tag() (name string, kind int) {
	b := bytes.TrimLeft(s.rest, " \t\r\n")
	if len(b) < 3 || b[0] != '<' {
		return "", malformed
	}
	end := bytes.IndexByte(b, '>')
	if end < 0 {
		return "", malformed
	}
	if end == 1 {
		return "", malformed
	}
	inside := b[1:end]
	s.rest = b[end+1:]
	kind = opening
	switch {
	case inside[0] == '/':
		inside, kind = bytes.TrimRight(inside[1:], " \t\r\n"), closing
	case inside[len(inside)-1] == '/':
		inside, kind = inside[:len(inside)-1], empty
	}
	for i, c := range inside {
		switch {
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		case (c == ' ' || c == '\t' || c == '\r' || c == '\n') && i > 0 && kind != closing && plainAttributes(
			inside[i:],
		):
			return tagName(inside[:i]), kind
		default: // "!", "?", ":" and whatever else
			return "", malformed
		}
	}
	if len(inside) == 0 {
		return "", malformed
	}
	return tagName(inside), kind
}

// plainAttributes tells that no ">" was hidden in an attribute's value: quotes are closed.
func plainAttributes(b []byte) bool {
	return bytes.IndexByte(b, '<') < 0 && bytes.Count(b, []byte{'"'})%2 == 0 && bytes.IndexByte(b, '\'') < 0
}

// tagName is the name as a string, without an allocation for those that every entry has.
func tagName(b []byte) string {
	switch string(b) {
	case "Key":
		return "Key"
	case "ETag":
		return "ETag"
	case "Size":
		return "Size"
	case "LastModified":
		return "LastModified"
	case "StorageClass":
		return "StorageClass"
	case "Contents":
		return "Contents"
	case "Owner":
		return "Owner"
	case "ID":
		return "ID"
	case "DisplayName":
		return "DisplayName"
	}
	return string(b)
}

// text reads an element that holds text only, with its closing tag.
func (s *xmlScanner) text(name string) (string, bool) {
	end := bytes.IndexByte(s.rest, '<')
	if end < 0 {
		return "", false
	}
	raw := s.rest[:end]
	s.rest = s.rest[end:]
	if closed, kind := s.tag(); kind != closing || closed != name {
		return "", false
	}
	return unescapeXML(raw)
}

// maxDepth is how deep elements that are passed over may lie in one another.
const maxDepth = 8

// skip passes over an element's content, elements within included, and its closing tag.
func (s *xmlScanner) skip(name string, depth int) bool {
	for depth < maxDepth {
		end := bytes.IndexByte(s.rest, '<')
		if end < 0 {
			return false
		}
		s.rest = s.rest[end:]
		inner, kind := s.tag()
		switch kind {
		case closing:
			return inner == name
		case opening:
			if !s.skip(inner, depth+1) {
				return false
			}
		case malformed:
			return false
		}
	}
	return false
}

// unescapeXML resolves XML's own entities and numeric ones. A carriage return, which XML would turn
// into a newline, is not taken.
func unescapeXML(b []byte) (string, bool) {
	if bytes.IndexByte(b, '\r') >= 0 {
		return "", false
	}
	if bytes.IndexByte(b, '&') < 0 {
		return string(b), true
	}
	var out strings.Builder
	out.Grow(len(b))
	for {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			out.Write(b)
			return out.String(), true
		}
		out.Write(b[:i])
		b = b[i+1:]
		end := bytes.IndexByte(b, ';')
		if end < 0 {
			return "", false
		}
		switch name := string(b[:end]); name {
		case "quot":
			out.WriteByte('"')
		case "amp":
			out.WriteByte('&')
		case "lt":
			out.WriteByte('<')
		case "gt":
			out.WriteByte('>')
		case "apos":
			out.WriteByte('\'')
		default:
			number, base := strings.TrimPrefix(name, "#"), 10
			if number == name {
				return "", false
			}
			if hex := strings.TrimPrefix(number, "x"); hex != number {
				number, base = hex, 16
			}
			code, err := strconv.ParseUint(number, base, 32)
			if err != nil || code < 0x20 && code != '\t' && code != '\n' && code != '\r' ||
				code > 0x10ffff || code >= 0xd800 && code < 0xe000 || code == 0xfffe || code == 0xffff {
				return "", false
			}
			out.WriteRune(rune(code))
		}
		b = b[end+1:]
	}
}
