package objectstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

const (
	// listAhead is how many pages of 1,000 objects a listing runs ahead of its reader, which loads
	// meanwhile what it has got; a page takes about 200 KB.
	listAhead = 10
	// maxPage is the largest answer that is read, bytes: 1,000 keys of 1,024 bytes, each of them
	// escaped, with room to spare.
	maxPage = 8 << 20
)

// page is one answer to a ListObjectsV2.
type page struct {
	objects []Object // all of them, until seen.settle leaves some out
	next    string   // continuation token; "": the last one
	err     error    // *Error; the last page then
}

func (s *bucketStore) list(ctx context.Context, prefix, after URL) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		startAfter := ""
		if after.Bucket() == prefix.Bucket() {
			startAfter = after.Key()
		}
		// Most listings are one page; only what has more is worth a goroutine.
		seen := newSeen(prefix)
		first := s.page(ctx, prefix, startAfter, "")
		seen.settle(&first)
		if !first.yield(yield) || first.next == "" {
			return
		}
		ahead, cancel := context.WithCancel(ctx)
		pages := make(chan page, listAhead) // the goroutine closes it
		var group errgroup.Group
		defer group.Wait() // returns no error
		defer cancel()
		group.Go(func() error {
			defer close(pages)
			for token := first.next; token != ""; {
				p := s.page(ahead, prefix, startAfter, token)
				seen.settle(&p)
				select {
				case pages <- p:
				case <-ahead.Done():
					return nil
				}
				token = p.next
			}
			return nil
		})
		for p := range pages {
			if !p.yield(yield) {
				return
			}
		}
		if err := ctx.Err(); err != nil { // the goroutine may have seen it first
			yield(Object{}, &Error{Op: "list", URL: prefix, Err: err})
		}
	}
}

// yield hands the page on; false: it was the last one, or nobody wants more.
func (p *page) yield(yield func(Object, error) bool) bool {
	for _, o := range p.objects {
		if !yield(o, nil) {
			return false
		}
	}
	if p.err != nil {
		yield(Object{}, p.err)
		return false
	}
	return true
}

// page asks for the page of the token, or the first one behind startAfter.
func (s *bucketStore) page(ctx context.Context, prefix URL, startAfter, token string) page {
	var p page
	outdone, err := s.byLean(ctx, "list", prefix, "", func(c *leanClient, t *target) (err error) {
		p, err = c.page(ctx, t, prefix, startAfter, token)
		return err
	})
	switch {
	case err == nil:
		return p
	case err != errLeft:
		return page{err: err}
	}
	if p = s.pageBySDK(ctx, prefix, startAfter, token); p.err == nil {
		outdone()
	}
	return p
}

func (s *bucketStore) pageBySDK(ctx context.Context, prefix URL, startAfter, token string) page {
	in := &s3.ListObjectsV2Input{
		Bucket: aws.String(prefix.Bucket()),
		Prefix: aws.String(prefix.Key()),
		// Keys may hold characters that XML cannot.
		EncodingType: types.EncodingTypeUrl,
	}
	if startAfter != "" {
		in.StartAfter = aws.String(startAfter)
	}
	if token != "" {
		in.ContinuationToken = aws.String(token)
	}
	var out *s3.ListObjectsV2Output
	if err := s.do(ctx, "list", prefix, func(client *s3.Client, region func(*s3.Options)) (err error) {
		out, err = client.ListObjectsV2(ctx, in, region)
		return err
	}); err != nil {
		return page{err: err}
	}
	p := page{objects: make([]Object, 0, len(out.Contents))}
	for _, entry := range out.Contents {
		if err := p.add(
			prefix, aws.ToString(entry.Key), out.EncodingType == types.EncodingTypeUrl,
			Object{
				ETag: bareETag(entry.ETag), Size: aws.ToInt64(entry.Size),
				LastModified: aws.ToTime(entry.LastModified),
			},
		); err != nil {
			p.err = err
			return p
		}
	}
	p.end(prefix, aws.ToBool(out.IsTruncated), aws.ToString(out.NextContinuationToken))
	return p
}

// add takes one entry in, of which o lacks the URL.
func (p *page) add(prefix URL, key string, escaped bool, o Object) error {
	if escaped {
		var err error
		if key, err = url.QueryUnescape(key); err != nil {
			return &Error{Op: "list", URL: prefix, Err: fmt.Errorf("the server sent a malformed key: %w", err)}
		}
	}
	if len(p.objects) == maxKeys {
		return &Error{
			Op: "list", URL: prefix,
			Err:  &answerError{fmt.Sprintf("the server sent more than %d keys in one answer", maxKeys)},
			hint: answerHint,
		}
	}
	o.URL = newS3URL(prefix.Bucket(), key)
	p.objects = append(p.objects, o)
	return nil
}

// isMarker tells the empty object that consoles make to show a folder.
func isMarker(o Object) bool { return o.Size == 0 && strings.HasSuffix(string(o.URL), "/") }

// end notes where the listing goes on.
func (p *page) end(prefix URL, truncated bool, next string) {
	switch {
	case !truncated:
	case next == "":
		p.err = &Error{
			Op: "list", URL: prefix,
			Err: errors.New("the server ended the listing early, without a continuation token"),
		}
	default:
		p.next = next
	}
}

// page asks for one page of a listing; errors as those of send.
func (c *leanClient) page(ctx context.Context, t *target, prefix URL, startAfter, token string) (p page, err error) {
	query := url.Values{"list-type": {"2"}, "encoding-type": {"url"}, "prefix": {prefix.Key()}}
	if startAfter != "" {
		query.Set("start-after", startAfter)
	}
	if token != "" {
		query.Set("continuation-token", token)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	answer, err := c.send(ctx, t, "", query.Encode(), "", 0)
	if err != nil {
		return page{}, err
	}
	body := part{body: answer.Body, cancel: cancel}
	text, err := readListing(&body, answer.ContentLength)
	_ = body.close() // it is read, or given up
	var unusable *answerError
	switch {
	case errors.As(err, &unusable):
		return page{}, err
	case err != nil:
		return page{}, errLeft
	}
	l, ok := parseListing(text)
	if !ok {
		return page{}, errRefused
	}
	p.objects = make([]Object, 0, len(l.entries))
	for _, e := range l.entries {
		if p.err = p.add(
			prefix, e.key, l.escaped,
			Object{ETag: strings.Trim(e.etag, `"`), Size: e.size, LastModified: e.modified},
		); p.err != nil {
			return p, nil
		}
	}
	p.end(prefix, l.truncated, l.next)
	return p, nil
}
