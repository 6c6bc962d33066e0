package telemetry_test

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/telemetry"
)

// A run from S3 is one trace: the command, its loads, transforms, gate and checks, and under them
// queries and requests.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		protocol string
		start    func(*testing.T, *receiver) string
	}{{"http/protobuf", startHTTP}, {"grpc", startGRPC}} {
		t.Run(c.protocol, func(t *testing.T) {
			t.Parallel()
			r := &receiver{}
			store := dwhtest.S3(t)
			store.PutDir(folder(t), "data")
			dsn := dwhtest.Database(t)
			env := append(
				store.Env(), "DATABASE_URL="+dsn, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.start(t, r),
				"OTEL_EXPORTER_OTLP_PROTOCOL="+c.protocol,
				"OTEL_EXPORTER_OTLP_HEADERS=api-key=hushhush",
				"OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test",
				"TRACEPARENT=00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
			)
			dwhtest.RunProgram(t, env, 0, append([]string{"run"}, sources(store.URL("data"))...)...)

			root := r.one(t, "dwh run")
			if got := fmt.Sprintf(
				"%x %x", root.TraceId, root.ParentSpanId,
			); got != "0123456789abcdef0123456789abcdef 0123456789abcdef" {
				t.Errorf("got trace and parent %s, want those of TRACEPARENT", got)
			}
			if value(root, "dwh.run_id") == "" || value(root, "dwh.exit_code") != "0" {
				t.Errorf("got attributes %v, want the run's id and the exit code", root.Attributes)
			}
			for _, name := range []string{
				"load 010_s_song", "load 020_s_songplay_event", "transform 110_d_song",
				"transform 210_f_songplay", "check",
			} {
				span := r.one(t, name)
				if string(span.ParentSpanId) != string(root.SpanId) || string(span.TraceId) != string(root.TraceId) {
					t.Errorf("%s: got parent %x, want the command's %x", name, span.ParentSpanId, root.SpanId)
				}
			}
			if gates := r.spans()["gate"]; len(gates) != 2 || value(gates[0], "dwh.violations") != "0" {
				t.Errorf("got gates %v, want two without violations", gates)
			}
			load := r.one(t, "load 010_s_song")
			if value(load, "dwh.step") != "010_s_song" || value(load, "dwh.rows") != "20" || value(
				load, "dwh.objects",
			) == "" {
				t.Errorf("got %v, want step, 20 rows and objects", load.Attributes)
			}
			for name, above := range map[string]string{
				"S3.ListObjectsV2": "dwh run", "S3.GetObject": "load 010_s_song",
				"CREATE dwh_scratch.d_song":     "transform 110_d_song",
				"CREATE dwh_scratch.f_songplay": "transform 210_f_songplay",
			} {
				found := false
				for _, span := range r.spans()[name] {
					found = found || r.under(span, r.one(t, above))
				}
				if !found {
					t.Errorf("got no %q under %q", name, above)
				}
			}
			for _, name := range []string{"service.name", "deployment.environment.name"} {
				if !strings.Contains(r.received(), name) {
					t.Errorf("got no %s in the resource", name)
				}
			}
			secret(t, r, dsn, store.SecretKey, "hushhush")
		})
	}
}

// secret fails the test for what must not be in any span.
func secret(t *testing.T, r *receiver, dsn string, words ...string) {
	t.Helper()
	if u, err := url.Parse(dsn); err == nil {
		if password, ok := u.User.Password(); ok {
			words = append(words, password)
		}
	}
	for _, word := range append(words, "SELECT ", "INSERT INTO", "VALUES") {
		if word != "" && strings.Contains(r.received(), word) {
			t.Errorf("got %q among the spans, want it nowhere", word)
		}
	}
}

