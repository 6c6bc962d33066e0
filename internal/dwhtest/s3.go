package dwhtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

const (
	gatewayRegion = "us-east-1"
	gatewayAccess = "dwhtest"
)

// gateway is the process's S3 server.
type gateway struct {
	endpoint string
	secret   string
	data     string // folder whose subfolders are the buckets
	client   *s3.Client
}

func (f *fixture) startGateway() (*gateway, error) {
	root, err := f.root()
	if err != nil {
		return nil, err
	}
	// A cold build takes minutes.
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	binary, err := buildGateway(ctx)
	if err != nil {
		return nil, err
	}
	g := &gateway{secret: rand.Text(), data: filepath.Join(root, "s3")}
	if err := os.MkdirAll(g.data, 0o700); err != nil {
		return nil, err
	}
	var backend []string
	// tmpfs before Linux 6.6
	if err := unix.Setxattr(g.data, "user.dwh", []byte("1"), 0); err != nil {
		sidecar := filepath.Join(root, "s3-metadata")
		if err := os.MkdirAll(sidecar, 0o700); err != nil {
			return nil, err
		}
		backend = append(backend, "--sidecar", sidecar)
	}
	const tries = 5
	for try := 1; ; try++ {
		err := g.start(f, root, binary, append(backend, g.data))
		if err == nil {
			return g, nil
		}
		if try == tries { // somebody may take the port between its choice and its use
			return nil, err
		}
	}
}

func (g *gateway) start(f *fixture, root, binary string, backend []string) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	logPath := filepath.Join(root, "versitygw.log")
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{
		"--port", address, "--region", gatewayRegion, "--keep-alive", "--quiet", "--health",
		"/health", "posix",
	}
	cmd := exec.Command(binary, append(args, backend...)...)
	cmd.Dir = root
	for _, entry := range os.Environ() {
		// The gateway reads settings from the environment.
		if !strings.HasPrefix(entry, "VGW_") && !strings.HasPrefix(
			entry, "ROOT_",
		) && !strings.HasPrefix(entry, "AWS_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, "ROOT_ACCESS_KEY="+gatewayAccess, "ROOT_SECRET_KEY="+g.secret)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the S3 server: %w", err)
	}
	ended := make(chan error, 1) // gets one value when the process has ended
	var group errgroup.Group
	group.Go(func() error { ended <- cmd.Wait(); return nil })
	stop := func() error {
		_ = cmd.Process.Kill() // ended already: nothing to do
		return group.Wait()
	}
	g.endpoint = "http://" + address
	if err := awaitHealth(g.endpoint+"/health", ended); err != nil {
		text, _ := os.ReadFile(logPath) // the failure counts, the log only explains it
		return errors.Join(fmt.Errorf("start the S3 server: %w: %s", err, bytes.TrimSpace(text)), stop())
	}
	f.onClose(stop)
	g.client = s3.New(s3.Options{
		BaseEndpoint: aws.String(g.endpoint),
		Region:       gatewayRegion,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(gatewayAccess, g.secret, ""),
	})
	return nil
}

func awaitHealth(url string, ended <-chan error) error {
	ctx, cancel := patience()
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-ended:
			return fmt.Errorf("it ended (%v)", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// S3Server is a bucket of the test's own on the S3 server that the tests of this process share.
type S3Server struct {
	Bucket    string
	Endpoint  string // http://127.0.0.1:port
	Region    string
	AccessKey string
	SecretKey string

	t       testing.TB
	gateway *gateway
}

// S3 returns a fresh, empty bucket, deleted at the test's end. The first call starts the server,
// and builds it when this machine has not done so yet, which takes minutes.
func S3(t testing.TB) *S3Server {
	t.Helper()
	g, err := process.gateway()
	if err != nil {
		t.Fatalf("dwhtest: S3: %v", err)
	}
	s := &S3Server{
		Bucket: "dwh-test-" + strconv.Itoa(process.number()), Endpoint: g.endpoint, Region: gatewayRegion,
		AccessKey: gatewayAccess, SecretKey: g.secret, t: t, gateway: g,
	}
	ctx, cancel := patience()
	defer cancel()
	if _, err := g.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &s.Bucket}); err != nil {
		t.Fatalf("dwhtest: create the bucket: %v", err)
	}
	t.Cleanup(func() {
		// The buckets are folders; deleting thousands of objects one by one would take longer than
		// the test.
		if err := os.RemoveAll(filepath.Join(g.data, s.Bucket)); err != nil {
			t.Errorf("dwhtest: delete the bucket: %v", err)
		}
	})
	return s
}

// Env is the environment, as NAME=value, in which any AWS client uses this server.
func (s *S3Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL_S3=" + s.Endpoint,
		"AWS_ACCESS_KEY_ID=" + s.AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + s.SecretKey,
		"AWS_REGION=" + s.Region,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// Setenv sets Env in this process until the test's end; only for tests that are not parallel.
func (s *S3Server) Setenv(t *testing.T) {
	t.Helper()
	for _, entry := range s.Env() {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
}

// URL returns s3://bucket/key.
func (s *S3Server) URL(key string) string { return "s3://" + s.Bucket + "/" + key }

// Client returns an S3 client with the server's credentials.
func (s *S3Server) Client() *s3.Client { return s.gateway.client }

// Put stores an object and returns its ETag, without quotes.
func (s *S3Server) Put(key string, body []byte) string {
	s.t.Helper()
	etag, err := s.put(key, body)
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	return etag
}

func (s *S3Server) put(key string, body []byte) (string, error) {
	ctx, cancel := patience()
	defer cancel()
	out, err := s.gateway.client.PutObject(
		ctx, &s3.PutObjectInput{Bucket: &s.Bucket, Key: &key, Body: bytes.NewReader(body)},
	)
	if err != nil {
		return "", fmt.Errorf("put %s: %w", s.URL(key), err)
	}
	return strings.Trim(aws.ToString(out.ETag), `"`), nil
}

// PutDir stores the regular files below dir under prefix, which may be "", by their slash-separated
// relative names.
func (s *S3Server) PutDir(dir, prefix string) {
	s.t.Helper()
	var group errgroup.Group
	group.SetLimit(16)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		relative, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		group.Go(func() error {
			body, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			_, err = s.put(path.Join(prefix, filepath.ToSlash(relative)), body)
			return err
		})
		return nil
	})
	if err := errors.Join(err, group.Wait()); err != nil {
		s.t.Fatalf("put folder %s: %v", dir, err)
	}
}

// Delete removes objects.
func (s *S3Server) Delete(keys ...string) {
	s.t.Helper()
	ctx, cancel := patience()
	defer cancel()
	for _, key := range keys {
		if _, err := s.gateway.client.DeleteObject(
			ctx, &s3.DeleteObjectInput{Bucket: &s.Bucket, Key: &key},
		); err != nil {
			s.t.Fatalf("delete %s: %v", s.URL(key), err)
		}
	}
}

// MakePublic lets anybody list and read the bucket without credentials.
func (s *S3Server) MakePublic() {
	s.t.Helper()
	ctx, cancel := patience()
	defer cancel()
	policy := fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": "*", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": "arn:aws:s3:::%[1]s"},
		{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::%[1]s/*"}]}`, s.Bucket)
	if _, err := s.gateway.client.PutBucketPolicy(
		ctx, &s3.PutBucketPolicyInput{Bucket: &s.Bucket, Policy: &policy},
	); err != nil {
		s.t.Fatalf("make bucket %s public: %v", s.Bucket, err)
	}
}
