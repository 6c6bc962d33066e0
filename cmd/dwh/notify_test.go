package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/notify"
)

// webhook collects what is told to it.
func webhook(t *testing.T) (address string, told func() []notify.Event) {
	t.Helper()
	var mu sync.Mutex
	var events []notify.Event
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e notify.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/services/topsecret", func() []notify.Event {
		mu.Lock()
		defer mu.Unlock()
		all := events
		events = nil
		return all
	}
}

// A failed run, a failed check and what works again are told, each once; what goes well is not.
func TestWebhookIsTold(t *testing.T) {
	t.Parallel()
	address, told := webhook(t)
	dsn := dwhtest.Database(t)
	bucket := filepath.Join("testdata", "bucket")
	dwh := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		env := []string{"HOME=" + t.TempDir(), "DATABASE_URL=" + dsn, "DWH_NOTIFY_WEBHOOK=" + address}
		if code := cli.Main(t.Context(), append([]string{"dwh"}, args...), env, strings.NewReader(""), &out,
			&errs); code != want {
			t.Fatalf("%q: got code %d, want %d:\n%s", args, code, want, errs.String())
		}
		if text := out.String() + errs.String(); strings.Contains(text, "topsecret") {
			t.Errorf("%q: got the webhook's address in\n%s", args, text)
		}
		return out.String()
	}
	expect := func(step string, kinds ...notify.Kind) []notify.Event {
		t.Helper()
		got := told()
		var list []notify.Kind
		for _, e := range got {
			list = append(list, e.Kind)
		}
		if len(list) != len(kinds) {
			t.Fatalf("%s: got %q, want %q", step, list, kinds)
		}
		for i := range kinds {
			if list[i] != kinds[i] {
				t.Fatalf("%s: got %q, want %q", step, list, kinds)
			}
		}
		return got
	}
	run := []string{"run", "--song-data", filepath.Join(bucket, "song_data"), "--log-data", filepath.Join(bucket,
		"log_data"), "--log-jsonpaths", filepath.Join(bucket, "log_json_path.json")}
	dwh(0, run...)
	expect("a run that goes well")
	broken := append([]string{}, run...)
	broken[2] = filepath.Join(t.TempDir(), "nowhere")
	dwh(1, broken...)
	failed := expect("a run whose source is absent", notify.RunFailed)
	if e := failed[0]; e.Command != "run" || e.Target == "" || !strings.Contains(e.Error, "nowhere") || e.Host == "" {
		t.Errorf("got %+v, want command, target, host and error", e)
	}
	dwh(0, run...)
	expect("the next run", notify.Recovered)
	dwh(0, run...)
	expect("the run after it")
	dwh(2, "run", "--nonsense")
	expect("a mistake on the command line")
	dwh(0, "transform", "--plan")
	expect("a plan")

	// A run whose rows a check refuses, the rows' erasure, and the next run, which goes well.
	dwhtest.Query(t, dsn, `INSERT INTO s_songplay_event (artist, auth, first_name, item_in_session, last_name, length, level, page, session_id, song, ts, user_id)
		VALUES ('a', 'b', 'c', 1, 'd', 1, 'platinum', 'NextSong', 4711, 's', 1541105830796, '98') RETURNING 1`)
	dwh(3, run...)
	refused := expect("a run that a check refuses", notify.CheckFailed)[0]
	// The check by name, and no row: a webhook may belong to others.
	if !strings.Contains(refused.Error, "f-songplay-level") || strings.Contains(refused.Error, "4711") ||
		!strings.Contains(refused.Hint, "s_songplay_event stay in staging") {
		t.Errorf("got %+v, want the check, no row, and where the rows are", refused)
	}
	dwh(0, "staging", "delete", "--table", "s_songplay_event", "--match", "session_id=4711", "--yes")
	expect("the rows' erasure")
	dwh(0, run...)
	expect("the run after it", notify.Recovered)

	dwhtest.Query(t, dsn, `UPDATE f_songplay SET user_id = '99' WHERE session_id = 38 RETURNING 1`)
	dwh(3, "check")
	if e := expect("a check that fails", notify.CheckFailed)[0]; len(e.Checks) != 2 ||
		e.Checks[0].Name != "f_songplay-user_id" || e.Checks[0].Violations != 2 || e.Hint == "" {
		t.Errorf("got %+v, want the check and its violations", e)
	}
	dwh(0, "check", "d_song-unique")
	expect("another check, while that one still fails")
	// What a check found that the project no longer has holds nothing up.
	dwhtest.Query(t, dsn, `INSERT INTO dwh_check (run_id, name, severity, outcome, violations, checked_at)
		SELECT run_id, 'f_songplay-gone', severity, outcome, violations, checked_at FROM dwh_check WHERE outcome = 'fail' RETURNING 1`)
	dwh(0, "transform", "--replay")
	expect("a replay, which mends it", notify.Recovered)
	dwh(0, "check")
	expect("the next check")

	if out := dwh(0, "doctor", "--notify", "--json"); !strings.Contains(out, "accepted a test message") {
		t.Errorf("got %s, want a line about the test message", out)
	}
	expect("a test", notify.Test)
}

// A webhook that is down neither fails a run nor holds it up for long.
func TestWebhookThatIsDown(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL
	server.Close()
	dsn := dwhtest.Database(t)
	var errs bytes.Buffer
	env := []string{"HOME=" + t.TempDir(), "DATABASE_URL=" + dsn, "DWH_NOTIFY_WEBHOOK=" + address}
	began := time.Now()
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	args := []string{"dwh", "run", "--song-data", nowhere, "--log-data", nowhere, "--log-jsonpaths", nowhere}
	if code := cli.Main(t.Context(), args, env, strings.NewReader(""), io.Discard, &errs); code != 1 {
		t.Fatalf("got code %d: %s", code, errs.String())
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("got %s for a run whose webhook is down", took)
	}
	if !strings.Contains(errs.String(), "a notification (run_failed) was not delivered: webhook "+address) {
		t.Errorf("got %q, want a warning about the lost notification", errs.String())
	}
	errs.Reset()
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	env[2] = "DWH_NOTIFY_WEBHOOK=" + refusing.URL
	var out bytes.Buffer
	if code := cli.Main(t.Context(), []string{"dwh", "doctor", "--notify"}, env, strings.NewReader(""), &out,
		&errs); code != 1 || !strings.Contains(out.String(), "check the address in notify.webhook") {
		t.Errorf("got code %d and %s, want a finding", code, out.String())
	}
}
