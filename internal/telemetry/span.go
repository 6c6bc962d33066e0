package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// An Attribute is one fact about a span. The constructors below are the names that spans use; they
// stay.
type Attribute = attribute.KeyValue

// Run is the run's id in the journal.
func Run(id string) Attribute { return attribute.String("dwh.run_id", id) }

// Step is the name of a load or transform, such as 210_f_order.
func Step(name string) Attribute { return attribute.String("dwh.step", name) }

// Report is the name of a report.
func Report(name string) Attribute { return attribute.String("dwh.report", name) }

// Objects is how many objects were loaded.
func Objects(n int64) Attribute { return attribute.Int64("dwh.objects", n) }

// Waiting is how many objects a server's batch began with.
func Waiting(n int) Attribute { return attribute.Int("dwh.batch_objects", n) }

// Rows is how many rows were written, or returned by a report.
func Rows(n int64) Attribute { return attribute.Int64("dwh.rows", n) }

// RowsIn is how many unprocessed rows a transform started from.
func RowsIn(n int64) Attribute { return attribute.Int64("dwh.rows_in", n) }

// Rejects is how many records COPY refused.
func Rejects(n int64) Attribute { return attribute.Int64("dwh.rejects", n) }

// Bytes is how much was read.
func Bytes(n int64) Attribute { return attribute.Int64("dwh.bytes", n) }

// Checks is how many checks ran.
func Checks(n int) Attribute { return attribute.Int("dwh.checks", n) }

// Violations is how many violations checks of error severity found.
func Violations(n int64) Attribute { return attribute.Int64("dwh.violations", n) }

// Span is work under way. End it.
type Span struct{ span trace.Span }

// Begin begins a span under the one of ctx. Where nothing is traced it costs a look at ctx.
func Begin(ctx context.Context, name string, attributes ...Attribute) (context.Context, *Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.SpanContext().IsValid() {
		return ctx, &Span{parent}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithAttributes(attributes...))
	return ctx, &Span{span}
}

// BeginLinked begins a trace of its own that points to the span of ctx: for the pieces of work of a
// server, whose own span ends with the server.
func BeginLinked(ctx context.Context, name string, attributes ...Attribute) (context.Context, *Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.SpanContext().IsValid() {
		return ctx, &Span{parent}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, name,
		trace.WithNewRoot(), trace.WithLinks(
			trace.Link{SpanContext: parent.SpanContext()},
		), trace.WithAttributes(attributes...))
	return ctx, &Span{span}
}

// Annotate adds to the span of ctx.
func Annotate(ctx context.Context, attributes ...Attribute) {
	trace.SpanFromContext(ctx).SetAttributes(attributes...)
}

// End ends the span with what came of it; err may be nil.
func (s *Span) End(err error, attributes ...Attribute) {
	if !s.span.IsRecording() {
		return
	}
	s.span.SetAttributes(attributes...)
	if err != nil {
		s.span.SetAttributes(semconv.ErrorTypeKey.String(kind(err)))
		s.span.SetStatus(codes.Error, clean(err.Error()))
	}
	s.span.End()
}

func kind(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return semconv.ErrorType(err).Value.AsString()
}

// Quiet returns a context under which queries and requests make no spans of their own, while
// BeginLinked still does: a server looks around every other second for as long as it lives.
func Quiet(ctx context.Context) context.Context {
	span := trace.SpanFromContext(ctx)
	if !span.SpanContext().IsValid() {
		return ctx
	}
	return trace.ContextWithSpan(ctx, quiet{of: span})
}

// quiet is a span that records nothing.
type quiet struct {
	noop.Span
	of trace.Span
}

// SpanContext implements trace.Span.
func (q quiet) SpanContext() trace.SpanContext { return q.of.SpanContext() }

// TracerProvider implements trace.Span.
func (q quiet) TracerProvider() trace.TracerProvider { return q.of.TracerProvider() }