// A COPY names its role, and an INSERT on Redshift holds data: neither is in a span, when they fail
// neither.
func TestRedshiftSecrets(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::123456789012:role/hushhush"
	r := &receiver{}
	store := dwhtest.S3(t)
	store.PutDir(folder(t), "data")
	server := redshiftstandin.Start(t, redshiftstandin.Options{S3: store.Client()})
	env := append(
		store.Env(), "DATABASE_URL="+server.DSN, "DWH_LOAD_METHOD=copy",
		"DWH_WORK_PREFIX="+store.URL("work"),
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+startHTTP(t, r)+"/v1/traces",
	)
	args := append([]string{"run", "--iam-role", role}, sources(store.URL("data"))...)
	dwhtest.RunProgram(t, env, 0, args...)
	store.Put("data/log_data/bad.json", []byte(strings.Repeat(`{"ts": "tellnobody"}`+"\n", 1001)))
	dwhtest.RunProgram(t, env, 1, args...)
	failed := 0
	for _, span := range r.spans()["load 020_s_songplay_event"] {
		if span.Status.GetCode() == trace.Status_STATUS_CODE_ERROR {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("got %d loads that failed, want one", failed)
	}
	if len(r.spans()["INSERT s_reject"]) == 0 || len(r.spans()["INSERT s_object"]) == 0 {
		t.Error("got no INSERTs of rejects and objects, want spans of them")
	}
	secret(t, r, server.DSN, role, "hushhush", store.SecretKey)
	for name, spans := range r.spans() {
		if strings.HasPrefix(name, "dwh ") || strings.HasPrefix(name, "load ") {
			continue // their words are those of the command's own error
		}
		for _, span := range spans {
			if strings.Contains(span.String(), "tellnobody") {
				t.Errorf("%s: got data in it: %v", name, span)
			}
		}
	}
}

// An error is told by the span it belongs to and by the command's.
func TestError(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	env := []string{"DATABASE_URL=" + dwhtest.Database(t), "OTEL_EXPORTER_OTLP_ENDPOINT=" + startHTTP(t, r)}
	dwhtest.RunProgram(t, env, 1, "report", "top-artists")
	root := r.one(t, "dwh report")
	if root.Status.GetCode() != trace.Status_STATUS_CODE_ERROR || !strings.Contains(
		root.Status.Message, "pending",
	) || value(root, "dwh.exit_code") != "1" {
		t.Errorf("got %v, want an error of pending migrations and exit code 1", root)
	}
	dwhtest.RunProgram(t, env, 0, "migrate", "up")
	dwhtest.RunProgram(t, env, 0, "report", "top-artists")
	if span := r.one(
		t, "report top-artists",
	); value(span, "dwh.report") != "top-artists" || span.Status.GetCode() == trace.Status_STATUS_CODE_ERROR {
		t.Errorf("got %v, want the report's name and no error", span)
	}
}

// Each batch of a server is a trace of its own, which points to the server's; looking around is
// none.
func TestServe(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	env := []string{
		"DATABASE_URL=" + dwhtest.Database(t), "OTEL_EXPORTER_OTLP_ENDPOINT=" + startHTTP(t, r),
		"OTEL_BSP_SCHEDULE_DELAY=50",
	}
	dwhtest.RunProgram(t, env[:1], 0, "migrate", "up")
	dir := folder(t)
	p := dwhtest.StartProgram(
		t, env,
		append(
			[]string{"serve", "--listen", "127.0.0.1:0", "--batch-age", "20ms", "--poll", "30ms", "--lease", "200ms"},
			sources(dir)...,
		)...,
	)
	loaded := func() *trace.Span {
		for _, span := range r.spans()["batch"] {
			if value(span, "dwh.objects") != "0" {
				return span
			}
		}
		return nil
	}
	dwhtest.Await(t, func() string {
		if loaded() == nil {
			return "there is no batch"
		}
		return ""
	})
	batch := loaded()
	if len(batch.ParentSpanId) != 0 || len(batch.Links) != 1 || value(batch, "dwh.run_id") == "" {
		t.Errorf("got %v, want a root with one link and the run's id", batch)
	}
	p.Stop()
	root := r.one(t, "dwh serve")
	if string(batch.Links[0].SpanId) != string(root.SpanId) {
		t.Errorf("got a link to %x, want the server's %x", batch.Links[0].SpanId, root.SpanId)
	}
	found := false
	for _, span := range r.spans()["transform 210_f_songplay"] {
		found = found || r.under(span, batch)
	}
	if !found {
		t.Error("got no transform under the batch")
	}
	for name, spans := range r.spans() {
		for _, span := range spans {
			if name == "UPDATE dwh_lease" {
				t.Errorf("got %v, want no spans of looking around", span)
			}
		}
	}
}

// A collector that is down, silent or unwilling is told of once, and changes nothing about the
// command.
func TestDeadCollector(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	dwhtest.RunProgram(t, []string{"DATABASE_URL=" + dsn}, 0, "migrate", "up")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for _, c := range []struct {
		name, words string
		env         []string
	}{
		{
			"down", "connection refused",
			[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://user:hushhush@" + closed.Addr().String()},
		},
		{
			"down, gRPC", "traces cannot be sent",
			[]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + closed.Addr().String(),
				"OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
			},
		},
		{"silent", "no answer in time", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + silent.Addr().String()}},
		{
			"unwilling", "401",
			[]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT=" + startHTTP(t, &receiver{answer: 401}),
				"OTEL_EXPORTER_OTLP_HEADERS=api-key=hushhush",
			},
		},
		{
			"another protocol", "http/protobuf and grpc are known",
			[]string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_PROTOCOL=pigeon"},
		},
		{"another exporter", "otlp, console and none are known", []string{"OTEL_TRACES_EXPORTER=zipkin"}},
		{
			"malformed headers", "",
			[]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT=" + startHTTP(t, &receiver{}),
				"OTEL_EXPORTER_OTLP_HEADERS=api-key=%zzhushhush",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := dwhtest.RunProgram(
				t, append(c.env, "DATABASE_URL="+dsn, "DWH_STRICT=true"), 0, "report",
				"top-artists", "--format", "json",
			)
			out, said := p.Stdout(), p.Stderr()
			if strings.TrimSpace(out) != "[]" {
				t.Errorf("got %q on stdout, want the report alone", out)
			}
			want := 1
			if c.words == "" {
				want = 0
			}
			if got := strings.Count(said, "warning:"); got != want || !strings.Contains(said, c.words) {
				t.Errorf("got %q, want %d warning with %q", said, want, c.words)
			}
			if strings.Contains(said, "hushhush") {
				t.Errorf("got a secret in %q", said)
			}
		})
	}
}

