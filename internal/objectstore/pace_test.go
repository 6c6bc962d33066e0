package objectstore_test

import (
	"testing"

	"github.com/sparkify/dwh/internal/objectstore"
)

// A server's wish halves what is allowed at once, down to one; as many successes as are allowed
// raise it by one.
func TestPace(t *testing.T) {
	p := objectstore.NewPace(8)
	allowed := func(want int) {
		t.Helper()
		if got := p.Take(); got != want {
			t.Errorf("got %d places, want %d", got, want)
		}
	}
	allowed(8)
	p.Slow()
	p.Give(8, false)
	allowed(4)
	p.Slow()
	p.Slow()
	p.Give(4, false)
	allowed(1)
	p.Slow()
	p.Give(1, false)
	allowed(1)
	p.Give(1, true)
	allowed(2)
	p.Give(2, true)
	allowed(3)
	for range 100 {
		p.Give(1, true)
		p.Take()
	}
	p.Give(8, true)
	allowed(8)
	p.Give(8, true)
	allowed(8)
}
