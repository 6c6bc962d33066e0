package objectstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/sparkify/dwh/internal/telemetry"
)

// Limits on waiting. A stalled server is one more transient failure.
const (
	dialTimeout   = 10 * time.Second
	headerTimeout = 60 * time.Second
	stallTimeout  = 60 * time.Second // without a byte of a body
	defaultRegion = "us-east-1"
	regionHeader  = "X-Amz-Bucket-Region"
	answerHint    = "check that AWS_ENDPOINT_URL_S3 names an S3 server, and that no proxy or " +
		"login page answers in its place"
	endpointHint   = "set AWS_ENDPOINT_URL_S3 to the server's address, such as http://127.0.0.1:9000"
	credentialHint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or use " +
		"--anonymous for a public bucket"
)

// bucketStore is S3 and what speaks its protocol.
type bucketStore struct {
	options Options

	mu      sync.Mutex
	client  *s3.Client        // nil before the first use
	lean    *leanClient       // beside client
	region  string            // configured; empty: each bucket's own
	custom  bool              // an endpoint other than AWS's
	regions map[string]string // learnt from S3, by bucket
}

var _ backend = (*bucketStore)(nil)

func newBucketStore(o Options) *bucketStore {
	return &bucketStore{options: o, regions: map[string]string{}}
}

// do calls f with a client and the option that directs it to the bucket's
// region, which is looked up where none is configured and corrected where S3
// answers that the bucket is elsewhere. Its errors are *Error.
func (s *bucketStore) do(ctx context.Context, op string, u URL, f func(*s3.Client, func(*s3.Options)) error) error {
	client, err := s.connect(ctx, op, u)
	if err != nil {
		return err
	}
	region, err := s.regionOf(ctx, client, op, u)
	if err != nil {
		return err
	}
	err = f(client, inRegion(region))
	if elsewhere := redirected(err); elsewhere != "" && elsewhere != region {
		s.options.Logger.Debug("bucket is in another region", "bucket", u.Bucket(), "region", elsewhere)
		s.learn(u.Bucket(), elsewhere)
		region = elsewhere
		err = f(client, inRegion(region))
	}
	if err != nil {
		return s.explain(ctx, op, u, region, err)
	}
	return nil
}

func inRegion(region string) func(*s3.Options) {
	return func(o *s3.Options) { o.Region = region }
}

// connect makes the client once. A failure is not kept: credentials may come.
func (s *bucketStore) connect(ctx context.Context, op string, u URL) (*s3.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s.client, nil
	}
	load := []func(*config.LoadOptions) error{
		// Checksums beyond the etag cost time on every small object, and not
		// every S3-compatible server knows them.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
	}
	if s.options.Region != "" {
		load = append(load, config.WithRegion(s.options.Region))
	}
	if s.options.Anonymous {
		load = append(load, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	metadata := &metadataClient{}
	load = append(load,
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) { o.Client = metadata }),
		// The SDK would write its warnings to stderr by itself.
		config.WithLogger(logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) {
			s.options.Logger.Debug("AWS SDK: " + fmt.Sprintf(format, v...))
		})))
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, &Error{Op: op, URL: u, Err: fmt.Errorf("read the AWS configuration: %w", innermost(err)),
			hint: "check AWS_PROFILE and the files ~/.aws/config and ~/.aws/credentials"}
	}
	metadata.Client = imds.NewFromConfig(cfg, func(o *imds.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = 2, 100*time.Millisecond
		})
	})
	if !s.options.Anonymous {
		// Asked now, so that what is missing is said before any request is made.
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return nil, credentialsError(ctx, op, u, err)
		}
		cfg.Credentials = markedCredentials{cfg.Credentials}
	}
	telemetry.InstrumentAWS(ctx, &cfg)
	httpClient := s.httpClient(cfg.HTTPClient)
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.HTTPClient = newGuardedClient(httpClient)
		o.UsePathStyle = o.BaseEndpoint != nil // a server at an address has no name per bucket
		o.DisableLogOutputChecksumValidationSkipped = true
		if o.Region == "" {
			o.Region = defaultRegion
		}
	})
	if endpoint := client.Options().BaseEndpoint; endpoint != nil {
		parsed, err := url.Parse(*endpoint)
		if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" ||
			parsed.User != nil {
			return nil, &Error{
				Op: op, URL: u,
				Err:  &fault{msg: "the configured endpoint is not an http:// or https:// address", kind: ErrURL},
				hint: endpointHint,
			}
		}
		s.custom = true
	}
	s.client, s.region = client, cfg.Region
	s.lean = newLeanClient(client, httpClient.GetTransport(), s.options.Concurrency, len(cfg.APIOptions) > 0)
	return s.client, nil
}

