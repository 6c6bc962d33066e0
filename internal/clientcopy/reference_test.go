package clientcopy_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/clientcopy"
)

// referenceColumns are of the types that the reference below knows, their names in lower case.
func referenceColumns() []clientcopy.Column {
	return []clientcopy.Column{
		varchar("a", 0), varchar("b", 8), column("c", "bigint"), column("d", "double precision"),
		column("e", "boolean"), column("f", "integer"),
	}
}

// reference is a slow COPY with JSON 'auto' on encoding/json, for objects that hold one record:
// each column's text, "NULL", or the verdict.
func reference(record []byte) (values []string, accepted bool) {
	if !json.Valid(record) {
		return nil, false
	}
	var root map[string]json.RawMessage
	if err := json.Unmarshal(record, &root); err != nil || root == nil {
		return nil, false
	}
	for _, c := range referenceColumns() {
		raw, found := root[c.Name]
		if !found || string(raw) == "null" {
			values = append(values, "NULL")
			continue
		}
		value := string(raw)
		isString := raw[0] == '"'
		if isString {
			if err := json.Unmarshal(raw, &value); err != nil {
				return nil, false
			}
		}
		if c.Type == "character varying" {
			if isString {
				if invalid(raw) || strings.ContainsRune(value, 0) {
					return nil, false
				}
			} else if raw[0] == '{' || raw[0] == '[' {
				var b bytes.Buffer
				if json.Compact(&b, raw) != nil || !utf8.Valid(b.Bytes()) {
					return nil, false
				}
				value = b.String()
			}
			if c.Length > 0 && len(value) > c.Length {
				if !isString && strings.TrimRight(
					value[c.Length:], " ",
				) != "" || strings.TrimRight(value[c.Length:], " ") != "" {
					return nil, false
				}
				value = value[:c.Length]
			}
			values = append(values, "'"+value)
			continue
		}
		if isString {
			if value = strings.Trim(value, " \t\n\v\f\r"); value == "" {
				values = append(values, "NULL")
				continue
			}
		} else if raw[0] == '{' || raw[0] == '[' {
			return nil, false
		}
		switch c.Type {
		case "boolean":
			truth, known := map[string]string{
				"t": "1", "true": "1", "y": "1", "yes": "1", "1": "1", "f": "0", "false": "0",
				"n": "0", "no": "0", "0": "0",
			}[lowerASCII(value)]
			if !known {
				return nil, false
			}
			values = append(values, truth)
		case "double precision":
			f, err := strconv.ParseFloat(value, 64)
			if err != nil || strings.ContainsAny(value, "xXpP_") || strings.HasSuffix(value, "nan") && len(value) > 3 {
				return nil, false
			}
			values = append(values, fmt.Sprint(math.Float64bits(f)))
		default:
			low, high := int64(math.MinInt64), int64(math.MaxInt64)
			if c.Type == "integer" {
				low, high = math.MinInt32, math.MaxInt32
			}
			n, fits := whole(value, low, high)
			if !fits {
				return nil, false
			}
			values = append(values, fmt.Sprint(n))
		}
	}
	return values, true
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 32
		}
	}
	return string(b)
}

// invalid reports whether a JSON string holds text that is not UTF-8, in bytes or in escapes of
// surrogates; encoding/json puts U+FFFD there.
func invalid(raw []byte) bool {
	if !utf8.Valid(raw) {
		return true
	}
	var before, after string
	_ = json.Unmarshal(raw, &before)
	escaped := strings.ReplaceAll(
		strings.ReplaceAll(strings.ReplaceAll(string(raw), `\\`, `..`), `\ufffd`, "."), `\uFFFD`,
		".",
	)
	for _, variant := range []string{
		`\uFffd`, `\uffFd`, `\uffFD`, `\ufFfd`, `\ufFfD`, `\ufFFd`, `\ufFFD`, `\uFffD`, `\uFfFd`,
		`\uFfFD`, `\uFFfd`, `\uFFfD`, `\uFFFd`, `\ufffD`,
	} {
		escaped = strings.ReplaceAll(escaped, variant, ".")
	}
	escaped = strings.ReplaceAll(escaped, "\uFFFD", ".")
	_ = json.Unmarshal([]byte(escaped), &after)
	return strings.ContainsRune(after, utf8.RuneError)
}