// The console's spans go to stderr: stdout is for results.
func TestConsole(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + dwhtest.Database(t), "OTEL_TRACES_EXPORTER=console"}
	dwhtest.RunProgram(t, env[:1], 0, "migrate", "up")
	p := dwhtest.RunProgram(t, env, 0, "report", "top-artists", "--format", "json")
	out, said := p.Stdout(), p.Stderr()
	if strings.TrimSpace(out) != "[]" || !strings.Contains(said, `"Name":"dwh report"`) {
		t.Errorf("got %q on stdout and %q, want the report, and spans on stderr", out, said)
	}
}

// Nothing is traced unless the environment says so.
func TestWanted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{}, false},
		{map[string]string{"OTEL_SERVICE_NAME": "x"}, false},
		{map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, false},
		{map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true},
		{map[string]string{"OTEL_TRACES_EXPORTER": "none, console"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "True"}, false},
	} {
		if got := telemetry.Wanted(c.env); got != c.want {
			t.Errorf("%v: got %v, want %v", c.env, got, c.want)
		}
	}
	if tracing := telemetry.New(t.Context(), telemetry.Options{}); tracing != nil {
		t.Errorf("got %v, want nothing", tracing)
	}
	if tracer := telemetry.PgxTracer(t.Context()); tracer != nil {
		t.Errorf("got the tracer %v, want none", tracer)
	}
}

// A statement is named by its verb and table, whatever else it holds.
func TestSummary(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"SELECT version()": "SELECT",
		"-- d_time: one row\n-- reads: x\nINSERT INTO d_time (a) VALUES ('hushhush')": "INSERT d_time",
		"/* x */ delete from \"dwh_scratch\".\"d_song\" WHERE a = 'x'":                "DELETE dwh_scratch.d_song",
		"COPY s_song (a)\nFROM 's3://b/x' IAM_ROLE 'arn:aws:iam::1:role/x'":           "COPY s_song",
		"LOCK TABLE dwh_lock":                           "LOCK dwh_lock",
		"CREATE TEMP TABLE IF NOT EXISTS x AS SELECT 1": "CREATE x",
		"begin":      "BEGIN",
		"'hushhush'": "SQL",
		"":           "SQL",
		"-- only":    "SQL",
	} {
		if got := telemetry.Summary(sql); got != want {
			t.Errorf("%q: got %q, want %q", sql, got, want)
		}
	}
}

// What may name a secret is cut out of errors.
func TestClean(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"cannot reach postgres://u:p@h/db":                "cannot reach postgres://xxxxx@h/db",
		"GET https://h/x?X-Amz-Signature=abc failed":      "GET https://h/x?xxxxx failed",
		"assume arn:aws:iam::123456789012:role/r, or not": "assume arn:xxxxx, or not",
		strings.Repeat("é", 1000):                         strings.Repeat("é", 512) + "...",
	} {
		if got := telemetry.Clean(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
