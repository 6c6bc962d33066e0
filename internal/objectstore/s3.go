package objectstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// bareETag is the entity tag without the quotes, which some servers leave out
// of listings.
func bareETag(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }

// quoteETag is the form of the If-Match header, and nil for no condition.
func quoteETag(etag string) *string {
	if etag == "" {
		return nil
	}
	return aws.String(`"` + etag + `"`)
}

// checkObject refuses a URL that names a bucket only.
func checkObject(op string, u URL) error {
	if u.Key() == "" {
		return &Error{
			Op: op, URL: u, Err: &fault{msg: "names a bucket, not an object", kind: ErrURL},
			hint: "write s3://bucket/key",
		}
	}
	return nil
}

func (s *bucketStore) stat(ctx context.Context, u URL) (Object, error) {
	if err := checkObject("find", u); err != nil {
		return Object{}, err
	}
	var out *s3.HeadObjectOutput
	err := s.do(ctx, "find", u, func(client *s3.Client, region func(*s3.Options)) (err error) {
		out, err = client.HeadObject(
			ctx, &s3.HeadObjectInput{Bucket: aws.String(u.Bucket()), Key: aws.String(u.Key())},
			region,
		)
		var response *awshttp.ResponseError
		if errors.As(err, &response) && response.HTTPStatusCode() == http.StatusNotFound {
			// The answer to HEAD has no body and so does not say whether the
			// bucket or the key is missing.
			if _, bucketErr := client.HeadBucket(
				ctx, &s3.HeadBucketInput{Bucket: aws.String(u.Bucket())}, region,
			); bucketErr != nil {
				var response *awshttp.ResponseError
				if errors.As(bucketErr, &response) && response.HTTPStatusCode() == http.StatusNotFound {
					return &types.NoSuchBucket{}
				}
			}
		}
		return err
	})
	if err != nil {
		return Object{}, err
	}
	return Object{
		URL: u, ETag: bareETag(out.ETag), Size: aws.ToInt64(out.ContentLength),
		LastModified: aws.ToTime(out.LastModified),
	}, nil
}

func (s *bucketStore) open(ctx context.Context, o Object) (io.ReadCloser, Object, error) {
	if err := checkObject("open", o.URL); err != nil {
		return nil, Object{}, err
	}
	part, err := s.get(ctx, "open", o, 0)
	if err != nil {
		return nil, Object{}, err
	}
	switch {
	case o.ETag == "":
		o = part.object
	case part.object.Size >= 0 && part.object.Size != o.Size:
		part.close()
		return nil, Object{}, changed("open", o.URL, nil)
	}
	return &objectReader{ctx: ctx, store: s, object: o, part: part}, o, nil
}

// get asks for the bytes of o from an offset on, of the version with o's etag.
func (s *bucketStore) get(ctx context.Context, op string, o Object, from int64) (*part, error) {
	var p *part
	outdone, err := s.byLean(ctx, op, o.URL, o.URL.Key(), func(c *leanClient, t *target) (err error) {
		partCtx, cancel := context.WithCancelCause(ctx)
		if p, err = c.get(partCtx, t, o, from); err != nil {
			cancel(nil)
			return err
		}
		p.cancel = cancel
		return nil
	})
	if err != errLeft {
		return p, err
	}
	if p, err = s.getBySDK(ctx, op, o, from); err == nil {
		outdone()
	}
	return p, err
}

func (s *bucketStore) getBySDK(ctx context.Context, op string, o Object, from int64) (*part, error) {
	in := &s3.GetObjectInput{
		Bucket: aws.String(o.URL.Bucket()), Key: aws.String(o.URL.Key()),
		IfMatch: quoteETag(o.ETag),
	}
	if from > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", from))
	}
	partCtx, cancel := context.WithCancelCause(ctx)
	var out *s3.GetObjectOutput
	err := s.do(partCtx, op, o.URL, func(client *s3.Client, region func(*s3.Options)) (err error) {
		out, err = client.GetObject(partCtx, in, region)
		return err
	})
	if err != nil {
		cancel(nil)
		return nil, err
	}
	p := &part{
		body: out.Body, cancel: cancel,
		object: Object{URL: o.URL, ETag: bareETag(out.ETag), Size: -1, LastModified: aws.ToTime(out.LastModified)},
	}
	if out.ContentLength != nil {
		p.object.Size = *out.ContentLength
	}
	// A server that does not know ranges sends the object from its start.
	if from > 0 && !strings.HasPrefix(aws.ToString(out.ContentRange), fmt.Sprintf("bytes %d-", from)) {
		p.skip = from
	}
	return p, nil
}

func (s *bucketStore) write(ctx context.Context, u URL, body []byte) error {
	if err := checkObject("write", u); err != nil {
		return err
	}
	return s.do(ctx, "write", u, func(client *s3.Client, region func(*s3.Options)) error {
		_, err := client.PutObject(
			ctx,
			&s3.PutObjectInput{Bucket: aws.String(u.Bucket()), Key: aws.String(u.Key()), Body: bytes.NewReader(body)},
			region,
		)
		return err
	})
}

