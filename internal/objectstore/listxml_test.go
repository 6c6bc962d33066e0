package objectstore_test

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/objectstore"
)

// amazonPage is a page as S3 writes it.
const amazonPage = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>a%2F</Prefix><NextContinuationToken>1ueG&amp;cXcRp/w==</NextContinuationToken><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>` +
	`<Contents><Key>a/%C3%A9+1.json</Key><LastModified>2018-11-01T10:20:30.000Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e-2&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><Size>12</Size><StorageClass>STANDARD</StorageClass></Contents>
<Contents><Key>a/2</Key><LastModified>2018-11-01T10:20:31Z</LastModified><ETag>&#34;x&#x22;</ETag><Size>0</Size><Owner><ID>1</ID><DisplayName/></Owner><RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress></RestoreStatus></Contents><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></ListBucketResult>
`

func TestParseListing(t *testing.T) {
	got, ok := objectstore.ParseListing([]byte(amazonPage))
	want := objectstore.ListingPage{
		Keys: []string{"a/%C3%A9+1.json", "a/2"}, ETags: []string{
			`"d41d8cd98f00b204e9800998ecf8427e-2"`, `"x"`,
		}, Sizes: []int64{12, 0},
		Modified: []time.Time{
			time.Date(2018, 11, 1, 10, 20, 30, 0, time.UTC),
			time.Date(2018, 11, 1, 10, 20, 31, 0, time.UTC),
		},
		Truncated: true, Next: "1ueG&cXcRp/w==", Escaped: true,
	}
	if !ok || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v and %+v, want %+v", ok, got, want)
	}
	if got, ok := objectstore.ParseListing(
		[]byte(`<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>`),
	); !ok || len(got.Keys) > 0 {
		t.Errorf("empty listing: got %v and %+v, want no entries", ok, got)
	}
}

// What is unusual or broken is left to a general parser, never guessed at.
func TestParseListingLeaves(t *testing.T) {
	entry := `<Contents><Key>a</Key><LastModified>2018-11-01T10:20:30Z</LastModified><ETag>x</ETag><Size>1</Size></Contents>`
	page := func(inside string) string { return "<ListBucketResult>" + inside + "</ListBucketResult>" }
	for _, text := range []string{
		"", "<", "<>", "</>", "x", "<Error><Code>InternalError</Code></Error>", page("")[:20], page(
			entry,
		) + "x", page(entry + "<"), page("<!-- c -->" + entry),
		page(
			strings.Replace(entry, "<Key>a", "<Key><![CDATA[a]]>", 1),
		), page(strings.Replace(entry, "<Key>a", "<Key>&nbsp;", 1)),
		page(
			strings.Replace(entry, "<Key>a", "<Key>a\r\n", 1),
		), page(
			strings.Replace(entry, "<Size>1", "<Size>-1", 1),
		), page(strings.Replace(entry, "<Size>1", "<Size>x", 1)),
		page(strings.Replace(entry, "<Key>a</Key>", "", 1)), page(
			strings.Replace(entry, "2018-11-01T", "yesterday ", 1),
		), page("<IsTruncated>maybe</IsTruncated>"),
		`<s3:ListBucketResult xmlns:s3="x">` + entry + `</s3:ListBucketResult>`,
		`<?xml version="1.0" encoding="UTF-16"?>` + page(entry), page(strings.Repeat("<Owner>", 100)),
		page(`<Owner a="x>y">` + entry), page(strings.Replace(entry, "a</Key>", "&#0;</Key>", 1)), page(
			strings.Replace(entry, "a</Key>", "&#xD800;</Key>", 1),
		),
	} {
		if got, ok := objectstore.ParseListing([]byte(text)); ok {
			t.Errorf("%q: got %+v, want it left", text, got)
		}
	}
}

// FuzzParseListing: what is taken is what encoding/xml reads.
func FuzzParseListing(f *testing.F) {
	f.Add([]byte(amazonPage))
	f.Add(
		[]byte(
			`<ListBucketResult a="b" ><Contents ` +
				`><Size>1</Size><Key>&lt;&#65;&apos;</Key></Contents ></ListBucketResult> `,
		),
	)
	f.Fuzz(func(t *testing.T, text []byte) {
		got, ok := objectstore.ParseListing(text)
		if !ok {
			return
		}
		var want struct {
			XMLName  xml.Name `xml:"ListBucketResult"`
			Contents []struct {
				Key, ETag string
				Size      int64
			}
			NextContinuationToken string
		}
		if err := xml.Unmarshal(text, &want); err != nil {
			return // stricter than we are about what stands elsewhere
		}
		var keys []string
		for _, e := range want.Contents {
			keys = append(keys, e.Key)
		}
		if !slices.Equal(got.Keys, keys) {
			t.Errorf("%q: got keys %q, want %q", text, got.Keys, keys)
		}
	})
}
