package notification_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/server/notification"
)

func created(keys ...string) string {
	var records []string
	for _, key := range keys {
		records = append(
			records,
			`{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"bkt"},"object":{"key":"`+key+`","size":7,"eTag":"e1"}}}`,
		)
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

func inSNS(text string) string {
	envelope, _ := json.Marshal(
		map[string]string{"Type": "Notification", "Message": text, "TopicArn": "arn:aws:sns:us-west-2:1:t"},
	)
	return string(envelope)
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		want       []string
		fails      bool
	}{
		{"put", created("log_data/a.json"), []string{"s3://bkt/log_data/a.json"}, false},
		{"encoded key", created("log+data/%C3%A9%2B.json"), []string{"s3://bkt/log data/é+.json"}, false},
		{"through SNS", inSNS(created("a", "b")), []string{"s3://bkt/a", "s3://bkt/b"}, false},
		{"removal", strings.ReplaceAll(created("a"), "ObjectCreated:Put", "ObjectRemoved:Delete"), nil, false},
		{"test event", `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"bkt"}`, nil, false},
		{"another message", `{"hello": "world"}`, nil, true},
		{"no JSON", `hello`, nil, true},
		{"bad key", created("%zz"), nil, true},
	} {
		objects, err := notification.Parse([]byte(c.body))
		var got []string
		for _, object := range objects {
			got = append(got, string(object.URL))
		}
		if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != c.fails {
			t.Errorf("%s: got %v, %v, want %v and failure %t", c.name, got, err, c.want, c.fails)
		}
	}
}

// A message goes away when all of its objects are done, and stays when there was no room for one.
func TestReceive(t *testing.T) {
	var mu sync.Mutex
	var deleted []string
	asked := 0
	drained := make(chan struct{})
	queue := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		mu.Lock()
		defer mu.Unlock()
		switch target := r.Header.Get("X-Amz-Target"); target {
		case "AmazonSQS.ReceiveMessage":
			asked++
			if asked > 1 {
				if asked == 2 {
					close(drained)
				}
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"__type":"com.amazonaws.sqs#AccessDenied","message":"no"}`)
				return
			}
			var messages []map[string]string
			for name, text := range map[string]string{
				"two": created("a", "b"), "full": created("no-room"), "odd": "odd",
				"removed": `{"Records":[]}`,
			} {
				messages = append(messages, map[string]string{"MessageId": name, "ReceiptHandle": name, "Body": text})
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"Messages": messages})
		case "AmazonSQS.DeleteMessage":
			var in struct{ ReceiptHandle string }
			_ = json.Unmarshal(body, &in)
			deleted = append(deleted, in.ReceiptHandle)
			_, _ = io.WriteString(w, `{}`)
		default:
			t.Errorf("got a request for %q", target)
		}
	}))
	defer queue.Close()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SQS": queue.URL, "AWS_ACCESS_KEY_ID": "id",
		"AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-west-2", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	q, err := notification.New(queue.URL+"/123456789012/dwh", "")
	if err != nil {
		t.Fatal(err)
	}
	var dones []func()
	err = q.Receive(context.Background(), func(o objectstore.Object, done func()) bool {
		if o.URL == "s3://bkt/no-room" {
			return false
		}
		dones = append(dones, done)
		return true
	})
	<-drained
	var refused *notification.Error
	if !errors.As(err, &refused) || refused.Hint() == "" {
		t.Errorf("Receive: got %v, want a *notification.Error with a hint", err)
	}
	f := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Sorted(slices.Values(deleted))
	}
	if diff := cmp.Diff([]string{"removed"}, f()); diff != "" {
		t.Errorf("deleted before any commit (-want +got):\n%s", diff)
	}
	for _, done := range dones {
		done()
		done() // says nothing new
	}
	if diff := cmp.Diff([]string{"removed", "two"}, f()); diff != "" {
		t.Errorf("deleted after the commit (-want +got):\n%s", diff)
	}
}

func TestQueueURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"https://sqs.us-west-2.amazonaws.com/123456789012/dwh": true, "http://127.0.0.1:9324/000000000000/q": true,
		"": false, "dwh": false, "arn:aws:sqs:us-west-2:1:dwh": false,
		"https://sqs.us-west-2.amazonaws.com": false, "https://u:p@host/1/q": false,
	} {
		if _, err := notification.New(url, ""); (err == nil) != want {
			t.Errorf("%s: got %v, want accepted %t", url, err, want)
		}
	}
}
