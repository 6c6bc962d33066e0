package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/notify"
)

// receiver is a webhook that answers with the given codes, then with 200.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	answers []int
	got     []string
	headers []http.Header
}

func receive(t *testing.T, answers ...int) *receiver {
	t.Helper()
	r := &receiver{answers: answers}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		text, err := io.ReadAll(request.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got, r.headers = append(r.got, string(text)), append(r.headers, request.Header)
		if len(r.answers) > 0 {
			code := r.answers[0]
			r.answers = r.answers[1:]
			if code >= 300 && code < 400 {
				w.Header().Set("Location", "/elsewhere")
			}
			w.WriteHeader(code)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) messages() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.got...)
}

func event() notify.Event {
	return notify.Event{
		Kind: notify.CheckFailed, At: time.Date(2018, 11, 1, 12, 0, 0, 0, time.FixedZone("", 3600)),
		Target: "PostgreSQL 15", Host: "etl1", Command: "run",
		Checks: []notify.Check{{Name: "d_song-unique", Violations: 2}}, Error: "check failed: <d_song-unique> & more",
		Hint: `run "dwh check"`,
	}
}

func open(t *testing.T, o notify.Options) *notify.Notifier {
	t.Helper()
	if o.Pause == 0 {
		o.Pause = time.Millisecond
	}
	n, err := notify.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close(t.Context()) })
	return n
}

func TestMessages(t *testing.T) {
	for format, want := range map[notify.Format]string{
		notify.JSON: `{"event":"check_failed","at":"2018-11-01T11:00:00Z","target":"PostgreSQL ` +
			`15","host":"etl1","command":"run",` +
			`"checks":[{"name":"d_song-unique","violations":2}],"error":"check failed: ` +
			`<d_song-unique> & more","hint":"run \"dwh check\"",` +
			`"text":"dwh run found violations\ncheck d_song-unique: 2 violations\nerror: check ` +
			`failed: <d_song-unique> & more\nhint: run \"dwh check\"\nwarehouse: PostgreSQL 15\nhost: etl1"}`,
		notify.Slack: `{"text":"dwh run found violations\ncheck d_song-unique: 2 ` +
			`violations\nerror: check failed: &lt;d_song-unique&gt; &amp; more\n` +
			`hint: run \"dwh check\"\nwarehouse: PostgreSQL 15\nhost: etl1"}`,
	} {
		r := receive(t)
		n := open(t, notify.Options{URL: config.Secret(r.URL), Format: format})
		n.Send(event())
		n.Close(t.Context())
		got := r.messages()
		if len(got) != 1 {
			t.Fatalf("%s: got %d messages, want 1", format, len(got))
		}
		decode := func(s string) (v map[string]any) {
			if err := json.Unmarshal([]byte(s), &v); err != nil {
				t.Fatalf("%s: %v in %s", format, err, s)
			}
			return v
		}
		if diff := cmp.Diff(decode(want), decode(got[0])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
		if got := r.headers[0].Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: got content type %q", format, got)
		}
	}
}

func TestHeaderFromFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "header")
	if err := os.WriteFile(file, []byte("authorization: Bearer topsecret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := receive(t)
	if err := open(t, notify.Options{URL: config.Secret(r.URL), HeaderFile: file}).Deliver(t.Context(),
		event()); err != nil {
		t.Fatal(err)
	}
	if got := r.headers[0].Get("Authorization"); got != "Bearer topsecret" {
		t.Errorf("got header %q", got)
	}
	for _, bad := range []string{"", "topsecret", "a b: topsecret", "name:", "name: topsecret\nother: topsecret",
		"name: \x01topsecret", strings.Repeat("topsecret", 2000)} {
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := notify.New(notify.Options{URL: config.Secret(r.URL), HeaderFile: file})
		if err == nil || strings.Contains(err.Error(), "topsecret") || !strings.Contains(err.Error(), "on one line") {
			t.Errorf("%.20q: got error %v, want one that says what the file holds and not the secret", bad, err)
		}
	}
	if _, err := notify.New(notify.Options{URL: config.Secret(r.URL), HeaderFile: file + "x"}); err == nil {
		t.Error("got no error for a file that does not exist")
	}
}

func TestTriesAgain(t *testing.T) {
	for _, c := range []struct {
		answers []int
		tries   int
		fails   string
	}{
		{[]int{503, 429, 408}, 4, ""},
		{[]int{500, 500, 500, 500, 500}, 5, "answered 500 Internal Server Error (after 5 attempts)"},
		{[]int{404}, 1, "answered 404 Not Found"},
		{[]int{401}, 1, "answered 401 Unauthorized"},
		{[]int{302}, 1, "answered 302 Found"}, // it would carry the secret header elsewhere
	} {
		r := receive(t, c.answers...)
		err := open(t, notify.Options{URL: config.Secret(r.URL + "/services/topsecret")}).Deliver(t.Context(), event())
		if got := fmt.Sprint(err); c.fails == "" && err != nil || !strings.HasSuffix(got, c.fails) && c.fails != "" {
			t.Errorf("%v: got %v, want %q", c.answers, err, c.fails)
		}
		if err != nil && strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%v: got the address in %q", c.answers, err)
		}
		if got := len(r.messages()); got != c.tries {
			t.Errorf("%v: got %d tries, want %d", c.answers, got, c.tries)
		}
	}
}

func TestUnreachableKeepsTheSecret(t *testing.T) {
	r := receive(t)
	address := config.Secret(r.URL + "/services/topsecret")
	r.Close()
	err := open(t, notify.Options{URL: address, Tries: 2}).Deliver(t.Context(), event())
	if err == nil || strings.Contains(err.Error(), "topsecret") || !strings.Contains(err.Error(),
		"webhook http://127.0.0.1:") {
		t.Errorf("got %v, want the place and not the address", err)
	}
}

// A webhook that does not answer costs the sender nothing, and the end of the command a bounded
// time.
func TestSendNeverBlocks(t *testing.T) {
	hung := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hung }))
	defer server.Close()
	defer close(hung)
	var mu sync.Mutex
	var lost []string
	n := open(t, notify.Options{URL: config.Secret(server.URL), Waiting: 3, Warn: func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		lost = append(lost, fmt.Sprintf(format, args...))
	}})
	began := time.Now()
	for range 10 {
		n.Send(event())
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("got %s for ten messages to a webhook that hangs", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	n.Close(ctx)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("got %s until the end", took)
	}
	n.Send(event()) // after the end it is nobody's
	mu.Lock()
	defer mu.Unlock()
	if len(lost) != 10 {
		t.Errorf("got %d messages that are said to be lost, want 10: %q", len(lost), lost)
	}
}

func TestOrder(t *testing.T) {
	r := receive(t, 500)
	n := open(t, notify.Options{URL: config.Secret(r.URL)})
	for i := range 5 {
		e := event()
		e.Error = fmt.Sprint(i)
		n.Send(e)
	}
	n.Close(t.Context())
	var got []string
	for _, message := range r.messages() {
		var e notify.Event
		if err := json.Unmarshal([]byte(message), &e); err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Error)
	}
	if want := "0 0 1 2 3 4"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
