package objectstore

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyauth "github.com/aws/smithy-go/auth"
	"github.com/aws/smithy-go/encoding/httpbinding"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// How often and how patiently a request is repeated that the server had no time for.
const (
	throttleTries   = 8
	failureTries    = 2                      // of a server that failed; then the SDK has its own
	throttleWait    = 100 * time.Millisecond // doubled each time, of which a random part is waited
	throttleMaxWait = 5 * time.Second
)

// maxError is how much of an error's text is read, bytes.
const maxError = 64 << 10

// emptyHash is the SHA-256 of no payload.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// leanClient sends the two requests of which a load makes many, GetObject and ListObjectsV2,
// straight over net/http: for small objects the SDK's own machinery costs more than all the rest of
// the client. Endpoint, credentials and signature are still the SDK's. It takes success, absence
// and change for an answer: whatever else comes of a request, the caller makes it again by the SDK,
// which knows retries, clock skew, redirects and every error.
type leanClient struct {
	off         bool
	transport   *http.Transport
	options     s3.Options
	signer      *v4.Signer
	pace        *pace
	userAgent   []string
	mu          sync.Mutex
	targets     map[string]*target // by bucket, of the region asked for last
	credentials aws.CredentialsProvider
}

// target is where the requests for a bucket go.
type target struct {
	region string
	// usable is false for what only the SDK knows how to address or sign: access points by ARN,
	// directory buckets, FIPS, dual stack, acceleration.
	usable  bool
	scheme  string
	host    string
	path    string // of the bucket, no slash at its end
	rawPath string // path as it is sent
	// elsewhere is the region that the server named in a refusal, a string.
	elsewhere atomic.Value
	// outdone counts the times that the server refused a request and then took it from the SDK.
	outdone atomic.Int32
}

// maxOutdone is from how many such times on the SDK makes all requests: the clock is wrong, or the
// server takes only what the SDK sends. An object that was replaced in between is no reason yet.
const maxOutdone = 3

// newLeanClient returns a lean client beside client; where each call is to be traced, off leaves
// all of them to the SDK.
func newLeanClient(client *s3.Client, transport *http.Transport, inFlight int, off bool) *leanClient {
	// an object's bytes are what is stored, whatever its encoding
	transport.DisableCompression = true
	options := client.Options()
	return &leanClient{
		off: off, transport: transport, options: options, credentials: options.Credentials, pace: newPace(
			inFlight,
		), userAgent: []string{"dwh"},
		// S3 escapes once
		signer:  v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }),
		targets: map[string]*target{},
	}
}

// target resolves the bucket's endpoint as the SDK does.
func (c *leanClient) target(ctx context.Context, bucket, region string) *target {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.targets[bucket]; t != nil && t.region == region {
		return t
	}
	t := &target{region: region}
	c.targets[bucket] = t
	o := c.options
	if c.off || o.UseAccelerate ||
		o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled ||
		o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled {
		return t
	}
	endpoint, err := o.EndpointResolverV2.ResolveEndpoint(ctx, s3.EndpointParameters{
		Bucket: aws.String(
			bucket,
		), Region: aws.String(region), Endpoint: o.BaseEndpoint, ForcePathStyle: aws.Bool(o.UsePathStyle),
		UseFIPS: aws.Bool(false), UseDualStack: aws.Bool(false), Accelerate: aws.Bool(false),
		DisableMultiRegionAccessPoints: aws.Bool(
			o.DisableMultiRegionAccessPoints,
		), UseArnRegion: aws.Bool(o.UseARNRegion),
	})
	if err != nil || len(endpoint.Headers) > 0 || endpoint.URI.RawQuery != "" || endpoint.URI.User != nil {
		return t
	}
	schemes, _ := smithyauth.GetAuthOptions(&endpoint.Properties)
	for _, scheme := range schemes {
		name, _ := smithyhttp.GetSigV4SigningName(&scheme.SignerProperties)
		signed, _ := smithyhttp.GetSigV4SigningRegion(&scheme.SignerProperties)
		if scheme.SchemeID != "sigv4" && scheme.SchemeID != smithyauth.SchemeIDSigV4 ||
			name != "s3" || signed != region {
			return t
		}
	}
	if len(schemes) == 0 {
		return t
	}
	t.usable, t.scheme, t.host = true, endpoint.URI.Scheme, endpoint.URI.Host
	t.path, t.rawPath = strings.TrimSuffix(endpoint.URI.Path, "/"), strings.TrimSuffix(endpoint.URI.EscapedPath(), "/")
	return t
}

// takes tells whether a request for the key may go to the target. Paths with segments that
// something on the way might resolve are left to the SDK.
func (t *target) takes(key string) bool {
	return t.usable && t.outdone.Load() < maxOutdone && !strings.HasPrefix(
		key, "/",
	) && !strings.HasPrefix(key, ".") && !strings.Contains(key, "//") && !strings.Contains(key, "/.")
}

// Why the SDK is to be asked instead.
var (
	errLeft    = errors.New("left to the SDK")
	errRefused = errors.New("the server would not have the request")
)

