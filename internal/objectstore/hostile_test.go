package objectstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sparkify/dwh/internal/objectstore"
)

// hostile is a server that answers as it likes in place of S3.
func hostile(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	useS3(t) // for the credentials
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
	return server
}

// listAll lists s3://bucket/ and returns the keys and the error that ended it.
func listAll(t *testing.T) (keys []string, err error) {
	t.Helper()
	for o, err := range objectstore.New(objectstore.Options{}).List(context.Background(), "s3://bucket/") {
		if err != nil {
			var fault *objectstore.Error
			if !errors.As(err, &fault) || fault.Hint() == "" {
				t.Errorf("got error %v, want an *Error with a hint", err)
			}
			return keys, err
		}
		keys = append(keys, o.URL.Key())
	}
	return keys, nil
}

// listingXML is an answer to a listing; next is the continuation token.
func listingXML(next string, keys ...string) string {
	var b strings.Builder
	b.WriteString(
		`<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`,
	)
	fmt.Fprintf(&b, "<IsTruncated>%t</IsTruncated>", next != "")
	if next != "" {
		fmt.Fprintf(&b, "<NextContinuationToken>%s</NextContinuationToken>", next)
	}
	for _, key := range keys {
		fmt.Fprintf(
			&b,
			`<Contents><Key>%s</Key><LastModified>2018-11-01T00:00:00.000Z</LastModified><ETag>"e"</ETag><Size>1</Size></Contents>`,
			key,
		)
	}
	b.WriteString("</ListBucketResult>")
	return b.String()
}

// A redirect that leads on and on ends, and the error names both ends without what is in the query.
func TestRedirectsEnd(t *testing.T) {
	for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		for name, to := range map[string]func(n int32) string{
			"to itself": func(int32) string { return "" }, "in a " +
				"circle": func(n int32) string { return fmt.Sprintf("/hop/%d", n%2) },
			"without end": func(n int32) string { return fmt.Sprintf("/hop/%d", n) },
		} {
			t.Run(fmt.Sprintf("%d %s", status, name), func(t *testing.T) {
				var asked atomic.Int32
				server := hostile(t, func(w http.ResponseWriter, r *http.Request) {
					n := asked.Add(1)
					target := r.URL.Path
					if path := to(n); path != "" {
						target = path
					}
					w.Header().Set("Location", target+"?"+r.URL.RawQuery+"&secret=hush")
					w.WriteHeader(status)
				})
				_, err := listAll(t)
				want := fmt.Sprintf("redirects more than %d times, from %s/bucket to "+
					"%s/", objectstore.MaxRedirects, server.URL, server.URL)
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
					t.Errorf("list: got error %v, want %q", err, want)
				}
				if n := asked.Load(); n > 2*(objectstore.MaxRedirects+2) {
					t.Errorf("got %d requests for one listing, want a few", n)
				}
				_, err = objectstore.New(objectstore.Options{}).Open(
					context.Background(), objectstore.Object{URL: "s3://bucket/a.json"},
				)
				if err == nil || !strings.Contains(err.Error(), "redirects more than") {
					t.Errorf("open: got error %v, want that it redirects", err)
				}
			})
		}
	}
}

// Five redirects are followed.
func TestAFewRedirectsAreFollowed(t *testing.T) {
	hostile(t, func(w http.ResponseWriter, r *http.Request) {
		n := strings.Count(r.URL.Path, "/hop")
		if n < objectstore.MaxRedirects {
			w.Header().Set("Location", r.URL.Path+"/hop?"+r.URL.RawQuery)
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		io.WriteString(w, listingXML("", "a", "b"))
	})
	keys, err := listAll(t)
	if err != nil || fmt.Sprint(keys) != "[a b]" {
		t.Errorf("got %v and error %v, want both keys", keys, err)
	}
}

// An answer with status 200 that is not S3's is an error, not an empty bucket.
func TestAnswerThatIsNoListing(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"captive portal": {
			"<!DOCTYPE html>\n<html><head><title>Log in</title></head><body><form></form></body></html>",
			`not S3's XML; it begins with "<!DOCTYPE html>`,
		},
		"well-formed HTML":  {"<html><body/></html>", "not S3's XML"},
		"other XML":         {`<?xml version="1.0"?><feed/>`, "not S3's XML"},
		"JSON":              {`{"ok": true}`, "not S3's XML"},
		"text":              {"OK", "not S3's XML"},
		"nothing":           {"", "is empty, not S3's XML"},
		"blanks":            {"\n\n", "is empty, not S3's XML"},
		"control sequences": {"\x1b[2J\x00", "not S3's XML"},
		"an error": {"<Error><Code>InternalError</Code><Message>We failed</Message></Error>", "status " +
			"200 and an error: We failed (InternalError)"},
		"buckets": {"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>", "not S3's XML"},
	} {
		t.Run(name, func(t *testing.T) {
			hostile(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, tt.body) })
			keys, err := listAll(t)
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(keys) > 0 || strings.ContainsAny(
				err.Error(), "\x1b\x00",
			) {
				t.Errorf("got keys %v and error %v, want %q", keys, err, tt.want)
			}
		})
	}
}

// A cut-off listing is an error too.
func TestListingThatIsCutOff(t *testing.T) {
	whole := listingXML("", "a", "b")
	hostile(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, whole[:len(whole)-30]) })
	if keys, err := listAll(t); err == nil {
		t.Errorf("got keys %v and no error, want one", keys)
	}
}

