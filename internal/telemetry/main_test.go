package telemetry_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/sample"
)

// TestMain lets the tests run dwh as a process: the exporters read the process's environment.
func TestMain(m *testing.M) {
	dwhtest.ProgramMain(cli.Main)
	dwhtest.Main(m)
}

// receiver collects spans, as a collector does.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	mu     sync.Mutex
	got    []*trace.Span
	text   strings.Builder // everything that came, resources included
	answer int             // the status of the answer by HTTP, 200 when 0
}

func (r *receiver) take(request *collector.ExportTraceServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.WriteString(prototext.Format(request))
	for _, resource := range request.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			r.got = append(r.got, scope.Spans...)
		}
	}
}

// Export implements the collector's service of gRPC.
func (r *receiver) Export(
	_ context.Context, request *collector.ExportTraceServiceRequest,
) (*collector.ExportTraceServiceResponse, error) {
	r.take(request)
	return &collector.ExportTraceServiceResponse{}, nil
}

// ServeHTTP is the collector's service of HTTP.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	var export collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &export)
	}
	if err != nil || request.URL.Path != "/v1/traces" {
		http.Error(w, "no traces", http.StatusBadRequest)
		return
	}
	if r.answer != 0 {
		http.Error(w, "key=hushhush is not valid", r.answer)
		return
	}
	r.take(&export)
	answer, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(answer)
}

func startHTTP(t *testing.T, r *receiver) (endpoint string) {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return server.URL
}

func startGRPC(t *testing.T, r *receiver) (endpoint string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, r)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Stop()
		<-ended
	})
	return "http://" + listener.Addr().String()
}

// spans are those that came, by name.
func (r *receiver) spans() map[string][]*trace.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string][]*trace.Span{}
	for _, span := range r.got {
		out[span.Name] = append(out[span.Name], span)
	}
	return out
}

// received is everything that came, as text.
func (r *receiver) received() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// one is the only span of a name.
func (r *receiver) one(t *testing.T, name string) *trace.Span {
	t.Helper()
	all := r.spans()
	if len(all[name]) != 1 {
		var names []string
		for name := range all {
			names = append(names, name)
		}
		slices.Sort(names)
		t.Fatalf("got %d spans %q, want one; there are %q", len(all[name]), name, names)
	}
	return all[name][0]
}

// under tells whether a span lies, at any depth, under another.
func (r *receiver) under(span, above *trace.Span) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	byID := map[string]*trace.Span{}
	for _, s := range r.got {
		byID[string(s.SpanId)] = s
	}
	for span != nil {
		if span == above {
			return true
		}
		span = byID[string(span.ParentSpanId)]
	}
	return false
}

// value is an attribute of a span, as text; "" without.
func value(span *trace.Span, key string) string {
	for _, attribute := range span.Attributes {
		if attribute.Key == key {
			if text, ok := attribute.Value.Value.(*common.AnyValue_StringValue); ok {
				return text.StringValue
			}
			return strings.TrimPrefix(prototext.MarshalOptions{}.Format(attribute.Value), "int_value:")
		}
	}
	return ""
}

// folder is sample data.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "sample")
	if _, err := sample.Write(t.Context(), dir, sample.Options{Songs: 20, Events: 200, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func sources(root string) []string {
	return []string{
		"--song-data", root + "/song_data/", "--log-data", root + "/log_data/", "--log-jsonpaths",
		root + "/log_json_path.json",
	}
}
