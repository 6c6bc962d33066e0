package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/localpg"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/warehouse"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

func open(t *testing.T, o warehouse.Options) *warehouse.Warehouse {
	t.Helper()
	w, err := warehouse.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func TestOpen(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	info := dwhtest.Server(t)
	w := open(t, warehouse.Options{DSN: config.Secret(dsn), Local: &info})
	if w.Engine() != sqlfile.Postgres {
		t.Errorf("got engine %q, want %q", w.Engine(), sqlfile.Postgres)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	database := strings.TrimPrefix(u.Path, "/")
	want := fmt.Sprintf(
		"PostgreSQL %s at %s, database %s, user %s (private server)", info.Version, u.Host,
		database, info.User,
	)
	if got := w.Target(); got != want {
		t.Errorf("got target %q, want %q", got, want)
	}
	for setting, want := range map[string]string{
		"TimeZone": "UTC", "application_name": "dwh", "standard_conforming_strings": "on", "client_encoding": "UTF8",
		"DateStyle": "ISO, MDY", "IntervalStyle": "postgres", "bytea_output": "hex", "extra_float_digits": "1",
	} {
		var got string
		if err := w.Pool().QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", setting, got, want)
		}
	}
	if got := w.Pool().Config().ConnConfig.DefaultQueryExecMode; got != pgx.QueryExecModeExec {
		t.Errorf("got query mode %v, want exec", got)
	}
}

// TestSettingsOfTheDatabase: dates and numbers have the same meaning whatever the database, the
// role or the environment set.
func TestSettingsOfTheDatabase(t *testing.T) {
	dsn := dwhtest.Database(t)
	dwhtest.Query(t, dsn, `
		DO $$ BEGIN
			EXECUTE format('ALTER DATABASE %I SET datestyle TO ''German, DMY''', current_database());
			EXECUTE format('ALTER DATABASE %I SET extra_float_digits TO -15', current_database());
			EXECUTE format('ALTER DATABASE %I SET bytea_output TO ''escape''', current_database());
		END $$`)
	t.Setenv("PGOPTIONS", "-c IntervalStyle=sql_standard")
	w := open(t, warehouse.Options{DSN: config.Secret(dsn)})
	want := []string{"2026-03-04", "1.5", "1 day", `\x01`}
	got := make([]string, len(want))
	if err := w.Pool().QueryRow(t.Context(), `
		SELECT CAST(CAST('03/04/2026' AS DATE) AS VARCHAR), CAST(CAST(1.5 AS DOUBLE PRECISION) AS VARCHAR),
			CAST(INTERVAL '1 day' AS VARCHAR), CAST(decode('01', 'hex') AS VARCHAR)`,
	).Scan(&got[0], &got[1], &got[2], &got[3]); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("PostgreSQL: got %q, want %q", got, want)
	}
}

// TestDatesOfRedshift: texts are read as dates in one way, whatever the connection string asks for.
func TestDatesOfRedshift(t *testing.T) {
	t.Parallel()
	server := redshiftstandin.Start(t, redshiftstandin.Options{})
	u, err := url.Parse(server.DSN)
	if err != nil {
		t.Fatal(err)
	}
	values := u.Query()
	values.Set("datestyle", "German")
	u.RawQuery = values.Encode()
	for _, engine := range []string{"", "redshift"} {
		w := open(t, warehouse.Options{DSN: config.Secret(u.String()), Engine: engine})
		var got string
		if err := w.Pool().QueryRow(
			t.Context(), "SELECT CAST(CAST('03/04/2026' AS DATE) AS VARCHAR)",
		).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if want := "2026-03-04"; got != want {
			t.Errorf("engine %q: got the day %s, want %s", engine, got, want)
		}
	}
}

// What a connection string leaves out comes from libpq's other sources.
func TestPartialDSN(t *testing.T) {
	info := dwhtest.Server(t)
	u, err := url.Parse(dwhtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	database := strings.TrimPrefix(u.Path, "/")
	passfile := filepath.Join(t.TempDir(), "pgpass")
	line := fmt.Sprintf("%s:%d:*:%s:%s\n", info.Host, info.Port, info.User, info.Password.Reveal())
	if err := os.WriteFile(passfile, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGHOST", info.Host)
	t.Setenv("PGPORT", fmt.Sprint(info.Port))
	t.Setenv("PGUSER", info.User)
	t.Setenv("PGSSLMODE", "disable")
	t.Setenv("PGPASSFILE", passfile)
	for _, dsn := range []string{"dbname=" + database, "postgres:///" + database} {
		w := open(t, warehouse.Options{DSN: config.Secret(dsn)})
		if w.Database() != database || w.User() != info.User {
			t.Errorf("%q: got database %q, user %q, want %q, %q", dsn, w.Database(), w.User(), database, info.User)
		}
	}
}

func TestMalformedDSN(t *testing.T) {
	for _, dsn := range []string{
		"mysql://u:topsecret@h/b", "nonsense", "postgres://u:top%zzsecret@h/b", "postgres://u:topsecret@h:port/b",
		"host=h password='topsecret", "postgres://u:topsecret@h/b?sslmode=sometimes",
		"host=h password=topsecret port=x",
		"postgres://u:topsecret@h/b?connect_timeout=topsecret", "postgres://u:top/secret@h/b",
		"service=absent password=topsecret",
	} {
		_, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(dsn), Origin: "DATABASE_URL"})
		var fault *warehouse.DSNError
		if !errors.As(err, &fault) {
			t.Errorf("%q: got %v, want a *DSNError", dsn, err)
			continue
		}
		if fault.ExitCode() != 2 || !strings.Contains(err.Error(), "(DATABASE_URL)") {
			t.Errorf("%q: got %q with exit code %d, want the origin and 2", dsn, err, fault.ExitCode())
		}
		for _, part := range []string{"topsecret", "top", "secret"} {
			if strings.Contains(err.Error(), part) {
				t.Errorf("got %q, want nothing of the password", err)
			}
		}
	}
}

