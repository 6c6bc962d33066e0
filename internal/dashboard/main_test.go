package dashboard_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dashboard"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/embedded"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/sample"
	"github.com/sparkify/dwh/internal/server"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/internal/warehouse"
	"github.com/sparkify/dwh/transforms"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

// dwh runs a command line in this process.
func dwh(dsn string, args ...string) error {
	var out bytes.Buffer
	home, err := os.MkdirTemp("", "dwh-home-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(home) }()
	env := []string{"HOME=" + home, "DATABASE_URL=" + dsn, "NO_COLOR=1"}
	if code := cli.Main(
		context.Background(), append([]string{"dwh"}, args...), env, strings.NewReader(""), &out,
		&out,
	); code != 0 {
		return fmt.Errorf("dwh %s: exit code %d: %s", strings.Join(args, " "), code, out.String())
	}
	return nil
}

// broken is an object whose first line is refused, and is as hostile as a record can be.
const broken = `{"artist":"<script>alert(1)</script>","page":"NextSong","ts":"soon <b>\u0007</b>"}` + "\n"

// loaded is a database with sample data, rejects and a journal.
func loaded(t testing.TB) string {
	t.Helper()
	return dwhtest.TemplateDatabase(t, "loaded", load)
}

// load fills a database.
func load(dsn string) error {
	dir, err := os.MkdirTemp("", "dwh-sample-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if _, err := sample.Write(context.Background(), dir, sample.Options{Songs: 80, Events: 1200, Seed: 7}); err != nil {
		return err
	}
	long := strings.Repeat("x", 60_000)
	text := broken + `{"artist":"` + long + `","page":"NextSong","ts":"later"}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "log_data", "broken.json"), []byte(text), 0o644); err != nil {
		return err
	}
	return dwh(dsn, "run", "--song-data", filepath.Join(dir, "song_data"), "--log-data", filepath.Join(dir, "log_data"),
		"--log-jsonpaths", filepath.Join(dir, "log_json_path.json"), "--names", filepath.Join(dir, "names"))
}

// site is a dashboard behind a server's own handler.
type site struct {
	t      testing.TB
	server *server.Server
	pages  *dashboard.Dashboard
	http   *httptest.Server
}

// newSite opens a dashboard on a warehouse.
func newSite(t testing.TB, dsn string, change func(*dashboard.Options)) *site {
	t.Helper()
	w, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(dsn)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return newSiteOn(t, w.Pool(), w.Engine(), change)
}

func newSiteOn(t testing.TB, pool *pgxpool.Pool, engine sqlfile.Engine, change func(*dashboard.Options)) *site {
	t.Helper()
	steps, err := transform.Steps(transforms.FS, "transforms", engine)
	if err != nil {
		t.Fatal(err)
	}
	o := dashboard.Options{Newest: &dashboard.Newest{
		Name: embedded.NewestName, At: embedded.Newest,
	}, Pool: pool, Engine: engine, Steps: steps, Checks: star.Checks(t),
		Reports: func() ([]report.Report, error) { return embedded.Reports(), nil }}
	if change != nil {
		change(&o)
	}
	s := &site{t: t}
	if s.pages, err = dashboard.New(context.WithoutCancel(t.Context()), o); err != nil {
		t.Fatal(err)
	}
	if s.server, err = server.New(
		server.Options{
			Pool: pool, Listen: "127.0.0.1:0", Target: "a <b>target</b>", Version: "test",
			Home: s.pages.Handler,
		},
	); err != nil {
		t.Fatal(err)
	}
	s.http = httptest.NewServer(s.server.Handler())
	t.Cleanup(func() {
		s.http.CloseClientConnections()
		s.http.Close()
		s.pages.Close()
	})
	return s
}

// answer is what a client got.
type answer struct {
	code   int
	header http.Header
	body   string
}

// do sends a request; headers are given as name, value, name, value.
func (s *site) do(method, path string, headers ...string) answer {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.http.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{
		Timeout:       dwhtest.Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

func (s *site) get(path string) answer {
	s.t.Helper()
	return s.do(http.MethodGet, path)
}

// page gets a page and checks its status, its structure and that it holds texts.
func (s *site) page(path string, code int, texts ...string) answer {
	s.t.Helper()
	a := s.get(path)
	if a.code != code {
		s.t.Errorf("%s: got status %d, want %d\n%s", path, a.code, code, a.body)
	}
	checkPage(s.t, path, a)
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			s.t.Errorf("%s: got no %q in\n%s", path, text, a.body)
		}
	}
	return a
}

// await waits until check returns "".
func await(t testing.TB, check func() string) {
	t.Helper()
	dwhtest.Await(t, check)
}

// project makes reports of texts by name.
func project(t testing.TB, texts map[string]string) func(*dashboard.Options) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name+".sql"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return func(o *dashboard.Options) {
		o.Reports = func() ([]report.Report, error) {
			own, err := report.Project(os.DirFS(dir), "reports", o.Engine)
			return append(embedded.Reports(), own...), err
		}
	}
}
