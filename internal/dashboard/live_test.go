package dashboard_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/sample"
)

// live is dwh serve in this process, and the folder that it watches.
type live struct {
	t       *testing.T
	dsn     string
	from    string
	to      string
	address string
}

type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// serve starts a server with more of the environment and of flags.
func serve(t *testing.T, env []string, flags ...string) *live {
	t.Helper()
	l := &live{t: t, dsn: dwhtest.Database(t), from: t.TempDir(), to: t.TempDir()}
	if err := dwh(l.dsn, "migrate", "up"); err != nil {
		t.Fatal(err)
	}
	if _, err := sample.Write(t.Context(), l.from, sample.Options{Songs: 40, Events: 600, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"song_data", "log_data"} {
		if err := os.MkdirAll(filepath.Join(l.to, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l.copy(filepath.Join(l.from, "log_json_path.json"), filepath.Join(l.to, "log_json_path.json"))
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var out output
	ended, home := make(chan int, 1), t.TempDir()
	go func() {
		ended <- cli.Main(ctx, append([]string{
			"dwh", "serve", "--listen", "127.0.0.1:0", "--batch-age", "30ms", "--sweep", "1s", "--lease", "1s",
			"--song-data", filepath.Join(
				l.to, "song_data",
			), "--log-data", filepath.Join(l.to, "log_data"), "--log-jsonpaths", filepath.Join(
				l.to, "log_json_path.json",
			),
		}, flags...), append(
			[]string{"HOME=" + home, "DATABASE_URL=" + l.dsn, "NO_COLOR=1"}, env...,
		), strings.NewReader(""), &out, &out)
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 && code != 130 {
			t.Errorf("dwh serve: got exit code %d\n%s", code, out.String())
		}
	})
	await(t, func() string {
		if l.address = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`).FindString(out.String()); l.address == "" {
			return "the server does not listen: " + out.String()
		}
		return ""
	})
	return l
}

func (l *live) copy(from, to string) {
	l.t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		if err = os.MkdirAll(filepath.Dir(to), 0o755); err == nil {
			hidden := filepath.Join(filepath.Dir(to), ".part")
			if err = os.WriteFile(hidden, text, 0o644); err == nil {
				err = os.Rename(hidden, to)
			}
		}
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// deliver lands the nth object of the events.
func (l *live) deliver(n int) {
	l.t.Helper()
	names, err := filepath.Glob(filepath.Join(l.from, "log_data", "*", "*", "*.json"))
	if err != nil || len(names) <= n {
		l.t.Fatalf("got %d objects of events, %v, want more than %d", len(names), err, n)
	}
	below, err := filepath.Rel(l.from, names[n])
	if err != nil {
		l.t.Fatal(err)
	}
	l.copy(names[n], filepath.Join(l.to, below))
}

// The pages of dwh serve, as it starts them: behind the token, with a project's reports, and its
// SQL without secrets.
func TestServe(t *testing.T) {
	t.Parallel()
	project := t.TempDir()
	if err := os.Mkdir(filepath.Join(project, "reports"), 0o755); err != nil {
		t.Fatal(err)
	}
	report := func(name, text string) {
		if err := os.WriteFile(filepath.Join(project, "reports", name+".sql"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	report(
		"sessions",
		"-- sessions of each level\nSELECT level, COUNT(DISTINCT session_id) AS sessions FROM "+
			"f_songplay GROUP BY level ORDER BY level;\n",
	)
	l := serve(t, []string{"DWH_TOKEN=sesame"}, "--project", project)
	get := func(path, token string) answer {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			request.SetBasicAuth("anybody", token)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer{response.StatusCode, response.Header, string(body)}
	}
	for _, path := range []string{"/", "/events", "/reports/sessions/data.csv"} {
		if got := get(path, ""); got.code != 401 {
			t.Errorf("%s without the token: got %d, want 401", path, got.code)
		}
	}
	l.deliver(0)
	await(t, func() string {
		a := get("/", "sesame")
		if strings.Contains(a.body, `id="batches-scroll"`) && strings.Contains(a.body, "1 batch,") {
			checkPage(t, "/", a)
			return ""
		}
		return "no batch is shown in " + a.body
	})
	a := get("/reports/sessions", "sesame")
	checkPage(t, "/reports/sessions", a)
	if a.code != 200 || !strings.Contains(a.body, "Sessions of each level") || strings.Count(a.body,
		`<svg xmlns="http://www.w3.org/2000/svg" class="dwh-chart"`) != 2 || !strings.Contains(a.body,
		"<h1>Sessions</h1>") {
		t.Errorf("a project's report: got %d\n%s", a.code, a.body)
	}
	// A report that is written while the server runs is there.
	report("another", "SELECT 42 AS answer;\n")
	if a := get("/reports/another", "sesame"); a.code != 200 || !strings.Contains(a.body, "42") {
		t.Errorf("a new report: got %d\n%s", a.code, a.body)
	}
	a = get("/lineage/s_songplay_event", "sesame")
	checkPage(t, "/lineage/s_songplay_event", a)
	if a.code != 200 || !strings.Contains(a.body, filepath.Join(l.to, "log_data")) {
		t.Errorf("a load's SQL: got %d, want its source in it\n%s", a.code, a.body)
	}
	run := link(t, runLink, get("/runs", "sesame").body)
	if a := get(run, "sesame"); !strings.Contains(
		a.body, "running, on this server",
	) || !strings.Contains(a.body, `id="batches-scroll"`) {
		t.Errorf("%s: got no batches of the run that goes on\n%s", run, a.body)
	}
	if got := dwhtest.Query(t, l.dsn, "SELECT count(*) FROM f_songplay")[0][0]; got == "0" {
		t.Errorf("got no songplay")
	}
}
