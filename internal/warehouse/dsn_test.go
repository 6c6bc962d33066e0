package warehouse_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/warehouse"
)

// unsetPG keeps the PG… variables of whoever runs the tests away.
func unsetPG(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "PG") {
			t.Setenv(name, "")
		}
	}
}

// refusing is an address on which nothing listens.
func refusing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// However a password that holds a special character is written into a connection string, no error
// shows a part of it.
func TestNoPartOfAPasswordInErrors(t *testing.T) {
	unsetPG(t)
	const before, behind = "hunter", "trustno"
	address := refusing(t)
	host, port, _ := net.SplitHostPort(address)
	for _, special := range []string{
		"@", ":", "/", "?", ";", "#", "%", "%3A", "%3a", "%40", "%2F", "%zz", "&", "=", " ", "[", "]", "\\", "'", "\"",
		",", "\t", "\n", "%00", "1/", ":1/", "@@", "@:", "/@", "?x=", "&x=", "://",
	} {
		for _, secret := range []string{
			before + special + behind, special + before + behind, before + behind + special, before + special + behind +
				special + before,
			"12" + special + before,
		} {
			for _, form := range []string{
				"postgres://u:" + secret + "@" + address + "/db", "postgresql://u:" + secret + "@" + address,
				"redshift://u:" + secret + "@" + address + "/db?sslmode=disable",
				"postgres://u%3A" + secret + "@" + address + "/db",
				"postgres://" + address + "/db?user=u&password=" + secret,
				"postgres://" + address + "/db;user=u;password=" + secret,
				"postgres:/u:" + secret + "@" + address + "/db", "u:" + secret + "@" + address + "/db",
				"jdbc:postgresql://u:" + secret + "@" + address + "/db",
				"jdbc:redshift://" + address + "/db?user=u&password=" + secret,
				"jdbc:redshift:iam://" + address + "/db;UID=u;PWD=" + secret,
				"POSTGRES://u:" + secret + "@" + address + "/db", "mysql://u:" + secret + "@" + address + "/db", secret,
				"host=" + host + " port=" + port + " user=u password=" + secret,
				"host=" + host + " port=" + port + " password=" + secret + " user=u dbname=db",
				"host=" + host + " port=" + port + " user=u password='" + secret, "host=u:" + secret + "@" + host,
				"host=" + host + " port=" + port + " dbname=postgres://u:" + secret + "@" + host + "/db",
			} {
				_, err := warehouse.Open(
					t.Context(),
					warehouse.Options{DSN: config.Secret(form), Origin: "DATABASE_URL"},
				)
				if err == nil {
					t.Fatalf("%q: connected", form)
				}
				text := err.Error()
				var hinter interface{ Hint() string }
				if errors.As(err, &hinter) {
					text += " " + hinter.Hint()
				}
				for _, part := range []string{before, behind} {
					if strings.Contains(text, part) {
						t.Errorf("%q: got %q, want nothing of the password", form, text)
					}
				}
				shown := config.RedactDSN(form)
				if strings.Contains(form, "u:") || strings.Contains(strings.ToLower(form), "password=") ||
					strings.Contains(form, "PWD=") ||
					strings.Contains(form, "u%3A") {
					if strings.Contains(shown, before) && !strings.ContainsAny(special, " \t\n&") {
						t.Errorf("%q: got %q redacted, want nothing of the password", form, shown)
					}
				}
			}
		}
	}
}

// A string of another kind is an error that shows the right form; nothing is contacted.
func TestOtherKindsOfURL(t *testing.T) {
	unsetPG(t)
	for dsn, hint := range map[string]string{
		"jdbc:redshift://c.abc123xyz.us-west-2.redshift.amazonaws.com:5439/dev":                  "redshift://USER",
		"jdbc:redshift://c.abc123xyz.us-west-2.redshift.amazonaws.com:5439/dev?ssl=true":         "redshift://USER",
		"jdbc:redshift:iam://c.abc123xyz.us-west-2.redshift.amazonaws.com:5439/dev;UID=loader":   "redshift://USER",
		"jdbc:postgresql://warehouse.example.com:5432/dwh?user=loader":                           "postgres://USER",
		"JDBC:PostgreSQL://warehouse.example.com:5432/dwh":                                       "postgres://USER",
		"postgres:/warehouse.example.com/dwh?sslmode=require":                                    "postgres://USER",
		"redshift:/warehouse.example.com/dwh?sslmode=require":                                    "postgres://USER",
		"warehouse.example.com/dwh?sslmode=require":                                              "postgres://USER",
		"warehouse.example.com:5432/dwh":                                                         "postgres://USER",
		"//warehouse.example.com/dwh?sslmode=require":                                            "postgres://USER",
		"odbc:Driver={Amazon Redshift};Server=h;Database=dev":                                    "postgres://USER",
		"Server=warehouse.example.com;Port=5432;Database=dwh;User Id=loader;Password=topsecret;": "postgres://USER",
		"postgres://warehouse.example.com:5432/dwh;user=loader":                                  "postgres://USER",
		"postgresql+psycopg2://loader@warehouse.example.com/dwh":                                 "postgres://USER",
		"host=warehouse.example.com,dbname=dwh user=loader @":                                    "key=value",
		"server=warehouse.example.com database=dwh":                                              "dbname",
		"postgres://warehouse.example.com/dwh?username=loader":                                   "postgres://USER",
		"psql \"host=warehouse.example.com dbname=dwh\"":                                         "key=value",
	} {
		_, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(dsn), Origin: "DWH_DATABASE_URL"})
		var fault *warehouse.DSNError
		if !errors.As(err, &fault) {
			t.Errorf("%s: got %v, want a *DSNError", dsn, err)
			continue
		}
		if fault.ExitCode() != 2 || !strings.Contains(fault.Hint(), hint) ||
			strings.Contains(fault.Error()+fault.Hint(), "example.com") {
			t.Errorf(
				"%s: got %v with the hint %q, want one that shows %s, and exit code 2",
				dsn,
				fault,
				fault.Hint(),
				hint,
			)
		}
	}
}