func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	good, err := url.Parse(dwhtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*url.URL)) config.Secret {
		u := *good
		change(&u)
		return config.Secret(u.String())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name         string
		dsn          config.Secret
		reason, hint string
	}{
		{"absent database", with(func(u *url.URL) { u.Path = "/absent" }), "SQLSTATE 3D000", "createdb absent"},
		{
			"wrong password",
			with(func(u *url.URL) { u.User = url.UserPassword(good.User.Username(), "topsecret") }),
			"SQLSTATE 28P01", "PGPASSFILE",
		},
		{"nobody listens", with(func(u *url.URL) { u.Host = closed }), "connection refused",
			"check that the server runs"},
		{
			"no such socket", config.Secret("host=/nonexistent/socket dbname=b user=u"),
			"no such socket", "check that the server runs",
		},
		{
			"TLS where there is none", with(func(u *url.URL) { u.RawQuery = "sslmode=require" }),
			"refused TLS", "sslmode=disable",
		},
	} {
		_, err := warehouse.Open(t.Context(), warehouse.Options{DSN: c.dsn})
		var fault *warehouse.ConnectError
		if !errors.As(err, &fault) {
			t.Errorf("%s: got %v, want a *ConnectError", c.name, err)
			continue
		}
		if !strings.Contains(err.Error(), c.reason) || !strings.Contains(fault.Hint(), c.hint) {
			t.Errorf("%s: got %q with hint %q, want %q and %q", c.name, err, fault.Hint(), c.reason, c.hint)
		}
		if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: got %q, want one line without the password", c.name, err)
		}
	}
}

func TestCancelledOpen(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := warehouse.Open(ctx, warehouse.Options{DSN: config.Secret(dwhtest.Database(t))})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestEncodingMustBeUTF8(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	const name = "encoding_test_ascii"
	if _, err := conn.Exec(
		t.Context(),
		"CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
	); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	_, err = warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(u.String())})
	var fault *warehouse.UnsupportedError
	if !errors.As(err, &fault) || !strings.Contains(err.Error(), "SQL_ASCII") || !strings.Contains(
		fault.Hint(), "createdb -T template0 -E UTF8",
	) {
		t.Errorf("got %v, want an *UnsupportedError about the encoding", err)
	}
}

func TestRedshiftDefaults(t *testing.T) {
	const cluster = "c.abc.us-west-2.redshift.amazonaws.com"
	const workgroup = "w.123456789012.us-west-2.redshift-serverless.amazonaws.com"
	for _, c := range []struct {
		dsn, server string // server: the name TLS verifies, "" when it verifies none
		port        uint16
	}{
		{"postgres://u:p@" + cluster + "/b", cluster, 5439},
		{"redshift://u:p@" + workgroup + "/b", workgroup, 5439},
		{"host=" + cluster + " dbname=b user=u", cluster, 5439},
		{"postgres://u:p@" + cluster + ":5440/b", cluster, 5440},
		{"postgres://u:p@" + cluster + "/b?sslmode=require", "", 5439},
		{"host=" + cluster + " sslmode=disable port=5441", "", 5441},
		{"postgres://u:p@redshift.amazonaws.com.example.com/b?sslmode=disable", "", 5432},
	} {
		pc, err := warehouse.PoolConfig(warehouse.Options{DSN: config.Secret(c.dsn)})
		if err != nil {
			t.Errorf("%s: %v", c.dsn, err)
			continue
		}
		server := ""
		if tls := pc.ConnConfig.TLSConfig; tls != nil && !tls.InsecureSkipVerify {
			server = tls.ServerName
		}
		if server != c.server || pc.ConnConfig.Port != c.port {
			t.Errorf(
				"%s: got verified name %q, port %d, want %q, %d", c.dsn, server, pc.ConnConfig.Port,
				c.server, c.port,
			)
		}
		if len(pc.ConnConfig.Fallbacks) > 0 && c.server != "" {
			t.Errorf("%s: got fallbacks, want none that verify less", c.dsn)
		}
	}
}

