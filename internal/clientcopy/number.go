package clientcopy

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"unsafe"
)

// errSyntax and errRange are what reading a value of any type can end in; the caller words the
// reason.
var (
	errSyntax = errors.New("syntax")
	errRange  = errors.New("out of range")
)

// errNotWhole is of a number in CSV or delimited text (r_Load_Error_Reference, 1207).
var errNotWhole = errors.New("it has a fraction or an exponent, which COPY cuts in JSON only")

// parseInteger reads a whole number of at most 64 bits. With cut, a fraction is cut and an exponent
// applied, because numbers such as 1540919166796.0 and 1.5e3 do arrive in JSON for BIGINT columns;
// 1e-1 is 0.
func parseInteger(b []byte, cut bool) (int64, error) {
	i, negative := 0, false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative = b[0] == '-'
		i = 1
	}
	if n := len(b) - i; n > 0 && n <= 18 {
		var u int64
		for ; i < len(b); i++ {
			d := b[i] - '0'
			if d > 9 {
				if !cut || i == 0 || b[i] != '.' || b[i-1]-'0' > 9 || !allDigits(b[i+1:]) {
					return parseIntegerSlow(b, cut)
				}
				break // the fraction is cut
			}
			u = u*10 + int64(d)
		}
		if negative {
			u = -u
		}
		return u, nil
	}
	return parseIntegerSlow(b, cut)
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

func parseIntegerSlow(b []byte, cut bool) (int64, error) {
	var d decimal
	if err := d.parse(b); err != nil {
		return 0, err
	}
	if !cut && (b[0] == '.' || !allDigits(b[1:])) { // the first may be a sign
		return 0, errNotWhole
	}
	var u uint64
	for i := range d.point() {
		if u > (math.MaxUint64-9)/10 {
			return 0, errRange
		}
		u = u*10 + uint64(d.digit(i))
	}
	switch {
	case d.negative && u <= 1<<63:
		return -int64(u), nil // of 1<<63 too, which is its own negation
	case d.negative || u > math.MaxInt64:
		return 0, errRange
	}
	return int64(u), nil
}

// decimal is a number in decimal notation taken apart without being computed: digits that stand in
// the source, and where the decimal point lies among them.
type decimal struct {
	negative bool
	// whole and frac are the digits before and after the source's point, without leading zeros in
	// whole.
	whole, frac []byte
	exp         int // the written exponent, held within ±maxExponent
}

// maxExponent bounds exponents: beyond it every type is out of range (or zero), and loops stay
// short.
const maxExponent = 20000

// parse takes [+-] digits [. digits] [e [+-] digits] apart; one side of the point may be empty.
func (d *decimal) parse(b []byte) error {
	*d = decimal{}
	i := 0
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		d.negative = b[i] == '-'
		i++
	}
	start := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	d.whole = b[start:i]
	if i < len(b) && b[i] == '.' {
		i++
		start = i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		d.frac = b[start:i]
	}
	if len(d.whole)+len(d.frac) == 0 {
		return errSyntax
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		negative := false
		if i < len(b) && (b[i] == '-' || b[i] == '+') {
			negative = b[i] == '-'
			i++
		}
		start = i
		for ; i < len(b) && b[i]-'0' <= 9; i++ {
			if d.exp < maxExponent {
				d.exp = d.exp*10 + int(b[i]-'0')
			}
		}
		if i == start {
			return errSyntax
		}
		d.exp = min(d.exp, maxExponent)
		if negative {
			d.exp = -d.exp
		}
	}
	if i != len(b) {
		return errSyntax
	}
	for len(d.whole) > 0 && d.whole[0] == '0' {
		d.whole = d.whole[1:]
	}
	if len(d.whole) == 0 { // 0.000…1e30 has its first digit in the fraction
		zeros := 0
		for zeros < len(d.frac) && d.frac[zeros] == '0' {
			zeros++
		}
		if zeros == len(d.frac) { // zero, whatever its exponent
			d.frac, d.exp, d.negative = nil, 0, false
		} else {
			d.frac = d.frac[zeros:]
			d.exp -= zeros
		}
	}
	return nil
}

// point is the number of digits before the decimal point: negative for 0.00…; the digits begin with
// a nonzero one.
func (d *decimal) point() int { return len(d.whole) + d.exp }

// len is the number of digits that the source holds.
func (d *decimal) len() int { return len(d.whole) + len(d.frac) }

// digit is the i-th digit from the first nonzero one; 0 on both sides beyond the source.
func (d *decimal) digit(i int) byte {
	switch {
	case i < 0:
		return 0
	case i < len(d.whole):
		return d.whole[i] - '0'
	case i-len(d.whole) < len(d.frac):
		return d.frac[i-len(d.whole)] - '0'
	}
	return 0
}

var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// parseDouble reads a DOUBLE PRECISION, correctly rounded. A number of at most 15 digits and a
// power of ten up to 22 is one exact operation on two exact doubles (Clinger's fast path); strconv
// does the rest. A number too small becomes zero, one too large is out of range.
func parseDouble(b []byte) (float64, error) {
	i, negative := 0, false
	if len(b) > 0 && b[0] == '-' {
		negative = true
		i = 1
	}
	var mantissa uint64
	digits, scale := 0, 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		mantissa = mantissa*10 + uint64(b[i]-'0')
		digits++
	}
	if i < len(b) && b[i] == '.' {
		point := i
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			mantissa = mantissa*10 + uint64(b[i]-'0')
		}
		scale = i - point - 1
		digits += scale
	}
	if i == len(b) && digits > 0 && digits <= 15 { // so scale <= 15 too
		f := float64(mantissa)
		if scale > 0 {
			f /= pow10[scale]
		}
		if negative {
			f = -f
		}
		return f, nil
	}
	return parseFloatSlow(b, 64)
}