// What is clear is taken as before.
func TestClearDSNs(t *testing.T) {
	unsetPG(t)
	type parts struct {
		host, database, user, password string
		port                           uint16
	}
	for dsn, want := range map[string]parts{
		"postgres://u:pass@db.example.com:5433/dwh": {"db.example.com", "dwh",
			"u", "pass", 5433},
		"postgresql://u:p%40s%3Aa%2Fb%3F%23%3B%25@h/dwh": {"h", "dwh", "u",
			"p@s:a/b?#;%", 5432},
		"postgres://u:se:cret;x!$&'()*+,=@h/dwh": {"h", "dwh", "u",
			"se:cret;x!$&'()*+,=", 5432},
		"postgres://me%40corp:pass@h/dwh": {"h", "dwh", "me@corp",
			"pass", 5432},
		"postgres://u:pass@[::1]:5433/dwh?sslmode=disable": {"::1", "dwh", "u", "pass",
			5433},
		"postgres://u:pass@h1:5433,h2:5434/dwh?target_session_attrs=any": {"h1", "dwh", "u", "pass",
			5433},
		"postgres://u:pass@%2Fvar%2Frun%2Fpostgresql/dwh": {"/var/run/postgresql",
			"dwh", "u", "pass", 5432},
		"postgres:///dwh?host=/var/run/postgresql&user=u&password=pass&application_name=x": {"/var/run/postgresql",
			"dwh", "u", "pass", 5432},
		"postgres://u:pass@h/my%20db?options=-csearch_path%3Dx": {"h", "my db", "u", "pass",
			5432},
		"redshift://IAMR%3Aloader:pass@h:5439/dev": {"h", "dev", "IAMR:loader", "pass",
			5439},
		"redshift://IAMA%3ame%40corp:pass@h:5439/dev": {"h", "dev", "IAMA:me@corp", "pass",
			5439},
		"host=h port=5439 dbname=dev user=IAM:loader password=pass": {"h", "dev", "IAM:loader", "pass",
			5439},
		"redshift://u:pass@h:5439/dev": {"h", "dev", "u", "pass",
			5439},
		"host=h port=5433 dbname=dwh user=u password=pa@ss:/?;#x": {"h", "dwh", "u",
			"pa@ss:/?;#x", 5433},
		`host = h dbname = 'my db' user=u password='it\'s \\ = x' connect_timeout=3`: {"h", "my db", "u",
			`it's \ = x`, 5432},
		"host=/var/run/postgresql dbname=dwh user=u password=pass\tsearch_path=x": {"/var/run/postgresql",
			"dwh", "u", "pass", 5432},
		"  host=h user=u dbname=dwh password=  ": {"h", "dwh", "u", "", 5432},
	} {
		pc, err := warehouse.PoolConfig(warehouse.Options{DSN: config.Secret(dsn)})
		if err != nil {
			t.Errorf("%s: got %v, want no error", dsn, err)
			continue
		}
		cc := pc.ConnConfig
		if got := (parts{cc.Host, cc.Database, cc.User, cc.Password, cc.Port}); got != want {
			t.Errorf("%s: got %+v, want %+v", dsn, got, want)
		}
	}
}

