package objectstore_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/objectstore"
)

var (
	benchObjects  = flag.Int("bench-objects", 5000, "small objects in the bucket of BenchmarkSmallObjects")
	benchInFlight = flag.Int(
		"bench-in-flight", objectstore.DefaultConcurrency,
		"objects read at once by BenchmarkSmallObjects",
	)
)

// BenchmarkSmallObjects compares list and get of small objects with a signed net/http client that
// knows nothing but that, the two by turns; of each, the median counts. ratio is objects a second
// by wall time, 1 being the bare client's; cpu-ratio the same by CPU time of this process, which
// other load on the machine disturbs less.
func BenchmarkSmallObjects(b *testing.B) {
	server := dwhtest.S3(b)
	for _, entry := range server.Env() {
		name, value, _ := strings.Cut(entry, "=")
		b.Setenv(name, value)
	}
	dir := b.TempDir()
	for i := range *benchObjects {
		name := filepath.Join(dir, string(rune('A'+i%26)), string(rune('A'+i/26%26)), fmt.Sprintf("TR%08d.json", i))
		if i < 26*26 {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				b.Fatal(err)
			}
		}
		body := fmt.Sprintf(
			`{"num_songs": 1, "artist_id": "AR%08d", "artist_latitude": null, `+
				`"artist_longitude": null, "artist_location": "Hamilton, Ohio", "artist_name": `+
				`"Artist %d", "song_id": "SO%08d", "title": "A song of some length, take %d", `+
				`"duration": %d.5, "year": 1994}`,
			i/3, i/3, i, i, 100+i%200,
		)
		if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	server.PutDir(dir, "song_data")
	prefix := objectstore.URL(server.URL("song_data/"))
	ctx := context.Background()
	store := objectstore.New(objectstore.Options{Concurrency: *benchInFlight})
	bare := newBareClient(server)

	variants := []struct {
		name string
		run  func() int
	}{
		{"bare", func() int { return bare.listAndGet(b, "song_data/", *benchInFlight) }},
		{"store", func() int { return storeListAndGet(ctx, b, store, prefix, *benchInFlight) }},
		{"bare-list", func() int { return bare.list(b, "song_data/", func(string) {}) }},
		{"store-list", func() int {
			n := 0
			for _, err := range store.List(ctx, prefix) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			return n
		}},
	}
	wall, cpu := make(map[string][]time.Duration), make(map[string][]time.Duration)
	for b.Loop() {
		for _, v := range variants {
			before, started := cpuTime(b), time.Now()
			if n := v.run(); n != *benchObjects {
				b.Fatalf("%s: got %d objects, want %d", v.name, n, *benchObjects)
			}
			wall[v.name] = append(wall[v.name], time.Since(started))
			cpu[v.name] = append(cpu[v.name], cpuTime(b)-before)
		}
	}
	for _, v := range variants {
		b.ReportMetric(float64(*benchObjects)/median(wall[v.name]).Seconds(), v.name+"-objects/s")
		b.ReportMetric(float64(median(cpu[v.name]).Microseconds())/float64(*benchObjects), v.name+"-cpu-µs/object")
	}
	b.ReportMetric(float64(median(wall["bare"]))/float64(median(wall["store"])), "ratio")
	b.ReportMetric(float64(median(cpu["bare"]))/float64(median(cpu["store"])), "cpu-ratio")
	b.ReportMetric(0, "ns/op")
}