// send makes a signed GET and returns the answer if it is a success, for the caller to close.
// Errors are errLeft, errRefused, or the server's word that what was asked for is not there or is
// another version, as the SDK would put it: asked again, it might say something else. A server that
// asks to slow down is asked again, after a while and less often.
func (c *leanClient) send(ctx context.Context, t *target, key, query, etag string, from int64) (*http.Response, error) {
	for try := 0; ; try++ {
		if !c.pace.acquire(ctx) {
			return nil, errLeft
		}
		answer, err := c.try(ctx, t, key, query, etag, from)
		if err != nil {
			c.pace.release(false)
			// A connection that breaks is often one of many, and the SDK's first try follows at
			// once.
			pause(ctx, throttleWait)
			return nil, errLeft
		}
		if answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusPartialContent {
			c.pace.release(true)
			return answer, nil
		}
		// what is missing of it makes it less telling
		text, _ := io.ReadAll(io.LimitReader(answer.Body, maxError))
		_ = answer.Body.Close() // read, or given up
		c.pace.release(false)
		if region := answer.Header.Get(regionHeader); region != "" && region != t.region {
			t.elsewhere.Store(region)
			return nil, errRefused
		}
		tries := 1
		switch answer.StatusCode {
		case http.StatusNotFound, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
			return nil, responseError(answer, text)
		case http.StatusServiceUnavailable, http.StatusTooManyRequests:
			c.pace.slow()
			tries = throttleTries
		case http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
			tries = failureTries
		default:
			return nil, errRefused
		}
		if try+1 >= tries || !pause(ctx, min(throttleWait<<try, throttleMaxWait)) {
			return nil, errLeft
		}
	}
}

// responseError is the error that the SDK makes of an answer.
func responseError(answer *http.Response, text []byte) error {
	var said struct{ Code, Message string }
	_ = xml.Unmarshal(text, &said) // else the status has to say it
	failure := &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: answer},
		Err:      fmt.Errorf("HTTP status %d", answer.StatusCode),
	}
	if said.Code != "" {
		failure.Err = &smithy.GenericAPIError{Code: said.Code, Message: said.Message}
	}
	return &awshttp.ResponseError{ResponseError: failure, RequestID: answer.Header.Get("X-Amz-Request-Id")}
}

// try makes one request.
func (c *leanClient) try(ctx context.Context, t *target, key, query, etag string, from int64) (*http.Response, error) {
	u := &url.URL{Scheme: t.scheme, Host: t.host, Path: t.path + "/" + key, RawQuery: query}
	if query != "" {
		u.Path = t.path
		if u.Path == "" {
			u.Path = "/"
		}
	}
	if escaped := httpbinding.EscapePath(key, false); escaped != key || t.rawPath != t.path {
		u.RawPath = t.rawPath + "/" + escaped
	}
	header := make(http.Header, 8)
	if etag != "" {
		header["If-Match"] = []string{`"` + etag + `"`}
	}
	if from > 0 {
		header["Range"] = []string{"bytes=" + strconv.FormatInt(from, 10) + "-"}
	}
	request := (&http.Request{
		Method: http.MethodGet, URL: u, Host: t.host, Header: header, Proto: "HTTP/1.1",
		ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if c.credentials != nil { // else anonymous
		credentials, err := c.credentials.Retrieve(ctx)
		if err != nil {
			return nil, err
		}
		header["X-Amz-Content-Sha256"] = []string{emptyHash}
		if err := c.signer.SignHTTP(ctx, credentials, request, emptyHash, "s3", t.region, time.Now()); err != nil {
			return nil, err
		}
	}
	// Not signed: proxies rewrite them.
	header["Accept-Encoding"] = []string{"identity"}
	header["User-Agent"] = c.userAgent
	return c.transport.RoundTrip(request)
}

// pause waits for half of most to most; false: ctx ended.
func pause(ctx context.Context, most time.Duration) bool {
	timer := time.NewTimer(most/2 + rand.N(most/2+1))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// byLean has f ask by the lean client, again where the bucket turns out to be in another region. It
// returns what f did, errors for people in place of the server's; with errLeft the SDK is to be
// asked, and outdone to be called if that succeeds.
func (s *bucketStore) byLean(
	ctx context.Context, op string, u URL, key string, f func(*leanClient, *target) error,
) (outdone func(), err error) {
	outdone = func() {}
	for range 2 {
		client, err := s.connect(ctx, op, u)
		if err != nil {
			return outdone, err
		}
		region, err := s.regionOf(ctx, client, op, u)
		if err != nil {
			return outdone, err
		}
		s.mu.Lock()
		c := s.lean
		s.mu.Unlock()
		t := c.target(ctx, u.Bucket(), region)
		if !t.takes(key) {
			return outdone, errLeft
		}
		err = f(c, t)
		switch {
		case err == nil || err == errLeft:
			return outdone, err
		case err != errRefused:
			return outdone, s.explain(ctx, op, u, region, err)
		}
		elsewhere, named := t.elsewhere.Load().(string)
		if !named {
			return func() { t.outdone.Add(1) }, errLeft
		}
		s.options.Logger.Debug("bucket is in another region", "bucket", u.Bucket(), "region", elsewhere)
		s.learn(u.Bucket(), elsewhere)
	}
	return outdone, errLeft
}

// get asks for the bytes of o from an offset on; errors as those of send.
func (c *leanClient) get(ctx context.Context, t *target, o Object, from int64) (*part, error) {
	answer, err := c.send(ctx, t, o.URL.Key(), "", o.ETag, from)
	if err != nil {
		return nil, err
	}
	p := &part{
		body:   answer.Body,
		object: Object{URL: o.URL, ETag: strings.Trim(answer.Header.Get("ETag"), `"`), Size: answer.ContentLength},
	}
	if o.ETag == "" {
		// zero: not said
		p.object.LastModified, _ = http.ParseTime(answer.Header.Get("Last-Modified"))
	}
	if from > 0 && !strings.HasPrefix(answer.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", from)) {
		p.skip = from
	}
	return p, nil
}
