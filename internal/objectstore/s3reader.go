package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// How a broken transfer is resumed.
const (
	resumeTries    = 5       // in a row, without resumeProgress bytes between them
	resumeProgress = 1 << 20 // bytes after which the count starts again
	resumeWait     = 100 * time.Millisecond
	resumeMaxWait  = 5 * time.Second
)

var (
	errStalled = errors.New("no data came for " + stallTimeout.String())
	errCut     = errors.New("the connection was cut before the end")
)

// part is the body of one answer to a GetObject.
type part struct {
	body   io.ReadCloser
	cancel context.CancelCauseFunc // ends the transfer
	object Object                  // as the answer's headers say; Size -1: not said
	skip   int64                   // bytes still to be dropped
	stall  *time.Timer             // nil before the first read
}

// Read reads once and gives up on a connection that has gone silent.
func (p *part) Read(b []byte) (int, error) {
	if p.stall == nil {
		p.stall = time.AfterFunc(stallTimeout, func() { p.cancel(errStalled) })
	} else {
		p.stall.Reset(stallTimeout)
	}
	defer p.stall.Stop()
	for p.skip > 0 {
		n, err := io.CopyN(io.Discard, p.body, min(p.skip, 1<<20))
		p.skip -= n
		if err != nil {
			return 0, err
		}
		p.stall.Reset(stallTimeout)
	}
	return p.body.Read(b)
}

func (p *part) close() error {
	err := p.body.Close()
	p.cancel(nil)
	return err
}

// objectReader reads one version of an object over as many connections as that
// takes.
type objectReader struct {
	ctx    context.Context
	store  *bucketStore
	object Object // Size -1: not known before the end
	part   *part  // nil between a failure and its resumption

	read     int64 // bytes handed out
	resumed  int64 // read at the last failure
	tries    int
	waits    *backoff.ExponentialBackOff
	finished error // io.EOF or what ended the reading for good
}

func (r *objectReader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for r.finished == nil {
		if r.part == nil {
			if err := r.resume(); err != nil {
				r.finished = err
				break
			}
		}
		n, err := r.part.Read(b)
		r.read += int64(n)
		switch {
		case err == nil:
		case err == io.EOF && (r.object.Size < 0 || r.read == r.object.Size):
			r.finished = io.EOF
		case err == io.EOF && r.read > r.object.Size:
			r.finished = changed("read", r.object.URL, nil)
		default:
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				err = errCut
			}
			r.finished = r.broken(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, r.finished
}

// broken takes note of a failure and returns an error when it was one too many.
func (r *objectReader) broken(cause error) error {
	r.part.close()
	r.part = nil
	if r.ctx.Err() != nil {
		return &Error{Op: "read", URL: r.object.URL, Err: r.ctx.Err()}
	}
	if r.waits == nil || r.read-r.resumed >= resumeProgress {
		r.tries = 0
		r.waits = backoff.NewExponentialBackOff()
		r.waits.InitialInterval, r.waits.Multiplier, r.waits.MaxInterval = resumeWait, 2, resumeMaxWait
		r.waits.Reset()
		r.resumed = r.read
	}
	r.tries++
	if r.tries > resumeTries || r.object.ETag == "" && r.read > 0 {
		// Without an etag the rest might be another version's.
		return &Error{
			Op: "read", URL: r.object.URL,
			Err: &fault{msg: fmt.Sprintf("the transfer broke off after %d of %d bytes, %d times: %v",
				r.read, r.object.Size, r.tries, innermost(cause)), cause: cause},
			hint: "check the network; the next run tries again",
		}
	}
	r.store.options.Logger.Debug(
		"transfer broke off, resuming", "url", string(r.object.URL), "bytes", r.read, "try",
		r.tries, "error", cause.Error(),
	)
	return nil
}

// resume opens the rest after a pause. Its requests have the SDK's own retries,
// so what they cannot do is final.
func (r *objectReader) resume() error {
	pause := time.NewTimer(r.waits.NextBackOff())
	defer pause.Stop()
	select {
	case <-r.ctx.Done():
		return &Error{Op: "read", URL: r.object.URL, Err: r.ctx.Err()}
	case <-pause.C:
	}
	part, err := r.store.get(r.ctx, "read", r.object, r.read)
	if err != nil {
		return err
	}
	r.part = part
	return nil
}

// Close ends the transfer; reading on fails.
func (r *objectReader) Close() error {
	if r.finished == nil {
		r.finished = &Error{Op: "read", URL: r.object.URL, Err: errors.New("the reader is closed")}
	}
	if r.part == nil {
		return nil
	}
	// Broken off early, the rest is not waited for.
	err := r.part.close()
	r.part = nil
	return err
}
