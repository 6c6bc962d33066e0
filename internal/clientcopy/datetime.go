package clientcopy

import (
	"bytes"
	"fmt"
	"math"
	"strings"
)

// moment is a date and a time of day as read, before it is counted from PostgreSQL's epoch.
type moment struct {
	year, month, day     int
	hour, minute, second int
	micro                int
	offset               int // seconds east of UTC
	hasOffset            bool
	meridiem             byte // 'a', 'p' or 0
	// beforeChrist says that the date is one before the year 1: year 0 is 1 BC, -1 is 2 BC. Only
	// 'auto' sets it.
	beforeChrist bool
}

// Days and microseconds of both engines' binary dates and timestamps count from 2000-01-01.
const (
	epochDays      = 10957 // 1970-01-01 to 2000-01-01
	microsPerDay   = 86400 * 1000000
	minTimestamp   = -211813488000000000 // 4714-11-24 BC, timestamp.h MIN_TIMESTAMP
	firstYear      = -4713               // its year
	julianEpoch    = 2451545             // the Julian day of 2000-01-01
	daysPerPeriod  = 146097              // in 400 years of the calendar
	periods        = 12                  // of 400 years, enough to make firstYear positive
	endTimestamp   = 9223371331200000000 // 294277-01-01, timestamp.h END_TIMESTAMP
	unixToPGMicros = int64(epochDays) * microsPerDay
)

