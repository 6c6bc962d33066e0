package objectstore

import (
	"context"
	"time"
)

// MaxOutdone is from how many refusals on the SDK makes all requests.
const MaxOutdone = maxOutdone

// ListAhead is how many pages a listing runs ahead.
const ListAhead = listAhead

// WalkPiece is how many entries of one folder are looked at in one go.
const WalkPiece = walkPiece

// NewPortable returns a Store that reads folders through package os, on any system, up to ahead
// entries ahead.
func NewPortable(o Options, ahead int) *Store {
	s := New(o)
	s.folder.system, s.folder.ahead = portable{}, ahead
	return s
}

// NewAhead returns a Store that reads up to ahead entries ahead.
func NewAhead(o Options, ahead int) *Store {
	s := New(o)
	s.folder.ahead = ahead
	return s
}

// Address is where a bucket's requests go without the SDK, "" if nowhere.
func (s *Store) Address(ctx context.Context, bucket, region string) (string, error) {
	if _, err := s.s3.connect(ctx, "find", newS3URL(bucket, "")); err != nil {
		return "", err
	}
	t := s.s3.lean.target(ctx, bucket, region)
	if !t.usable {
		return "", nil
	}
	return t.scheme + "://" + t.host + t.path, nil
}

// Pace is a pace whose clock does not run: each wish to slow down counts.
type Pace struct{ *pace }

// NewPace returns a pace of at most most places.
func NewPace(most int) Pace { return Pace{newPace(most)} }

// Slow is a server's wish to slow down.
func (p Pace) Slow() { p.slowed = time.Time{}; p.slow() }

// Take takes all places that are free, and returns how many.
func (p Pace) Take() (n int) {
	for p.sem.TryAcquire(1) {
		n++
	}
	return n
}

// Give gives n places back, after successes or not.
func (p Pace) Give(n int, success bool) {
	for range n {
		p.release(success)
	}
}

// ParseListing returns the entries of a page as URLs of a bucket b, and whether the text was taken
// at all.
func ParseListing(text []byte) (p ListingPage, ok bool) {
	l, ok := parseListing(text)
	for _, e := range l.entries {
		p.Keys, p.ETags, p.Sizes, p.Modified = append(p.Keys, e.key), append(
			p.ETags, e.etag,
		), append(p.Sizes, e.size), append(p.Modified, e.modified)
	}
	p.Truncated, p.Next, p.Escaped = l.truncated, l.next, l.escaped
	return p, ok
}

// ListingPage is a parsed page.
type ListingPage struct {
	Keys, ETags []string
	Sizes       []int64
	Modified    []time.Time
	Truncated   bool
	Next        string
	Escaped     bool
}

// Bounds on answers and listings.
const (
	MaxRedirects  = maxRedirects
	MaxPage       = maxPage
	MaxKeys       = maxKeys
	MaxEmptyPages = maxEmptyPages
	SeenKeys      = seenKeys
)
