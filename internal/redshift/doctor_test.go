package redshift_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

// findings are what dwh doctor says, by subject: result, detail and fix.
func findings(t *testing.T, dwh program) map[string][3]string {
	t.Helper()
	_, stdout, stderr := dwh.run("doctor", "--json")
	var found []struct{ Subject, Result, Detail, Fix string }
	if err := json.Unmarshal([]byte(stdout), &found); err != nil {
		t.Fatalf("%v in\n%s%s", err, stdout, stderr)
	}
	out := map[string][3]string{}
	for _, tt := range found {
		out[tt.Subject] = [3]string{tt.Result, tt.Detail, tt.Fix}
	}
	return out
}

// The doctor advises against SERIALIZABLE, by a statement that can be pasted.
func TestDoctorIsolation(t *testing.T) {
	for level, want := range map[redshiftstandin.Isolation]string{redshiftstandin.Serializable: "warn",
		redshiftstandin.Snapshot: "ok"} {
		server := redshiftstandin.Start(t, redshiftstandin.Options{Isolation: level})
		dwh := on(t, server.DSN)
		dwh.must("migrate", "up")
		got := findings(t, dwh)["isolation level"]
		fix := ""
		if want == "warn" {
			u, err := url.Parse(server.DSN)
			if err != nil {
				t.Fatal(err)
			}
			fix = `ALTER DATABASE "` + strings.TrimPrefix(u.Path, "/") + `" ISOLATION LEVEL SNAPSHOT;`
		}
		if got[0] != want || got[2] != fix {
			t.Errorf("%s: got %q, want %s and %q", level, got, want, fix)
		}
	}
}

// A user whom IAM logs in has a colon in the name, may not read the isolation level, and can paste
// what the doctor tells to grant.
func TestDoctorSecondUser(t *testing.T) {
	server := redshiftstandin.Start(t, redshiftstandin.Options{})
	on(t, server.DSN).must("migrate", "up")
	const user = `IAMR:dwh_doctor`
	dwh := on(t, server.AddUser(t, user))
	for range 2 {
		got := findings(t, dwh)["privileges"]
		if got[0] != "fail" || !strings.Contains(got[2], ` TO "`+user+`";`) {
			t.Fatalf("got %q, want a GRANT to the quoted name", got)
		}
		paste(t, server.DSN, got[2])
	}
	if got := findings(t, dwh)["privileges"]; got[0] != "ok" {
		t.Errorf("after the grants: got %q, want ok", got)
	}
	// What the tables need is the owner's to grant.
	for _, table := range []string{"goose_db_version", "dwh_db_version", "dwh_stale", "dwh_transform", "dwh_lock"} {
		paste(t, server.DSN, `GRANT SELECT ON `+table+` TO "`+user+`";`)
	}
	if got := findings(t, dwh)["isolation level"]; got[0] != "warn" ||
		!strings.Contains(got[1], "may not read the isolation level") ||
		!strings.Contains(got[2], "ISOLATION LEVEL SNAPSHOT") {
		t.Errorf("got %q, want a warning that this user may not read the level, with the statement", got)
	}
}
