package clientcopy

import (
	"math"
	"strconv"
)

// autoReader reads one value under DATEFORMAT 'auto' or TIMEFORMAT 'auto'.
//
// The guide's page automatic-recognition lists forms with an example each, and says that CAST shows
// what is recognized. A value therefore gives what CAST gives on an engine of PostgreSQL's family
// with DateStyle MDY, or is refused. CAST knows more than the page: names of moments such as "now",
// years of three or five digits, numbers that could be epochs. They are refused, because a wrong
// date is worse than a reject.
type autoReader struct {
	rest []byte
	m    *moment

	parts [3]autoPart // of the date, in the order of the text
	count int
	whole bool // the date is complete, whatever parts says
	era   byte // 'a' of AD, 'b' of BC, 0 for none

	hasTime bool
	isoTime bool // a T was read: the time has to follow
}

// autoPart is a part of a date: a number with its count of digits, or the name of a month.
type autoPart struct {
	value  int
	digits int // 0: a month's name
}

// parseAuto reads b into m. It reports whether b has one of the forms. The caller still has to ask
// m.valid.
func parseAuto(b []byte, m *moment) bool {
	r := autoReader{rest: b, m: m}
	for first := true; ; first = false {
		for len(r.rest) > 0 && (r.rest[0] == ' ' || r.rest[0] == ',' && !first) {
			r.rest = r.rest[1:]
		}
		if len(r.rest) == 0 {
			return !r.isoTime && r.date()
		}
		var ok bool
		switch c := r.rest[0]; {
		case isDigit(c):
			ok = r.number(first)
		case isLetter(c):
			ok = r.word(first)
		case c == '+' || c == '-':
			ok = r.hasTime && !r.isoTime && !m.hasOffset && r.offset()
		}
		if !ok {
			return false
		}
	}
}

func isDigit(c byte) bool  { return c-'0' <= 9 }
func isLetter(c byte) bool { return (c|0x20)-'a' < 26 }

// run returns how many bytes at the beginning of b are of a kind.
func run(b []byte, kind func(byte) bool) int {
	n := 0
	for n < len(b) && kind(b[n]) {
		n++
	}
	return n
}

// complete reports whether the date needs no further part.
func (r *autoReader) complete() bool {
	return r.whole || r.count == len(r.parts) || r.dayOfYear()
}

// dayOfYear reports whether the parts are YYYY.DDD.
func (r *autoReader) dayOfYear() bool {
	return r.count == 2 && r.parts[0].digits == 4 && r.parts[1].digits == 3
}

// number reads a time, a date without separators, or a group of the date's parts. first says that
// nothing but blanks stands before it.
func (r *autoReader) number(first bool) bool {
	n := run(r.rest, isDigit)
	switch {
	case n < len(r.rest) && r.rest[n] == ':', n == 6 && r.complete():
		return r.time(n)
	case r.isoTime || r.complete():
		return false
	case r.count == 0 && (n == 8 || n == 6):
		return r.together(n)
	}
	return r.group(first)
}

// together reads YYYYMMDD or YYMMDD, of n digits.
func (r *autoReader) together(n int) bool {
	year := n - 4
	r.rest, _ = digits(r.rest, year, year, &r.m.year)
	r.rest, _ = digits(r.rest, 2, 2, &r.m.month)
	r.rest, _ = digits(r.rest, 2, 2, &r.m.day)
	if year == 2 {
		r.m.year = century(r.m.year)
	}
	r.whole = true
	return len(r.rest) == 0 || r.rest[0] == ' ' || r.rest[0]|0x20 == 't'
}

// century gives a year of two digits its century as PostgreSQL does: 70 is 1970, 69 is 2069.
func century(year int) int {
	if year < 70 {
		return year + 2000
	}
	return year + 1900
}

// time reads HH:MI[:SS[.ffffff]], or HHMISS[.ffffff] where n is 6.
func (r *autoReader) time(n int) bool {
	if r.hasTime {
		return false
	}
	r.hasTime, r.isoTime = true, false
	b, found := r.rest, false
	if n == 6 {
		b, _ = digits(b, 2, 2, &r.m.hour)
		b, _ = digits(b, 2, 2, &r.m.minute)
		b, _ = digits(b, 2, 2, &r.m.second)
	} else {
		if b, found = digits(b, 1, 2, &r.m.hour); !found || len(b) == 0 || b[0] != ':' {
			return false
		}
		if b, found = digits(b[1:], 2, 2, &r.m.minute); !found {
			return false
		}
		if len(b) == 0 || b[0] != ':' {
			r.rest = b
			return len(b) == 0 || b[0] != '.' && !isDigit(b[0])
		}
		if b, found = digits(b[1:], 2, 2, &r.m.second); !found {
			return false
		}
	}
	if len(b) > 0 && b[0] == '.' {
		end := 1 + run(b[1:], isDigit)
		if end == 1 {
			return false
		}
		// CAST rounds to the microsecond.
		fraction, err := strconv.ParseFloat("0"+string(b[:end]), 64)
		if err != nil {
			return false
		}
		r.m.micro = int(math.RoundToEven(fraction * 1e6))
		b = b[end:]
	}
	r.rest = b
	return len(b) == 0 || b[0] != '.' && b[0] != ':' && b[0] != '/' && !isDigit(b[0])
}

