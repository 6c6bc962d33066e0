package peer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/encoding/httpbinding"
	"golang.org/x/sync/errgroup"
)

// Read is what reading a prefix of a bucket came to.
type Read struct {
	Objects, Bytes int64
}

// inFlight is how many objects are read at once: more brings nothing on loopback.
const inFlight = 32

// A Getter reads one object and discards its bytes.
type Getter func(ctx context.Context, key string, buffer []byte) (int64, error)

// ReadAll lists the keys below prefix and gets each as soon as it is known.
func ReadAll(ctx context.Context, client *s3.Client, bucket, prefix string, get Getter) (Read, error) {
	keys := make(chan string, 4096) // closed by the lister
	var objects, bytes atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(keys)
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return fmt.Errorf("list s3://%s/%s: %w", bucket, prefix, err)
			}
			for _, object := range page.Contents {
				select {
				case keys <- aws.ToString(object.Key):
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	})
	for range inFlight {
		group.Go(func() error {
			buffer := make([]byte, 64<<10)
			for key := range keys {
				n, err := get(ctx, key, buffer)
				if err != nil {
					return fmt.Errorf("get s3://%s/%s: %w", bucket, key, err)
				}
				objects.Add(1)
				bytes.Add(n)
			}
			return nil
		})
	}
	err := group.Wait()
	return Read{Objects: objects.Load(), Bytes: bytes.Load()}, err
}

// SDK gets objects by the SDK's GetObject.
func SDK(client *s3.Client, bucket string) Getter {
	return func(ctx context.Context, key string, buffer []byte) (int64, error) {
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return 0, err
		}
		return drain(out.Body, buffer)
	}
}

// HTTP gets objects by net/http, signed by the SDK's own signer, with nothing else around. done
// closes its connections.
func HTTP(client *s3.Client, bucket string) (get Getter, done func()) {
	options := client.Options()
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	nothing := sha256.Sum256(nil)
	empty := hex.EncodeToString(nothing[:])
	transport := &http.Transport{
		MaxIdleConns: 2 * inFlight, MaxIdleConnsPerHost: 2 * inFlight, DisableCompression: true,
	}
	plain := &http.Client{Transport: transport}
	base := strings.TrimSuffix(aws.ToString(options.BaseEndpoint), "/") + "/" + bucket + "/"
	get = func(ctx context.Context, key string, buffer []byte) (int64, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+httpbinding.EscapePath(key, false), nil)
		if err != nil {
			return 0, err
		}
		request.Header.Set("X-Amz-Content-Sha256", empty)
		credentials, err := options.Credentials.Retrieve(ctx)
		if err != nil {
			return 0, err
		}
		if err := signer.SignHTTP(ctx, credentials, request, empty, "s3", options.Region, time.Now()); err != nil {
			return 0, err
		}
		response, err := plain.Do(request)
		if err != nil {
			return 0, err
		}
		if response.StatusCode != http.StatusOK {
			_ = response.Body.Close()
			return 0, fmt.Errorf("the server answers %s", response.Status)
		}
		return drain(response.Body, buffer)
	}
	return get, transport.CloseIdleConnections
}

func drain(body io.ReadCloser, buffer []byte) (n int64, err error) {
	// The buffer is the caller's, so that a small object costs no allocation.
	n, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{body}, buffer)
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	return n, err
}