// valid reports whether m is a day of the calendar and a time of the day, and folds AM/PM into the
// hour.
func (m *moment) valid() bool {
	if m.meridiem != 0 {
		if m.hour < 1 || m.hour > 12 {
			return false
		}
		m.hour %= 12
		if m.meridiem == 'p' {
			m.hour += 12
		}
	}
	return m.beforeChrist == (m.year < 1) && m.year >= firstYear && m.year <= 9999 &&
		m.month >= 1 && m.month <= 12 && m.day >= 1 && m.day <= daysIn(m.year, m.month) &&
		m.hour < 24 && m.minute < 60 && m.second < 60 && (!m.beforeChrist || m.days() >= -julianEpoch)
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// days counts m's day from 2000-01-01 in the Gregorian calendar (proleptic, as in both engines).
func (m *moment) days() int32 {
	// A whole number of the calendar's periods of 400 years is added, so that no year is negative.
	y, mo := m.year+periods*400, m.month
	if mo <= 2 { // the year begins in March, so that the leap day is its last
		y--
		mo += 12
	}
	return int32(365*y+y/4-y/100+y/400+(153*(mo-3)+2)/5+m.day-1) - 719468 - epochDays - periods*daysPerPeriod
}

// setDays sets the date to the day that is n days after 2000-01-01. It is the reverse of days.
func (m *moment) setDays(n int) {
	n += 719468 + epochDays + periods*daysPerPeriod // days since 1 March of the year -periods*400
	period, day := n/daysPerPeriod, n%daysPerPeriod
	year := (day - day/1460 + day/36524 - day/(daysPerPeriod-1)) / 365
	day -= 365*year + year/4 - year/100
	month := (5*day + 2) / 153 // from March
	m.day = day - (153*month+2)/5 + 1
	m.month = month + 3
	m.year = period*400 + year - periods*400
	if m.month > 12 {
		m.month -= 12
		m.year++
	}
}

// micros counts m from 2000-01-01 00:00. Its offset is applied only for a type with time zone:
// TIMESTAMP drops it, as PostgreSQL's input does (our choice: the guide does not say).
func (m *moment) micros(withZone bool) int64 {
	seconds := int64(m.hour)*3600 + int64(m.minute)*60 + int64(m.second)
	if withZone {
		seconds -= int64(m.offset)
	}
	return int64(m.days())*microsPerDay + seconds*1000000 + int64(m.micro)
}

// parseEpoch reads TIMEFORMAT 'epochsecs' (unit 1000000) or 'epochmillisecs' (unit 1000): a number,
// in UTC, whose fraction is kept to the microsecond. It returns microseconds from 2000-01-01.
func parseEpoch(b []byte, unit int64) (int64, error) {
	var d decimal
	if err := d.parse(b); err != nil {
		return 0, err
	}
	shift := 3
	if unit == 1000000 {
		shift = 6
	}
	d.exp += shift
	n := d.point()
	if n > 19 {
		return 0, errRange
	}
	var u uint64
	for i := range n {
		u = u*10 + uint64(d.digit(i))
	}
	if u > math.MaxInt64 {
		return 0, errRange
	}
	micros := int64(u)
	if d.negative {
		micros = -micros
	}
	if micros < math.MinInt64+unixToPGMicros {
		return 0, errRange
	}
	micros -= unixToPGMicros
	if micros < minTimestamp || micros >= endTimestamp {
		return 0, errRange
	}
	return micros, nil
}

// shortError refuses a DATE that is shorter than its format, in the words of Redshift's error 1205
// (r_Load_Error_Reference). Users saw it of "202-04-17", for one.
type shortError int

func (e shortError) Error() string {
	return fmt.Sprintf("Invalid Date Format - length must be %d or more", int(e))
}

// layout is a DATEFORMAT or TIMEFORMAT, compiled.
type layout struct {
	mode layoutMode
	unit int64 // of an epoch, microseconds
	ops  []layoutOp
	// least is how many characters a DATE has at least; 0: any number.
	least int
	timed bool // a custom one has a time of the day
}

type layoutMode uint8

const (
	standard layoutMode = iota // none given: YYYY-MM-DD [HH:MI:SS[.ffffff]]
	auto
	epoch
	custom
)

// layoutOp is one part of a custom format: a part of a date, or a literal byte.
type layoutOp struct {
	part    datePart
	literal byte
}

type datePart uint8

const (
	literal datePart = iota
	year4
	year2
	monthNumber
	monthName
	dayNumber
	hour24
	hour12
	minuteNumber
	secondNumber
	meridiemMark
)

// The parts of DATEFORMAT and TIMEFORMAT strings (copy-parameters-data-conversion,
// r_DATEFORMAT_and_TIMEFORMAT_strings); longer ones first.
var dateParts = []struct {
	word string
	part datePart
}{
	{"YYYY", year4}, {"HH24", hour24}, {"HH12", hour12}, {"MON", monthName}, {"YY", year2}, {"MM", monthNumber},
	{"DD", dayNumber}, {"HH", hour24}, {
		"MI", minuteNumber,
	}, {"SS", secondNumber}, {"AM", meridiemMark}, {"PM", meridiemMark},
}

// compileLayout reads a DATEFORMAT (epochs are TIMEFORMAT's alone) or TIMEFORMAT; "" is the
// standard one. Keywords are case-sensitive: 'AUTO' is a format without parts, and so an error.
func compileLayout(format string, epochs bool) (layout, error) {
	switch {
	case format == "":
		return layout{mode: standard, least: len("YYYY-MM-DD")}, nil
	case format == "auto":
		return layout{mode: auto}, nil
	case format == "epochsecs" && epochs:
		return layout{mode: epoch, unit: 1000000}, nil
	case format == "epochmillisecs" && epochs:
		return layout{mode: epoch, unit: 1000}, nil
	}
	l := layout{mode: custom, least: len(format)}
	parts := 0
next:
	for i := 0; i < len(format); {
		for _, p := range dateParts {
			if strings.HasPrefix(format[i:], p.word) {
				l.ops = append(l.ops, layoutOp{part: p.part})
				l.timed = l.timed || p.part == hour24 || p.part == hour12
				i += len(p.word)
				parts++
				continue next
			}
		}
		if c := format[i]; 'A' <= c && c <= 'Z' && c != 'T' && c != 'Z' || 'a' <= c && c <= 'z' {
			return layout{}, fmt.Errorf("unknown part at %q", format[i:])
		}
		l.ops = append(l.ops, layoutOp{literal: format[i]})
		i++
	}
	if parts == 0 {
		return layout{}, fmt.Errorf("it has no part such as YYYY or HH")
	}
	return l, nil
}

// parse reads b, whose outer blanks are gone, as a value of a type into m.
func (l *layout) parse(b []byte, m *moment, typ columnType) error {
	*m = moment{year: 1, month: 1, day: 1}
	var rest []byte
	found := false
	switch l.mode {
	case standard:
		found = parseStandard(b, m)
	case auto:
		found = parseAuto(b, m)
	case custom:
		rest, found = l.parseCustom(b, m)
	}
	switch {
	case !found || !m.valid():
		return errSyntax
	case len(rest) > 0:
		return l.behind(rest, typ)
	}
	return nil
}

// behind refuses what follows a pattern, as it would be lost. Allowed are a time behind a DATE, and
// a time zone behind a time, unless the type is the one that keeps it: a TIMESTAMP ignores it
// (r_Datetime_types).
func (l *layout) behind(rest []byte, typ columnType) error {
	zoned := l.timed && isZone(rest)
	switch {
	case zoned && typ != typeTimestamptz, typ == typeDate && !l.timed && isTime(rest):
		return nil
	case zoned:
		return fmt.Errorf("a TIMEFORMAT has no place for the time zone %q; TIMEFORMAT 'auto' reads it", rest)
	case typ == typeDate:
		return fmt.Errorf("%q follows what the DATEFORMAT describes", rest)
	}
	return fmt.Errorf("%q follows what the TIMEFORMAT describes", rest)
}

// isTime tells whether b is a time of the day, with the separator before it.
func isTime(b []byte) bool {
	if b[0]|0x20 == 't' {
		b = b[1:]
	}
	var m moment
	b, found := clock(bytes.TrimLeft(b, " "), &m, false)
	if !found {
		return false
	}
	if mark := bytes.TrimLeft(b, " "); len(mark) >= 2 && (equalFold(mark[:2], "am") || equalFold(mark[:2], "pm")) {
		b = mark[2:]
	}
	return len(b) == 0 || isZone(b)
}

// isZone tells whether b is a time zone, as a number or a name.
func isZone(b []byte) bool {
	var m moment
	if offset(b, &m) {
		return true
	}
	_, known := zoneOf(bytes.TrimLeft(b, " "))
	return known
}

// digits reads from least to most digits and returns what is left.
func digits(b []byte, least, most int, n *int) ([]byte, bool) {
	i, v := 0, 0
	for i < len(b) && i < most && b[i]-'0' <= 9 {
		v = v*10 + int(b[i]-'0')
		i++
	}
	*n = v
	return b[i:], i >= least
}

func skip(b []byte, c byte) ([]byte, bool) {
	if len(b) == 0 || b[0] != c {
		return b, false
	}
	return b[1:], true
}

// fraction reads .ffffff where there is one; digits after the sixth are cut.
func fraction(b []byte, micro *int) []byte {
	*micro = 0
	if len(b) < 2 || b[0] != '.' || b[1]-'0' > 9 {
		return b
	}
	i, weight := 1, 100000
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		*micro += int(b[i]-'0') * weight
		weight /= 10
	}
	return b[i:]
}