func (s *bucketStore) remove(ctx context.Context, u URL) error {
	if err := checkObject("delete", u); err != nil {
		return err
	}
	err := s.do(ctx, "delete", u, func(client *s3.Client, region func(*s3.Options)) error {
		_, err := client.DeleteObject(
			ctx, &s3.DeleteObjectInput{Bucket: aws.String(u.Bucket()), Key: aws.String(u.Key())},
			region,
		)
		var missing *types.NoSuchKey // some servers say so, S3 does not
		if errors.As(err, &missing) {
			return nil
		}
		return err
	})
	return err
}

// explain turns the SDK's error into one line with its kind and, where known,
// what to do. The codes are those of
// docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
func (s *bucketStore) explain(ctx context.Context, op string, u URL, region string, err error) error {
	if ctx.Err() != nil {
		return &Error{Op: op, URL: u, Err: ctx.Err()}
	}
	var renewal *renewalError
	if errors.As(err, &renewal) {
		return credentialsError(ctx, op, u, renewal.err)
	}
	var redirect *redirectError
	var answer *answerError
	switch {
	case errors.As(err, &redirect):
		return &Error{
			Op: op, URL: u, Err: &fault{msg: redirect.Error(), cause: err},
			hint: "check AWS_ENDPOINT_URL_S3, and the proxies on the way",
		}
	case errors.As(err, &answer):
		return &Error{Op: op, URL: u, Err: &fault{msg: answer.Error(), cause: err}, hint: answerHint}
	}
	code, message, status := "", "", 0
	var api smithy.APIError
	if errors.As(err, &api) {
		code, message = api.ErrorCode(), api.ErrorMessage()
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	fail := func(kind error, msg, hint string) error {
		return &Error{Op: op, URL: u, Err: &fault{msg: msg, kind: kind, cause: err}, hint: hint}
	}
	said := func(msg string) string { // with the server's own words
		switch {
		case message != "" && code != "":
			return fmt.Sprintf("%s: %s (%s)", msg, strings.TrimSuffix(message, "."), code)
		case code != "":
			return fmt.Sprintf("%s (%s)", msg, code)
		case status != 0:
			return fmt.Sprintf("%s (HTTP status %d)", msg, status)
		}
		return msg
	}
	noBucket := fmt.Sprintf("bucket %s does not exist", u.Bucket())
	noBucketHint := "check the name"
	if s.custom {
		noBucketHint = "check the name, and that AWS_ENDPOINT_URL_S3 names the right server"
	}
	switch code {
	case "NoSuchBucket":
		return fail(ErrNotExist, noBucket, noBucketHint)
	case "InvalidBucketName":
		return fail(ErrURL, said("not a bucket name"), "check the name")
	case "PreconditionFailed", "InvalidRange":
		return changed(op, u, err)
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
		"TokenRefreshRequired", "InvalidSecurity", "NotSignedUp",
		"XAdminUserNotFound": // versitygw's word for an unknown access key
		return fail(ErrCredentials, said("the AWS credentials are not valid"), "renew them: "+credentialHint)
	case "RequestTimeTooSkewed":
		return fail(ErrCredentials, said("the signature is not valid"), "set this machine's clock")
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return fail(
			nil, said("the bucket is not in region "+region),
			"give the bucket's region with --region or AWS_REGION",
		)
	}
	switch status {
	case http.StatusNotFound:
		switch {
		case code != "" && code != "NoSuchKey" && code != "NotFound":
		case u.Key() == "" || op == "list":
			return fail(ErrNotExist, noBucket, noBucketHint)
		default:
			return fail(ErrNotExist, "does not exist", "check the key; keys are case-sensitive")
		}
	case http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return changed(op, u, err)
	case http.StatusUnauthorized, http.StatusForbidden:
		hint := fmt.Sprintf(
			"the credentials need s3:ListBucket on the bucket and s3:GetObject on its objects; "+
				"the request went to region %s (--region); for a public bucket use --anonymous",
			region,
		)
		if s.options.Anonymous {
			hint = "the bucket is not public: leave out --anonymous and set AWS_ACCESS_KEY_ID " +
				"and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
		}
		return fail(ErrAccess, said("access denied"), hint)
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect:
		return fail(
			nil, said("the bucket is not in region "+region),
			"give the bucket's region with --region or AWS_REGION",
		)
	}
	if status >= http.StatusInternalServerError {
		return fail(nil, said("the server failed"), "try again later")
	}
	if code != "" {
		return fail(nil, said("the server refused the request"), "")
	}
	if status != 0 {
		return fail(nil, said("the server's answer is not S3's"), endpointHint)
	}
	hint := "check the network"
	if s.custom {
		hint = "check AWS_ENDPOINT_URL_S3, and that the server runs"
	}
	return fail(nil, "cannot reach the server: "+innermost(withoutURL(err)).Error(), hint)
}

// withoutURL drops the request's URL, which may be long, from a transport error.
func withoutURL(err error) error {
	var transport *url.Error
	if errors.As(err, &transport) {
		return transport.Err
	}
	return err
}
