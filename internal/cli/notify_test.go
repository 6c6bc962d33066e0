package cli_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/notify"
	"github.com/sparkify/dwh/internal/server"
)

// told starts a webhook and returns what it was told, a line for each message.
func told(t *testing.T, after time.Duration) (watch func(server.Event), ended func(error), lines func() string) {
	t.Helper()
	var mu sync.Mutex
	var got []string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e notify.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		line := string(e.Kind) + " " + e.Object + e.Error
		for _, c := range e.Checks {
			line += c.Name
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, strings.TrimSpace(line))
	}))
	t.Cleanup(hook.Close)
	n, err := notify.New(notify.Options{URL: config.Secret(hook.URL)})
	if err != nil {
		t.Fatal(err)
	}
	watch, ended = cli.TellServer(n, after)
	return watch, ended, func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(got, "|")
	}
}

func problem(what string, tries int) server.Event {
	return server.Event{Problem: &server.Problem{What: what, Text: what + " failed", Since: time.Now(), Tries: tries}}
}

// What a second try mends is no news. What lasts is told once, and so is its end.
func TestServerTellsWhatLasts(t *testing.T) {
	watch, ended, lines := told(t, time.Hour)
	watch(problem("deliver", 1))
	watch(server.Event{Recovered: "deliver"})
	watch(problem("sweep", 1))
	ended(nil)
	if got := lines(); got != "" {
		t.Errorf("got %q, want nothing", got)
	}

	watch, ended, lines = told(t, time.Millisecond)
	watch(problem("deliver", 1))
	dwhtest.Await(t, func() string {
		if lines() == "" {
			return "nothing was told"
		}
		return ""
	})
	watch(problem("deliver", 10))
	watch(server.Event{Recovered: "deliver"})
	watch(server.Event{Recovered: "deliver"})
	ended(errors.New("stopped"))
	if got, want := lines(), "run_failed deliver failed|recovered|run_failed stopped"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestServerTellsQuarantineAndChecks(t *testing.T) {
	watch, ended, lines := told(t, time.Hour)
	result := func(name string, violations int64, severity check.Severity) check.Result {
		return check.Result{Check: check.Check{Name: name, Severity: severity}, Violations: violations}
	}
	watch(server.Event{Quarantine: &server.Quarantine{URL: "s3://b/x.json", Reason: " cannot be read"}})
	watch(server.Event{Checks: []check.Result{result("a", 0, check.Error), result("b", 3, check.Warn)}})
	watch(server.Event{Checks: []check.Result{result("a", 1, check.Error)}})
	watch(server.Event{Checks: []check.Result{result("a", 2, check.Error)}})
	watch(server.Event{Checks: []check.Result{result("a", 0, check.Error)}})
	watch(server.Event{Checks: []check.Result{result("a", 0, check.Error)}})
	ended(nil)
	if got, want := lines(), "quarantined s3://b/x.json cannot be read|check_failed a|recovered"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
