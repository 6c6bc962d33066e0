package objectstore

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// maxRedirects is how many redirects of one request are followed. S3 sends one, to the region of a
// new bucket.
const maxRedirects = 5

// guardedClient is the SDK's HTTP client with bounds that the SDK does not have: on redirects, and
// on the answer to a listing.
type guardedClient struct {
	client *http.Client
}

func newGuardedClient(base *awshttp.BuildableClient) *guardedClient {
	return &guardedClient{
		client: &http.Client{Transport: base.GetTransport(), Timeout: base.GetTimeout(), CheckRedirect: checkRedirect},
	}
}

// A redirectError is a redirect that was not followed any more.
type redirectError struct{ from, to string }

func (e *redirectError) Error() string {
	return fmt.Sprintf("the server redirects more than %d times, from %s to %s", maxRedirects, e.from, e.to)
}

// RetryableError tells the SDK not to try again.
func (*redirectError) RetryableError() bool { return false }

// checkRedirect follows what the SDK's own client follows, which is 307 and 308, but not for ever.
func checkRedirect(r *http.Request, via []*http.Request) error {
	switch r.Response.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return http.ErrUseLastResponse // S3 names the region in it
	}
	if len(via) > maxRedirects {
		return &redirectError{from: bareURL(via[0].URL), to: bareURL(r.URL)}
	}
	return nil
}

// bareURL is a URL without what may be secret in it.
func bareURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Do sends a request. The answer to a listing is read as a whole and checked: the SDK takes any
// XML, or HTML, without objects for an empty bucket.
func (c *guardedClient) Do(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet || r.URL.Query().Get("list-type") == "" {
		return c.client.Do(r)
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	answer, err := c.client.Do(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	body := part{body: answer.Body, cancel: cancel}
	text, err := readListing(&body, answer.ContentLength)
	_ = body.close() // it is read, or given up
	if err != nil {
		return nil, err
	}
	if answer.StatusCode == http.StatusOK {
		if err := checkListing(text); err != nil {
			return nil, err
		}
	}
	answer.Body = io.NopCloser(bytes.NewReader(text))
	return answer, nil
}

// An answerError says that the answer to a listing cannot be used.
type answerError struct{ msg string }

func (e *answerError) Error() string { return e.msg }

// RetryableError tells the SDK not to try again.
func (*answerError) RetryableError() bool { return false }

// readListing reads an answer of at most maxPage bytes; more is an *answerError.
func readListing(r io.Reader, length int64) ([]byte, error) {
	var text bytes.Buffer
	text.Grow(int(min(max(length, 64<<10), maxPage)) + bytes.MinRead)
	n, err := text.ReadFrom(io.LimitReader(r, maxPage+1))
	if err != nil {
		return nil, err
	}
	if n > maxPage {
		return nil, &answerError{fmt.Sprintf("the answer to a listing is larger than %d MB", maxPage>>20)}
	}
	return text.Bytes(), nil
}

// checkListing returns an *answerError for a text whose root is not that of a listing.
func checkListing(text []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		root, isElement := token.(xml.StartElement)
		if !isElement {
			continue
		}
		switch root.Name.Local {
		case "ListBucketResult":
			return nil
		case "Error":
			var said struct{ Code, Message string }
			_ = decoder.DecodeElement(&said, &root) // what is missing of it makes it less telling
			return &answerError{
				fmt.Sprintf("the server answered with status 200 and an error: %s (%s)", said.Message, said.Code),
			}
		}
		break
	}
	begin := strings.TrimSpace(strings.ToValidUTF8(string(text[:min(len(text), 60)]), "?"))
	if begin == "" {
		return &answerError{"the answer to a listing is empty, not S3's XML"}
	}
	return &answerError{fmt.Sprintf("the answer to a listing is not S3's XML; it begins with %q", begin)}
}
