package clientcopy_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"

	"github.com/sparkify/dwh/internal/clientcopy"
)

func gzipped(t *testing.T, body string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t *testing.T, body string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(body), nil))
}

// inUTF16 encodes a text as a byte order mark and UTF-16.
func inUTF16(order binary.AppendByteOrder, text string, mark bool) string {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// bzipped is {"id":1} and a newline, compressed with BZIP2.
const bzipped = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x51\x99\x3a\xf8\x00\x00\x03\xd9\x80\x00\x10\x10\x00\x20\x10" +
	"\x04\x20\x00\x0a\x20\x00\x22\x03\x1a\x84\x30\x20\x64\x66\x43\xc5\xdc\x91\x4e\x14\x24\x14\x66\x4e\xbe\x00"

// TestWrongForm: an object that is not what the COPY says is one reject of line 0 that names what
// the object is and the fix. It does not count as loaded, and the others load.
func TestWrongForm(t *testing.T) {
	record := "{\"id\":1}\n"
	large := strings.Repeat(record, 400<<10) // is streamed, not fetched as a whole
	random := make([]byte, 700<<10)          // does not compress
	for i := range random {
		random[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[(i*i*7919+i*104729)%36]
	}
	tests := []struct{ name, option, body, found, fix string }{
		{"gzip without GZIP", "", gzipped(t, record), "compressed with GZIP", "add GZIP to the COPY"},
		{"large gzip without GZIP", "", gzipped(t, large) + gzipped(t, string(random)), "compressed with " +
			"GZIP", "add GZIP to the COPY"},
		{"bzip2 without BZIP2", "", bzipped, "compressed with BZIP2", "add BZIP2 to the COPY"},
		{"zstd without ZSTD", "", zstandard(t, record), "compressed with ZSTD", "add ZSTD to the COPY"},
		{"plain under GZIP", "GZIP", record, "not compressed", "remove GZIP from the COPY"},
		{"large plain under GZIP", "GZIP", large, "not compressed", "remove GZIP from the COPY"},
		{"plain under BZIP2", "BZIP2", record, "not compressed", "remove BZIP2 from the COPY"},
		{"plain under ZSTD", "ZSTD", record, "not compressed", "remove ZSTD from the COPY"},
		{"a few bytes under ZSTD", "ZSTD", "\n", "not compressed", "remove ZSTD from the COPY"},
		{"gzip under ZSTD", "ZSTD", gzipped(t, record), "compressed with GZIP", "write GZIP instead of ZSTD"},
		{"zstd under GZIP", "GZIP", zstandard(t, record), "compressed with ZSTD", "write ZSTD instead of GZIP"},
		{"zstd under BZIP2", "BZIP2", zstandard(t, record), "compressed with ZSTD", "write ZSTD instead of BZIP2"},
		{"bzip2 under GZIP", "GZIP", bzipped, "compressed with BZIP2", "write BZIP2 instead of GZIP"},
		{"gzip twice", "GZIP", gzipped(t, gzipped(t, record)), "compressed with GZIP within its " +
			"compression", "compress the object once"},
		{"xz", "", "\xfd7zXZ\x00\x00\x04", "compressed with XZ", "compress it with GZIP, BZIP2 or ZSTD"},
		{"xz under GZIP", "GZIP", "\xfd7zXZ\x00\x00\x04", "compressed with XZ", "compress it with GZIP, BZIP2 or ZSTD"},
		{"lzop", "", "\x89LZO\x00\r\n\x1a\n\x10\x40", "compressed with LZOP", "compress it with GZIP, BZIP2 or ZSTD"},
		{"zip", "", "PK\x03\x04\x14\x00\x00\x00", "a ZIP archive", "unpack it"},
		{"UTF-16 LE", "", inUTF16(binary.LittleEndian, record, true), "in UTF-16", "ENCODING UTF16"},
		{"UTF-16 BE", "", inUTF16(binary.BigEndian, record, true), "in UTF-16", "ENCODING UTF16"},
		{"UTF-16 LE without a mark", "", inUTF16(binary.LittleEndian, record, false), "in UTF-16", "ENCODING UTF16"},
		{"UTF-16 BE without a mark", "", inUTF16(binary.BigEndian, record, false), "in UTF-16", "ENCODING UTF16"},
		{"UTF-16 under GZIP", "GZIP", inUTF16(binary.LittleEndian, record, true), "not compressed but in " +
			"UTF-16", "remove GZIP from the COPY, and add ENCODING UTF16"},
		{"gzip under UTF16", "ENCODING UTF16", gzipped(t, record), "compressed with GZIP", "add GZIP to the COPY"},
		{"UTF-8 under UTF16", "ENCODING UTF16", record, "without a byte order mark of UTF-16", "remove ENCODING " +
			"from the COPY"},
		{"big endian under UTF16LE", "ENCODING UTF16LE", inUTF16(binary.BigEndian, record, true), "in UTF-16 (its " +
			"byte order mark is fe ff)", "write UTF16"},
		{"UTF-16 within gzip", "GZIP", gzipped(t, inUTF16(binary.LittleEndian, record, true)), "in " +
			"UTF-16", "ENCODING UTF16"},
	}
	wide := inUTF16(binary.LittleEndian, record, true)
	good := map[string]string{"ENCODING UTF16": wide, "ENCODING " +
		"UTF16LE": wide, "": record, "GZIP": gzipped(t, record), "BZIP2": bzipped, "ZSTD": zstandard(t, record)}
	f := newFixture(t, "id INTEGER")
	for _, format := range []string{jsonAuto, "CSV"} {
		for _, tt := range tests {
			t.Run(tt.name+" "+format, func(t *testing.T) {
				f.t, f.dir = t, t.TempDir()
				f.write("a", tt.body)
				want := int64(0)
				if format == jsonAuto {
					f.write("b", good[tt.option])
					want = 1
				}
				for _, workers := range []int{1, 0} {
					result, err := f.copy(format+" MAXERROR 2 "+
						""+tt.option, f.objects(), clientcopy.Options{Workers: workers})
					if err != nil {
						t.Fatal(err)
					}
					if result.Rows != want || len(result.Rejects) != 1 {
						t.Fatalf("got %d rows and rejects %v, want %d rows and one "+
							"reject", result.Rows, result.Rejects, want)
					}
					reject, object := result.Rejects[0], result.Objects[0]
					if reject.Line != 0 || !strings.HasSuffix(string(reject.Object), "/a") ||
						!strings.Contains(reject.Reason, "the object is "+
							""+tt.found) || !strings.Contains(reject.Reason, tt.fix) {
						t.Errorf("got reject %+v, want line 0 of a, %q and %q", reject, tt.found, tt.fix)
					}
					var wrong *clientcopy.FormatError
					if object.Rows != 0 || object.Rejects != 1 || !errors.As(object.Err, &wrong) {
						t.Errorf("got object %+v, want no rows, one reject and a FormatError", object)
					}
				}
			})
		}
	}
}

// TestDamagedCompression: what is wrong with compressed bytes is said in plain words.
func TestDamagedCompression(t *testing.T) {
	record := strings.Repeat("{\"id\":1}\n", 100)
	flipped := func(body string, at int) string {
		b := []byte(body)
		b[at] ^= 0x55
		return string(b)
	}
	zip, zst := gzipped(t, record), zstandard(t, record)
	f := newFixture(t, "id INTEGER")
	for _, tt := range []struct{ option, body, want string }{
		{"GZIP", zip[:len(zip)-9], "the GZIP data are cut off"},
		{"GZIP", zip[:5], "the GZIP data are cut off"},
		{"GZIP", zip + "these are other bytes", "bytes that are not GZIP follow the GZIP data"},
		{"GZIP", flipped(zip, len(zip)-6), "the GZIP data are damaged: gzip: invalid checksum"},
		{"GZIP", flipped(zip, 2), "the header of the GZIP data is damaged"},
		{"BZIP2", bzipped[:len(bzipped)-4], "the BZIP2 data are cut off"},
		{"BZIP2", bzipped + "these are other bytes", "bytes that are not BZIP2 follow the BZIP2 data"},
		{"BZIP2", flipped(bzipped, 12), "the BZIP2 data are damaged: "},
		{"ZSTD", zst[:len(zst)-5], "the ZSTD data are cut off"},
		{"ZSTD", zst + "these are other bytes", "bytes that are not ZSTD follow the ZSTD data"},
		{"ZSTD", flipped(zst, len(zst)-1), "the ZSTD data cannot be read: "},
	} {
		f.write("a", tt.body)
		result, err := f.copy(jsonAuto+" MAXERROR 2 "+tt.option, f.objects(), clientcopy.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Rejects) != 1 || result.Rows != 0 || !strings.HasPrefix(result.Rejects[0].Reason, tt.want) {
			t.Errorf("%s: got %d rows and rejects %v, want one of %q", tt.option, result.Rows, result.Rejects, tt.want)
		}
	}
}

// TestQuoteInLargeRecord: a record that is larger than COPY takes because a quote has no end says
// where the quote is.
func TestQuoteInLargeRecord(t *testing.T) {
	columns := []clientcopy.Column{column("id", "integer"), varchar("v", 10)}
	for _, tt := range []struct{ name, body, want string }{
		{"no end", "1,a\n2,\"b\n" + strings.Repeat("3,c\n", 1<<21), "; in it, the quote opened at line 2 has no end"},
		{"another quote", "1,a\n2,\"b\n" + strings.Repeat("3,c\n", 1<<20) + "4,\"d\"\n",
			"; in it, the quote opened at line 2 has no end"},
		{"no quote", "1,a\n2,\"b\",\"" + strings.Repeat("c", 4<<20) + "\"\n", "the most that COPY takes"},
	} {
		d := newDecoder(t, "COPY t FROM 's3://b/p' CSV", columns, 256<<10)
		err := d.Decode(strings.NewReader(tt.body))
		var fatal *clientcopy.FatalError
		if !errors.As(err, &fatal) || fatal.Record.Line != 2 || !strings.HasSuffix(fatal.Record.Reason, tt.want) {
			t.Errorf("%s: got %v, want line 2 and %q", tt.name, err, tt.want)
		}
	}
}

// TestLinesThatEndInCR: IGNOREHEADER would pass over an object whose lines end in CR alone, which
// counted as loaded then.
func TestLinesThatEndInCR(t *testing.T) {
	columns := []clientcopy.Column{column("id", "integer"), varchar("v", 10)}
	long := "id,v\r" + strings.Repeat("1,x\r", 50)
	for _, tt := range []struct {
		body, options string
		refused       bool
		rows          int64
	}{
		{"id,v\r1,x\r2,y\r3,z\r", "CSV IGNOREHEADER 1", true, 0},
		{"id,v\r1,x", "CSV IGNOREHEADER 1", true, 0},
		{long, "CSV IGNOREHEADER 1", true, 0},
		{"id|v\r1|x\r", "IGNOREHEADER 2", true, 0},
		{"head\r{\"id\":1}\r", jsonAuto + " IGNOREHEADER 1", true, 0},
		{"id,v\r", "CSV IGNOREHEADER 1", false, 0},
		{"id,v", "CSV IGNOREHEADER 1", false, 0},
		{"id,v\r\n", "CSV IGNOREHEADER 3", false, 0},
		{"i\rd,v\n1,x\n", "CSV IGNOREHEADER 2", false, 0},
		{"i\rd,v\n1,x\ry\n", "CSV IGNOREHEADER 1", false, 1},
	} {
		for _, window := range []int{16, 17, 1 << 10} {
			d := newDecoder(t, "COPY t FROM 's3://b/p' "+tt.options, columns, window)
			err := d.Decode(strings.NewReader(tt.body))
			var wrong *clientcopy.FormatError
			if refused := errors.As(err, &wrong) && strings.Contains(err.Error(), "its lines"); refused != tt.refused ||
				!refused && err != nil || d.Rows != tt.rows {
				t.Errorf("%q, %s, window of %d bytes: got %d rows and error %v, want %d rows, refused %t",
					tt.body, tt.options, window, d.Rows, err, tt.rows, tt.refused)
			}
		}
	}
}

// TestTextThatLooksLikeAnotherForm loads: a form is told by bytes with which no text begins.
func TestTextThatLooksLikeAnotherForm(t *testing.T) {
	f := newFixture(t, "v VARCHAR(20)")
	for i, text := range []string{
		"BZh9", "BZhang", "P*M", "PK", "LZO", "(µ/ý", "7zXZ", "ÿþ", "þÿ", "\ufeff1", "a", "ab",
	} {
		f.write(fmt.Sprintf("%02d", i), text+"\n")
	}
	objects := f.objects()
	result, err := f.copy("CSV", objects, clientcopy.Options{})
	if err != nil || result.Rows != int64(len(objects)) {
		t.Fatalf("got %d rows and error %v, want %d rows", result.Rows, err, len(objects))
	}
}

// TestCheckObject is what Redshift's COPY is explained by, whose own errors do not say it.
func TestCheckObject(t *testing.T) {
	tests := []struct{ kind, head, want string }{
		{"", "{\"id\":1}\n", ""}, {"GZIP", gzipped(t, "x"), ""}, {"", "", ""},
		{"", gzipped(t, "x"), "the object is compressed with GZIP: add GZIP to the COPY"},
		{"GZIP", "{}", "the object is not compressed, but the COPY says GZIP: remove GZIP from the COPY, or " +
			"compress the object"},
		{"", "\xff\xfe{\x00", "the object is in UTF-16 (its byte order mark is ff fe)"},
	}
	for _, tt := range tests {
		err := clientcopy.CheckObject(parse(t, "COPY t FROM 's3://b/k' "+tt.kind), []byte(tt.head))
		if got := fmt.Sprint(err); tt.want == "" && err != nil || !strings.Contains(got, tt.want) && tt.want != "" {
			t.Errorf("%q under %q: got %s, want %q", tt.head, tt.kind, got, tt.want)
		}
	}
}

// TestHalfASurrogatePair: a character that UTF-16 cannot hold is refused like any other that is not
// valid, and can be replaced.
func TestHalfASurrogatePair(t *testing.T) {
	f := newFixture(t, "v VARCHAR(20)")
	body := inUTF16(binary.LittleEndian, "a", true) + "\x3d\xd8" + inUTF16(binary.LittleEndian, "b\nc\n", false)
	f.write("a", body)
	result, err := f.copy("CSV ENCODING UTF16 MAXERROR 2", f.objects(), clientcopy.Options{})
	if err != nil || result.Rows != 1 || len(result.Rejects) != 1 || !strings.Contains(
		result.Rejects[0].Reason, "not valid UTF-8",
	) {
		t.Fatalf("got %+v and error %v, want one row and one reject", result, err)
	}
	if _, err := f.copy("CSV ENCODING UTF16 ACCEPTINVCHARS AS '^'", f.objects(), clientcopy.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := f.rows("SELECT v FROM t ORDER BY v"); got != "a^^^b\nc\nc" {
		t.Errorf("got %q", got)
	}
}
