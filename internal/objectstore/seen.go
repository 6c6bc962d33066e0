package objectstore

import (
	"fmt"
	"hash/maphash"
)

// Bounds on a listing.
const (
	// maxKeys is how many keys one answer may hold; S3 sends 1,000 at most.
	maxKeys = 10_000
	// maxEmptyPages is how many answers in a row may bring no key that is new. Servers that skip
	// deleted keys send some.
	maxEmptyPages = 100
	// seenKeys is how many keys of a listing that is out of order are remembered, so that one that
	// comes again is known.
	seenKeys = 1 << 16
)

// keyHash stands for a key. Two hashes with seeds of their own make it one of 128 bits, so that no
// two keys are taken for the same.
type keyHash [2]uint64

// seen notes what a listing has brought, and ends one that does not get on. Its memory is bounded:
// of keys in order, as S3 sends them, the last one tells all; of others the last seenKeys are
// known.
type seen struct {
	prefix URL
	seeds  [2]maphash.Seed
	last   string // the greatest key
	any    bool
	recent map[keyHash]struct{}
	ring   []keyHash
	next   int // in ring
	tokens map[keyHash]struct{}
	empty  int // pages in a row
}

func newSeen(prefix URL) *seen {
	return &seen{
		prefix: prefix, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		recent: map[keyHash]struct{}{}, tokens: map[keyHash]struct{}{},
	}
}

func (s *seen) hash(text string) keyHash {
	return keyHash{maphash.String(s.seeds[0], text), maphash.String(s.seeds[1], text)}
}

// settle leaves out of a page what the listing has brought before, and folders' markers. It ends
// the listing where the server does not get on.
func (s *seen) settle(p *page) {
	fresh := false
	kept := p.objects[:0]
	for _, o := range p.objects {
		if !s.key(string(o.URL)) {
			continue
		}
		fresh = true
		if !isMarker(o) {
			kept = append(kept, o)
		}
	}
	p.objects = kept
	if p.next == "" {
		return
	}
	s.empty++
	if fresh {
		s.empty = 0
	}
	token := s.hash(p.next)
	_, again := s.tokens[token]
	s.tokens[token] = struct{}{}
	msg := ""
	switch {
	case again:
		msg = "the server's listing repeats itself: it returned the same continuation token twice"
	case s.empty > maxEmptyPages:
		msg = fmt.Sprintf("the server's listing makes no progress: %d answers in a row had no new key", s.empty)
	default:
		return
	}
	p.next, p.err = "", &Error{Op: "list", URL: s.prefix, Err: &answerError{msg}, hint: answerHint}
}

// key notes a key and reports whether it is new.
func (s *seen) key(key string) bool {
	h := s.hash(key)
	if s.any && key <= s.last {
		if _, known := s.recent[h]; known || key == s.last {
			return false
		}
	} else {
		s.last, s.any = key, true
	}
	if len(s.ring) < seenKeys {
		s.ring = append(s.ring, h)
	} else {
		delete(s.recent, s.ring[s.next])
		s.ring[s.next] = h
		s.next = (s.next + 1) % seenKeys
	}
	s.recent[h] = struct{}{}
	return true
}
