// Package notification reads S3's event notifications from an SQS queue.
package notification

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/telemetry"
)

// How the queue is asked: SQS's longest wait and largest answer
// (docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html).
const (
	longPoll      = 20 // seconds
	perAnswer     = 10
	deleteTimeout = 10 * time.Second
)

// An Error says what the queue refused.
type Error struct {
	Op    string // receive, delete, or configure
	Queue string // the URL of the queue
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("%s from queue %s: %v", e.Op, e.Queue, e.Err) }

// Unwrap returns the SDK's error.
func (e *Error) Unwrap() error { return e.Err }

// Hint says what to check.
func (*Error) Hint() string {
	return "check the queue's URL and region, and that the credentials may sqs:ReceiveMessage " +
		"and sqs:DeleteMessage; objects are found by listing meanwhile"
}

// Queue is an SQS queue that S3 sends its events to, directly or through SNS.
type Queue struct {
	url    string
	region string
	mu     sync.Mutex
	client *sqs.Client // nil before the first use
}

// New returns the queue of a URL such as https://sqs.us-west-2.amazonaws.com/123456789012/name.
// Nothing is contacted before the first Receive. region is "" for the one that the URL names, or
// the environment.
func New(queueURL, region string) (*Queue, error) {
	u, err := url.Parse(queueURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil ||
		strings.Trim(u.Path, "/") == "" {
		return nil, errors.New("the queue's URL is malformed; write https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
	}
	if parts := strings.Split(u.Hostname(), "."); region == "" && len(parts) >= 4 && parts[0] == "sqs" {
		region = parts[1]
	}
	return &Queue{url: queueURL, region: region}, nil
}

func (q *Queue) connect(ctx context.Context) (*sqs.Client, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.client != nil {
		return q.client, nil
	}
	var load []func(*config.LoadOptions) error
	if q.region != "" {
		load = append(load, config.WithRegion(q.region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, &Error{Op: "configure", Queue: q.url, Err: err}
	}
	telemetry.InstrumentAWS(ctx, &cfg)
	q.client = sqs.NewFromConfig(cfg)
	return q.client, nil
}

// Receive hands on the objects that messages name until ctx ends or the queue fails. A message is
// deleted when done was called for each of its objects, which is after their commit; one with an
// object that there is no room for stays, and comes again after the queue's visibility timeout.
func (q *Queue) Receive(ctx context.Context, arrived func(o objectstore.Object, done func()) bool) error {
	client, err := q.connect(ctx)
	if err != nil {
		return err
	}
	for {
		out, err := client.ReceiveMessage(
			ctx,
			&sqs.ReceiveMessageInput{QueueUrl: &q.url, MaxNumberOfMessages: perAnswer, WaitTimeSeconds: longPoll},
		)
		if err != nil {
			return &Error{Op: "receive", Queue: q.url, Err: err}
		}
		for _, message := range out.Messages {
			q.handle(ctx, client, message, arrived)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// handle hands on the objects of one message.
func (q *Queue) handle(
	ctx context.Context, client *sqs.Client, message types.Message,
	arrived func(o objectstore.Object, done func()) bool,
) {
	objects, err := Parse([]byte(aws.ToString(message.Body)))
	if err != nil {
		// Not ours: whoever set the queue up sees it there, or in its dead-letter queue.
		return
	}
	var open atomic.Int64
	open.Store(int64(len(objects)) + 1)
	done := func() {
		if open.Add(-1) > 0 {
			return
		}
		// After the commit, even while the server stops. A message that stays comes again and
		// changes nothing.
		deleting, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTimeout)
		defer cancel()
		_, _ = client.DeleteMessage(
			deleting,
			&sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: message.ReceiptHandle},
		)
	}
	for _, object := range objects {
		if !arrived(object, sync.OnceFunc(done)) {
			return
		}
	}
	done()
}

// event is the part of S3's event message that names objects
// (docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html), and the
// envelope of SNS (docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html).
type event struct {
	Records []struct {
		EventName string `json:"eventName"`
		S3        struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
			Object struct {
				Key  string `json:"key"`
				Size int64  `json:"size"`
				ETag string `json:"eTag"`
			} `json:"object"`
		} `json:"s3"`
	} `json:"Records"`
	Event   string  `json:"Event"` // "s3:TestEvent", which S3 sends once
	Type    string  `json:"Type"`  // SNS: "Notification"
	Message *string `json:"Message"`
}

// Parse returns the objects that a message says were created; none for other events. A text that is
// neither S3's nor SNS's is an error.
func Parse(body []byte) ([]objectstore.Object, error) {
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, fmt.Errorf("parse notification: %w", err)
	}
	if e.Message != nil && e.Records == nil {
		body := []byte(*e.Message)
		e = event{}
		if err := json.Unmarshal(body, &e); err != nil {
			return nil, fmt.Errorf("parse notification in SNS message: %w", err)
		}
	}
	if e.Records == nil && e.Event != "s3:TestEvent" {
		return nil, errors.New("parse notification: it is not an S3 event")
	}
	var out []objectstore.Object
	for _, record := range e.Records {
		if !strings.HasPrefix(strings.TrimPrefix(record.EventName, "s3:"), "ObjectCreated:") {
			continue
		}
		// Keys are encoded as in a form: blanks are plus signs.
		key, err := url.QueryUnescape(record.S3.Object.Key)
		if err != nil {
			return nil, fmt.Errorf("parse notification: key %q: %w", record.S3.Object.Key, err)
		}
		u, err := objectstore.ParseURL("s3://" + record.S3.Bucket.Name + "/" + key)
		if err != nil {
			return nil, fmt.Errorf("parse notification: %w", err)
		}
		out = append(out, objectstore.Object{URL: u, ETag: record.S3.Object.ETag, Size: record.S3.Object.Size})
	}
	return out, nil
}
