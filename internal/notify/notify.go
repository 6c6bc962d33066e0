package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sparkify/dwh/internal/config"
)

// Options are what a Notifier needs; a zero setting means its default.
type Options struct {
	URL        config.Secret // of the webhook; it may be a secret as a whole
	Format     Format        // of the messages; "" is JSON
	HeaderFile string        // file with a line "Name: value" for each message; "" for none
	// Warn is told that a message was lost. It is called from another goroutine.
	Warn    func(format string, args ...any)
	Tries   int           // of each message
	Pause   time.Duration // before the second try; each further pause is twice as long
	Timeout time.Duration // of one try
	Waiting int           // messages that may wait; a further one is lost
}

// The defaults of Options.
const (
	DefaultTries   = 5
	DefaultPause   = 500 * time.Millisecond
	DefaultTimeout = 10 * time.Second
	DefaultWaiting = 64

	longestPause = 30 * time.Second
)

// Notifier sends events to a webhook, in their order, beside the work. Close it. It is safe for
// concurrent use.
type Notifier struct {
	o      Options
	client *http.Client
	name   string // of the header
	value  config.Secret

	queue  chan Event // closed by Close
	mu     sync.Mutex // of closed, and of sends into queue
	closed bool
	ended  chan struct{} // closed when the queue is empty and closed
	stop   context.CancelFunc
}

// New reads the header's file and starts to deliver.
func New(o Options) (*Notifier, error) {
	if o.Tries <= 0 {
		o.Tries = DefaultTries
	}
	if o.Pause <= 0 {
		o.Pause = DefaultPause
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Waiting <= 0 {
		o.Waiting = DefaultWaiting
	}
	if o.Warn == nil {
		o.Warn = func(string, ...any) {}
	}
	n := &Notifier{
		o: o, queue: make(chan Event, o.Waiting), ended: make(chan struct{}),
		client: &http.Client{
			Timeout: o.Timeout,
			// The secret header and the body are for this address only.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if o.HeaderFile != "" {
		var err error
		if n.name, n.value, err = readHeader(o.HeaderFile); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.stop = cancel
	go n.work(ctx) // Close waits for it
	return n, nil
}

// What a header may hold: a token, and printable ASCII.
var (
	headerName  = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+.^_|~-]+$`)
	headerValue = regexp.MustCompile(`^[ -~]+$`)
)

// maxHeaderBytes is far beyond any header, and keeps a wrong path from filling memory.
const maxHeaderBytes = 8192

func readHeader(path string) (name string, value config.Secret, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", "", fmt.Errorf("cannot read the header: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxHeaderBytes+1))
	if err != nil {
		return "", "", fmt.Errorf("cannot read the header: %w", err)
	}
	name, rest, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
	rest = strings.TrimSpace(rest)
	if !ok || len(text) > maxHeaderBytes || rest == "" || !headerName.MatchString(name) ||
		!headerValue.MatchString(rest) {
		return "", "", fmt.Errorf("%s does not hold a header on one line, such as Authorization: Bearer …", path)
	}
	return textproto.CanonicalMIMEHeaderKey(name), config.Secret(rest), nil
}

// Send hands an event over and returns at once. Where too many wait, the event is lost and Warn is
// told.
func (n *Notifier) Send(e Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	select {
	case n.queue <- e:
	default:
		n.o.Warn("a notification (%s) is dropped: %d others are waiting", e.Kind, cap(n.queue))
	}
}

func (n *Notifier) work(ctx context.Context) {
	defer close(n.ended)
	for e := range n.queue {
		if err := n.Deliver(ctx, e); err != nil {
			n.o.Warn("a notification (%s) was not delivered: %v", e.Kind, err)
		}
	}
}

// Close delivers what waits, until ctx ends; the rest is lost and Warn is told. It may be called
// again.
func (n *Notifier) Close(ctx context.Context) {
	n.mu.Lock()
	if !n.closed {
		n.closed = true
		close(n.queue)
	}
	n.mu.Unlock()
	select {
	case <-n.ended:
	case <-ctx.Done():
	}
	n.stop()
	<-n.ended
	n.client.CloseIdleConnections()
}

// Deliver sends one event and waits until the webhook has taken it, or the last try failed.
func (n *Notifier) Deliver(ctx context.Context, e Event) error {
	text, err := body(e, n.o.Format)
	if err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	pause := n.o.Pause
	for try := 1; ; try++ {
		again, after, err := n.post(ctx, text)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w; gave up after attempt %d", err, try)
		}
		if !again || try >= n.o.Tries {
			if try > 1 {
				return fmt.Errorf("%w (after %d attempts)", err, try)
			}
			return err
		}
		timer := time.NewTimer(min(max(pause, after), longestPause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w; gave up after attempt %d", err, try)
		}
		pause *= 2
	}
}

// post makes one try. again says whether another one may help, and after how long the receiver
// wants it.
func (n *Notifier) post(ctx context.Context, text []byte) (again bool, after time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.o.URL.Reveal(), bytes.NewReader(text))
	if err != nil {
		return false, 0, errors.New("the webhook's address is not a URL")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "dwh")
	if n.name != "" {
		request.Header.Set(n.name, n.value.Reveal())
	}
	response, err := n.client.Do(request)
	if err != nil {
		// *url.Error holds the address, which may be a secret.
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return true, 0, fmt.Errorf("webhook %s: %w", Place(n.o.URL), err)
	}
	// it is not needed any more
	defer func() { _ = response.Body.Close() }()
	// so that the connection can be used again
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxReplyRead))
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return false, 0, nil
	}
	seconds, parseErr := strconv.Atoi(response.Header.Get("Retry-After"))
	if parseErr == nil {
		after = time.Duration(seconds) * time.Second
	}
	again = response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusRequestTimeout ||
		response.StatusCode >= 500
	return again, after, &StatusError{Place: Place(n.o.URL), Code: response.StatusCode}
}

const maxReplyRead = 64 << 10

// StatusError is an answer that is not a success.
type StatusError struct {
	Place string // the webhook without its secrets
	Code  int    // the HTTP status code
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("webhook %s answered %d %s", e.Place, e.Code, http.StatusText(e.Code))
}

// Hint says what to change.
func (e *StatusError) Hint() string {
	switch {
	case e.Code == http.StatusUnauthorized || e.Code == http.StatusForbidden:
		return "check the header in the file of notify.header_file"
	case e.Code == http.StatusNotFound || e.Code == http.StatusGone || e.Code >= 300 && e.Code < 400:
		return "check the address in notify.webhook"
	case e.Code == http.StatusBadRequest:
		return "check notify.format: json or slack"
	}
	return ""
}

// Place is an address without its path and query, which may be secret.
func Place(address config.Secret) string {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Host == "" {
		return "(no URL)"
	}
	return u.Scheme + "://" + u.Host
}
