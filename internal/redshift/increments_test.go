package redshift_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

// verify --increments speaks Redshift's SQL: no savepoint, no COPY TO, and nothing of it is left.
func TestIncrementsByVerify(t *testing.T) {
	folder := writeSample(t, 60, 300)
	server := redshiftstandin.Start(t, redshiftstandin.Options{WithTLS: true})
	dwh := on(t, server.DSN)
	dwh.must(append([]string{"run"}, sources(folder)...)...)
	want := contents(t, server.Backing)
	seed := strconv.FormatUint(1+rand.Uint64N(1<<32-1), 10)
	t.Logf("seed %s", seed)
	stdout, _ := dwh.must("verify", "--increments", "4", "--seed", seed, "--sample", "100")
	if !strings.Contains(stdout, "4 increments agreed with a build of everything: seed "+seed) {
		t.Errorf("got\n%s\nwant 4 increments that agreed", stdout)
	}
	same(t, contents(t, server.Backing), want)
	if got := one(t, server.Backing, "SELECT COUNT(*) FROM pg_namespace WHERE nspname LIKE 'dwh_proof%'"); got != "0" {
		t.Errorf("got %s schemas of the proof, want none left", got)
	}
}
