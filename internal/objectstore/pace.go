package objectstore

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// slowEvery is how often a server's wish to slow down counts: the refusals of requests that were on
// their way already are one.
const slowEvery = time.Second

// pace bounds the requests that wait for an answer at once. A server that asks to slow down halves
// the bound; as many successes as it allows raise it by one again, up to where it was (additive
// increase, multiplicative decrease).
type pace struct {
	most int
	sem  *semaphore.Weighted

	mu       sync.Mutex
	withheld int // places that nobody gets for now
	debt     int // places to be withheld when they come back
	credit   int // successes since the bound was raised
	slowed   time.Time
}

func newPace(most int) *pace { return &pace{most: most, sem: semaphore.NewWeighted(int64(most))} }

// acquire waits for a place; false: ctx ended.
func (p *pace) acquire(ctx context.Context) bool { return p.sem.Acquire(ctx, 1) == nil }

// release gives the place back.
func (p *pace) release(success bool) {
	p.mu.Lock()
	n := int64(1)
	switch {
	case p.debt > 0:
		p.debt--
		p.withheld++
		n = 0
	case success && p.withheld > 0:
		if p.credit++; p.credit >= p.most-p.withheld {
			p.credit = 0
			p.withheld--
			n = 2
		}
	}
	p.mu.Unlock()
	if n > 0 {
		p.sem.Release(n)
	}
}

// slow halves the bound.
func (p *pace) slow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.slowed) < slowEvery {
		return
	}
	p.slowed, p.credit = now, 0
	p.debt += (p.most - p.withheld - p.debt) / 2
}