// whole cuts a decimal to a whole number by moving digits about as text.
func whole(s string, low, high int64) (int64, bool) {
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = "-"
		}
		s = s[1:]
	}
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(s), "e")
	before, after, _ := strings.Cut(mantissa, ".")
	if before+after == "" || strings.Trim(before+after, "0123456789") != "" {
		return 0, false
	}
	shift := 0
	if hasExponent {
		if strings.Trim(
			strings.TrimLeft(exponent, "+-"), "0123456789",
		) != "" || len(exponent)-len(strings.TrimLeft(exponent, "+-")) > 1 || strings.TrimLeft(exponent, "+-") == "" {
			return 0, false
		}
		var err error
		if shift, err = strconv.Atoi(exponent); err != nil || shift > 5000 || shift < -5000 {
			if strings.Trim(before+after, "0") == "" || exponent[0] == '-' {
				return 0, true
			}
			return 0, false
		}
	}
	digits := before + after
	point := len(before) + shift
	switch {
	case point <= 0:
		digits = "0"
	case point < len(digits):
		digits = digits[:point]
	default:
		digits += strings.Repeat("0", point-len(digits))
	}
	n, err := strconv.ParseInt(sign+digits, 10, 64)
	return n, err == nil && n >= low && n <= high
}

// values reads a binary tuple back as reference writes it.
func values(t testing.TB, tuple []byte) []string {
	t.Helper()
	n := int(binary.BigEndian.Uint16(tuple))
	tuple = tuple[2:]
	var out []string
	for i := range n {
		length := int32(binary.BigEndian.Uint32(tuple))
		tuple = tuple[4:]
		if length < 0 {
			out = append(out, "NULL")
			continue
		}
		field := tuple[:length]
		tuple = tuple[length:]
		switch c := referenceColumns()[i]; c.Type {
		case "character varying":
			out = append(out, "'"+string(field))
		case "boolean":
			out = append(out, fmt.Sprint(field[0]))
		case "double precision":
			out = append(out, fmt.Sprint(binary.BigEndian.Uint64(field)))
		case "integer":
			out = append(out, fmt.Sprint(int32(binary.BigEndian.Uint32(field))))
		default:
			out = append(out, fmt.Sprint(int64(binary.BigEndian.Uint64(field))))
		}
	}
	if len(tuple) != 0 {
		t.Fatalf("got %d bytes after the tuple, want none", len(tuple))
	}
	return out
}

// compare holds one record against the reference.
func compare(t testing.TB, d *clientcopy.Decoder, record []byte) {
	t.Helper()
	if err := d.Decode(bytes.NewReader(record)); err != nil {
		t.Fatalf("%q: got error %v, want none", record, err)
	}
	want, accepted := reference(record)
	got := d.Rows == 1 && len(d.Rejects) == 0
	if got != accepted {
		t.Fatalf("%q: got %d rows, rejects %v; want accepted = %v", record, d.Rows, d.Rejects, accepted)
	}
	if !accepted {
		return
	}
	if g := values(t, d.Tuples); fmt.Sprint(g) != fmt.Sprint(want) {
		t.Fatalf("%q: got %q, want %q", record, g, want)
	}
}