// metadataClient asks the machine for a role, the last place to look for
// credentials. Off EC2 nothing answers there, and the SDK's own three patient
// attempts would make a user without credentials wait for that news.
type metadataClient struct{ *imds.Client }

// httpClient widens the pool of the SDK's own transport, which also carries
// AWS_CA_BUNDLE and proxies: many small objects from one host, connections kept.
func (s *bucketStore) httpClient(base aws.HTTPClient) *awshttp.BuildableClient {
	client, ok := base.(*awshttp.BuildableClient)
	if !ok {
		client = awshttp.NewBuildableClient()
	}
	return client.WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = dialTimeout
	}).WithTransportOptions(func(t *http.Transport) {
		idle := max(s.options.Concurrency+8, http.DefaultMaxIdleConnsPerHost)
		t.MaxIdleConnsPerHost = idle
		t.MaxIdleConns = max(t.MaxIdleConns, 2*idle)
		t.ResponseHeaderTimeout = headerTimeout
	})
}

// regionOf is where to send requests for the bucket.
func (s *bucketStore) regionOf(ctx context.Context, client *s3.Client, op string, u URL) (string, error) {
	s.mu.Lock()
	region := s.regions[u.Bucket()]
	if region == "" {
		region = s.region
	}
	if region == "" && s.custom {
		region = defaultRegion
	}
	s.mu.Unlock()
	if region != "" {
		return region, nil
	}
	out, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(u.Bucket())}, inRegion(defaultRegion))
	// S3 names the region in refusals too.
	if region = redirected(err); err == nil {
		region = aws.ToString(out.BucketRegion)
		if region == "" {
			region = defaultRegion
		}
	}
	if region == "" {
		return "", s.explain(ctx, op, URL("s3://"+u.Bucket()+"/"), defaultRegion, err)
	}
	s.learn(u.Bucket(), region)
	return region, nil
}

func (s *bucketStore) learn(bucket, region string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.regions[bucket] = region
}

// redirected is the region that S3 names in an error response, or empty.
func redirected(err error) string {
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.Response != nil {
		return response.Response.Header.Get(regionHeader)
	}
	return ""
}

// markedCredentials marks failures to renew credentials, so that they are told
// apart from failures of the request that needed them.
type markedCredentials struct{ aws.CredentialsProvider }

type renewalError struct{ err error }

func (e *renewalError) Error() string { return e.err.Error() }
func (e *renewalError) Unwrap() error { return e.err }

func (c markedCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, &renewalError{err}
	}
	return credentials, nil
}

// credentialsError explains that no credentials could be had.
func credentialsError(ctx context.Context, op string, u URL, err error) error {
	if ctx.Err() != nil {
		return &Error{Op: op, URL: u, Err: ctx.Err()}
	}
	msg := "no AWS credentials found"
	var process *processcreds.ProviderError
	var metadata interface{ Operation() string }
	switch {
	case errors.As(err, &process):
		// Its text may quote what the process printed: credentials.
		msg = "the configured credential_process gave no valid credentials"
	case errors.As(err, &metadata) && metadata.Operation() == "GetMetadata":
		// The last resort of the search is a role of the machine; that there is
		// none means that nothing was configured.
	default:
		msg = "no AWS credentials: " + innermost(err).Error()
	}
	return &Error{Op: op, URL: u, Err: &fault{msg: msg, kind: ErrCredentials, cause: err}, hint: credentialHint}
}

// innermost is the last error of a chain, which says the fact without the
// layers of the SDK.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