// Answers are bounded in bytes and keys.
func TestAnswerIsBounded(t *testing.T) {
	var sent atomic.Int64
	t.Run("bytes", func(t *testing.T) {
		hostile(t, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `<?xml version="1.0"?><ListBucketResult>`)
			for chunk := strings.Repeat(" ", 1<<20); ; {
				n, err := io.WriteString(w, chunk)
				if sent.Add(int64(n)); err != nil {
					return
				}
			}
		})
		_, err := listAll(t)
		if err == nil || !strings.Contains(err.Error(), "larger than 8 MB") {
			t.Errorf("got error %v, want that it is too large", err)
		}
		if n := sent.Load(); n > 8*objectstore.MaxPage {
			t.Errorf("got %d bytes sent, want the connection closed", n)
		}
	})
	t.Run("keys", func(t *testing.T) {
		keys := make([]string, objectstore.MaxKeys+1)
		for i := range keys {
			keys[i] = fmt.Sprintf("%06d", i)
		}
		body := listingXML("", keys...)
		hostile(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
		_, err := listAll(t)
		if err == nil || !strings.Contains(err.Error(), "more than 10000 keys in one answer") {
			t.Errorf("got error %v, want that there are too many keys", err)
		}
	})
}

// A listing that does not get on ends, whatever keeps it from that.
func TestListingThatDoesNotGetOn(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(n int) string
		want   string
		keys   int
	}{
		"empty pages": {func(n int) string { return listingXML(fmt.Sprint(n)) }, "had no new key", 0},
		"one page repeated": {func(n int) string { return listingXML(fmt.Sprint(n), "a", "b") }, "had no " +
			"new key", 2},
		"a marker repeated": {
			func(n int) string { return strings.ReplaceAll(listingXML(fmt.Sprint(n), "a/"), "<Size>1", "<Size>0") },
			"had no new key", 0,
		},
		"one token": {func(n int) string { return listingXML("t", fmt.Sprintf("%09d", n)) }, "the same " +
			"continuation token twice", -1},
		"a circle of tokens": {
			func(n int) string { return listingXML(fmt.Sprint(n%7), fmt.Sprintf("%09d", n)) },
			"the same continuation token twice", -1,
		},
		"pages back and away": {
			func(n int) string { return listingXML(fmt.Sprint(n), []string{"a", "b", "c"}[n%3]) },
			"had no new key", 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			hostile(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, tt.answer(int(asked.Add(1)))) })
			keys, err := listAll(t)
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.keys >= 0 && len(keys) != tt.keys {
				t.Errorf("got %d keys and error %v, want %d and %q", len(keys), err, tt.keys, tt.want)
			}
			if n := asked.Load(); n > objectstore.MaxEmptyPages+20 {
				t.Errorf("got %d requests, want it to end", n)
			}
		})
	}
}

// Some empty pages are usual where keys were deleted.
func TestSomeEmptyPages(t *testing.T) {
	hostile(t, func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Query().Get("continuation-token")
		switch {
		case len(token) < objectstore.MaxEmptyPages:
			io.WriteString(w, listingXML(token+"x"))
		case len(token) < 2*objectstore.MaxEmptyPages:
			io.WriteString(w, listingXML(token+"x", token))
		default:
			io.WriteString(w, listingXML("", "zzz"))
		}
	})
	keys, err := listAll(t)
	if err != nil || len(keys) != objectstore.MaxEmptyPages+1 {
		t.Errorf("got %d keys and error %v, want %d", len(keys), err, objectstore.MaxEmptyPages+1)
	}
}

// A key that is listed twice counts once, on one page or on several, in order or not.
func TestKeyListedTwice(t *testing.T) {
	for name, pages := range map[string][][]string{
		"side by side":       {{"a", "a", "b"}},
		"later on the page":  {{"a", "b", "a", "c", "b"}},
		"on the next page":   {{"a", "b"}, {"b", "c"}},
		"on a page far away": {{"a", "b"}, {"c"}, {"d"}, {"a", "e"}},
		"a whole page":       {{"a", "b"}, {"a", "b"}, {"c"}},
		"out of order":       {{"c", "a"}, {"b", "c", "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			hostile(t, func(w http.ResponseWriter, r *http.Request) {
				n := len(r.URL.Query().Get("continuation-token"))
				next := strings.Repeat("x", n+1)
				if n+1 == len(pages) {
					next = ""
				}
				io.WriteString(w, listingXML(next, pages[n]...))
			})
			want := map[string]bool{}
			for _, page := range pages {
				for _, key := range page {
					want[key] = true
				}
			}
			keys, err := listAll(t)
			got := map[string]bool{}
			for _, key := range keys {
				got[key] = true
			}
			if err != nil || len(keys) != len(want) || len(got) != len(want) {
				t.Errorf("got %v and error %v, want each of %v once", keys, err, want)
			}
		})
	}
}

// Keys in no order are listed all, however many they are.
func TestKeysInNoOrder(t *testing.T) {
	const pages, each = 100, 1000
	hostile(t, func(w http.ResponseWriter, r *http.Request) {
		n := 0
		fmt.Sscan(r.URL.Query().Get("continuation-token"), &n)
		keys := make([]string, each)
		for i := range keys {
			keys[i] = fmt.Sprintf("%09d", (n*each+i)*7919%(pages*each))
		}
		next := fmt.Sprint(n + 1)
		if n+1 == pages {
			next = ""
		}
		io.WriteString(w, listingXML(next, keys...))
	})
	keys, err := listAll(t)
	if err != nil || len(keys) != pages*each {
		t.Errorf("got %d keys and error %v, want %d", len(keys), err, pages*each)
	}
}