// A variable that does not fit is named, and its value is not shown.
func TestBadVariables(t *testing.T) {
	unsetPG(t)
	folder := t.TempDir()
	absent := filepath.Join(folder, "topsecret.pem")
	for _, c := range []struct{ name, value string }{
		{"PGCONNECT_TIMEOUT", "topsecret"}, {"PGPORT", "topsecret"}, {"PGSSLMODE", "topsecret"},
		{"PGSSLROOTCERT", absent}, {"PGSSLCERTMODE", "topsecret"},
		{"PGTARGETSESSIONATTRS", "topsecret"}, {"PGCHANNELBINDING", "topsecret"}, {"PGMINPROTOCOLVERSION", "topsecret"},
		{"PGMAXPROTOCOLVERSION", "topsecret"},
		{"PGREQUIREAUTH", "topsecret"}, {"PGSERVICE", "topsecret"}, {"PGHOST", "u:topsecret@h"},
		{"PGUSER", "u:topsecret"}, {"PGDATABASE", "postgres://u:topsecret@h/db"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			t.Setenv("PGAPPNAME", "mine") // is not to blame
			dsn := "application_name=x"
			if c.name != "PGHOST" {
				dsn += " host=127.0.0.1"
			}
			_, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(dsn), Origin: "DATABASE_URL"})
			var fault *warehouse.DSNError
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want a *DSNError", err)
			}
			text := fault.Error() + fault.Hint()
			if fault.Variable != c.name || fault.ExitCode() != 2 || !strings.Contains(fault.Error(), c.name) ||
				!strings.Contains(fault.Hint(), c.name) ||
				strings.Contains(text, "topsecret") {
				t.Errorf(
					"got %q with the hint %q, want the variable named and its value not",
					fault.Error(),
					fault.Hint(),
				)
			}
		})
	}
	t.Run("the connection string's own", func(t *testing.T) {
		t.Setenv("PGPORT", "5432")
		t.Setenv("PGCONNECT_TIMEOUT", "3")
		_, err := warehouse.Open(t.Context(), warehouse.Options{DSN: "postgres://127.0.0.1:5432/db?connect_timeout=x"})
		var fault *warehouse.DSNError
		if !errors.As(err, &fault) || fault.Variable != "" || !strings.Contains(fault.Error(), "connect_timeout") {
			t.Errorf("got %v, want the connection string blamed", err)
		}
	})
}

// What a server refuses for a variable's sake is refused with the variable's name.
func TestVariablesThatAServerRefuses(t *testing.T) {
	unsetPG(t)
	dsn := dwhtest.Database(t)
	for name, value := range map[string]string{
		"PGOPTIONS": "-c topsecret.x=1 -c no_such_setting=topsecret", "PGTARGETSESSIONATTRS": "standby",
		"PGCHANNELBINDING": "require",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			_, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(dsn)})
			var fault *warehouse.ConnectError
			if !errors.As(err, &fault) || !strings.Contains(fault.Hint(), name) ||
				strings.Contains(fault.Error()+fault.Hint(), "topsecret") {
				t.Errorf("got %v, want a *ConnectError whose hint names %s", err, name)
			}
		})
	}
}

// Variables that are set for another server do not reach the private one.
func TestPrivateServerIgnoresTheEnvironment(t *testing.T) {
	unsetPG(t)
	info := dwhtest.Server(t)
	dsn := dwhtest.Database(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".postgresql"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"root.crt", "postgresql.crt", "postgresql.key"} {
		if err := os.WriteFile(filepath.Join(home, ".postgresql", name), []byte("no certificate"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	all := map[string]string{
		"PGSERVICE": "warehouse-of-another-team", "PGSERVICEFILE": "/nowhere", "PGHOST": "other.example.com",
		"PGPORT": "x", "PGDATABASE": "other", "PGUSER": "other",
		"PGPASSWORD": "other", "PGPASSFILE": "/nowhere", "PGAPPNAME": "other", "PGCONNECT_TIMEOUT": "abc",
		"PGSSLMODE": "verify-full", "PGSSLKEY": "/nowhere.key",
		"PGSSLCERT": "/nowhere.pem", "PGSSLCERTMODE": "require", "PGSSLSNI": "x",
		"PGSSLROOTCERT": "/srv/certs/not-on-this-machine.pem", "PGSSLPASSWORD": "other",
		"PGSSLNEGOTIATION": "direct", "PGTARGETSESSIONATTRS": "standby", "PGTZ": "Mars/Phobos",
		"PGOPTIONS":            "-c search_path=analytics -c default_transaction_read_only=on",
		"PGMINPROTOCOLVERSION": "3.2", "PGMAXPROTOCOLVERSION": "x", "PGCHANNELBINDING": "require",
		"PGREQUIREAUTH": "password",
	}
	check := func(t *testing.T) {
		started := time.Now()
		w, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(dsn), Local: &info})
		if err != nil {
			t.Fatalf("got %v, want a connection", err)
		}
		defer w.Close()
		var got string
		if err := w.Pool().QueryRow(t.Context(),
			"SELECT concat_ws('|', current_database(), current_user, "+
				"current_setting('search_path'), current_setting('transaction_read_only'), "+
				"current_setting('application_name'))").Scan(&got); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf(`%s|%s|"$user", public|off|dwh`, strings.TrimPrefix(u.Path, "/"),
			info.User); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if took := time.Since(started); took > time.Minute {
			t.Errorf("took %s, want no waiting", took)
		}
	}
	for name, value := range all {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			check(t)
		})
	}
	t.Run("all", func(t *testing.T) {
		for name, value := range all {
			t.Setenv(name, value)
		}
		check(t)
	})
}
