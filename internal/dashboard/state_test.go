package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/server"
)

// fixed is a server's state that stands still.
type fixed struct{ state server.State }

func (f fixed) State() (server.State, <-chan struct{}) { return f.state, nil }

// Whatever a server's state holds is shown, what is wrong with what to do, and nothing of it as
// markup.
func TestState(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), nil)
	now := time.Now()
	problem := &server.Problem{
		Text: "no <b>bucket</b>", Hint: "make <i>it</i>", Since: now.Add(-time.Minute), Tries: 3,
		Next: now.Add(time.Minute),
	}
	full := server.State{
		Phase: server.Retrying, Started: now, Holder: "me", Leader: "other", Target: "<u>",
		Version: "v", Problem: problem,
		Sources: []server.SourceState{
			{
				Step: "010_s_song", Table: "s_song", Name: "songs", URL: "s3://b/<x>",
				Origin: "/<shop>/dwh.yaml:3", Problem: problem, Found: 1234567,
			},
			{
				Step: "020_s_songplay_event", Table: "s_songplay_event", URL: "s3://b/y",
				Notified: true, SweptAt: now, Swept: time.Second,
			},
		},
		Skipped: []server.SkippedSource{{Name: "names", Step: "030_s_name", Table: "s_name"}},
		Waiting: server.WaitingState{Objects: 12, Bytes: 3 << 20, Oldest: now.Add(-90 * time.Second), Full: true},
		Totals:  server.Totals{Batches: 5, Objects: 1234567, Retries: 1},
		Batches: []server.Batch{
			{
				Run: "r", At: now, Objects: 4321, Rows: 98765, Rejects: 1, Bytes: 2048,
				Waited: time.Second, Duration: 20 * time.Millisecond,
			},
		},
		Quarantined: []server.Quarantine{{URL: "s3://b/q", Reason: "bad", At: now}},
		Checks: []server.CheckState{{Name: "d_song-unique", Description: "unique", Severity: check.Error,
			Outcome: "fail", Violations: 7, At: now.Add(time.Hour)}, {Name: "rejects-in-last-load",
			Severity: check.Warn, Outcome: "warn", Violations: 2, At: now.Add(2 * time.Hour)}},
		CheckedAt: now.Add(time.Hour), CommittedAt: now,
	}
	for _, c := range []struct {
		name  string
		state server.State
		want  []string
	}{
		{"full", full, []string{
			"Trying again", "No &lt;b&gt;bucket", "make &lt;i&gt;it", "3 tries", "12 objects", "3.0 MiB",
			"the sources wait", "1,234,567", "98,765", "7 violations", "1 failed", ", as of <time",
			", the oldest from <time", `<span class="badge">2<span class="badge-words"> in the last load`,
			`<use href="#light-warn"></use></svg><span>1</span>`, "notification", "not listed yet|fail",
			`<th scope="row">songs</th>`, "/&lt;shop&gt;/dwh.yaml:3",
			`<th scope="row">names</th><td><span class="null">not given</span></td>`,
			"<span>skipped</span>",
		}},
		{"empty", server.State{}, []string{"Starting", "nothing", "delivered nothing yet"}},
		{
			"standby", server.State{Phase: server.Standby, Leader: "other/<b>"},
			[]string{"Standing by", "other/&lt;b&gt;", "takes over"},
		},
		{"stopping", server.State{Phase: server.Stopping}, []string{"Stopping"}},
	} {
		recorder := httptest.NewRecorder()
		s.pages.Handler(fixed{c.state}).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
		body := recorder.Body.String()
		checkPage(t, c.name, answer{recorder.Code, recorder.Header(), body})
		for _, want := range c.want {
			found := false
			for _, name := range strings.Split(want, "|") {
				found = found || strings.Contains(body, name)
			}
			if !found || recorder.Code != http.StatusOK {
				t.Errorf("%s: got %d and no %q in\n%s", c.name, recorder.Code, want, body)
			}
		}
		for _, unwanted := range []string{"<b>bucket", "<i>it", "<u>", "<x>", "other/<b>"} {
			if strings.Contains(body, unwanted) {
				t.Errorf("%s: markup got through: %s", c.name, unwanted)
			}
		}
	}
}