// group reads parts of the date that have no blank between them. Parts that - / or . separates are
// the whole date, with one separator throughout, and stand first: behind anything else CAST takes
// them for a time zone.
func (r *autoReader) group(first bool) bool {
	var separator byte
	glued := false // parts that nothing separates, as in 08Jan2018
	for {
		if r.complete() {
			return false
		}
		if !r.part() {
			return false
		}
		if len(r.rest) == 0 {
			break
		}
		switch c := r.rest[0]; {
		case c == '-' || c == '/' || c == '.':
			if !first || glued || separator != 0 && c != separator {
				return false
			}
			if len(r.rest) == 1 || !isDigit(r.rest[1]) && !isLetter(r.rest[1]) {
				return false
			}
			separator = c
			r.rest = r.rest[1:]
			continue
		case isDigit(c) && separator == 0: // behind the name
			glued = true
			continue
		// behind the day; what is no month's name is for the caller
		case isLetter(c) && separator == 0:
			var n int
			if _, named := autoMonth(r.rest, &n); named && !r.complete() {
				glued = true
				continue
			}
		}
		break
	}
	if separator == 0 {
		return true
	}
	named := r.parts[0].digits == 0 || r.parts[1].digits == 0
	return r.complete() && (!named || len(r.rest) == 0 || r.rest[0] == ' ' || r.rest[0] == ',')
}

// part reads a number of at most four digits, or a month's name.
func (r *autoReader) part() bool {
	part := autoPart{digits: run(r.rest, isDigit)}
	found := false
	if part.digits > 0 {
		if part.digits > 4 {
			return false
		}
		r.rest, found = digits(r.rest, 1, 4, &part.value)
	} else {
		r.rest, found = autoMonth(r.rest, &part.value)
	}
	if found {
		r.parts[r.count] = part
		r.count++
	}
	return found
}

// autoMonth reads a month's name. It knows Sept too.
func autoMonth(b []byte, n *int) ([]byte, bool) {
	if end := run(b, isLetter); equalFold(b[:end], "sept") {
		*n = 9
		return b[end:], true
	}
	return month(b, n)
}

// date puts the parts of the date together.
func (r *autoReader) date() bool {
	if r.era == 'b' {
		defer func() { r.m.year = 1 - r.m.year }()
		r.m.beforeChrist = true
	}
	if r.whole {
		return r.era == 0 // a Julian day and digits without separators have their year
	}
	var year, monthPart, day autoPart
	p := r.parts
	switch {
	case r.dayOfYear():
		if !r.year(p[0]) || p[1].value < 1 || p[1].value > 365 && (p[1].value > 366 || daysIn(r.m.year, 2) == 28) {
			return false
		}
		first := moment{year: r.m.year, month: 1, day: 1}
		if r.era == 'b' {
			return false // the year is not the calendar's yet
		}
		r.m.setDays(int(first.days()) + p[1].value - 1)
		return true
	case r.count < 3:
		return false
	case p[0].digits == 0: // Mon DD YYYY, Mon YYYY DD
		monthPart, day, year = p[0], p[1], p[2]
		if day.digits > 2 {
			day, year = year, day
		}
	case p[1].digits == 0: // DD Mon YYYY, YYYY Mon DD
		day, monthPart, year = p[0], p[1], p[2]
		if day.digits > 2 {
			day, year = year, day
		}
	case p[0].digits > 2: // YYYY-MM-DD
		year, monthPart, day = p[0], p[1], p[2]
	default: // MM/DD/YYYY
		monthPart, day, year = p[0], p[1], p[2]
	}
	if monthPart.digits > 2 || day.digits < 1 || day.digits > 2 || !r.year(year) {
		return false
	}
	r.m.month, r.m.day = monthPart.value, day.value
	return true
}

