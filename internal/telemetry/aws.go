package telemetry

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
)

// InstrumentAWS has each call of the clients made from cfg be a span under the context of the call,
// such as "S3.GetObject", with its retries in it. Where ctx is not traced it does nothing.
// (OpenTelemetry's own package for this is deprecated, and brings along the clients of DynamoDB and
// SNS.)
func InstrumentAWS(ctx context.Context, cfg *aws.Config) {
	if !trace.SpanFromContext(ctx).SpanContext().IsValid() {
		return
	}
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("dwh.trace", traceCall), middleware.After)
	})
}

func traceCall(
	ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (middleware.InitializeOutput, middleware.Metadata, error) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return next.HandleInitialize(ctx, in)
	}
	service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	ctx, span := parent.TracerProvider().Tracer(scope).Start(
		ctx, service+"."+operation, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			attribute.String(
				"rpc.system", "aws-api",
			), attribute.String("rpc.service", service), attribute.String("rpc.method", operation),
			attribute.String("cloud.region", awsmiddleware.GetRegion(ctx)),
		),
	)
	defer span.End()
	out, metadata, err := next.HandleInitialize(ctx, in)
	if response, ok := awsmiddleware.GetRawResponse(metadata).(*smithyhttp.Response); ok {
		span.SetAttributes(semconv.HTTPResponseStatusCode(response.StatusCode))
	}
	if id, ok := awsmiddleware.GetRequestIDMetadata(metadata); ok {
		span.SetAttributes(attribute.String("aws.request_id", id))
	}
	if err != nil {
		// The code alone: the text may quote a signed URL.
		code := "the call failed"
		var refused smithy.APIError
		switch {
		case errors.As(err, &refused):
			code = refused.ErrorCode()
		case errors.Is(err, context.Canceled):
			code = "interrupted"
		}
		span.SetAttributes(semconv.ErrorTypeKey.String(code))
		span.SetStatus(codes.Error, code)
	}
	return out, metadata, err
}