// parseReal reads a REAL, rounded once, as float4in does; going through a double would round twice.
func parseReal(b []byte) (float32, error) {
	f, err := parseFloatSlow(b, 32)
	return float32(f), err
}

// parseFloatSlow accepts decimal notation, and NaN, Infinity and -Infinity in any case, as both
// engines' float input does; strconv's hexadecimal and underscore forms are not numbers in data.
func parseFloatSlow(b []byte, bits int) (float64, error) {
	var d decimal
	if d.parse(b) != nil {
		word := b
		if len(word) > 0 && (word[0] == '-' || word[0] == '+') {
			word = word[1:]
		}
		switch {
		case equalFold(b, "nan"):
			return math.NaN(), nil
		case equalFold(word, "infinity") || equalFold(word, "inf"):
			if b[0] == '-' {
				return math.Inf(-1), nil
			}
			return math.Inf(1), nil
		}
		return 0, errSyntax
	}
	// The string shares b's memory for the length of the call only; strconv copies what it puts in
	// an error.
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), bits)
	if err != nil {
		return 0, errRange
	}
	return f, nil
}

// equalFold compares b with a lower-case ASCII word, case-blind.
func equalFold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// Of the binary form of NUMERIC (numeric_send in PostgreSQL's numeric.c): int16 count of base-10000
// digits, int16 weight of the first, uint16 sign, int16 display scale, the digits.
const numericNegative = 0x4000

// appendNumeric appends the binary form of a NUMERIC(precision, scale). COPY cuts digits beyond the
// scale, or with ROUNDEC rounds half away from zero (copy-parameters-data-conversion). precision 0
// is an unconstrained NUMERIC, which keeps every digit up to PostgreSQL's 16383 after the point.
func appendNumeric(dst, b []byte, precision, scale int, round bool) ([]byte, error) {
	var d decimal
	if err := d.parse(b); err != nil {
		return dst, err
	}
	if precision == 0 {
		scale = d.len() - d.point()
		if scale < 0 || d.len() == 0 {
			scale = 0
		}
		if scale > 16383 || d.point() > 131072 {
			return dst, errRange
		}
		precision = 131072 + scale
	}
	if d.point() > precision-scale && d.len() > 0 {
		return dst, errRange // before any loop over the digits of 1e20000
	}
	// last is the index of the first digit that is cut; up adds one to the digit before it.
	last := d.point() + scale
	up := round && last >= 0 && d.digit(last) >= 5
	if up { // a carry out of the top digit makes one digit more: 9.99 -> 10.0
		nines := true
		for i := range last {
			if d.digit(i) != 9 {
				nines = false
				break
			}
		}
		if nines && d.point()+1 > precision-scale {
			return dst, errRange
		}
	}
	// Digits are grouped in fours to both sides of the point. top is the group of the first digit,
	// one more for a carry.
	top := floorDiv(d.point()-1, 4)
	if up {
		top = max(floorDiv(d.point(), 4), top)
	}
	bottom := -(scale + 3) / 4 // index of the last group; group 0 holds the ones
	head := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	// From the lowest group up, so that the carry runs along; written in place afterwards, hence
	// the room first.
	groups := max(top-bottom+1, 0)
	for range groups {
		dst = append(dst, 0, 0)
	}
	carry := 0
	if up {
		carry = 1
	}
	for g := bottom; g <= top; g++ {
		value := 0
		for k := range 4 {
			// The digit with weight 10^(4g+3-k) has index point-1-(4g+3-k).
			at := d.point() - 1 - (4*g + 3 - k)
			value *= 10
			if at < last {
				value += int(d.digit(at))
			}
		}
		if carry > 0 {
			// The carry enters at the last kept digit: weight 10^-scale.
			if g == bottom {
				unit := 1
				for range (4 - scale%4) % 4 {
					unit *= 10
				}
				value += unit
			} else {
				value++
			}
			carry = 0
			if value >= 10000 {
				value -= 10000
				carry = 1
			}
		}
		binary.BigEndian.PutUint16(dst[head+8+2*(top-g):], uint16(value))
	}
	// Neither leading nor trailing zero groups are sent, as numeric_send strips them.
	first, end := head+8, len(dst)
	weight := top
	for first < end && dst[first] == 0 && dst[first+1] == 0 {
		first += 2
		weight--
	}
	for end > first && dst[end-1] == 0 && dst[end-2] == 0 {
		end -= 2
	}
	n := copy(dst[head+8:], dst[first:end])
	dst = dst[:head+8+n]
	sign := uint16(0)
	if n == 0 {
		weight = 0
	} else if d.negative {
		sign = numericNegative
	}
	binary.BigEndian.PutUint16(dst[head:], uint16(n/2))
	binary.BigEndian.PutUint16(dst[head+2:], uint16(int16(weight)))
	binary.BigEndian.PutUint16(dst[head+4:], sign)
	binary.BigEndian.PutUint16(dst[head+6:], uint16(scale))
	return dst, nil
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
