package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporter sends spans as long as that works. What it cannot send is lost, and told once.
type exporter struct {
	next sdktrace.SpanExporter
	to   string
	warn func(text string)

	down   atomic.Bool        // the last try failed
	closed atomic.Bool        // nothing more is sent
	life   context.Context    // of every try
	end    context.CancelFunc // of life
	busy   sync.Mutex         // held during a try
}

func newSender(next sdktrace.SpanExporter, to string, warn func(string)) *exporter {
	e := &exporter{next: next, to: to, warn: warn}
	e.life, e.end = context.WithCancel(context.Background())
	return e
}

// ExportSpans implements sdktrace.SpanExporter. It returns no error: the library would print it.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.busy.Lock()
	defer e.busy.Unlock()
	if e.closed.Load() {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)()
	if err := e.next.ExportSpans(ctx, spans); err != nil {
		e.failed(err)
		return nil
	}
	e.down.Store(false)
	return nil
}

func (e *exporter) failed(err error) {
	e.down.Store(true)
	e.warn(fmt.Sprintf("traces cannot be sent to %s, and the command goes on without them: %s", e.to, reason(err)))
}

// Shutdown implements sdktrace.SpanExporter.
func (e *exporter) Shutdown(ctx context.Context) error { return e.next.Shutdown(ctx) }

// abandon ends a try that is still under way, and waits for its end; err is why the last spans were
// not sent, nil if they were.
func (e *exporter) abandon(err error) {
	e.closed.Store(true)
	if err != nil && !e.down.Load() {
		e.failed(err)
	}
	e.end()
	e.busy.Lock()
	defer e.busy.Unlock()
}

// once lets the first call through.
func once(warn func(string)) func(string) {
	var first sync.Once
	return func(text string) {
		if warn != nil {
			first.Do(func() { warn(text) })
		}
	}
}

// reason says why spans were not sent, without the collector's URL, which may hold a key.
func reason(err error) string {
	var request *url.Error
	var network *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "no answer in time"
	case errors.As(err, &network):
		return network.Err.Error()
	case errors.As(err, &request):
		return clean(request.Err.Error())
	}
	// What the collector says may quote the headers it got.
	text, _, _ := strings.Cut(err.Error(), " (body: ")
	return clean(text)
}

var (
	credentialsInURL = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s@]*@`)
	queryOfURL       = regexp.MustCompile(`(https?://[^\s?"]*)\?[^\s"]*`)
	roleName         = regexp.MustCompile(`arn:aws[a-z-]*:(iam|sts)::[^\s"',;)]*`)
)

// longestText is how much of an error a span holds, in bytes.
const longestText = 1024

// clean takes out of an error's text what a collector, which may belong to others, is not to know:
// credentials in URLs and the names of roles.
func clean(text string) string {
	text = credentialsInURL.ReplaceAllString(text, "${1}xxxxx@")
	text = queryOfURL.ReplaceAllString(text, "${1}?xxxxx")
	text = roleName.ReplaceAllString(text, "arn:xxxxx")
	if len(text) > longestText {
		end := longestText
		for end > 0 && text[end]&0xC0 == 0x80 {
			end--
		}
		text = text[:end] + "..."
	}
	return text
}
