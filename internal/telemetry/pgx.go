package telemetry

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
)

// PgxTracer returns the tracer of connections that are opened under ctx; nil where nothing is
// traced. Spans are called by what a statement does and to which table, such as "INSERT d_song".
// Neither its text nor its parameters are recorded, nor what the server says about them: a COPY
// names a role, an INSERT on Redshift holds data.
func PgxTracer(ctx context.Context) pgx.QueryTracer {
	span := trace.SpanFromContext(ctx)
	if !span.SpanContext().IsValid() {
		return nil
	}
	return &pgxTracer{otelpgx.NewTracer(
		otelpgx.WithTracerProvider(span.TracerProvider()),
		otelpgx.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelpgx.WithSpanNameFunc(summary),
		otelpgx.WithDisableSQLStatementInAttributes(),
		otelpgx.WithDisableConnectionDetailsInAttributes(),
		otelpgx.WithDisableAcquireTracer(),
	)}
}

// pgxTracer is otelpgx's with errors told by their code alone.
type pgxTracer struct{ *otelpgx.Tracer }

// TraceQueryEnd implements pgx.QueryTracer.
func (t *pgxTracer) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	data.Err = coded(data.Err)
	t.Tracer.TraceQueryEnd(ctx, conn, data)
}

// TraceCopyFromEnd implements pgx.CopyFromTracer.
func (t *pgxTracer) TraceCopyFromEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromEndData) {
	data.Err = coded(data.Err)
	t.Tracer.TraceCopyFromEnd(ctx, conn, data)
}

// TraceBatchQuery implements pgx.BatchTracer.
func (t *pgxTracer) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	data.Err = coded(data.Err)
	t.Tracer.TraceBatchQuery(ctx, conn, data)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (t *pgxTracer) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchEndData) {
	data.Err = coded(data.Err)
	t.Tracer.TraceBatchEnd(ctx, conn, data)
}

// TraceConnectEnd implements pgx.ConnectTracer.
func (t *pgxTracer) TraceConnectEnd(ctx context.Context, data pgx.TraceConnectEndData) {
	data.Err = coded(data.Err)
	t.Tracer.TraceConnectEnd(ctx, data)
}

// TracePrepareEnd implements pgx.PrepareTracer.
func (t *pgxTracer) TracePrepareEnd(ctx context.Context, conn *pgx.Conn, data pgx.TracePrepareEndData) {
	data.Err = coded(data.Err)
	t.Tracer.TracePrepareEnd(ctx, conn, data)
}

// coded keeps of an error what cannot quote data.
func coded(err error) error {
	var refused *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, pgx.ErrNoRows), errors.Is(err, context.Canceled), errors.Is(
		err, context.DeadlineExceeded,
	):
		return err
	case errors.As(err, &refused):
		return &pgconn.PgError{Severity: refused.Severity, Code: refused.Code, Message: "see the command's output"}
	}
	return errConnection
}

var errConnection = errors.New("the connection failed")

// opening is the beginning of a statement: the verb, and the table where it stands near.
var opening = regexp.MustCompile(
	`(?i)^(?:INSERT\s+INTO|DELETE\s+FROM|UPDATE|COPY|LOCK\s+TABLE|LOCK|ANALYZE|(?:CREATE|DROP|ALTER)\s+(?:TEMP(?:ORARY)?\s+)?(?:TABLE|VIEW|SCHEMA|INDEX)(?:\s+IF\s+(?:NOT\s+)?EXISTS)?)\s+([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?|"[^"]*"(?:\."[^"]*")?)`,
)

// summary names a statement without its values.
func summary(sql string) string {
	rest := strings.TrimSpace(sql)
	for {
		switch {
		case strings.HasPrefix(rest, "--"):
			_, rest, _ = strings.Cut(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			_, rest, _ = strings.Cut(rest, "*/")
		default:
			verb, _, _ := strings.Cut(rest, " ")
			verb, _, _ = strings.Cut(verb, "\n")
			if verb = strings.ToUpper(strings.Trim(verb, ";\t\r(")); !isWord(verb) {
				return "SQL"
			}
			if match := opening.FindStringSubmatch(rest); match != nil {
				return verb + " " + strings.ReplaceAll(match[1], `"`, "")
			}
			return verb
		}
		rest = strings.TrimSpace(rest)
	}
}

func isWord(s string) bool {
	for _, c := range s {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return s != "" && len(s) <= 20
}