// FuzzJSON compares single records with the reference: the same verdict, the same values.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":"x","b":"y","c":1,"d":2.5,"e":true,"f":-7}`,
		`{"a":null,"b":"12345678   ","c":"1.5e3"}`, `{"a":{"x":[1, 2, {"y":"}"}]},"zz":[[]]}`,
		`{"a":"\u00e9\ud83d\ude00\n","b":"\u0000"}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}",
		`{"c":9223372036854775808}`, `{"d":1e400}`, `{"a":1,"a":2}`,
		`{"a":1,}`, `{"a":01}`, `{"a" : "b" , "c":-0}`, `{"\u0061":"x"}`, `[1]`, `{"a":tru}`,
		`{"a":"`, `{"e":"YES","f":"  12  "}`, `{"d":"NaN"}`, `{"d":"-Infinity","c":""}`,
		"{\"a\":\"x\ty\"}", `{"a":[1,2`, `{"d":123456789012345678901234567890}`,
		`{"d":0.1e-5,"c":1e-1}`, `{"a":"\/\b\f\r\t\\\""}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		// One record, and only that: what stands around records is not encoding/json's matter.
		trimmed := bytes.TrimSpace(record)
		if len(trimmed) == 0 || trimmed[0] != '{' || bytes.HasPrefix(record, []byte("\xef\xbb\xbf")) {
			return
		}
		if dec := json.NewDecoder(
			bytes.NewReader(record),
		); dec.Decode(new(json.RawMessage)) == nil && int(dec.InputOffset()) < len(bytes.TrimRight(record, " \t\r\n")) {
			return
		}
		compare(t, newDecoder(t, "COPY t FROM 's3://b/p' FORMAT AS JSON 'auto'", referenceColumns(), 64), record)
	})
}

// TestReference does the same with generated records, which are JSON more often than the fuzzer's.
func TestReference(t *testing.T) {
	d := newDecoder(t, "COPY t FROM 's3://b/p' FORMAT AS JSON 'auto'", referenceColumns(), 64)
	rapid.Check(t, func(r *rapid.T) {
		compare(t, d, []byte(genRecord(r)))
	})
}

// genRecord draws a record, mostly valid.
func genRecord(r *rapid.T) string {
	space := rapid.SampledFrom([]string{"", "", "", " ", "\n", "\t ", "\r\n"})
	var b strings.Builder
	b.WriteString("{" + space.Draw(r, "space"))
	n := rapid.IntRange(0, 8).Draw(r, "members")
	for i := range n {
		if i > 0 {
			b.WriteString("," + space.Draw(r, "space"))
		}
		key := rapid.SampledFrom(
			[]string{`"a"`, `"b"`, `"c"`, `"d"`, `"e"`, `"f"`, `"A"`, `"\u0061"`, `"other"`, `""`, `"aa"`},
		).Draw(r, "key")
		b.WriteString(
			key + space.Draw(r, "space") + ":" + space.Draw(r, "space") + genValue(r, 0) + space.Draw(r, "space"),
		)
	}
	b.WriteString("}")
	return b.String()
}

func genValue(r *rapid.T, depth int) string {
	switch rapid.IntRange(0, 9).Draw(r, "kind") {
	case 0, 1:
		return rapid.StringMatching(`"([a-zäß😀 ]|\\n|\\"|\\u00[0-9a-f]{2}|\\ud83d\\ude00|\\/){0,12}"`).Draw(r, "string")
	case 2, 3:
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?`).Draw(r, "number")
	case 4:
		return rapid.StringMatching(
			`"[ ]{0,2}[+-]?[0-9]{0,11}\.?[0-9]{0,3}(e[+-]?[0-9]{1,2})?[ ]{0,2}"`,
		).Draw(r, "number in a string")
	case 5:
		return rapid.SampledFrom(
			[]string{"null", "true", "false", `"t"`, `"Yes"`, `"0"`, `""`, `"  "`, `"12345678  "`},
		).Draw(r, "word")
	case 6:
		return rapid.SampledFrom(
			[]string{
				"nul", "+1", "01", "1.", ".5", `"a`, "'a'", `"\x"`, `"\u12"`, "-", "1e", `"\ud800"`,
				`"\udc00x"`, "\"\xff\"", "\"\x01\"",
			},
		).Draw(r, "broken")
	case 7:
		return fmt.Sprint(rapid.Int64().Draw(r, "int64"))
	default:
		if depth > 2 {
			return "1"
		}
		if rapid.Bool().Draw(r, "array") {
			return "[" + genValue(r, depth+1) + " ,\n" + genValue(r, depth+1) + "]"
		}
		return `{ "k" : ` + genValue(r, depth+1) + "}"
	}
}

// referenceRecords cuts a text into whole records and into what is refused between them, slowly and
// on encoding/json: see jsonDecoder.decode.
func referenceRecords(text string) (parts []string, whole []bool) {
	add := func(part string, is bool) {
		parts, whole = append(parts, strings.TrimRight(part, " \t\r\n")), append(whole, is)
	}
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return parts, whole
		}
		switch {
		case text[0] == '[', text[0] == ']', text[0] == ',':
			add(text[:1], false)
			text = text[1:]
		case text[0] != '{':
			end := strings.IndexAny(text, "\n{")
			if end < 0 {
				end = len(text)
			}
			add(text[:end], false)
			text = text[end:]
		default:
			d := json.NewDecoder(strings.NewReader(text))
			err := d.Decode(new(json.RawMessage))
			if err == nil {
				add(text[:d.InputOffset()], true)
				text = text[d.InputOffset():]
				continue
			}
			broke := len(text)
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				broke = int(syntax.Offset) - 1
			}
			end := len(text)
			for line := 1; line < len(text); line++ {
				if text[line-1] != '\n' {
					continue
				}
				begin := len(text) - len(strings.TrimLeft(text[line:], " \t\r\n"))
				if begin < len(text) && text[begin] == '{' && (begin == line || begin >= broke) {
					end = begin
					break
				}
			}
			add(text[:end], false)
			text = text[end:]
		}
	}
}

// compareText holds many records against the reference: the same rows in the same order, and the
// same refused texts.
func compareText(t testing.TB, d, single *clientcopy.Decoder, text string) {
	t.Helper()
	var tuples []byte
	var refused []string
	parts, whole := referenceRecords(text)
	for i, part := range parts {
		if whole[i] {
			if err := single.Decode(strings.NewReader(part)); err != nil {
				t.Fatalf("%q: got error %v, want none", part, err)
			}
			if single.Rows == 1 {
				tuples = append(tuples, single.Tuples...)
				continue
			}
		}
		refused = append(refused, strings.ReplaceAll(strings.ToValidUTF8(part, "\uFFFD"), "\x00", "\uFFFD"))
	}
	if err := d.Decode(strings.NewReader(text)); err != nil {
		t.Fatalf("%q: got error %v, want none", text, err)
	}
	var got []string
	for _, reject := range d.Rejects {
		got = append(got, reject.Raw)
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", refused) {
		t.Fatalf("%q: got the rejects %q, want %q", text, got, refused)
	}
	if !bytes.Equal(d.Tuples, tuples) {
		t.Fatalf("%q: got the rows %q, want %q", text, d.Tuples, tuples)
	}
}