// year takes a year of two or four digits, or of any number of them before Christ.
func (r *autoReader) year(p autoPart) bool {
	r.m.year = p.value
	switch {
	case r.era == 'b':
		return p.digits > 0 && p.value > 0
	case p.digits == 2:
		r.m.year = century(p.value)
		return true
	}
	return p.digits == 4
}

// word reads a letter and what belongs to it. first says that nothing but blanks stands before it.
func (r *autoReader) word(first bool) bool {
	n := run(r.rest, isLetter)
	word := r.rest[:n]
	var number int
	if _, named := autoMonth(r.rest, &number); named {
		return !r.isoTime && !r.complete() && r.group(first)
	}
	next := byte(' ')
	if n < len(r.rest) {
		next = r.rest[n]
	}
	switch {
	case equalFold(word, "j"):
		return r.julian()
	case equalFold(word, "t"): // ISO 8601
		if !r.complete() || r.hasTime || r.isoTime || !isDigit(next) {
			return false
		}
		r.isoTime = true
		r.rest = r.rest[n:]
		return true
	case r.isoTime || next != ' ' && next != ',':
		return false
	}
	r.rest = r.rest[n:]
	switch {
	case first && isWeekday(word): // CAST does not compare it with the date
		return true
	case equalFold(word, "am") || equalFold(word, "pm"):
		if !r.hasTime || r.m.meridiem != 0 {
			return false
		}
		r.m.meridiem = word[0] | 0x20
		return true
	case equalFold(word, "bc") || equalFold(word, "ad"):
		if !r.complete() || r.era != 0 {
			return false
		}
		r.era = word[0] | 0x20
		return true
	}
	seconds, known := zoneOf(word)
	if !known || !r.hasTime || r.m.hasOffset {
		return false
	}
	r.m.offset, r.m.hasOffset = seconds, true
	return true
}

// julian reads J2451187.
func (r *autoReader) julian() bool {
	n := run(r.rest[1:], isDigit)
	if n == 0 || n > 7 || r.count > 0 || r.complete() || r.hasTime {
		return false
	}
	var day int
	r.rest, _ = digits(r.rest[1:], 1, 7, &day)
	r.m.setDays(day - julianEpoch)
	r.m.beforeChrist = r.m.year < 1
	r.whole = true
	return len(r.rest) == 0 || r.rest[0] == ' ' || r.rest[0]|0x20 == 't'
}

// offset reads +HH, +HHMM or +HH:MM, up to a blank or the end.
func (r *autoReader) offset() bool {
	end := 0
	for end < len(r.rest) && r.rest[end] != ' ' {
		end++
	}
	ok := offset(r.rest[:end], r.m)
	r.rest = r.rest[end:]
	return ok
}

var weekdays = [...]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// isWeekday reports whether the word is a weekday's name, whole or its first three letters, in any
// case.
func isWeekday(word []byte) bool {
	for _, name := range weekdays {
		if equalFold(word, name) || equalFold(word, name[:3]) {
			return true
		}
	}
	return false
}

// zones are the abbreviations of time zones that 'auto' takes, in seconds east of UTC. They are
// those of PostgreSQL's default set that have one meaning in wide use. Any other abbreviation is
// refused: IST, for one, is India's, Ireland's and Israel's.
var zones = map[string]int{
	"z": 0, "zulu": 0, "utc": 0, "ut": 0, "uct": 0, "gmt": 0,
	"nst": -12600, "ndt": -9000, "ast": -4 * 3600, "adt": -3 * 3600,
	"est": -5 * 3600, "edt": -4 * 3600, "cst": -6 * 3600, "cdt": -5 * 3600, "mst": -7 * 3600, "mdt": -6 * 3600,
	"pst": -8 * 3600, "pdt": -7 * 3600, "akst": -9 * 3600, "akdt": -8 * 3600, "hst": -10 * 3600,
	"wet": 0, "west": 3600, "bst": 3600, "cet": 3600, "cest": 2 * 3600, "met": 3600, "mest": 2 * 3600,
	"eet": 2 * 3600, "eest": 3 * 3600, "sast": 2 * 3600,
	"jst": 9 * 3600, "kst": 9 * 3600, "hkt": 8 * 3600, "awst": 8 * 3600,
	"acst": 34200, "acdt": 37800, "aest": 10 * 3600, "aedt": 11 * 3600, "nzst": 12 * 3600, "nzdt": 13 * 3600,
}

func zoneOf(word []byte) (seconds int, known bool) {
	var lower [4]byte
	if len(word) > len(lower) {
		return 0, false
	}
	for i, c := range word {
		lower[i] = c | 0x20
	}
	seconds, known = zones[string(lower[:len(word)])]
	return seconds, known
}