// offset reads a zone at the start of b, which ends there: Z, UTC, GMT, +HH, +HHMM, +HH:MM. Other
// names are refused: abbreviations mean different things in different places.
func offset(b []byte, m *moment) bool {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	m.hasOffset = true
	if equalFold(b, "z") || equalFold(b, "utc") || equalFold(b, "gmt") {
		return true
	}
	if len(b) == 0 || b[0] != '+' && b[0] != '-' {
		return false
	}
	sign := 1
	if b[0] == '-' {
		sign = -1
	}
	var hours, minutes int
	b, found := digits(b[1:], 1, 2, &hours)
	if !found {
		return false
	}
	if len(b) > 0 {
		if b[0] == ':' {
			b = b[1:]
		}
		if b, found = digits(b, 2, 2, &minutes); !found {
			return false
		}
	}
	m.offset = sign * (hours*3600 + minutes*60)
	return len(b) == 0 && hours <= 15 && minutes < 60
}

// parseStandard reads what COPY reads without DATEFORMAT and TIMEFORMAT: YYYY-MM-DD, then nothing
// or a blank and HH:MI:SS[.ffffff], then nothing or a numeric zone (OF, for TIMESTAMPTZ).
func parseStandard(b []byte, m *moment) bool {
	var found bool
	if b, found = digits(b, 4, 4, &m.year); !found {
		return false
	}
	if b, found = skip(b, '-'); !found {
		return false
	}
	if b, found = digits(b, 1, 2, &m.month); !found {
		return false
	}
	if b, found = skip(b, '-'); !found {
		return false
	}
	if b, found = digits(b, 1, 2, &m.day); !found {
		return false
	}
	if len(b) == 0 {
		return true
	}
	if b, found = skip(b, ' '); !found {
		return false
	}
	if b, found = clock(b, m, true); !found {
		return false
	}
	return len(b) == 0 || offset(b, m)
}