// TestBrokenRecords: a broken record takes no whole one with it, wherever it broke.
func TestBrokenRecords(t *testing.T) {
	const sql = "COPY t FROM 's3://b/p' FORMAT AS JSON 'auto'"
	single := newDecoder(t, sql, referenceColumns(), 64)
	const good = `{"a":"x","c":1}`
	for i := 1; i < len(good); i++ {
		for _, end := range []string{"\n", "\r\n", "\n\n"} {
			for _, behind := range []string{good, good + end + good, good + end + good + end} {
				text := good[:i] + end + behind
				d := newDecoder(t, sql, referenceColumns(), 16)
				compareText(t, d, single, text)
				if want := int64(
					strings.Count(behind, "x"),
				); d.Rows != want || len(d.Rejects) != 1 || d.Rejects[0].Line != 1 || d.Rejects[0].Raw != good[:i] {
					t.Errorf(
						"%q: got %d rows and the rejects %+v, want %d and the first line alone",
						text, d.Rows, d.Rejects, want,
					)
				}
			}
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(1, 6).Draw(r, "records") {
			record := genRecord(r)
			if rapid.Bool().Draw(r, "cut") {
				record = record[:rapid.IntRange(0, len(record)).Draw(r, "to")]
			}
			b.WriteString(record)
			b.WriteString(rapid.SampledFrom([]string{"\n", "\n", "\r\n", "", "\n  ", " junk\n", ","}).Draw(r, "end"))
		}
		compareText(
			t,
			newDecoder(t, sql, referenceColumns(), rapid.SampledFrom([]int{16, 64, 1 << 16}).Draw(r, "window")),
			single, b.String(),
		)
	})
}

// TestWindow reads the same bytes through windows of many sizes, with the same result.
func TestWindow(t *testing.T) {
	inputs := map[string]string{
		"json": string(
			events(40),
		) +
			"x y z\n{\"artist\":soon}\n[ , " +
			"]\n{\"artist\":\"a\n{\"artist\":\"b\"}\n{\"ts\":\"x\",\n\"page\":\"Home\"}{\"page\":\"p\"}\r\n" +
			"\r\n{\"a\":[{\n\"b\":1}, 5\n {\"page\":\"é\"} {\"page\":",
		"bom":    "\xef\xbb\xbf{\"page\":\"x\"}",
		"broken": "{\"page\":\"\n\n\n   \n  {\"page\":\"ok\"} junk {\"page\":1} \n{\"page\" 1}   \n\t\n",
	}
	csv := "1,a\n\"2\",\"b\"\"c\nd\"\r\n3,\"x\"y\n4\n\n5,e,f\nsoon,g\n 6 , \"h\" \n7,\"é\"\n8,\"open"
	for name, input := range inputs {
		var want string
		for _, window := range []int{1 << 20, 16, 17, 19, 23, 64, 100, 1000} {
			d := eventDecoder(t, window)
			got := outcome(t, d, input)
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("%s, window of %d bytes: got %s, want %s", name, window, got, want)
			}
		}
	}
	var want string
	for _, window := range []int{1 << 20, 16, 17, 19, 23, 64} {
		d := newDecoder(
			t, "COPY t FROM 's3://b/p' FORMAT AS CSV",
			[]clientcopy.Column{column("id", "integer"), varchar("v", 10)}, window,
		)
		got := outcome(t, d, csv)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("csv, window of %d bytes: got %s, want %s", window, got, want)
		}
	}
}

func outcome(t *testing.T, d *clientcopy.Decoder, input string) string {
	t.Helper()
	if err := d.Decode(strings.NewReader(input)); err != nil {
		t.Fatalf("%q: %v", input, err)
	}
	return fmt.Sprintf("%d rows %x rejects %+v", d.Rows, d.Tuples, d.Rejects)
}

// TestAllocations: no record costs an allocation.
func TestAllocations(t *testing.T) {
	const n = 1000
	data := events(n)
	d := eventDecoder(t, 64<<10)
	d.Discard()
	r := bytes.NewReader(data)
	got := testing.AllocsPerRun(10, func() {
		r.Reset(data)
		if err := d.Decode(r); err != nil || d.Rows != n {
			t.Fatalf("got %d rows, error %v; want %d", d.Rows, err, n)
		}
	})
	if got > 2 { // of an object
		t.Errorf("%d records: got %v allocations, want 2 at most", n, got)
	}
}