func storeListAndGet(
	ctx context.Context, b *testing.B, store *objectstore.Store, prefix objectstore.URL,
	inFlight int,
) int {
	objects := make(chan objectstore.Object, 1024)
	group, ctx := errgroup.WithContext(ctx)
	n := 0
	group.Go(func() error {
		defer close(objects)
		for o, err := range store.List(ctx, prefix) {
			if err != nil {
				return err
			}
			n++
			objects <- o
		}
		return nil
	})
	for range inFlight {
		group.Go(func() error {
			buf := make([]byte, 4096)
			for o := range objects {
				body, err := store.Open(ctx, o)
				if err != nil {
					return err
				}
				for err == nil {
					_, err = body.Read(buf)
				}
				if err != io.EOF {
					return err
				}
				if err := body.Close(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return n
}

// bareClient signs for itself and sends over net/http: no retries, no conditions, no redirects.
type bareClient struct {
	server *dwhtest.S3Server
	host   string
	key    []byte
	http   *http.Client
}

func newBareClient(server *dwhtest.S3Server) *bareClient {
	key := []byte("AWS4" + server.SecretKey)
	for _, part := range []string{time.Now().UTC().Format("20060102"), server.Region, "s3", "aws4_request"} {
		key = mac(key, part)
	}
	return &bareClient{
		server: server, host: strings.TrimPrefix(server.Endpoint, "http://"), key: key,
		http: &http.Client{
			Transport: &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, DisableCompression: true},
		},
	}
}

func mac(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}

// get sends a signed request; the caller closes the answer's body.
func (c *bareClient) get(path, query string) (*http.Response, error) {
	r, err := http.NewRequest(http.MethodGet, c.server.Endpoint+"/"+c.server.Bucket+path+"?"+query, nil)
	if err != nil {
		return nil, err
	}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	stamp := time.Now().UTC().Format("20060102T150405Z")
	scope := stamp[:8] + "/" + c.server.Region + "/s3/aws4_request"
	r.Header.Set("X-Amz-Date", stamp)
	r.Header.Set("X-Amz-Content-Sha256", empty)
	canonical := "GET\n" + r.URL.EscapedPath() + "\n" + query + "\nhost:" + c.host +
		"\nx-amz-content-sha256:" + empty + "\nx-amz-date:" + stamp +
		"\n\nhost;x-amz-content-sha256;x-amz-date\n" + empty
	digest := sha256.Sum256([]byte(canonical))
	r.Header.Set(
		"Authorization",
		"AWS4-HMAC-SHA256 Credential="+c.server.AccessKey+"/"+scope+
			", SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="+
			hex.EncodeToString(mac(c.key, "AWS4-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+hex.EncodeToString(digest[:]))),
	)
	answer, err := c.http.Do(r)
	if err == nil && answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return answer, err
}

func (c *bareClient) list(b *testing.B, prefix string, each func(key string)) (n int) {
	token := ""
	for {
		query := "list-type=2&prefix=" + url.QueryEscape(prefix)
		if token != "" {
			query = "continuation-token=" + url.QueryEscape(token) + "&" + query
		}
		answer, err := c.get("", query)
		if err != nil {
			b.Fatal(err)
		}
		var page struct {
			Contents []struct {
				Key  string
				ETag string
				Size int64
			}
			IsTruncated           bool
			NextContinuationToken string
		}
		if err := xml.NewDecoder(answer.Body).Decode(&page); err != nil {
			b.Fatal(err)
		}
		answer.Body.Close()
		for _, entry := range page.Contents {
			n++
			each(entry.Key)
		}
		if !page.IsTruncated {
			return n
		}
		token = page.NextContinuationToken
	}
}

func (c *bareClient) listAndGet(b *testing.B, prefix string, inFlight int) (n int) {
	keys := make(chan string, 4096)
	var group errgroup.Group
	for range inFlight {
		group.Go(func() error {
			buf := make([]byte, 64<<10)
			for key := range keys {
				answer, err := c.get("/"+key, "")
				if err != nil {
					return err
				}
				for err == nil {
					_, err = answer.Body.Read(buf)
				}
				answer.Body.Close()
				if err != io.EOF {
					return err
				}
			}
			return nil
		})
	}
	n = c.list(b, prefix, func(key string) { keys <- key })
	close(keys)
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return n
}

// cpuTime is what this process has used, user and system.
func cpuTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}