// clock reads HH:MI:SS[.ffffff]; without strict, seconds may be absent.
func clock(b []byte, m *moment, strict bool) ([]byte, bool) {
	var found bool
	if b, found = digits(b, 1, 2, &m.hour); !found {
		return b, false
	}
	if b, found = skip(b, ':'); !found {
		return b, false
	}
	if b, found = digits(b, 2, 2, &m.minute); !found {
		return b, false
	}
	if len(b) == 0 || b[0] != ':' {
		return b, !strict
	}
	if b, found = digits(b[1:], 2, 2, &m.second); !found {
		return b, false
	}
	return fraction(b, &m.micro), true
}

var monthNames = [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september",
	"october", "november", "december"}

// month reads a month's name, whole or its first three letters, in any case.
func month(b []byte, n *int) ([]byte, bool) {
	end := 0
	for end < len(b) && (b[end]|0x20) >= 'a' && (b[end]|0x20) <= 'z' {
		end++
	}
	for i, name := range monthNames {
		if equalFold(b[:end], name) || equalFold(b[:end], name[:3]) {
			*n = i + 1
			return b[end:], true
		}
	}
	return b, false
}

// parseCustom follows the compiled format, and returns what is behind it. A number next to another
// number has its full width, otherwise a leading zero may be absent.
func (l *layout) parseCustom(b []byte, m *moment) ([]byte, bool) {
	var found bool
	for i, op := range l.ops {
		least := 1
		if i+1 < len(l.ops) && l.ops[i+1].part != literal {
			least = 2
		}
		switch op.part {
		case literal:
			b, found = skip(b, op.literal)
		case year4:
			b, found = digits(b, 4, 4, &m.year)
		case year2:
			// PostgreSQL's pivot: 70 is 1970, 69 is 2069
			if b, found = digits(b, 2, 2, &m.year); m.year < 70 {
				m.year += 2000
			} else {
				m.year += 1900
			}
		case monthNumber:
			b, found = digits(b, least, 2, &m.month)
		case monthName:
			b, found = month(b, &m.month)
		case dayNumber:
			b, found = digits(b, least, 2, &m.day)
		case hour24:
			b, found = digits(b, least, 2, &m.hour)
		case hour12:
			b, found = digits(b, least, 2, &m.hour)
			found = found && m.hour >= 1 && m.hour <= 12
		case minuteNumber:
			b, found = digits(b, least, 2, &m.minute)
		case secondNumber:
			b, found = digits(b, least, 2, &m.second)
			b = fraction(b, &m.micro)
		case meridiemMark:
			found = len(b) >= 2 && (equalFold(b[:2], "am") || equalFold(b[:2], "pm"))
			if found {
				m.meridiem = b[0] | 0x20
				b = b[2:]
			}
		}
		if !found {
			return nil, false
		}
	}
	return b, true
}
