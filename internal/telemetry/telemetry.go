// Package telemetry sends traces of what dwh does to an OpenTelemetry collector when the standard
// OTEL_ variables ask for it.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
)

// flushTimeout is how long the end of a command waits for a collector.
const flushTimeout = 2 * time.Second

// scope names who made the spans.
const scope = "github.com/sparkify/dwh"

// Options are what tracing needs.
type Options struct {
	// Env is the environment. The exporters themselves read the process's.
	Env     map[string]string
	Version string // of dwh
	// Warn is told, at most once, that no traces arrive and why. It must be safe for concurrent
	// use.
	Warn func(text string)
	// Console is where OTEL_TRACES_EXPORTER=console writes: not to stdout, which is for results.
	Console io.Writer
}

// Wanted tells whether the environment asks for traces: OTEL_TRACES_EXPORTER or an OTLP endpoint is
// set, and neither "none" nor OTEL_SDK_DISABLED says otherwise.
func Wanted(env map[string]string) bool { return len(exporterNames(env)) > 0 }

func exporterNames(env map[string]string) []string {
	if strings.EqualFold(strings.TrimSpace(env["OTEL_SDK_DISABLED"]), "true") {
		return nil
	}
	chosen := strings.TrimSpace(env["OTEL_TRACES_EXPORTER"])
	if chosen == "" {
		if env["OTEL_EXPORTER_OTLP_ENDPOINT"] == "" && env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == "" {
			return nil
		}
		chosen = "otlp"
	}
	var names []string
	for name := range strings.SplitSeq(chosen, ",") {
		if name = strings.TrimSpace(name); name != "" && name != "none" {
			names = append(names, name)
		}
	}
	return names
}

// Tracing sends the spans of one command. Its nil value does nothing.
type Tracing struct {
	provider  *sdktrace.TracerProvider
	exporters []*exporter
}

// New returns what Options.Env asks for: nil when it asks for nothing, and also, with a warning,
// when what it asks for cannot be had. The sampler, the batches' bounds and the resource come from
// the variables that OpenTelemetry defines. Close it.
func New(ctx context.Context, o Options) *Tracing {
	names := exporterNames(o.Env)
	if len(names) == 0 {
		return nil
	}
	// The library would write its own complaints to stderr, with the headers' values in them.
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))

	t := &Tracing{}
	options := []sdktrace.TracerProviderOption{}
	warn := once(o.Warn)
	for _, name := range names {
		next, err := newExporter(ctx, name, o)
		if err != nil {
			warn(fmt.Sprintf("no traces are sent: %s", reason(err)))
			continue
		}
		e := newSender(next, destination(name, o.Env), warn)
		t.exporters = append(t.exporters, e)
		options = append(options, sdktrace.WithBatcher(e, batches(o.Env)...))
	}
	if len(t.exporters) == 0 {
		return nil
	}
	// Of the process only the name: its arguments may hold anything.
	about, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName("dwh"), semconv.ServiceVersion(o.Version)),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv(),
	)
	if err != nil {
		warn("OTEL_RESOURCE_ATTRIBUTES cannot be read, in part or in whole")
	}
	t.provider = sdktrace.NewTracerProvider(append(options, sdktrace.WithResource(about))...)
	return t
}

func newExporter(ctx context.Context, name string, o Options) (sdktrace.SpanExporter, error) {
	switch name {
	case "otlp":
		// A collector that is down is not asked again for the same spans: a run does not wait for
		// it.
		switch protocol := protocol(o.Env); protocol {
		case "", "http/protobuf":
			return otlptracehttp.New(ctx, otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}))
		case "grpc":
			return otlptracegrpc.New(ctx, otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{}))
		default:
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q; http/protobuf and grpc are known", protocol)
		}
	case "console":
		return stdouttrace.New(stdouttrace.WithWriter(o.Console))
	}
	return nil, fmt.Errorf("OTEL_TRACES_EXPORTER is %q; otlp, console and none are known", name)
}

func protocol(env map[string]string) string {
	if own := env["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"]; own != "" {
		return own
	}
	return env["OTEL_EXPORTER_OTLP_PROTOCOL"]
}

// destination says in words where spans go: the host alone, since a URL may hold a key.
func destination(name string, env map[string]string) string {
	if name != "otlp" {
		return name
	}
	endpoint := env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
	if endpoint == "" {
		endpoint = env["OTEL_EXPORTER_OTLP_ENDPOINT"]
	}
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		return u.Host
	}
	return "localhost"
}

// Command begins the span that everything a command does lies under. TRACEPARENT in the environment
// makes it part of the trace of what called dwh. end takes the command's error and exit code; both
// may be called on nil.
func (t *Tracing) Command(
	ctx context.Context, env map[string]string, name string,
) (_ context.Context, end func(err error, code int)) {
	if t == nil {
		return ctx, func(error, int) {}
	}
	ctx = propagation.TraceContext{}.Extract(
		ctx,
		propagation.MapCarrier{"traceparent": env["TRACEPARENT"], "tracestate": env["TRACESTATE"]},
	)
	ctx, span := t.provider.Tracer(scope).Start(ctx, name)
	return ctx, func(err error, code int) {
		(&Span{span}).End(err, attribute.Int("dwh.exit_code", code))
	}
}

// Close sends what is left, for at most two seconds.
func (t *Tracing) Close(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	err := t.provider.Shutdown(ctx)
	for _, e := range t.exporters {
		e.abandon(err)
	}
}

// maxQueue is how many spans wait for the collector, unless OTEL_BSP_MAX_QUEUE_SIZE says otherwise:
// a load from S3 makes one for each object, and those of its steps are not to be lost among them. A
// span is about a kilobyte.
const maxQueue = 16 << 10

func batches(env map[string]string) []sdktrace.BatchSpanProcessorOption {
	if env["OTEL_BSP_MAX_QUEUE_SIZE"] != "" {
		return nil
	}
	return []sdktrace.BatchSpanProcessorOption{sdktrace.WithMaxQueueSize(maxQueue)}
}
