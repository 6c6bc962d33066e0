package peer_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/bench/peer"
	"github.com/sparkify/dwh/internal/dwhtest"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

func TestBothClientsReadTheSame(t *testing.T) {
	t.Parallel()
	server := dwhtest.S3(t)
	want := peer.Read{}
	for i, key := range []string{"in/a.json", "in/b c+d.json", "in/é&=/x.json", "in/%41.json", "in/empty.json"} {
		body := []byte(strings.Repeat("x", 100_000*i))
		server.Put(key, body)
		want.Objects++
		want.Bytes += int64(len(body))
	}
	server.Put("out/z.json", []byte("x"))
	get, done := peer.HTTP(server.Client(), server.Bucket)
	defer done()
	for name, get := range map[string]peer.Getter{
		"net/http": get, "aws-sdk": peer.SDK(server.Client(), server.Bucket),
	} {
		got, err := peer.ReadAll(t.Context(), server.Client(), server.Bucket, "in/", get)
		if err != nil || got != want {
			t.Errorf("%s: got %+v (%v), want %+v", name, got, err, want)
		}
	}
}

func TestReadAllTellsWhatFailed(t *testing.T) {
	t.Parallel()
	server := dwhtest.S3(t)
	server.Put("in/a.json", []byte("x"))
	get, done := peer.HTTP(server.Client(), server.Bucket+"-other")
	defer done()
	_, err := peer.ReadAll(t.Context(), server.Client(), server.Bucket, "in/", get)
	if err == nil || !strings.Contains(err.Error(), "in/a.json: the server answers 404") {
		t.Errorf("got %v, want an error that names the object and the answer", err)
	}
}