func TestConnectTimeout(t *testing.T) {
	for dsn, want := range map[string]time.Duration{
		"host=h": 10 * time.Second, "host=h connect_timeout=3": 3 * time.Second,
	} {
		pc, err := warehouse.PoolConfig(warehouse.Options{DSN: config.Secret(dsn)})
		if err != nil {
			t.Fatal(err)
		}
		if got := pc.ConnConfig.ConnectTimeout; got != want {
			t.Errorf("%s: got %v, want %v", dsn, got, want)
		}
	}
}

func TestPgErrorHint(t *testing.T) {
	for code, want := range map[string]string{
		"42501": "GRANT", "53100": "disk", "57P03": "try again", "3D000": "createdb",
		"28P01": "PGPASSFILE", "08006": "server runs", "55P03": "--wait", "42601": "",
	} {
		got := warehouse.PgErrorHint(fmt.Errorf("load: %w", &pgconn.PgError{Code: code}))
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
	}
	for message, want := range map[string]string{
		`too many connections for role "etl"`:     "ALTER ROLE",
		`too many connections for database "dwh"`: "ALTER DATABASE",
		"sorry, too many clients already":         "max_connections",
	} {
		got := warehouse.PgErrorHint(&pgconn.PgError{Code: "53300", Message: message})
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", message, got, want)
		}
	}
	if got := warehouse.PgErrorHint(errors.New("x")); got != "" {
		t.Errorf("got %q, want nothing for another error", got)
	}
}

func TestResolveTarget(t *testing.T) {
	cfg, err := config.Load(
		config.Options{
			Dir: t.TempDir(),
			Env: map[string]string{"DATABASE_URL": "postgres://h/b", "DWH_ENGINE": "postgres"},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	o, err := warehouse.ResolveTarget(t.Context(), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.DSN.Reveal() != "postgres://h/b" || o.Engine != "postgres" || o.Origin != "DATABASE_URL" || o.Local != nil {
		t.Errorf("got %+v", o)
	}
	cfg, err = config.Load(config.Options{Dir: t.TempDir(), Flags: map[string]string{"engine": "redshift"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = warehouse.ResolveTarget(t.Context(), cfg, nil)
	var fault *config.Error
	if !errors.As(err, &fault) {
		t.Errorf("got %v, want a *config.Error: the private server is no Redshift", err)
	}
}

// TestPrivate has the private server started when it is down, by a stop or by a crash, and the
// database made when the server runs and lacks it.
func TestPrivate(t *testing.T) {
	t.Parallel()
	dir := dwhtest.DataDir(t)
	server, err := localpg.New(localpg.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	connect := func(database string) *warehouse.Warehouse {
		t.Helper()
		target, err := warehouse.Private(t.Context(), dir, database, nil)
		if err != nil {
			t.Fatal(err)
		}
		w, err := warehouse.Open(t.Context(), target)
		if err != nil {
			t.Fatalf("open %s: %v", database, err)
		}
		if !w.Private() || w.Database() != database {
			t.Errorf("got %s, want the database %s of the private server", w.Target(), database)
		}
		return w
	}
	connect("one").Close()
	connect("two").Close()
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	connect("one").Close()
	status, err := server.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(status.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	w := connect("one")
	defer w.Close()
	var made int
	if err := w.Pool().QueryRow(
		t.Context(), "SELECT COUNT(*) FROM pg_database WHERE datname IN ('one', 'two')",
	).Scan(&made); err != nil {
		t.Fatal(err)
	}
	if made != 2 {
		t.Errorf("got %d of the databases, want both", made)
	}
}

// TestPrivateFound opens a target that was found running and has ended since.
func TestPrivateFound(t *testing.T) {
	t.Parallel()
	dir := dwhtest.DataDir(t)
	server, err := localpg.New(localpg.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	target, err := warehouse.Private(t.Context(), dir, "late", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := open(t, target).Database(); got != "late" {
		t.Errorf("got database %s, want late", got)
	}
}

// TestSHA256Password connects as a user of Redshift whose password is kept as a SHA-256 hash.
func TestSHA256Password(t *testing.T) {
	t.Parallel()
	server := redshiftstandin.Start(t, redshiftstandin.Options{SHA256: true, WithTLS: true})
	_, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(server.DSN)})
	var fault *warehouse.ConnectError
	if !errors.As(err, &fault) {
		t.Fatalf("got %v, want a *ConnectError", err)
	}
	if !strings.Contains(fault.Reason, "SHA-256") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %q, want one line about SHA-256", err)
	}
	for _, want := range []string{"IAM", `ALTER USER "awsuser" PASSWORD 'md5`, "verify-full"} {
		if !strings.Contains(fault.Hint(), want) {
			t.Errorf("got the hint %q, want %q in it", fault.Hint(), want)
		}
	}
}
